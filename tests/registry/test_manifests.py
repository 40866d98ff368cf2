"""Pushing, pulling and deleting manifests and tags."""

import asyncio
import json

import pytest

from contracts.place import EVERYTHING, Place, described, image, index, stream, subject
from entrepot.model.digest import Digest
from entrepot.model.errors import (
    BlobUnknown,
    Denied,
    DigestInvalid,
    InUse,
    ManifestInvalid,
    ManifestReferencesUnknown,
    ManifestTooLarge,
    ManifestUnknown,
    RepositoryUnknown,
)
from entrepot.model.manifest import DOCKER_MANIFEST, LARGEST_MANIFEST, OCI_INDEX, OCI_MANIFEST
from entrepot.model.project import Action
from entrepot.model.reference import Tag


async def get(place: Place, reference: str | bytes | Digest, name: str = "library/hello") -> bytes:
    which = Tag(reference) if isinstance(reference, str) else reference
    digest = Digest.of(which) if isinstance(which, bytes) else which
    return (await place.manifests.get(await place.grant(name), digest)).body


async def test_an_image_is_pulled_by_tag_and_by_digest_as_it_was_pushed(place: Place) -> None:
    body = await place.push_image(b"one", b"two", tag="latest")
    assert await get(place, "latest") == body
    assert await get(place, body) == body
    stored = await place.manifests.get(await place.grant(), Tag("latest"))
    assert (stored.digest, stored.media_type, stored.subject) == (Digest.of(body), OCI_MANIFEST, None)
    assert await place.tag_names() == ["latest"]
    assert await place.names() == ["library/hello"]


async def test_every_byte_is_kept_as_it_came(place: Place) -> None:
    await place.push(b"{}")
    body = b" \n" + json.dumps(json.loads(image(b"{}", annotations={"a": "\u00e9"})), indent=3).encode() + b"\n\t "
    stored = await place.put(body, "odd")
    assert stored.digest == Digest.of(body)
    assert await get(place, "odd") == body


async def test_a_manifest_may_be_named_by_its_sha512(place: Place) -> None:
    await place.push(b"{}")
    body = image(b"{}")
    await place.put(body, Digest.of(body, "sha512"))
    assert await get(place, Digest.of(body, "sha512")) == body
    with pytest.raises(ManifestUnknown):
        await get(place, body)
    with pytest.raises(DigestInvalid, match=str(Digest.of(body))):
        await place.put(body, Digest.of(b"other"))
    with pytest.raises(DigestInvalid):
        await place.put(body, Digest.of(b"other", "sha512"))


async def test_several_tags_may_come_with_one_push(place: Place) -> None:
    await place.push(b"{}")
    body = image(b"{}")
    await place.put(body, "one", also=["two", "three", "one"])
    await place.put(body, Digest.of(body), also=["four"])
    assert await place.tag_names() == ["four", "one", "three", "two"]
    for tag in ("one", "two", "three", "four"):
        assert await get(place, tag) == body


async def test_what_was_never_pushed_is_unknown(place: Place) -> None:
    with pytest.raises(ManifestUnknown):
        await get(place, "latest")
    body = await place.push_image(b"one", tag="latest")
    for name, reference in (("library/hello", "other"), ("library/other", "latest"), ("other/hello", "latest")):
        with pytest.raises(ManifestUnknown, match=f"tag {reference}"):
            await get(place, reference, name)
    await place.push(b"x", "library/other")
    with pytest.raises(ManifestUnknown, match=str(Digest.of(body))):
        await get(place, body, "library/other")


async def test_only_who_may_can(place: Place) -> None:
    body = await place.push_image(b"one", tag="latest")
    with pytest.raises(Denied):
        await place.manifests.get(await place.grant(actions=EVERYTHING - {Action.PULL}), Tag("latest"))
    with pytest.raises(Denied):
        await place.manifests.referrers(
            await place.grant(actions=EVERYTHING - {Action.PULL}), Digest.of(body), None, None, 9
        )
    with pytest.raises(Denied):
        await place.tags.page(await place.grant(actions=EVERYTHING - {Action.PULL}), "", 9)
    with pytest.raises(Denied):
        await place.manifests.put(await place.grant(actions=EVERYTHING - {Action.PUSH}), Tag("other"), None, body)
    for reference in (Tag("latest"), Digest.of(body)):
        with pytest.raises(Denied):
            await place.manifests.delete(await place.grant(actions=EVERYTHING - {Action.DELETE}), reference)
    assert await place.tag_names() == ["latest"]


