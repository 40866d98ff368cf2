"""Disks that fail, or that do not come back, as stand-ins for the operating system's calls."""

import errno
import os
import threading
from collections.abc import Callable, Sequence

from entrepot.storage.contract import Chunk
from entrepot.storage.systemcalls import SystemCalls


class FailingDisk(SystemCalls):
    """A disk whose n-th call (of those counted) fails, or, for writes, takes only a part."""

    def __init__(self) -> None:
        self.counted: frozenset[str] = frozenset()
        self.fail_at = -1
        self.error = errno.EIO
        self.short: Callable[[int], int] | None = None
        self.calls: list[str] = []
        self.open_files: set[int] = set()
        self._lock = threading.Lock()

    def begin(self, *counted: str, fail_at: int = -1, error: int = errno.EIO) -> None:
        """Counts the calls named from here on."""
        self.counted, self.fail_at, self.error, self.calls = frozenset(counted), fail_at, error, []

    def _count(self, name: str) -> None:
        with self._lock:
            if name not in self.counted:
                return
            self.calls.append(name)
            if len(self.calls) - 1 == self.fail_at:
                raise OSError(self.error, os.strerror(self.error))

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        self._count("open")
        fd = super().open(path, flags, mode)
        with self._lock:
            assert fd not in self.open_files
            self.open_files.add(fd)
        return fd

    def close(self, fd: int) -> None:
        with self._lock:
            self.open_files.remove(fd)
        super().close(fd)
        self._count("close")

    def writev(self, fd: int, buffers: Sequence[Chunk]) -> int:
        self._count("writev")
        if self.short is None:
            return super().writev(fd, buffers)
        whole = b"".join(buffers)
        return os.write(fd, whole[: max(1, self.short(len(whole)))])

    def fsync(self, fd: int) -> None:
        self._count("fsync")
        super().fsync(fd)

    def pread(self, fd: int, length: int, offset: int) -> bytes:
        self._count("pread")
        return super().pread(fd, length, offset)

    def pread_cached(self, fd: int, length: int, offset: int) -> bytes:
        return b""

    def size(self, path: str) -> int:
        self._count("size")
        return super().size(path)

    def unlink(self, path: str) -> None:
        self._count("unlink")
        super().unlink(path)

    def mkdir(self, path: str, mode: int) -> None:
        self._count("mkdir")
        super().mkdir(path, mode)

    def listdir(self, path: str) -> list[str]:
        self._count("listdir")
        return super().listdir(path)


class SlowDisk(FailingDisk):
    """A disk whose first call of a kind does not come back until told to."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def _count(self, name: str) -> None:
        if name in self.counted and not self.reached.is_set():
            self.reached.set()
            assert self.go_on.wait(20)
