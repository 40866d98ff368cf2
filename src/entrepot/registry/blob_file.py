"""A blob as a file that a thread reads, while the event loop fetches it."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future

AHEAD = 2 * 1024 * 1024
"""Bytes that are fetched at once, and once more ahead of them."""


class ReadingStopped(Exception):
    """Whoever wanted the blob to be read wants it no more."""


class BlobFile(io.RawIOBase):
    """Read from any thread but the loop's, by one at a time."""

    def __init__(
        self,
        read: Callable[[int, int], AsyncIterator[bytes]],
        size: int,
        loop: asyncio.AbstractEventLoop,
        ahead: int = AHEAD,
    ) -> None:
        """`read` gives the bytes from a place up to another; `ahead` is how many are fetched at once."""
        self._range = read
        self._step = ahead
        self._size = size
        self._loop = loop
        self._stopped = threading.Event()
        self._place = 0
        self._held = b""
        self._held_from = 0
        self._ahead: tuple[int, Future[bytes]] | None = None
        self.furthest = 0
        """How far it was read."""

    def stop(self) -> None:
        """Has whoever reads get ReadingStopped, within a moment."""
        self._stopped.set()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Up to that many bytes, fewer where a fetched piece ends; b"" at the end. Raises ReadingStopped, Failed."""
        if self._stopped.is_set():
            raise ReadingStopped
        if self._place >= self._size:
            return b""
        if not self._held_from <= self._place < self._held_from + len(self._held):
            self._fetch()
        start = self._place - self._held_from
        taken = self._held[start:] if size < 0 else self._held[start : start + size]
        self._place += len(taken)
        self.furthest = max(self.furthest, self._place)
        return taken

    def _fetch(self) -> None:
        if self._ahead is not None and self._ahead[0] == self._place:
            coming = self._ahead[1]
        else:
            coming = self._begin(self._place)
        self._held = b""
        self._held, self._held_from = coming.result(), self._place
        end = self._held_from + len(self._held)
        self._ahead = (end, self._begin(end)) if end < self._size else None

    def _begin(self, start: int) -> "Future[bytes]":
        return asyncio.run_coroutine_threadsafe(self._whole(start, min(start + self._step, self._size)), self._loop)

    async def _whole(self, start: int, end: int) -> bytes:
        return b"".join([piece async for piece in self._range(start, end)])
