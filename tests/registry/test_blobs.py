"""Looking at blobs, mounting and deleting them: what a repository shows, and what it must not reveal."""

import asyncio
import contextlib

import pytest

from contracts.place import DAY, EVERYTHING, Place, image, stream, subject
from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUnknown, Denied, InUse, ManifestReferencesUnknown, ObjectMissing
from entrepot.model.project import Action

CONTENT = b"content"
DIGEST = Digest.of(CONTENT)


async def test_a_blob_that_was_never_pushed_is_unknown(place: Place) -> None:
    with pytest.raises(BlobUnknown, match=str(DIGEST)):
        await place.read(CONTENT)
    await place.push(b"other")
    with pytest.raises(BlobUnknown):
        await place.read(CONTENT)


async def test_a_blob_of_another_repository_is_unknown(place: Place) -> None:
    """CVE-2024-39897: content held only in a private repository shows itself in others."""
    await place.push(CONTENT, "private/hello")
    await place.push(b"other", "library/hello")
    for name in ("library/hello", "private/other", "library/never-pushed"):
        with pytest.raises(BlobUnknown):
            await place.read(CONTENT, name)
        with pytest.raises(BlobUnknown):
            await place.blobs.find(await place.grant(name), DIGEST, for_push=True)
        with pytest.raises(BlobUnknown):
            await place.delete_blob(CONTENT, name)
    await place.push(b"{}")
    with pytest.raises(ManifestReferencesUnknown) as caught:
        await place.put(image(b"{}", CONTENT), "latest")
    assert caught.value.blobs == (str(DIGEST),)


async def test_only_who_may_pull_or_delete_can(place: Place) -> None:
    await place.push(CONTENT)
    with pytest.raises(Denied):
        await place.blobs.find(await place.grant(actions=EVERYTHING - {Action.PULL}), DIGEST)
    with pytest.raises(Denied):
        await place.blobs.delete(await place.grant(actions=EVERYTHING - {Action.DELETE}), DIGEST)
    with pytest.raises(Denied):
        await place.blobs.mount(await place.grant(actions=EVERYTHING - {Action.PUSH}), None, DIGEST)
    source = await place.grant(actions={Action.PUSH, Action.DELETE})
    with pytest.raises(Denied):
        await place.blobs.mount(await place.grant("library/other"), source, DIGEST)


async def test_a_mounted_blob_is_shown_without_being_stored_again(place: Place) -> None:
    blob = await place.push(CONTENT, "library/source")
    target = await place.grant("other/target")
    assert await place.blobs.mount(target, await place.grant("library/source"), DIGEST) == blob
    assert (
        await place.blobs.mount(await place.grant("other/target"), await place.grant("library/source"), DIGEST) == blob
    )
    assert await place.read(CONTENT, "other/target") == CONTENT
    await place.delete_blob(CONTENT, "library/source")
    assert await place.read(CONTENT, "other/target") == CONTENT
    assert await place.stored() == {blob.key}


async def test_what_the_source_does_not_show_is_not_mounted(place: Place) -> None:
    await place.push(CONTENT, "private/hello")
    await place.push(b"other", "library/source")
    for source in ("library/source", "library/never-pushed"):
        assert await place.blobs.mount(await place.grant(), await place.grant(source), DIGEST) is None
    with pytest.raises(BlobUnknown):
        await place.read(CONTENT)
    assert await place.names() == []


async def test_a_mount_without_a_source_looks_in_the_same_project_only(place: Place) -> None:
    await place.push(CONTENT, "private/hello")
    assert await place.blobs.mount(await place.grant("library/target"), None, DIGEST) is None
    assert await place.blobs.mount(await place.grant("private/target"), None, DIGEST) is not None
    assert await place.read(CONTENT, "private/target") == CONTENT
    with pytest.raises(BlobUnknown):
        await place.read(CONTENT, "library/target")


