"""Lists of tags, repositories and referrers: whole, in order, page by page."""

import json

import pytest

from contracts.place import Place, image, index, principal, subject
from entrepot.db import members
from entrepot.model.digest import Digest
from entrepot.model.errors import RepositoryUnknown
from entrepot.model.grant import CatalogGrant
from entrepot.model.manifest import OCI_INDEX, OCI_MANIFEST
from entrepot.registry import manifests as operations


async def test_tags_come_in_byte_order_and_page_by_page(place: Place) -> None:
    names = sorted(["1.0", "10", "2", "A", "_", "a", "a-b", "a.b", "a0", "a_b", "aa", "latest", "Z"])
    await place.push(b"{}")
    await place.put(image(b"{}"), names[5], also=list(reversed(names)))
    grant = await place.grant()
    for count in (1, 2, 5, len(names), 1000):
        found, after, more = [], "", True
        while more:
            page = await place.tags.page(grant, after, count)
            assert 0 < len(page.tags) <= count
            found += page.tags
            after, more = page.tags[-1], page.more
        assert found == names
    assert await place.tags.page(grant, "zzz", 9) == await place.tags.page(grant, names[-1], 9)
    assert (await place.tags.page(grant, "", 0)).tags == []
    assert (await place.tags.page(grant, "aaa", 1)).tags == ["latest"]


async def test_a_repository_without_a_manifest_has_no_tags_and_is_in_no_list(place: Place) -> None:
    with pytest.raises(RepositoryUnknown):
        await place.tag_names()
    await place.push(b"content")
    with pytest.raises(RepositoryUnknown):
        await place.tag_names()
    assert await place.names() == []
    await place.put(index())
    assert await place.tag_names() == []
    assert await place.names() == ["library/hello"]


async def test_everybody_sees_the_repositories_that_they_may(place: Place) -> None:
    await place.project("open", public=True)
    names = sorted(["open/a", "open/b/c", "closed/a", "closed/b", "mine/a", "open/a-b", "open/empty"])
    for name in names:
        await place.push(b"x", name)
        if name != "open/empty":
            await place.put(index(), "latest", name)
    names.remove("open/empty")
    user = await place.db.write(
        lambda tx: tx.one(
            "INSERT INTO users (name, password_hash, realname, comment, admin, disabled, created_at, updated_at)"
            " VALUES ('bob', '', '', '', FALSE, FALSE, 0, 0) RETURNING id"
        )
    )
    assert user is not None
    mine = place.projects["mine"].id
    await place.run("INSERT INTO members (project_id, user_id, role, created_at) VALUES (?, ?, 5, 0)", mine, user[0])
    assert await place.db.read(lambda tx: members.__name__) == "entrepot.db.members"
    somebody = principal("bob")
    somebody = type(somebody)(user_id=user[0], name="bob", admin=False, proof=somebody.proof)
    for grant, seen in (
        (CatalogGrant(principal=somebody, everything=True), names),
        (CatalogGrant(principal=somebody, everything=False), [*["mine/a"], *names[3:]]),
        (CatalogGrant(principal=principal("anonymous"), everything=False), names[3:]),
    ):
        expected = [name for name in names if name in seen]
        for count in (1, 2, 100):
            found: list[str] = []
            more = True
            while more:
                page = await place.catalog.page(grant, found[-1] if found else "", count)
                found += page.names
                more = page.more
            assert found == expected


async def test_what_refers_to_a_manifest_is_listed_as_the_specification_says(place: Place) -> None:
    body = await place.push_image(b"one", tag="latest")
    sbom = await place.push_image(
        b"sbom", subject=subject(body), artifactType="application/x.sbom", annotations={"a": "\u00e9"}
    )
    plain = await place.push_image(b"plain", subject=subject(body))
    both = index(subject=subject(body), artifactType="application/x.sbom")
    await place.put(both)
    await place.push_image(b"else", subject=subject(sbom), artifactType="application/x.sbom")
    await place.push_image(b"elsewhere", subject=subject(body), name="library/other")
    page = await place.manifests.referrers(await place.grant(), Digest.of(body), None, None, 100)
    assert page.last is None
    assert page.descriptors == sorted(
        [
            {
                "mediaType": OCI_MANIFEST,
                "digest": str(Digest.of(sbom)),
                "size": len(sbom),
                "artifactType": "application/x.sbom",
                "annotations": {"a": "\u00e9"},
            },
            {
                "mediaType": OCI_MANIFEST,
                "digest": str(Digest.of(plain)),
                "size": len(plain),
                "artifactType": "application/vnd.oci.image.config.v1+json",
            },
            {
                "mediaType": OCI_INDEX,
                "digest": str(Digest.of(both)),
                "size": len(both),
                "artifactType": "application/x.sbom",
            },
        ],
        key=lambda descriptor: str(descriptor["digest"]),
    )
    only = await place.referrers(body, artifact_type="application/x.sbom")
    assert only == sorted([str(Digest.of(sbom)), str(Digest.of(both))])
    assert await place.referrers(body, artifact_type="application/x.nothing") == []
    assert await place.referrers(b"unknown") == []
    assert await place.referrers(body, "library/never-pushed") == []


async def test_referrers_are_known_before_and_after_their_subject(place: Place) -> None:
    body = image(b"{}")
    await place.push(b"{}")
    signature = await place.push_image(b"signature", subject=subject(body))
    assert await place.referrers(body) == [str(Digest.of(signature))]
    await place.put(body, "latest")
    assert await place.referrers(body) == [str(Digest.of(signature))]
    await place.delete(body)
    assert await place.referrers(body) == [str(Digest.of(signature))]
    await place.delete(signature)
    assert await place.referrers(body) == []


async def test_referrers_come_page_by_page(place: Place) -> None:
    body = await place.push_image(b"one")
    await place.push(b"{}")
    all_of_them = []
    for number in range(7):
        referrer = image(b"{}", subject=subject(body), annotations={"n": str(number)}, artifactType=f"a/{number % 2}")
        await place.put(referrer)
        all_of_them.append(str(Digest.of(referrer)))
    grant = await place.grant()
    for artifact_type, expected in ((None, all_of_them), ("a/1", all_of_them[1::2])):
        for count in (1, 2, 3, 7, 100):
            found: list[str] = []
            last: Digest | None = None
            while True:
                page = await place.manifests.referrers(grant, Digest.of(body), artifact_type, last, count)
                assert len(page.descriptors) <= count
                found += [str(descriptor["digest"]) for descriptor in page.descriptors]
                last = page.last
                if last is None:
                    break
            assert found == sorted(expected)


async def test_a_page_of_referrers_is_no_longer_than_clients_read(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "LARGEST_REFERRER_PAGE", 10_000)
    body = await place.push_image(b"one")
    await place.push(b"{}")
    for number, size in enumerate((4_000, 4_000, 4_000, 30_000, 10, 10)):
        await place.put(image(b"{}", subject=subject(body), annotations={"n": str(number) + "x" * size}))
    grant, last, found = await place.grant(), None, []
    while True:
        page = await place.manifests.referrers(grant, Digest.of(body), None, last, 100)
        assert len(page.descriptors) == 1 or len(json.dumps(page.descriptors)) < 12_000
        found += page.descriptors
        last = page.last
        if last is None:
            break
    assert len({str(descriptor["digest"]) for descriptor in found}) == len(found) == 6


async def test_no_referrers_asked_for_are_no_referrers(place: Place) -> None:
    body = await place.push_image(b"one")
    await place.push_image(b"two", subject=subject(body))
    page = await place.manifests.referrers(await place.grant(), Digest.of(body), None, None, 0)
    assert page.descriptors == []
