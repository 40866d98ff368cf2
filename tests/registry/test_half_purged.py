"""Deletions that go for good, met before the collector has come to all of them: for whoever asks they are gone."""

from typing import Any

import pytest

from contracts.place import DAY, Place, index, principal
from entrepot.db import collection
from entrepot.db.trash import Entry
from entrepot.model.digest import Digest
from entrepot.model.errors import Conflict, ManifestUnknown
from entrepot.model.grant import TrashGrant
from entrepot.model.reference import Tag
from entrepot.registry.repositories import Repositories
from entrepot.registry.restorations import Restored, Wish
from entrepot.registry.tag_history import TagHistory
from registry.test_restored import delete_repository, entries, whole


@pytest.fixture
async def kept(place: Place) -> Place:
    """Where deletions can be undone for a week."""
    return place.ruled(trash=7 * DAY)


def _grant(entry: Entry) -> TrashGrant:
    return TrashGrant(principal=principal("ada"), trash_id=entry.id)


async def _restore(place: Place, entry: Entry, **wish: Any) -> Restored:
    return await place.trash.restore(_grant(entry), Wish(**wish))


async def _index_of_two(place: Place) -> tuple[bytes, bytes, bytes]:
    """An index and the two images that it names."""
    first, second = await place.push_image(b"one"), await place.push_image(b"two")
    body = index(first, second)
    await place.put(body, "latest")
    return body, first, second


async def test_an_index_whose_part_is_going_for_good_is_restored_once_that_was_pushed_again(kept: Place) -> None:
    body, first, _ = await _index_of_two(kept)
    await kept.delete(body)
    of_index = (await entries(kept))[0]
    await kept.delete(first)
    await kept.trash.purge(_grant((await entries(kept))[0]))
    with pytest.raises(Conflict, match="push it, then restore the index"):
        await _restore(kept, of_index)
    await kept.put(first)  # Its blobs are there until it is released.
    assert (await _restore(kept, of_index)).artifacts == 1
    assert (await kept.manifests.get(await kept.grant(), Tag("latest"))).body == body
    await kept.let_time_pass(30 * DAY)
    await kept.collect()
    assert await kept.read(b"one") == b"one"
    await whole(kept)


async def test_a_tag_does_not_bring_back_what_is_going_for_good(kept: Place) -> None:
    body = await kept.push_image(b"one", tag="latest")
    await kept.delete(Tag("latest"))
    of_tag = (await entries(kept))[0]
    await kept.delete(body)
    await kept.trash.purge(_grant((await entries(kept))[0]))
    with pytest.raises(ManifestUnknown, match="nothing of latest is held any more"):
        await _restore(kept, of_tag)
    with pytest.raises(ManifestUnknown, match="is not held any more"):
        await TagHistory(kept.db, kept.manifests).roll_back(await kept.grant(), Tag("latest"), Digest.of(body))
    await kept.put(body, "latest")
    assert await kept.tag_names() == ["latest"]
    await whole(kept)


async def test_a_repository_comes_back_without_the_tag_of_what_is_going_for_good(kept: Place) -> None:
    body = await kept.push_image(b"one", tag="first")
    await kept.push_image(b"two", tag="second")
    await delete_repository(kept)
    of_repository = (await entries(kept))[0]
    await kept.put(body)  # Out of the trash, without its tag, and deleted again.
    await kept.delete(body)
    await kept.trash.purge(_grant((await entries(kept))[0]))
    restored = await _restore(kept, of_repository)
    assert (restored.artifacts, restored.tags) == (1, 1)
    assert await kept.tag_names() == ["second"]
    await kept.let_time_pass(30 * DAY)
    await kept.collect()
    await whole(kept)


@pytest.mark.parametrize("let_go", [0, 1, 2, 3])
async def test_what_is_half_purged_can_be_pushed_again(kept: Place, let_go: int) -> None:
    bodies = [await kept.push_image(bytes([number]), tag=f"v{number}") for number in range(3)]
    together = index(*bodies)
    await kept.put(together, "all")
    await Repositories(kept.db, kept.rules).delete(await kept.grant())
    (entry,) = await entries(kept)
    await kept.trash.purge(_grant(entry))
    for _ in range(let_go):
        await kept.db.write(lambda tx: collection.empty_trash(tx, 1))
    with pytest.raises(ManifestUnknown):
        await TagHistory(kept.db, kept.manifests).roll_back(await kept.grant(), Tag("all"), Digest.of(together))
    for number, body in enumerate(bodies):
        await kept.push_image(bytes([number]), tag="latest")
        assert (await kept.manifests.get(await kept.grant(), Tag("latest"))).body == body
    await kept.put(together, "all")
    await kept.let_time_pass(30 * DAY)
    await kept.collect()
    assert [await kept.read(bytes([number])) for number in range(3)] == [bytes([number]) for number in range(3)]
    await whole(kept)
