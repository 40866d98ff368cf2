"""Objects that nothing counts on any more are removed, whatever becomes of who removes them."""

import pytest

from contracts.place import Place
from entrepot.db import removals
from entrepot.model.errors import StorageFailed
from entrepot.storage.contract import Key
from entrepot.storage.memory import MemoryStorage


async def test_a_remover_that_died_is_followed_by_another(place: Place) -> None:
    blob = await place.push(b"one")
    await place.delete_blob(b"one")
    await place.let_time_pass(place.rules.reader_grace)
    assert await place.db.write(lambda tx: removals.take_due(tx, 9)) == [blob.key]
    await place.collect()
    assert await place.stored() == {blob.key}, "the first one may still be at it"
    assert not await place.db.write(lambda tx: removals.take_back(tx, blob.key))
    await place.let_time_pass(removals.RETRY_AFTER)
    await place.collect()
    assert await place.stored() == await place.leaving() == set()


class Failing(MemoryStorage):
    """A store that cannot remove some objects for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck: set[str] = set()
        self.asked = 0
        """How often it was to remove something."""

    async def remove(self, *keys: Key) -> None:
        self.asked += 1
        await super().remove(*(key for key in keys if key not in self.stuck))
        if not self.stuck.isdisjoint(keys):
            raise StorageFailed("the disk does not answer")


@pytest.mark.parametrize("storage", ["memory"], indirect=True)
async def test_an_object_that_cannot_be_removed_hinders_no_other_and_is_tried_again(place: Place) -> None:
    failing = Failing()
    stuck = Place(place.db, failing, place.rules)
    blobs = [await stuck.push(content) for content in (b"one", b"two", b"three")]
    for content in (b"one", b"two", b"three"):
        await stuck.delete_blob(content)
    await stuck.let_time_pass(stuck.rules.reader_grace)
    failing.stuck = {blobs[1].key}
    assert (await stuck.collector.round()).removed == 2
    assert (await stuck.collector.round()).idle
    failing.stuck = set()
    await stuck.let_time_pass(removals.RETRY_AFTER)
    await stuck.collect()
    assert await stuck.stored() == await stuck.leaving() == set()


@pytest.mark.parametrize("storage", ["memory"], indirect=True)
async def test_the_store_is_asked_once_for_all_objects_of_a_step(place: Place) -> None:
    """Each turn through a thread takes time from pushes: one for each object made their p99 a third longer."""
    counting = Failing()
    other = Place(place.db, counting, place.rules)
    contents = [b"%d" % number for number in range(20)]
    for content in contents:
        await other.push(content)
        await other.delete_blob(content)
    await other.let_time_pass(other.rules.reader_grace)
    assert (await other.collector.round()).removed == 20
    assert counting.asked == 1
    await other.collect()
    assert counting.asked == 1
