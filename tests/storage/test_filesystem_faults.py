"""The file store on a disk that fails: at every system call, in turn. Nothing may be reported finished."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from failing_disk import FailingDisk, SlowDisk

from entrepot.model.errors import ObjectMissing, StorageFailed, StorageFull
from entrepot.storage.contract import Key, fresh_key
from entrepot.storage.filesystem import FileStorage

MIB = 1 << 20
CONTENT = [bytes([number]) * 400_000 for number in range(12)]
"""Enough for several batches."""


@pytest.fixture
def disk() -> FailingDisk:
    return FailingDisk()


@pytest.fixture
async def storage(tmp_path: Path, disk: FailingDisk) -> AsyncIterator[FileStorage]:
    storage = FileStorage(tmp_path / "objects", calls=disk)
    yield storage
    await storage.close()
    assert disk.open_files == set()


async def put(storage: FileStorage, key: Key) -> None:
    writer = await storage.create(key)
    try:
        for chunk in CONTENT:
            await writer.write([chunk])
            await asyncio.sleep(0.001)
        await writer.finish()
    except StorageFailed:
        # Whatever failed once is never reported finished, however often one asks.
        for _ in range(2):
            with pytest.raises(StorageFailed):
                await writer.finish()
            with pytest.raises(StorageFailed):
                await writer.write([b"more"])
        raise
    finally:
        await writer.abort()


async def failure_of(doing: Awaitable[object]) -> StorageFailed | None:
    """How it failed; None if it did not."""
    try:
        await doing
    except StorageFailed as failure:
        return failure
    return None


async def get(storage: FileStorage, key: Key, size: int) -> bytes:
    return b"".join([piece async for piece in storage.read(key, 0, size)])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EIO, StorageFailed),
        (errno.EROFS, StorageFailed),
    ],
)
async def test_a_write_that_fails_at_any_call_is_never_finished(
    storage: FileStorage, disk: FailingDisk, error: int, expected: type[StorageFailed]
) -> None:
    failures = 0
    for fail_at in range(100):
        key = fresh_key()
        disk.begin("open", "mkdir", "writev", "fsync", fail_at=fail_at, error=error)
        failure = await failure_of(put(storage, key))
        if failure is None:
            assert len(disk.calls) <= fail_at
            break
        assert type(failure) is expected
        assert isinstance(failure.__cause__, OSError)
        assert failure.__cause__.errno == error
        assert os.strerror(error) in str(failure)
        failures += 1
        disk.begin()
        await storage.remove(key)
        assert await storage.size(key) is None
    # open, mkdir, open, at least two batches, fsync, and open and fsync of the folder and of the root.
    assert failures >= 8
    disk.begin()
    assert await get(storage, key, 4_800_000) == b"".join(CONTENT)


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_no_fsync_may_fail(storage: FileStorage, disk: FailingDisk, which: int) -> None:
    """Of the file, of its folder, of the folder's parent."""
    disk.begin("fsync", fail_at=which)
    with pytest.raises(StorageFailed):
        await put(storage, fresh_key())
    assert len(disk.calls) == which + 1


async def test_the_parent_is_synced_until_that_has_succeeded_once(storage: FileStorage, disk: FailingDisk) -> None:
    keys = [Key(f"ab/{number:032x}") for number in range(4)]
    disk.begin("fsync", fail_at=2)
    with pytest.raises(StorageFailed):
        await put(storage, keys[0])
    for key, syncs in [(keys[1], 3), (keys[2], 2), (keys[3], 2)]:
        disk.begin("fsync")
        await put(storage, key)
        assert len(disk.calls) == syncs


async def test_the_parent_is_synced_for_a_folder_that_another_process_made(
    storage: FileStorage, disk: FailingDisk
) -> None:
    key = fresh_key()
    storage.path(key).parent.mkdir()
    disk.begin("fsync")
    await put(storage, key)
    assert len(disk.calls) == 3


