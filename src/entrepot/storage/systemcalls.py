"""The few system calls that the file store makes, so that a disk that fails can stand in for one that works."""

import os
from collections.abc import Sequence
from typing import Protocol

from entrepot.storage.contract import Chunk

_ONLY_CACHED: int | None = getattr(os, "RWF_NOWAIT", None)


class FileSystemCalls(Protocol):
    """What the file store asks of the operating system. Every call raises OSError, as those of `os` do."""

    def open(self, path: str, flags: int, mode: int = 0o600) -> int: ...

    def close(self, fd: int) -> None: ...

    def writev(self, fd: int, buffers: Sequence[Chunk]) -> int: ...

    def truncate(self, fd: int) -> None:
        """Makes the file empty."""

    def fsync(self, fd: int) -> None: ...

    def pread(self, fd: int, length: int, offset: int) -> bytes: ...

    def pread_cached(self, fd: int, length: int, offset: int) -> bytes:
        """What is in memory of the range, without waiting for a disk: perhaps less, perhaps nothing."""

    def size(self, path: str) -> int: ...

    def unlink(self, path: str) -> None: ...

    def mkdir(self, path: str, mode: int) -> None: ...

    def listdir(self, path: str) -> list[str]: ...


class SystemCalls:
    """The operating system itself."""

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        """A descriptor, not inherited by programs that are started."""
        return os.open(path, flags | os.O_CLOEXEC, mode)

    def close(self, fd: int) -> None:
        """Frees the descriptor."""
        os.close(fd)

    def writev(self, fd: int, buffers: Sequence[Chunk]) -> int:
        """How many bytes were written; perhaps fewer than given."""
        return os.writev(fd, buffers)

    def truncate(self, fd: int) -> None:
        """`ftruncate(2)` to nothing."""
        os.ftruncate(fd, 0)

    def fsync(self, fd: int) -> None:
        """Returns when what was written is on the disk."""
        os.fsync(fd)

    def pread(self, fd: int, length: int, offset: int) -> bytes:
        """At most `length` bytes; none at the end of the file."""
        return os.pread(fd, length, offset)

    def pread_cached(self, fd: int, length: int, offset: int) -> bytes:
        """What is in the page cache; nothing where the kernel or the file system cannot tell."""
        if _ONLY_CACHED is None:
            return b""
        buffer = bytearray(length)
        try:
            got = os.preadv(fd, [buffer], offset, _ONLY_CACHED)
        except OSError:
            # Not cached (EAGAIN) or not supported here: whoever asks then reads in a thread, which tells real errors.
            return b""
        return bytes(memoryview(buffer)[:got])

    def size(self, path: str) -> int:
        """The length of the file in bytes."""
        return os.stat(path).st_size  # noqa: PTH116 - a path object costs more than the call

    def unlink(self, path: str) -> None:
        """Removes the name."""
        os.unlink(path)  # noqa: PTH108 - as above

    def mkdir(self, path: str, mode: int) -> None:
        """Makes a folder."""
        os.mkdir(path, mode)  # noqa: PTH102 - as above

    def listdir(self, path: str) -> list[str]:
        """The names in a folder."""
        return os.listdir(path)  # noqa: PTH208 - as above
