"""Where deleted manifests are kept for a while, and where manifests may lack what they refer to."""

import asyncio

import pytest

from contracts.place import DAY, Place, image, index
from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUnknown, InUse, ManifestReferencesUnknown, ManifestUnknown
from entrepot.model.reference import Tag


@pytest.fixture
async def trash(place: Place) -> Place:
    return place.ruled(trash=7 * DAY)


@pytest.fixture
async def sparse(place: Place) -> Place:
    # The fixture's own proof is under the strict rule, so the instance's setting is given to the project instead.
    await place.project("library", sparse_indexes=True)
    return place


async def test_what_is_in_the_trash_is_not_shown_and_keeps_its_blobs(trash: Place) -> None:
    body = await trash.push_image(b"one", tag="latest")
    await trash.delete(body)
    for reference in (Tag("latest"), Digest.of(body)):
        with pytest.raises(ManifestUnknown):
            await trash.manifests.get(await trash.grant(), reference)
    with pytest.raises(ManifestUnknown):
        await trash.delete(body)
    assert await trash.names() == []
    await trash.let_time_pass(6 * DAY)
    await trash.collect()
    assert await trash.read(b"one") == b"one"
    await trash.let_time_pass(2 * DAY)
    await trash.collect()
    with pytest.raises(BlobUnknown):
        await trash.read(b"one")
    await trash.let_time_pass(DAY)
    await trash.collect()
    assert await trash.stored() == set()
    for table in ("manifests", "manifest_blobs", "manifest_children", "repository_blobs", "blobs", "tags"):
        assert await trash.rows(f"SELECT count(*) FROM {table}") == [(0,)]


async def test_pushing_it_again_revives_it_without_its_old_tags(trash: Place) -> None:
    body = await trash.push_image(b"one", tag="latest")
    await trash.delete(body)
    await trash.let_time_pass(6 * DAY)
    await trash.put(body, "again")
    await trash.let_time_pass(30 * DAY)
    await trash.collect()
    assert await trash.tag_names() == ["again"]
    assert (await trash.manifests.get(await trash.grant(), Tag("again"))).body == body
    assert await trash.read(b"one") == b"one"
    assert [name for name, _ in await trash.events()].count("artifact:pushed") == 2


async def test_a_blob_deleted_meanwhile_is_hidden_and_comes_back_only_with_its_content(trash: Place) -> None:
    body = await trash.push_image(b"one", tag="latest")
    await trash.delete(body)
    await trash.delete_blob(b"one")
    with pytest.raises(BlobUnknown):
        await trash.read(b"one")
    with pytest.raises(BlobUnknown):
        await trash.delete_blob(b"one")
    assert await trash.blobs.mount(await trash.grant("library/other"), await trash.grant(), Digest.of(b"one")) is None
    with pytest.raises(ManifestReferencesUnknown):
        await trash.put(body, "latest")
    await trash.push(b"one")
    await trash.put(body, "latest")
    await trash.let_time_pass(30 * DAY)
    await trash.collect()
    assert await trash.read(b"one") == b"one"


async def test_a_hidden_blob_goes_when_the_trash_is_emptied(trash: Place) -> None:
    body = await trash.push_image(b"one", tag="latest")
    await trash.delete(body)
    await trash.delete_blob(b"one")
    await trash.let_time_pass(8 * DAY)
    await trash.collect()
    await trash.let_time_pass(DAY)
    await trash.collect()
    assert await trash.stored() == set()


async def test_an_index_in_the_trash_keeps_its_children_from_nobody(trash: Place) -> None:
    child = await trash.push_image(b"one")
    parent = index(child)
    await trash.put(parent, "latest")
    await trash.delete(parent)
    await trash.delete(child)
    with pytest.raises(ManifestReferencesUnknown):
        await trash.put(parent, "latest")
    await trash.put(child)
    await trash.put(parent, "latest")
    with pytest.raises(InUse):
        await trash.delete(child)