@pytest.mark.parametrize("short", [lambda size: 1 + size // 2, lambda size: size - 1, lambda size: min(size, 399_999)])
async def test_writes_that_take_only_a_part_are_gone_on_with(
    storage: FileStorage, disk: FailingDisk, short: Callable[[int], int]
) -> None:
    key = fresh_key()
    disk.short = short
    disk.begin("writev")
    await put(storage, key)
    assert len(disk.calls) > 6
    assert await get(storage, key, 4_800_000) == b"".join(CONTENT)


async def test_a_short_write_and_then_a_full_disk(storage: FileStorage, disk: FailingDisk) -> None:
    disk.short = lambda size: size // 2
    for fail_at in range(1, 30):
        disk.begin("writev", fail_at=fail_at, error=errno.ENOSPC)
        with pytest.raises(StorageFull):
            await put(storage, fresh_key())


async def test_a_disk_that_takes_nothing_and_says_nothing_is_a_failure(storage: FileStorage, disk: FailingDisk) -> None:
    disk.writev = lambda fd, buffers: 0  # type: ignore[method-assign]
    with pytest.raises(StorageFailed):
        await put(storage, fresh_key())


@pytest.mark.parametrize("size", [10, 3 * MIB])
async def test_a_read_that_fails_says_so(storage: FileStorage, disk: FailingDisk, size: int) -> None:
    key = fresh_key()
    await put(storage, key)
    failures = 0
    for fail_at in range(100):
        disk.begin("open", "pread", fail_at=fail_at)
        failure = await failure_of(get(storage, key, size))
        if failure is None:
            break
        assert isinstance(failure.__cause__, OSError)
        failures += 1
    assert failures == 1 + -(-size // MIB)


@pytest.mark.parametrize("call", ["unlink", "size", "listdir"])
async def test_other_calls_that_fail_say_so(storage: FileStorage, disk: FailingDisk, call: str) -> None:
    key = fresh_key()
    disk.begin(call, fail_at=0)
    doing = {"unlink": storage.remove(key), "size": storage.size(key), "listdir": listed(storage)}
    for name, awaitable in doing.items():
        failed = await failure_of(awaitable) is not None
        assert failed == (name == call)


async def test_a_file_that_cannot_be_removed_hinders_no_other(storage: FileStorage, disk: FailingDisk) -> None:
    keys = [fresh_key() for _ in range(3)]
    for key in keys:
        await put(storage, key)
    disk.begin("unlink", fail_at=1)
    assert await failure_of(storage.remove(*keys)) is not None
    assert await listed(storage) == [keys[1]]


async def listed(storage: FileStorage) -> list[Key]:
    return [key async for key in storage.keys()]  # noqa: SIM118 - not a dict


async def test_a_file_cut_short_behind_our_back_is_missing(storage: FileStorage) -> None:
    key = fresh_key()
    await put(storage, key)
    os.truncate(storage.path(key), 2 * MIB + 5)
    pieces = storage.read(key, 0, 4_800_000)
    assert [len(await anext(pieces)) for _ in range(3)] == [MIB, MIB, 5]
    with pytest.raises(ObjectMissing):
        await anext(pieces)


async def test_other_files_are_not_keys(storage: FileStorage, tmp_path: Path) -> None:
    key = fresh_key()
    await put(storage, key)
    root = tmp_path / "objects"
    (root / "lost+found").mkdir()
    (root / "README").write_text("not an object")
    (root / key[:2] / ".nfs0001").write_text("not an object")
    (root / "zz").mkdir()
    (root / "ab").mkdir(exist_ok=True)
    assert await listed(storage) == [key]


async def test_a_root_that_cannot_be_made_is_told_at_once(tmp_path: Path, disk: FailingDisk) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="cannot be made"):
        FileStorage(tmp_path / "file" / "objects")
    disk.begin("mkdir", fail_at=0, error=errno.EACCES)
    with pytest.raises(StorageFailed, match="Permission denied"):
        FileStorage(tmp_path / "new" / "objects", calls=disk)


@pytest.mark.parametrize("what", ["open", "writev", "fsync", "pread"])
async def test_a_file_is_closed_only_when_no_thread_uses_it(tmp_path: Path, what: str) -> None:
    """Its number could belong to another file by then, which would be written into."""
    disk = SlowDisk()
    storage = FileStorage(tmp_path / "objects", calls=disk)
    disk.begin(what)
    key = fresh_key()

    async def use() -> None:
        writer = await storage.create(key)
        try:
            for chunk in CONTENT:
                await writer.write([chunk])
            await writer.finish()
        finally:
            await writer.abort()
        await get(storage, key, 4_800_000)

    using = asyncio.create_task(use())
    await asyncio.to_thread(disk.reached.wait, 20)
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using
    assert len(disk.open_files) == (0 if what == "open" else 1)
    disk.go_on.set()
    await storage.close()
    assert disk.open_files == set()
