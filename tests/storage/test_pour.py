"""Bytes that a file's writer fetches itself."""

import asyncio
import errno
import hashlib
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Sequence
from pathlib import Path

import pytest
from failing_disk import FailingDisk, SlowDisk

from entrepot.model.errors import BlobUploadInvalid, StorageFailed, StorageFull
from entrepot.storage.contract import Pouring, fresh_key
from entrepot.storage.filesystem import FileStorage
from entrepot.storage.memory import MemoryStorage
from entrepot.storage.threads import TURNS

PIECES = [bytes([number]) * 700_000 for number in range(8)]
CONTENT = b"".join(PIECES)


class Spring:
    """A Source of pieces; None among them is a moment in which nothing comes."""

    def __init__(self, pieces: Sequence[bytes | None], *, whole: bool = True) -> None:
        self._pieces = list(pieces)
        self._whole = whole
        self.waits = 0
        self.closed = 0
        self.threads: set[str] = set()
        self.patient: list[bool] = []

    @property
    def over(self) -> bool:
        return not self._pieces or self.closed > 0

    @property
    def whole(self) -> bool:
        return not self._pieces and self._whole

    def fill(self, buffer: memoryview, *, patient: bool = True) -> Sequence[memoryview]:
        self.threads.add(threading.current_thread().name)
        self.patient.append(patient)
        if self.over:
            return ()
        piece = self._pieces.pop(0)
        if piece is None:
            return ()
        buffer[: len(piece)] = piece
        half = len(piece) // 2
        return buffer[:half], buffer[half : len(piece)]

    async def ready(self) -> None:
        self.waits += 1

    def close(self) -> None:
        assert threading.current_thread() is threading.main_thread()
        self.closed += 1


class BadSpring(Spring):
    """One whose fourth piece is one too many."""

    def fill(self, buffer: memoryview, *, patient: bool = True) -> Sequence[memoryview]:
        if len(self._pieces) == len(PIECES) - 3:
            raise BlobUploadInvalid("too much")
        return super().fill(buffer, patient=patient)


async def failure_of(doing: Awaitable[object]) -> StorageFailed | None:
    """How it failed; None if it did not."""
    try:
        await doing
    except StorageFailed as failure:
        return failure
    return None


@pytest.fixture
def disk() -> FailingDisk:
    return FailingDisk()


@pytest.fixture
async def storage(tmp_path: Path, disk: FailingDisk) -> AsyncIterator[FileStorage]:
    storage = FileStorage(tmp_path / "objects", calls=disk)
    yield storage
    await storage.close()
    assert disk.open_files == set()


async def test_everything_that_comes_is_written_and_hashed_in_a_thread(storage: FileStorage) -> None:
    key, hasher = fresh_key(), hashlib.sha256()
    writer = await storage.create(key, hasher)
    assert isinstance(writer, Pouring)
    await writer.write([b"before"])
    spring = Spring([None, *PIECES[:3], None, None, *PIECES[3:], None])
    await writer.pour(spring)
    assert (spring.waits, spring.closed) == (3, 1)
    assert all(name.startswith("storage") for name in spring.threads)
    await writer.write([b"after"])
    await writer.finish()
    expected = b"before" + CONTENT + b"after"
    assert storage.path(key).read_bytes() == expected
    assert hasher.digest() == hashlib.sha256(expected).digest()


async def test_what_came_of_a_source_that_broke_off_is_written(storage: FileStorage) -> None:
    key = fresh_key()
    writer = await storage.create(key)
    await writer.pour(Spring(PIECES[:2], whole=False))
    await writer.finish()
    assert storage.path(key).read_bytes() == b"".join(PIECES[:2])


