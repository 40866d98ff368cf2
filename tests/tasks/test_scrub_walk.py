"""How everything is walked: at a rate, by one worker at a time, going on after every end of a process."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.damaging import damage, flipped
from contracts.place import DAY, Place, stream
from entrepot.db import scrubs
from entrepot.db.scrubs import Scrub
from entrepot.db.sqlite import SqliteDatabase
from entrepot.model.digest import Digest
from entrepot.model.errors import StorageFailed
from entrepot.registry.rules import Rules
from entrepot.storage.contract import Key, Storage
from entrepot.storage.filesystem import FileStorage
from entrepot.storage.memory import MemoryStorage
from entrepot.tasks.scrub import CLAIM, PAGE, Pace, Scrubber


async def push_many(place: Place, count: int, size: int = 10) -> None:
    grant = await place.grant()
    for number in range(count):
        content = b"%d" % number * size
        await place.uploads.put(grant, stream(content), Digest.of(content))


async def latest(place: Place) -> Scrub:
    found = await place.db.read(scrubs.latest)
    assert found is not None
    return found


def scrubber(
    place: Place, *, rate: int | None = None, every: int = 30 * DAY, storage: Storage | None = None
) -> Scrubber:
    return Scrubber(place.db, storage or place.storage, Pace(rate=rate, every=every))


class Watched(MemoryStorage):
    """Another's objects, each read of which is counted, and may fail."""

    def __init__(self, inner: Storage) -> None:
        super().__init__()
        self._inner = inner
        self.reads: list[str] = []
        self.fails = False
        self.event: asyncio.Event | None = None
        self.event_after = 0

    async def size(self, key: Key) -> int | None:
        if self.fails:
            raise StorageFailed("it does not answer")
        return await self._inner.size(key)

    async def read(self, key: Key, start: int, end: int) -> AsyncIterator[bytes]:
        self.reads.append(key)
        if self.event is not None and len(self.reads) == self.event_after:
            self.event.set()
        async for piece in self._inner.read(key, start, end):
            yield piece


async def test_everything_is_read_once_and_not_again_before_it_is_time(place: Place) -> None:
    await push_many(place, PAGE * 2 + 3)
    watched = Watched(place.storage)
    assert await scrubber(place, storage=watched).walk()
    assert sorted(watched.reads) == sorted(await place.stored())
    walk = await latest(place)
    assert (walk.blobs, walk.faults, walk.finished_at is None) == (PAGE * 2 + 3, 0, False)
    assert not await scrubber(place).walk()
    await place.run("UPDATE scrubs SET started_at = started_at - ?", 31 * DAY)
    assert await scrubber(place).walk()
    assert (await latest(place)).id == walk.id + 1


async def test_where_it_is_turned_off_nothing_is_read(place: Place) -> None:
    await push_many(place, 1)
    assert not await scrubber(place, every=0).walk()
    assert await place.rows("SELECT * FROM scrubs") == []


async def test_a_walk_that_is_stopped_goes_on_where_it_was(place: Place) -> None:
    await push_many(place, PAGE + 10)
    stop = asyncio.Event()
    watched = Watched(place.storage)
    watched.event, watched.event_after = stop, 30
    first = scrubber(place, storage=watched)
    await asyncio.wait_for(first.run(stop), 20)
    walk = await latest(place)
    assert 28 <= walk.blobs <= 30
    assert walk.finished_at is None
    second = Watched(place.storage)
    assert await scrubber(place, storage=second).walk()
    assert len(second.reads) == PAGE + 10 - walk.blobs
    assert (await latest(place)).blobs == PAGE + 10


async def test_one_worker_has_the_walk_until_it_is_not_heard_of(place: Place) -> None:
    await push_many(place, 3)
    claimed = await place.db.write(lambda tx: scrubs.claim(tx, "somebody", DAY, CLAIM))
    assert claimed is not None
    assert not await scrubber(place).walk()
    await place.run("UPDATE scrubs SET worker_until = worker_until - ?", CLAIM + 1)
    assert await scrubber(place).walk()
    assert not await place.db.write(lambda tx: scrubs.advance(tx, claimed._replace(blobs=99), "somebody"))
    assert (await latest(place)).blobs == 3


