"""Reading long ranges from a store that is far away: some parts of them are fetched ahead, side by side."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

MIB = 1 << 20
FIRST = 128 * 1024
"""Bytes of the first request of a long read, so that its first byte waits for few others."""
WINDOW = 4 * MIB
"""Bytes of a request beside others."""
LONG = 16 * MIB
"""Bytes of a request where there is no room for others."""
SIDE_BY_SIDE = 4
"""Requests ahead of one reader, once it has read as many parts: who leaves early has had little fetched in vain."""
PIECE = 1 << 20
"""The most bytes in one piece of a read."""

Stream = Callable[[int, int], AsyncGenerator[bytes, None]]
Fetch = Callable[[int, int], Awaitable[memoryview | None]]


class Room:
    """How many windows may be in memory at once, of all readers of a process: what bounds its memory."""

    def __init__(self, windows: int = 16) -> None:
        self._left = windows

    def take(self) -> bool:
        """Whether there was room for one more."""
        if not self._left:
            return False
        self._left -= 1
        return True

    def give(self) -> None:
        """Makes room again."""
        self._left += 1


async def read_ahead(start: int, end: int, stream: Stream, fetch: Fetch, room: Room) -> AsyncGenerator[bytes, None]:
    """The bytes from `start` up to, not including, `end`, in order and in pieces of at most 1 MiB.

    `stream` gives those of a part as they come, and its errors are raised; `fetch` gives a part as a whole, or None if
    that failed for whatever reason: then it is streamed. Readers that find no room are as if there were no `fetch`.
    """
    fetching: dict[int, asyncio.Future[memoryview | None]] = {}
    at, ahead, most = start, start + FIRST, 1
    try:
        while at < end:
            while ahead < end and len(fetching) < most and room.take():
                fetching[ahead] = asyncio.ensure_future(fetch(ahead, min(ahead + WINDOW, end)))
                ahead += WINDOW
            stop = min(min(fetching) if fetching and at not in fetching else at + WINDOW, end)
            if not fetching:
                stop = min(at + LONG, end)
                ahead = max(ahead, stop)
            content = await fetching[at] if at in fetching else None
            if content is not None:
                for offset in range(0, len(content), PIECE):
                    yield bytes(content[offset : offset + PIECE])
            else:
                async with aclosing(stream(at, stop)) as pieces:
                    async for piece in pieces:
                        yield piece
            if at in fetching:  # Until here it was in memory.
                del fetching[at], content
                room.give()
            at, most = stop, min(most + 1, SIDE_BY_SIDE)
    finally:
        for task in fetching.values():
            task.cancel()
            room.give()
