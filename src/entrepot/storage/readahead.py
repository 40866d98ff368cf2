"""Reading long ranges from a store that is far away: some parts of them are fetched ahead, side by side."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

MIB = 1 << 20
FIRST = MIB
"""Bytes of the first request of a long read. Others are sent once it is answered: its first byte waits for none."""
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


class _Fetches:
    """The parts of one read that were asked for ahead."""

    def __init__(self, at: int, end: int, fetch: Fetch, room: Room) -> None:
        self._at = at
        """Where the next one begins."""
        self._end = end
        self._fetch = fetch
        self._room = room
        self._parts: dict[int, asyncio.Future[memoryview | None]] = {}

    def send(self, most: int) -> None:
        """Asks for more, until `most` are under way or not yet read, as far as there is room."""
        while self._at < self._end and len(self._parts) < most and self._room.take():
            stop = min(self._at + WINDOW, self._end)
            self._parts[self._at] = asyncio.ensure_future(self._fetch(self._at, stop))
            self._at = stop

    def part(self, at: int) -> tuple[int, asyncio.Future[memoryview | None] | None]:
        """Where the part that begins here stops; and what it will be, if it was asked for."""
        if at in self._parts:
            return min(at + WINDOW, self._end), self._parts[at]
        self._at = min(at + LONG, self._end)
        return self._at, None

    def read(self, at: int) -> None:
        """Notes that the part was read: until then it was in memory."""
        if self._parts.pop(at, None) is not None:
            self._room.give()

    def close(self) -> None:
        """Gives up what was not read."""
        for part in self._parts.values():
            part.cancel()
            self._room.give()


async def read_ahead(start: int, end: int, stream: Stream, fetch: Fetch, room: Room) -> AsyncGenerator[bytes, None]:
    """The bytes from `start` up to, not including, `end`, in order and in pieces of at most 1 MiB.

    `stream` gives those of a part as they come, and its errors are raised; `fetch` gives a part as a whole, or None if
    that failed for whatever reason: then it is streamed. Readers that find no room are as if there were no `fetch`.
    """
    at, most = min(start + FIRST, end), 1
    fetches = _Fetches(at, end, fetch, room)
    try:
        async with aclosing(stream(start, at)) as pieces:
            async for piece in pieces:
                fetches.send(most)
                yield piece
        while at < end:
            most = min(most + 1, SIDE_BY_SIDE)
            fetches.send(most)
            stop, part = fetches.part(at)
            content = await part if part is not None else None
            if content is not None:
                for offset in range(0, len(content), PIECE):
                    yield bytes(content[offset : offset + PIECE])
            else:
                async with aclosing(stream(at, stop)) as pieces:
                    async for piece in pieces:
                        yield piece
            content = part = None
            fetches.read(at)
            at = stop
    finally:
        fetches.close()
