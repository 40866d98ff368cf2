"""One question asked for everybody who waits for its answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Rounds(Generic[T]):
    """A question that is asked once at a time. Every answer is of a moment after whoever gets it asked for it."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._loop: asyncio.AbstractEventLoop | None = None
        self._now: asyncio.Task[T] | None = None
        """The round that is under way, or was the last: who comes now is too late for it."""
        self._next: asyncio.Task[T] | None = None
        """The round that follows, which has asked nothing yet."""

    async def answer(self) -> T:
        """What was answered to the question, asked after this was called. Raises what asking it raises."""
        # One who gives up waiting must not end it for the others.
        return await asyncio.shield(self.coming())

    def coming(self) -> "asyncio.Task[T]":
        """The round that has asked nothing yet; not to be cancelled."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._now, self._next = loop, None, None
        if self._next is None:
            self._next = loop.create_task(self._round(self._now))
        return self._next

    async def _round(self, before: "asyncio.Task[T] | None") -> T:
        if before is not None and not before.done():
            await asyncio.wait((before,))
        self._now, self._next = self._next, None
        return await self._ask()
