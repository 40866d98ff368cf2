"""Objects as files in a folder of this machine, or of one that it mounts."""

import errno
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from entrepot.model.digest import Hasher
from entrepot.model.errors import ObjectMissing, StorageFailed
from entrepot.storage.contract import Key
from entrepot.storage.failing import Doing, of_system
from entrepot.storage.filereader import FileReader
from entrepot.storage.filewriter import FileWriter
from entrepot.storage.systemcalls import FileSystemCalls, SystemCalls
from entrepot.storage.threads import Threads

PIECE = 1 << 20
"""The most bytes in one piece of a read."""
SMALL = 256 << 10
"""Ranges up to this are read without a thread when they are cached: a turn through a thread costs more."""
LISTED = 1000
"""How many keys are enough for one turn of listing; folders are listed whole, so there may be more."""
_FOLDER = re.compile("[0-9a-f]{2}").fullmatch
_NAME = re.compile("[0-9a-f]{32}").fullmatch


class FileStorage:
    """A Storage and LocalFiles whose objects are the files `root/<key>`.

    An object is written under its final name and never renamed: the database decides what exists.
    """

    def __init__(self, root: Path, *, threads: int = 16, calls: FileSystemCalls | None = None) -> None:
        """A store in the folder `root`, which is made if need be. Raises StorageFailed."""
        self._root = root
        self._prefix = f"{root}{os.sep}"
        self._calls: FileSystemCalls = SystemCalls() if calls is None else calls
        self._threads = Threads(threads)
        self._settled: set[str] = set()
        try:
            self._make_root()
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise StorageFailed(f"the folder for objects, {root}, cannot be made: {reason}") from error

    async def create(self, key: Key, hasher: Hasher | None = None) -> FileWriter:
        """A writer of a new file. Raises StorageFull or StorageFailed, also if the key was used before."""
        try:
            fd = await self._threads.run(lambda: self._open_new(key), self._calls.close)
        except FileExistsError as error:
            raise StorageFailed(f"there is an object {key} already; every object needs a key of its own") from error
        except OSError as error:
            raise of_system(Doing.WRITE, error) from error
        return FileWriter(fd, lambda: self._settle(key[:2]), self._calls, self._threads, hasher)

    async def read(self, key: Key, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes of the range, in pieces of 1 MiB."""
        if start >= end:
            await self._require(key, end)
            return
        small = end - start <= SMALL
        try:
            fd = self._open(key) if small else await self._threads.run(lambda: self._open(key), self._calls.close)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _missing(key) from error
        except OSError as error:
            raise of_system(Doing.READ, error) from error
        reader = FileReader(fd, self._calls, self._threads)
        try:
            while start < end:
                length = min(PIECE, end - start)
                piece = reader.cached(length, start) if small else b""
                if not piece:
                    piece = await reader.piece(length, start)
                if not piece:
                    raise _missing(key)
                start += len(piece)
                yield piece
        except OSError as error:
            raise of_system(Doing.READ, error) from error
        finally:
            reader.close()

    def cached(self, key: Key, end: int) -> bytes:
        """What the page cache holds of it."""
        try:
            fd = self._open(key)
        except OSError:
            return b""
        try:
            return self._calls.pread_cached(fd, end, 0)
        finally:
            self._calls.close(fd)

    async def open(self, key: Key, end: int) -> FileReader:
        """The object as an open file, of at least that length."""
        try:
            fd = await self._threads.run(lambda: self._open_whole(key, end), self._calls.close)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _missing(key) from error
        except OSError as error:
            raise of_system(Doing.READ, error) from error
        return FileReader(fd, self._calls, self._threads)

    async def size(self, key: Key) -> int | None:
        """The length of the file, finished or not."""
        try:
            return await self._threads.run(lambda: self._calls.size(self._prefix + key))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise of_system(Doing.READ, error) from error

    async def remove(self, *keys: Key) -> None:
        """Returns when the files are gone, all of them by one thread. Their folders stay: there are at most 256."""
        failed = await self._threads.run(lambda: [error for key in keys if (error := self._unlink(key)) is not None])
        if failed:
            raise of_system(Doing.REMOVE, failed[0]) from failed[0]

    async def keys(self) -> AsyncIterator[Key]:
        """The key of every file that has the shape of one, folder by folder; other people's files are passed over."""
        try:
            names = await self._threads.run(lambda: self._names(""))
            folders = iter([folder for folder in names if _FOLDER(folder)])
            while keys := await self._threads.run(lambda: self._some_keys(folders)):
                for key in keys:
                    yield key
        except OSError as error:
            raise of_system(Doing.LIST, error) from error

    async def close(self) -> None:
        """Returns when everything begun is over and the threads are gone."""
        await self._threads.close()

    def path(self, key: Key) -> Path:
        """Where the object is, whether or not it exists."""
        return self._root / key

    def _unlink(self, key: Key) -> OSError | None:
        """Why the file is not gone, if it is not."""
        try:
            self._calls.unlink(self._prefix + key)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return error
        return None

    async def _require(self, key: Key, size: int) -> None:
        held = await self.size(key)
        if held is None or held < size:
            raise _missing(key)

    def _some_keys(self, folders: Iterator[str]) -> list[Key]:
        """Those of the next folders, taken until there are enough to be worth a turn through a thread."""
        keys: list[Key] = []
        for folder in folders:
            keys += [Key(f"{folder}/{name}") for name in self._names(folder) if _NAME(name)]
            if len(keys) >= LISTED:
                break
        return keys

    def _names(self, folder: str) -> list[str]:
        try:
            return self._calls.listdir(self._prefix + folder)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _open(self, key: Key) -> int:
        return self._calls.open(self._prefix + key, os.O_RDONLY)

    def _open_whole(self, key: Key, end: int) -> int:
        if self._calls.size(self._prefix + key) < end:
            raise FileNotFoundError(errno.ENOENT, "it is shorter than it should be")
        return self._open(key)

    def _open_new(self, key: Key) -> int:
        path = self._prefix + key
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            return self._calls.open(path, flags)
        except FileNotFoundError:
            self._make_folder(self._prefix + key[:2])
            # A store is new but once: with all its folders made now, their names are synced together, and soon over.
            for number in range(256):
                self._make_folder(f"{self._prefix}{number:02x}")
            return self._calls.open(path, flags)

    def _make_folder(self, path: str) -> bool:
        """Whether the folder had to be made."""
        try:
            self._calls.mkdir(path, 0o700)
        except FileExistsError:
            return False
        return True

    def _make_root(self) -> None:
        for folder in (*reversed(self._root.absolute().parents), self._root):
            if not folder.is_dir() and self._make_folder(str(folder)):
                self._sync_folder(str(folder.absolute().parent))

    def _settle(self, folder: str) -> None:
        """Puts the names in `folder` on the disk, and its own name if this process did not do that before.

        Not only who makes a folder syncs the root: another process may have made it and not come to that yet.
        """
        self._sync_folder(self._prefix + folder)
        if folder not in self._settled:
            there = self._calls.listdir(self._prefix)
            self._sync_folder(self._prefix)
            self._settled.update(there)

    def _sync_folder(self, path: str) -> None:
        fd = self._calls.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._calls.fsync(fd)
        finally:
            self._calls.close(fd)


def _missing(key: Key) -> ObjectMissing:
    return ObjectMissing(f"the store has no object {key}, or only a part of it, although the database lists it")