async def test_reviving_and_emptying_at_once_leave_it_whole_or_gone(trash: Place) -> None:
    for number in range(5):
        content = b"content %d" % number
        body = await trash.push_image(content)
        await trash.delete(body)
        await trash.let_time_pass(8 * DAY)
        # The time that passed took the blobs' leases; a pusher asks for them again.
        grant = await trash.grant()
        await trash.blobs.find(grant, Digest.of(content), for_push=True)
        outcome, _ = await asyncio.gather(trash.put(body, f"v{number}"), trash.collect(), return_exceptions=True)
        await trash.assert_whole()
        if isinstance(outcome, BaseException):
            assert isinstance(outcome, ManifestReferencesUnknown)
        else:
            await trash.let_time_pass(DAY)
            await trash.collect()
            assert await trash.read(content) == content


async def test_a_sparse_index_may_name_what_is_not_here(sparse: Place) -> None:
    child, absent = await sparse.push_image(b"one"), image(b"{}", b"absent")
    await sparse.put(index(child, absent), "latest")
    await sparse.delete(child)
    with pytest.raises(ManifestUnknown):
        await sparse.manifests.get(await sparse.grant(), Digest.of(child))
    assert (await sparse.manifests.get(await sparse.grant(), Tag("latest"))).body == index(child, absent)


async def test_what_a_sparse_manifest_lacks_is_kept_once_it_comes(sparse: Place) -> None:
    await sparse.push(b"{}")
    body = image(b"{}", b"one", b"two")
    await sparse.put(body, "latest")
    await sparse.push(b"one")
    await sparse.push(b"two", "library/other")
    await sparse.blobs.mount(await sparse.grant(), await sparse.grant("library/other"), Digest.of(b"two"))
    await sparse.let_time_pass(3 * DAY)
    await sparse.collect()
    assert [await sparse.read(content) for content in (b"{}", b"one", b"two")] == [b"{}", b"one", b"two"]
    with pytest.raises(InUse):
        await sparse.delete_blob(b"one")
    await sparse.delete(body)
    await sparse.let_time_pass(3 * DAY)
    await sparse.collect()
    await sparse.let_time_pass(3 * DAY)
    await sparse.collect()
    assert await sparse.stored() == set()


async def test_the_project_s_own_setting_counts_before_the_registry_s(place: Place) -> None:
    await place.project("loose", sparse_indexes=True)
    await place.project("strict", sparse_indexes=False)
    loose, body = place.ruled(sparse_indexes=True), index(image(b"{}"))
    for name in ("loose/a", "strict/a", "library/a"):
        await place.push(b"{}", name)
    await place.put(body, "latest", "loose/a")
    for where, name in ((place, "strict/a"), (place, "library/a"), (loose, "strict/a")):
        with pytest.raises(ManifestReferencesUnknown):
            await where.put(body, "latest", name)


async def test_a_sparse_manifest_revived_without_a_hidden_blob_lacks_it(sparse: Place) -> None:
    both = sparse.ruled(trash=7 * DAY)
    body = await both.push_image(b"one", tag="latest")
    await both.delete(body)
    await both.delete_blob(b"one")
    await both.put(body, "latest")
    assert await both.findings() == []
    await both.push(b"one")
    await both.let_time_pass(3 * DAY)
    await both.collect()
    assert await both.read(b"one") == b"one"


async def test_a_sparse_manifest_and_its_blob_pushed_at_once_find_one_another(sparse: Place) -> None:
    await sparse.push(b"{}")
    for number in range(10):
        content = b"content %d" % number
        await asyncio.gather(
            sparse.put(image(b"{}", content), f"v{number}"), sparse.push(content), sparse.put(image(b"{}", content))
        )
    await sparse.let_time_pass(3 * DAY)
    await sparse.collect()
    for number in range(10):
        assert await sparse.read(b"content %d" % number) == b"content %d" % number
