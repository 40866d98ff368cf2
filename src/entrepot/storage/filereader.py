"""One file of the store being read."""

import asyncio
from concurrent.futures import Future
from contextlib import suppress

from entrepot.storage.systemcalls import FileSystemCalls
from entrepot.storage.threads import Threads


class FileReader:
    """An open file, which it owns."""

    def __init__(self, fd: int, calls: FileSystemCalls, threads: Threads) -> None:
        self._fd = fd
        self._calls = calls
        self._threads = threads
        self._running: Future[bytes] | None = None

    def fileno(self) -> int:
        """The file's descriptor."""
        return self._fd

    def cached(self, length: int, offset: int) -> bytes:
        """What of the range is in memory, at once: perhaps less than asked, perhaps nothing."""
        return self._calls.pread_cached(self._fd, length, offset)

    async def piece(self, length: int, offset: int) -> bytes:
        """At most `length` bytes, read by a thread; none at the end of the file. Raises OSError."""
        self._running = self._threads.start(lambda: self._calls.pread(self._fd, length, offset))
        return await asyncio.wrap_future(self._running)

    def close(self) -> None:
        """Closes the file, or leaves it to the thread that still reads for a caller who was cancelled."""
        if self._running is None or self._running.done():
            self._close()
        else:
            self._running.add_done_callback(lambda _: self._close())

    def _close(self) -> None:
        # What was read was read, whatever becomes of the descriptor.
        with suppress(OSError):
            self._calls.close(self._fd)