async def test_a_manifest_comes_after_everything_that_it_refers_to(place: Place) -> None:
    await place.push(b"{}")
    body = image(b"{}", b"one", b"two", b"one")
    with pytest.raises(ManifestReferencesUnknown) as caught:
        await place.put(body, "latest")
    assert caught.value.blobs == (str(Digest.of(b"one")), str(Digest.of(b"two")))
    assert caught.value.manifests == ()
    with pytest.raises(ManifestUnknown):
        await get(place, "latest")
    assert await place.names() == []
    for content in (b"one", b"two"):
        await place.push(content)
    await place.put(body, "latest")
    assert await get(place, "latest") == body


async def test_an_index_comes_after_its_children(place: Place) -> None:
    child = await place.push_image(b"one")
    await place.push_image(b"one", name="library/other")
    missing = image(b"{}", b"never pushed")
    with pytest.raises(ManifestReferencesUnknown) as caught:
        await place.put(index(child, missing, missing), "latest")
    assert caught.value.manifests == (str(Digest.of(missing)),)
    assert caught.value.blobs == ()
    both = index(child, child)
    await place.put(both, "latest")
    assert await get(place, "latest") == both
    nested = index(both)
    await place.put(nested, "nested")
    assert await get(place, "nested") == nested


async def test_a_child_of_another_repository_does_not_count(place: Place) -> None:
    child = await place.push_image(b"one", name="library/other")
    with pytest.raises(ManifestReferencesUnknown):
        await place.put(index(child), "latest")


async def test_a_size_that_is_not_that_of_the_blob_is_refused(place: Place) -> None:
    await place.push(b"{}")
    await place.push(b"one")
    layers = [{**described(Digest.of(b"one"), 4)}]
    with pytest.raises(ManifestInvalid, match="has 3 bytes, not 4"):
        await place.put(image(b"{}", layers=layers), "latest")


async def test_a_manifest_has_at_most_4_mib(place: Place) -> None:
    await place.push(b"{}")
    body = image(b"{}")
    largest = body + b" " * (LARGEST_MANIFEST - len(body))
    with pytest.raises(ManifestTooLarge):
        await place.put(largest + b" ", "latest")
    await place.put(largest, "latest")
    assert await get(place, "latest") == largest


async def test_the_media_type_given_with_it_counts(place: Place) -> None:
    await place.push(b"{}")
    document = json.loads(image(b"{}"))
    del document["mediaType"]
    body = json.dumps(document).encode()
    grant = await place.grant()
    stored = await place.manifests.put(grant, Tag("latest"), DOCKER_MANIFEST, body)
    assert stored.media_type == DOCKER_MANIFEST
    with pytest.raises(ManifestInvalid):
        await place.manifests.put(grant, Tag("latest"), OCI_INDEX, body)
    assert (await place.manifests.get(grant, Tag("latest"))).media_type == DOCKER_MANIFEST


async def test_an_image_of_many_layers_is_kept(place: Place) -> None:
    layers = [b"layer %d" % number for number in range(520)]
    grant = await place.grant()
    await place.push(b"{}")
    for start in range(0, len(layers), 50):
        await asyncio.gather(
            *(place.uploads.put(grant, stream(layer), Digest.of(layer)) for layer in layers[start : start + 50])
        )
    body = image(b"{}", *layers)
    await place.put(body, "latest")
    assert await place.rows("SELECT count(*) FROM manifest_blobs") == [(521,)]
    with pytest.raises(ManifestReferencesUnknown) as caught:
        await place.put(image(b"{}", *layers, b"one more"), "latest")
    assert caught.value.blobs == (str(Digest.of(b"one more")),)


async def test_a_tag_can_be_moved_and_both_images_stay(place: Place) -> None:
    old, new = await place.push_image(b"old", tag="latest"), await place.push_image(b"new", tag="latest")
    assert await get(place, "latest") == new
    assert await get(place, old) == old
    moves = [detail for name, detail in await place.events() if name == "tag:moved"]
    assert moves == [
        {"tag": "latest", "digest": str(Digest.of(old)), "before": None},
        {"tag": "latest", "digest": str(Digest.of(new)), "before": str(Digest.of(old))},
    ]


async def test_pushing_the_same_again_changes_nothing_and_tells_nothing(place: Place) -> None:
    body = await place.push_image(b"one", tag="latest")
    before = await place.events()
    for _ in range(3):
        await place.put(body, "latest")
        await place.put(body)
    assert await place.events() == before
    await place.assert_whole()


async def test_what_happened_is_told_in_order(place: Place) -> None:
    body = await place.push_image(b"one", tag="latest")
    await place.put(body, "other")
    await place.delete(Tag("latest"))
    await place.delete(body)
    names = [name for name, _ in await place.events()]
    assert names == [
        "repository:created",
        "artifact:pushed",
        "tag:moved",
        "tag:moved",
        "tag:deleted",
        "tag:deleted",
        "artifact:deleted",
    ]