async def test_a_mount_is_leased(place: Place) -> None:
    await place.push(CONTENT, "library/source")
    await place.let_time_pass(DAY - 10_000_000)
    await place.blobs.mount(await place.grant(), await place.grant("library/source"), DIGEST)
    await place.let_time_pass(DAY // 2)
    await place.collect()
    with pytest.raises(BlobUnknown):
        await place.read(CONTENT, "library/source")
    assert await place.read(CONTENT) == CONTENT


async def test_a_deleted_blob_is_gone_at_once_and_its_object_after_the_readers_grace(place: Place) -> None:
    """CVE-2026-35172: a deleted blob goes on being served."""
    blob = await place.push(CONTENT)
    await place.delete_blob(CONTENT)
    for for_push in (False, True):
        with pytest.raises(BlobUnknown):
            await place.blobs.find(await place.grant(), DIGEST, for_push=for_push)
    with pytest.raises(BlobUnknown):
        await place.delete_blob(CONTENT)
    assert await place.blobs.mount(await place.grant("library/other"), await place.grant(), DIGEST) is None
    await place.collect()
    assert await place.read_blob(blob) == CONTENT, "a download under way goes on"
    await place.let_time_pass(place.rules.reader_grace)
    await place.collect()
    assert await place.stored() == set()
    with pytest.raises(ObjectMissing):
        await place.read_blob(blob)
    assert ("blob:deleted", {"digest": str(DIGEST)}) in await place.events()


async def test_a_deleted_blob_can_be_pushed_again(place: Place) -> None:
    old = await place.push(CONTENT)
    await place.delete_blob(CONTENT)
    new = await place.push(CONTENT)
    assert old.key != new.key
    assert await place.read(CONTENT) == CONTENT
    await place.let_time_pass(place.rules.reader_grace)
    await place.collect()
    assert await place.read(CONTENT) == CONTENT
    assert await place.stored() == {new.key}


async def test_a_blob_that_a_manifest_needs_is_not_deleted(place: Place) -> None:
    body = await place.push_image(CONTENT, tag="latest")
    with pytest.raises(InUse, match=str(Digest.of(body))):
        await place.delete_blob(CONTENT)
    await place.push(CONTENT, "library/other")
    await place.delete_blob(CONTENT, "library/other")
    assert await place.read(CONTENT) == CONTENT
    await place.delete(body)
    await place.delete_blob(CONTENT)
    with pytest.raises(BlobUnknown):
        await place.read(CONTENT)


async def test_a_blob_that_pushers_asked_for_is_kept_for_half_a_lease_at_least(place: Place) -> None:
    await place.push(CONTENT)
    await place.let_time_pass(DAY - 10_000_000)
    await place.blobs.find(await place.grant(), DIGEST, for_push=True)
    await place.let_time_pass(DAY // 2)
    await place.collect()
    assert await place.read(CONTENT) == CONTENT
    await place.blobs.find(await place.grant(), DIGEST, for_push=True)
    await place.let_time_pass(DAY // 2)
    await place.collect()
    assert await place.read(CONTENT) == CONTENT


@pytest.mark.parametrize("actions", [{Action.PULL}, {Action.PULL, Action.DELETE}])
async def test_who_may_not_push_prolongs_nothing(place: Place, actions: set[Action]) -> None:
    await place.push(CONTENT)
    await place.let_time_pass(DAY - 10_000_000)
    await place.blobs.find(await place.grant(actions=actions), DIGEST, for_push=True)
    await place.blobs.find(await place.grant(), DIGEST)
    await place.let_time_pass(20_000_000)
    await place.collect()
    with pytest.raises(BlobUnknown):
        await place.read(CONTENT)


async def test_looking_at_a_blob_that_is_leased_long_enough_writes_nothing(place: Place) -> None:
    await place.push(CONTENT)
    before = await place.rows("SELECT leased_until, review_after FROM repository_blobs")
    await place.blobs.find(await place.grant(), DIGEST, for_push=True)
    assert await place.rows("SELECT leased_until, review_after FROM repository_blobs") == before


async def test_one_content_under_two_digests_is_two_blobs(place: Place) -> None:
    other = Digest.of(CONTENT, "sha512")
    await place.push(CONTENT)
    await place.uploads.put(await place.grant(), stream(CONTENT), other)
    await place.delete_blob(CONTENT)
    assert await place.read(other) == CONTENT
    await place.let_time_pass(place.rules.reader_grace)
    await place.collect()
    assert await place.read(other) == CONTENT


async def test_a_range_beyond_the_end_is_not_made_up(place: Place) -> None:
    blob = await place.push(CONTENT)
    with pytest.raises(ObjectMissing):
        await place.read_blob(blob, 0, len(CONTENT) + 1)


async def test_deleting_and_pushing_one_blob_at_once_never_loses_an_acknowledged_push(place: Place) -> None:
    await place.push(CONTENT)

    async def delete() -> None:
        with contextlib.suppress(BlobUnknown):
            await place.delete_blob(CONTENT)

    for _ in range(5):
        await asyncio.gather(delete(), place.push(CONTENT), place.push(CONTENT, "library/other"), delete())
        assert await place.read(CONTENT, "library/other") == CONTENT
        await place.push(CONTENT)
        await place.assert_whole()
        await place.let_time_pass(place.rules.reader_grace)
        await place.collect()
        assert await place.read(CONTENT) == CONTENT
        assert len(await place.stored()) == 1


async def test_deleting_a_blob_and_pushing_what_needs_it_at_once_never_leaves_a_manifest_without(place: Place) -> None:
    for number in range(6):
        content = b"content %d" % number
        await place.push(content)
        await place.push(b"{}")
        outcomes = await asyncio.gather(
            place.put(image(b"{}", content), f"v{number}"), place.delete_blob(content), return_exceptions=True
        )
        kinds = [type(outcome) for outcome in outcomes]
        assert (ManifestReferencesUnknown in kinds) != (InUse in kinds), kinds
        await place.assert_whole()


async def test_mounting_what_is_collected_at_the_same_time_gives_a_blob_or_none(place: Place) -> None:
    await place.push(b"subject", "library/target")
    assert subject(b"subject")["size"] == 7
    for number in range(6):
        content = b"content %d" % number
        await place.push(content, "library/source")
        await place.let_time_pass(DAY)
        source, target = await place.grant("library/source"), await place.grant("library/target")
        mounted, _ = await asyncio.gather(place.blobs.mount(target, source, Digest.of(content)), place.collect())
        await place.assert_whole()
        if mounted is None:
            with pytest.raises(BlobUnknown):
                await place.read(content, "library/target")
        else:
            await place.let_time_pass(place.rules.reader_grace)
            await place.collect()
            assert await place.read(content, "library/target") == content
