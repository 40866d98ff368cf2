"""News for open pages: a stream of names, never of data. A page that hears one asks again for itself.

One reader per process follows what happens, and only while a page is open. What has no event, such as the progress of a
job, is a state that is compared.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Hashable, Iterable
from dataclasses import dataclass, field

import structlog

from entrepot.db import arrivals
from entrepot.db.contract import Database, Transaction
from entrepot.db.news import Told
from entrepot.model.errors import EntrepotError
from entrepot.registry.news import News
from entrepot.wire.asgi import Receive

LOOK_EVERY = 0.05
"""Seconds between looks while pages are open: on SQLite one costs microseconds, elsewhere one small question."""
LOOKS_AT_ARRIVALS = 10
"""After how many looks one is at how far uploads have come, which is told once a second."""
APART = 0.25
"""Seconds between two messages to one page at least: many changes at once are one reason to look again."""
STILL_HERE = 15.0
"""Seconds after which a stream says that it is still there."""
MOST_STREAMS = 2000

State = Callable[[Transaction], Hashable]
"""What a topic without events shows, in a form that can be compared; small."""


@dataclass(eq=False, slots=True)
class Listener:
    """One open page."""

    concerns: Callable[[Told], bool]
    """Whether an event is news to it."""
    states: tuple[str, ...] = ()
    """The states that it watches, by their names."""
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Live:
    """Wakes open pages when something happens that concerns them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._listeners: set[Listener] = set()
        self._states: dict[str, State] = {}
        self._seen: dict[str, Hashable] = {}
        self._arrived: frozenset[tuple[int, str, int, int]] = frozenset()
        self._news = News(db)
        self._follower: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()
        self._closing = asyncio.Event()
        self._log = structlog.get_logger("entrepot.live")

    @property
    def full(self) -> bool:
        """Whether there are as many streams as this process will have."""
        return len(self._listeners) >= MOST_STREAMS

    async def newest(self) -> int:
        """What a page that is made from now on has seen; it is told of what comes after."""
        return await self._news.newest()

    async def stream(
        self, listener: Listener, seen: int, states: Iterable[tuple[str, State]] = ()
    ) -> AsyncIterator[bytes]:
        """Messages for one page, which has seen what `newest` gave, until it goes away or `close` is called."""
        self._states.update(states)
        self._listeners.add(listener)
        if listener.states:
            # What a state was when the page was made is not known: it looks once more.
            listener.woken.set()
        try:
            await self._begin()
            # What happened between the making of the page and now.
            if any(listener.concerns(told) for told in await self._news.between(seen)):
                listener.woken.set()
            yield b"retry: 1000\nevent: hello\ndata:\n\n"
            while not self._closing.is_set():
                try:
                    await asyncio.wait_for(listener.woken.wait(), STILL_HERE)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if self._closing.is_set():
                    return
                listener.woken.clear()
                yield b"event: news\ndata:\n\n"
                await asyncio.sleep(APART)
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Ends every stream: pages come back to whatever process serves next."""
        self._closing.set()
        for listener in self._listeners:
            listener.woken.set()

    async def _begin(self) -> None:
        """Returns when somebody follows what happens from now on."""
        async with self._beginning:
            if self._follower is None or self._follower.done():
                self._news, self._seen = News(self._db), {}
                await self._news.look()
                self._follower = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        passes = 0
        while self._listeners and not self._closing.is_set():
            try:
                for told in await self._news.look():
                    for listener in self._listeners:
                        if listener.concerns(told):
                            listener.woken.set()
                await self._compare()
                if (passes := passes + 1) % LOOKS_AT_ARRIVALS == 0:
                    await self._arriving()
            except EntrepotError as error:
                self._log.warning("news cannot be read", error=str(error))
                await asyncio.sleep(1)
            await asyncio.sleep(LOOK_EVERY)

    async def _arriving(self) -> None:
        """Wakes the pages of projects and repositories where uploads have come further, begun or ended."""
        now = frozenset(await self._db.read(arrivals.places, key=("arrivals",)))
        for project_id, repository, *_ in now ^ self._arrived:
            told = Told(0, "upload", project_id, repository)
            for listener in self._listeners:
                if listener.concerns(told):
                    listener.woken.set()
        self._arrived = now

    async def _compare(self) -> None:
        watched = {name for listener in self._listeners for name in listener.states}
        for name in self._states.keys() - watched:
            del self._states[name]
            self._seen.pop(name, None)
        for name in watched:
            now = await self._db.read(self._states[name], key=("state", name))
            if self._seen.setdefault(name, now) != now:
                self._seen[name] = now
                for listener in self._listeners:
                    if name in listener.states:
                        listener.woken.set()


async def until_gone(receive: Receive, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """What the stream gives, until the client goes away, which ASGI tells by a message."""

    async def gone() -> None:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return

    waiting = asyncio.ensure_future(gone())
    iterator = aiter(stream)
    try:
        while True:
            step = asyncio.ensure_future(anext(iterator))
            await asyncio.wait({waiting, step}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                step.cancel()
                with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                    await step
                return
            try:
                yield step.result()
            except StopAsyncIteration:
                return
    finally:
        waiting.cancel()
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()