async def test_a_refused_push_tells_nothing(place: Place) -> None:
    await place.push(b"{}")
    before = await place.events()
    with pytest.raises(ManifestReferencesUnknown):
        await place.put(image(b"{}", b"missing"), "latest")
    assert await place.events() == before


async def test_a_deleted_tag_leaves_the_image(place: Place) -> None:
    body = await place.push_image(b"one", tag="latest")
    await place.put(body, "other")
    await place.delete(Tag("latest"))
    with pytest.raises(ManifestUnknown):
        await get(place, "latest")
    with pytest.raises(ManifestUnknown):
        await place.delete(Tag("latest"))
    assert await get(place, "other") == await get(place, body) == body
    await place.delete(Tag("other"))
    assert await get(place, body) == body
    assert await place.tag_names() == []


async def test_a_deleted_image_takes_its_tags_along(place: Place) -> None:
    body = await place.push_image(b"one", tag="latest")
    await place.put(body, "other")
    await place.push_image(b"two", tag="third")
    await place.delete(body)
    for reference in ("latest", "other", body):
        with pytest.raises(ManifestUnknown):
            await get(place, reference)
    with pytest.raises(ManifestUnknown):
        await place.delete(body)
    assert await place.tag_names() == ["third"]


async def test_the_last_image_takes_the_repository_out_of_lists(place: Place) -> None:
    body = await place.push_image(b"one", tag="latest")
    await place.delete(body)
    assert await place.names() == []
    with pytest.raises(RepositoryUnknown):
        await place.tag_names()
    await place.put(body, "latest")
    assert await place.names() == ["library/hello"]
    assert await place.tag_names() == ["latest"]


async def test_what_an_index_names_is_deleted_after_the_index(place: Place) -> None:
    child = await place.push_image(b"one", tag="arm64")
    parent = index(child)
    await place.put(parent, "latest")
    with pytest.raises(InUse, match=str(Digest.of(parent))):
        await place.delete(child)
    assert await get(place, child) == child
    await place.delete(Tag("arm64"))
    await place.delete(Tag("latest"))
    with pytest.raises(InUse):
        await place.delete(child)
    await place.delete(parent)
    await place.delete(child)
    assert await place.names() == []


async def test_an_index_of_another_repository_keeps_nothing_here(place: Place) -> None:
    child = await place.push_image(b"one")
    await place.push_image(b"one", name="library/other")
    await place.put(index(child), "latest", "library/other")
    await place.delete(child)
    assert await get(place, child, "library/other") == child


async def test_an_image_of_another_repository_is_no_way_to_its_blobs(place: Place) -> None:
    body = await place.push_image(b"secret", tag="latest", name="private/hello")
    with pytest.raises(ManifestReferencesUnknown):
        await place.put(body, "latest", "library/hello")
    with pytest.raises(BlobUnknown):
        await place.read(b"secret", "library/hello")


async def test_two_pushes_to_one_tag_at_once_leave_one_of_them_there(place: Place) -> None:
    bodies = []
    for number in range(6):
        config = b'{"n": %d}' % number
        await place.push(config)
        bodies.append(image(config))
    await asyncio.gather(*(place.put(body, "latest", also=["other"]) for body in bodies))
    latest = await get(place, "latest")
    assert latest in bodies
    for body in bodies:
        assert await get(place, body) == body


async def test_an_image_pushed_and_deleted_at_once_is_whole_or_gone(place: Place) -> None:
    body = await place.push_image(b"one", tag="latest")
    for _ in range(6):
        await asyncio.gather(
            place.put(body, "latest"), place.delete(body), place.put(body, "other"), return_exceptions=True
        )
        await place.assert_whole()
        await place.put(body, "latest")
        assert await get(place, "latest") == body


async def test_an_index_pushed_while_its_child_is_deleted_is_whole_or_refused(place: Place) -> None:
    for number in range(6):
        child = await place.push_image(b"%d" % number)
        outcomes = await asyncio.gather(
            place.put(index(child), f"v{number}"), place.delete(child), return_exceptions=True
        )
        kinds = {type(outcome) for outcome in outcomes}
        assert kinds & {InUse, ManifestReferencesUnknown}, kinds
        await place.assert_whole()


async def test_the_first_pushes_to_a_repository_at_once_make_one(place: Place) -> None:
    await place.project("library")
    await asyncio.gather(*(place.push(b"%d" % number, "library/new") for number in range(10)))
    assert [name for name, _ in await place.events()].count("repository:created") == 1
    assert await place.rows("SELECT count(*) FROM repositories") == [(1,)]


async def test_a_subject_need_not_be_there(place: Place) -> None:
    await place.push(b"{}")
    body = image(b"{}", subject=subject(b"not here"))
    stored = await place.put(body, "signature")
    assert stored.subject == Digest.of(b"not here")
    assert (await place.manifests.get(await place.grant(), Tag("signature"))).subject == Digest.of(b"not here")
