"""Long ranges of a store that is far away: in order whatever comes first, within a bound, and none lost."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from entrepot.model.errors import StorageFailed
from entrepot.storage.readahead import FIRST, LONG, MIB, PIECE, SIDE_BY_SIDE, WINDOW, Room, read_ahead

CONTENT = random.Random(3).randbytes(40 * MIB + 77)


class Store:
    """Holds the content; notes what was asked for, and how much of it at a time."""

    def __init__(self, failing: int = 0) -> None:
        """Of so many fetches one fails; 0: none."""
        self.streamed: list[tuple[int, int]] = []
        self.fetched: list[tuple[int, int]] = []
        self.under_way = self.most = 0
        self._failing = failing
        self._random = random.Random(5)

    async def stream(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        self.streamed.append((start, end))
        for at in range(start, end, PIECE):
            await asyncio.sleep(0)
            yield CONTENT[at : min(at + PIECE, end)]

    async def fetch(self, start: int, end: int) -> memoryview | None:
        self.fetched.append((start, end))
        number = len(self.fetched)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self._random.random() / 100)
        finally:
            self.under_way -= 1
        if self._failing and number % self._failing == 0:
            return None
        return memoryview(CONTENT)[start:end]


async def read(store: Store, room: Room, start: int = 0, end: int = len(CONTENT)) -> bytes:
    pieces = [piece async for piece in read_ahead(start, end, store.stream, store.fetch, room)]
    assert all(0 < len(piece) <= PIECE for piece in pieces)
    return b"".join(pieces)


def left(room: Room) -> int:
    """How many windows there is room for, which is then taken."""
    count = 0
    while room.take():
        count += 1
    return count


@pytest.mark.parametrize("failing", [0, 3, 1])
@pytest.mark.parametrize("end", [FIRST - 1, FIRST, FIRST + 1, WINDOW, FIRST + WINDOW, 17 * MIB + 5, len(CONTENT)])
@pytest.mark.parametrize("start", [0, 1, 70_001])
async def test_all_comes_in_order(start: int, end: int, failing: int) -> None:
    room = Room(16)
    assert await read(Store(failing), room, start, end) == CONTENT[start:end]
    assert left(room) == 16


async def test_the_first_byte_waits_for_no_other_request_and_the_rest_is_fetched_side_by_side() -> None:
    store = Store()
    async with aclosing(read_ahead(0, len(CONTENT), store.stream, store.fetch, Room(16))) as pieces:
        assert store.fetched == []
        await anext(pieces)
        await asyncio.sleep(0.001)
        assert store.fetched == [(FIRST, FIRST + WINDOW)]
    store = Store()
    await read(store, Room(16))
    assert store.streamed == [(0, FIRST)]
    assert store.most == SIDE_BY_SIDE
    assert [start for start, _ in store.fetched] == list(range(FIRST, len(CONTENT), WINDOW))


async def test_without_room_it_is_read_by_few_requests() -> None:
    store = Store()
    assert await read(store, Room(0)) == CONTENT
    assert store.fetched == []
    assert len(store.streamed) == 1 + -(-(len(CONTENT) - FIRST) // LONG)


async def test_many_readers_share_the_room() -> None:
    store, room = Store(), Room(6)
    assert set(await asyncio.gather(*(read(store, room) for _ in range(8)))) == {CONTENT}
    assert 2 <= store.most <= 6
    assert left(room) == 6


async def test_a_part_that_is_being_read_takes_room_until_all_of_it_was() -> None:
    store, room = Store(), Room(16)
    async with aclosing(read_ahead(0, FIRST + 2 * WINDOW, store.stream, store.fetch, room)) as pieces:
        assert len(await anext(pieces)) == FIRST
        for _ in range(WINDOW // PIECE):
            await anext(pieces)
            assert left(room) <= 14
            for _ in range(14):
                room.give()
        await anext(pieces)
        assert left(room) == 15


async def test_who_leaves_in_the_middle_gives_its_room_back() -> None:
    store, room = Store(), Room(16)
    async with aclosing(read_ahead(0, len(CONTENT), store.stream, store.fetch, room)) as pieces:
        async for _ in pieces:
            break
    await asyncio.sleep(0.05)
    assert store.under_way == 0
    assert left(room) == 16


async def test_who_is_cut_off_while_it_waits_gives_its_room_back() -> None:
    room, store = Room(16), Store()

    async def never(start: int, end: int) -> memoryview | None:
        await asyncio.Event().wait()
        return None

    async def reader() -> None:
        async for _ in read_ahead(0, len(CONTENT), store.stream, never, room):
            pass

    task = asyncio.create_task(reader())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.01)
    assert left(room) == 16


async def test_what_cannot_be_streamed_either_is_told() -> None:
    room = Room(16)

    async def broken(start: int, end: int) -> AsyncGenerator[bytes, None]:
        if start:
            raise StorageFailed("the store is away")
        yield CONTENT[start:end]

    pieces = read_ahead(0, len(CONTENT), broken, Store(failing=1).fetch, room)
    assert await anext(pieces) == CONTENT[:FIRST]
    with pytest.raises(StorageFailed):
        await anext(pieces)
    assert left(room) == 16