async def test_no_call_takes_more_than_the_kernel_is_good_at(storage: FileStorage, disk: FailingDisk) -> None:
    sizes: list[int] = []
    write = disk.writev

    def noting(fd: int, buffers: Sequence[bytes | bytearray | memoryview]) -> int:
        sizes.append(sum(map(len, buffers)))
        return write(fd, buffers)

    disk.writev = noting  # type: ignore[method-assign]
    writer = await storage.create(fresh_key())
    await writer.pour(Spring(PIECES))
    await writer.write([b"x" * 100] * 5000)
    await writer.finish()
    assert sum(sizes) == len(CONTENT) + 500_000
    assert max(sizes) <= 256 * 1024


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
async def test_a_disk_that_fails_at_any_write_is_told(storage: FileStorage, disk: FailingDisk, error: int) -> None:
    failures = 0
    for fail_at in range(100):
        writer = await storage.create(fresh_key())
        disk.begin("writev", fail_at=fail_at, error=error)
        spring = Spring(PIECES)
        failure = await failure_of(writer.pour(spring))
        assert spring.closed == 1
        if failure is not None:
            assert isinstance(failure, StorageFull) == (error != errno.EIO)
            failures += 1
            with pytest.raises(StorageFailed):
                await writer.pour(Spring(PIECES))
            with pytest.raises(StorageFailed):
                await writer.finish()
        await writer.abort()
        if failure is None:
            break
    assert failures >= 8


async def test_writes_that_take_only_a_part_are_gone_on_with(storage: FileStorage, disk: FailingDisk) -> None:
    key = fresh_key()
    disk.short = lambda size: 1 + size // 3
    writer = await storage.create(key)
    await writer.pour(Spring(PIECES))
    await writer.finish()
    assert storage.path(key).read_bytes() == CONTENT


async def test_what_a_source_raises_is_raised(storage: FileStorage) -> None:
    writer = await storage.create(fresh_key())
    spring = BadSpring(PIECES)
    with pytest.raises(BlobUploadInvalid):
        await writer.pour(spring)
    assert spring.closed == 1
    await writer.abort()


async def test_a_caller_who_is_cancelled_does_not_close_the_file_under_the_thread(tmp_path: Path) -> None:
    disk = SlowDisk()
    storage = FileStorage(tmp_path / "objects", calls=disk)
    disk.begin("writev")
    writer = await storage.create(fresh_key())
    spring = Spring(PIECES)

    async def pour() -> None:
        try:
            await writer.pour(spring)
        finally:
            await writer.abort()

    pouring = asyncio.create_task(pour())
    await asyncio.to_thread(disk.reached.wait, 20)
    pouring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pouring
    assert spring.closed == 1
    assert len(disk.open_files) == 1
    disk.go_on.set()
    await storage.close()
    assert disk.open_files == set()


async def test_more_uploads_than_threads_take_turns(tmp_path: Path) -> None:
    storage = FileStorage(tmp_path / "objects", threads=1)
    endless = Spring([b"x" * 1_000_000] * 300)
    writer, other = await storage.create(fresh_key()), await storage.create(fresh_key())
    long = asyncio.create_task(writer.pour(endless))
    await asyncio.sleep(0)
    await other.pour(Spring([b"y"]))
    assert not long.done()
    endless.close()
    await long
    await writer.abort()
    await other.finish()
    await storage.close()


async def test_nobody_waits_in_a_turn_that_others_wait_for(storage: FileStorage) -> None:
    alone, first = Spring(PIECES), await storage.create(fresh_key())
    await first.pour(alone)
    await first.abort()
    assert all(alone.patient)
    springs = [Spring([b"x" * 1_000_000] * 100) for _ in range(TURNS + 1)]
    writers = [await storage.create(fresh_key()) for _ in springs]
    await asyncio.gather(*(writer.pour(spring) for writer, spring in zip(writers, springs, strict=True)))
    assert not all(springs[0].patient)
    assert springs[-1].patient[-1], "the others are done"
    for writer in writers:
        await writer.abort()


async def test_open_files_are_those_of_whole_objects(storage: FileStorage) -> None:
    key = fresh_key()
    writer = await storage.create(key)
    await writer.write([CONTENT])
    await writer.finish()
    file = await storage.open(key, len(CONTENT))
    assert os.pread(file.fileno(), 5, 700_000) == CONTENT[700_000:700_005]
    file.close()


async def test_memory_cannot_pour() -> None:
    """So whoever has a body gathers it, as for every store that is not of files."""
    assert not isinstance(await MemoryStorage().create(fresh_key()), Pouring)
