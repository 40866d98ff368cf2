"""One object being written to an object store."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from entrepot.model.digest import Hasher
from entrepot.model.errors import StorageFailed
from entrepot.storage.contract import Chunk

MOST_PARTS = 10_000
"""The most parts that one object may have on S3 and on Google Cloud Storage; Azure allows five times as many."""
_PIECE = 1 << 20

Single = Callable[[bytes], Awaitable[None]]
Parts = Callable[[AsyncIterator[bytes]], Awaitable[None]]


class GivenUp(Exception):
    """Raised by the pieces of an object that nobody wants any more, so that the sender clears away what it sent."""


class ObjectStoreWriter:
    """An ObjectWriter that sends a small object with one request, and a larger one in parts while it is being received.

    It holds the bytes of at most one part itself, and the sender those of three.
    """

    def __init__(self, single: Single, parts: Parts, part_size: int, hasher: Hasher | None = None) -> None:
        """`single` sends a whole object; `parts` sends one piece by piece, and clears up if the pieces raise."""
        self._single = single
        self._parts = parts
        self._part_size = part_size
        self._hasher = hasher
        self._usable = True
        self._waiting: list[Chunk] = []
        self._waiting_bytes = 0
        self._handed = 0
        self._pieces: asyncio.Queue[bytes | GivenUp | None] = asyncio.Queue(maxsize=1)
        self._sending: asyncio.Task[None] | None = None

    async def write(self, chunks: list[Chunk]) -> None:
        """Adds the chunks; waits while the network is behind."""
        self._require_usable()
        for chunk in chunks:
            self._waiting.append(chunk)
            self._waiting_bytes += len(chunk)
        if self._sending is None:
            if self._waiting_bytes < self._part_size:
                return
            self._sending = asyncio.create_task(self._send())
            # Whoever waits for room must not wait for a sender that has failed.
            self._sending.add_done_callback(lambda _: self._drain())
        if self._waiting_bytes >= _PIECE:
            await self._hand_over()

    async def finish(self) -> None:
        """Returns when the store has acknowledged the whole object."""
        self._require_usable()
        self._usable = False
        if self._sending is None:
            content = b"".join(self._take_waiting())
            await self._hash(content)
            await self._single(content)
            return
        await self._hand_over()
        await self._hand(None)
        await asyncio.shield(self._sending)

    async def abort(self) -> None:
        """Has the parts that were sent removed; returns when that is done or has failed."""
        self._usable = False
        self._take_waiting()
        sending, self._sending = self._sending, None
        if sending is None:
            return
        self._drain()
        if not sending.done():
            with suppress(asyncio.QueueFull):
                self._pieces.put_nowait(GivenUp())
            await asyncio.wait([sending])
        if not sending.cancelled():
            sending.exception()

    def _require_usable(self) -> None:
        if not self._usable:
            raise StorageFailed("this object is finished, given up or failed; write it again under a new key")

    def _take_waiting(self) -> list[Chunk]:
        chunks, self._waiting, self._waiting_bytes = self._waiting, [], 0
        return chunks

    async def _hand_over(self) -> None:
        """Gives what waits to the sender, when the sender has taken what it was given before."""
        piece = b"".join(self._take_waiting())
        self._handed += len(piece)
        if self._handed > MOST_PARTS * self._part_size:
            self._usable = False
            raise StorageFailed(
                f"an object has at most {MOST_PARTS} parts, here of {self._part_size} bytes each; "
                "for larger objects give the storage URL a larger part_size"
            )
        if piece:
            await self._hash(piece)
            await self._hand(piece)

    async def _hash(self, piece: bytes) -> None:
        if self._hasher is not None:
            await asyncio.to_thread(self._hasher.update, piece)

    async def _hand(self, piece: bytes | None) -> None:
        if self._sending is None:
            return
        try:
            await self._pieces.put(piece)
            if self._sending.done():
                self._sending.result()
        except BaseException:
            # Also when cancelled: it cannot be known then whether the piece was taken.
            self._usable = False
            raise

    def _drain(self) -> None:
        while not self._pieces.empty():
            self._pieces.get_nowait()

    async def _send(self) -> None:
        await self._parts(self._each())

    async def _each(self) -> AsyncIterator[bytes]:
        while (piece := await self._pieces.get()) is not None:
            if isinstance(piece, GivenUp):
                raise piece
            yield piece