async def test_only_so_much_is_read_in_a_second(place: Place) -> None:
    await push_many(place, 8, 50_000)
    began = time.monotonic()
    assert await scrubber(place, rate=800_000).walk()
    assert 0.4 < time.monotonic() - began < 5


async def test_a_rest_ends_when_it_is_to_stop(place: Place) -> None:
    await push_many(place, 8, 50_000)
    stop = asyncio.Event()
    running = asyncio.create_task(scrubber(place, rate=1).run(stop))
    await asyncio.sleep(0.2)
    stop.set()
    await asyncio.wait_for(running, 5)
    assert (await latest(place)).finished_at is None


async def test_a_store_that_does_not_answer_is_waited_for(place: Place) -> None:
    await push_many(place, 5)
    watched = Watched(place.storage)
    watched.fails = True
    with pytest.raises(StorageFailed):
        await scrubber(place, storage=watched).walk()
    walk = await latest(place)
    assert (walk.blobs, walk.finished_at) == (0, None)
    assert await place.rows("SELECT * FROM blobs WHERE quarantined_at IS NOT NULL") == []
    watched.fails = False
    assert await scrubber(place, storage=watched).walk()
    assert (await latest(place)).blobs == 5


async def test_beside_pushes_deletes_and_collection_nothing_is_set_aside_that_is_whole(place: Place) -> None:
    short = place.ruled(reader_grace=0)
    over = asyncio.Event()

    async def work(number: int) -> None:
        for turn in range(12):
            content = b"%d %d" % (number, turn)
            body = await short.push_image(content, b"shared", tag=f"v{number}")
            await short.delete(body)
            await short.delete_blob(content)
            await short.collect()

    async def walks() -> int:
        count = 0
        while not over.is_set():
            count += await scrubber(short, every=1).walk()
            await asyncio.sleep(0)
        return count

    walking = asyncio.create_task(walks())
    await asyncio.gather(*(work(number) for number in range(3)))
    over.set()
    assert await walking > 3
    assert "blob:quarantined" not in [name for name, _ in await place.events()]


KILLED = """
import asyncio, sys
from pathlib import Path
from entrepot.db.sqlite import SqliteDatabase
from entrepot.storage.filesystem import FileStorage
from entrepot.tasks import scrub
scrub.SAVE_EVERY = 0
async def main():
    db, storage = SqliteDatabase(Path(sys.argv[1])), FileStorage(Path(sys.argv[2]))
    await scrub.Scrubber(db, storage, scrub.Pace(rate=20_000, every=1)).walk()
asyncio.run(main())
"""


async def test_a_walk_whose_process_is_killed_is_gone_on_with(tmp_path: Path, migrated_sqlite: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "entrepot.db")
    place = Place(SqliteDatabase(tmp_path / "entrepot.db"), FileStorage(tmp_path / "objects"), Rules())
    await push_many(place, 40, 1000)
    await damage(place, b"3" * 1000, flipped)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "entrepot.db"), str(tmp_path / "objects")]
    process = subprocess.Popen(command, env=os.environ)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            walk = await place.db.read(scrubs.latest)
            if walk is not None and walk.blobs >= 5:
                break
            await asyncio.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    walk = await latest(place)
    assert 5 <= walk.blobs < 40
    assert walk.faults == 1
    await place.run("UPDATE scrubs SET worker_until = worker_until - ?", CLAIM + 1)
    watched = Watched(place.storage)
    assert await scrubber(place, storage=watched, every=1).walk()
    assert len(watched.reads) == 40 - walk.blobs
    assert (await latest(place)).blobs == 40
    await place.push(b"3" * 1000)
    await place.assert_whole()
    await place.db.close()
