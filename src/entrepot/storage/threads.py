"""The one place where the file store's blocking work goes: a bounded pool of threads that belongs to one store."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")

BUFFER = 1 << 20
"""Bytes of a buffer. Half of it cost a tenth more of an upload's time, twice as much won nothing."""
TURNS = 2
"""How many jobs with a buffer go on at once, in each process, of which there is one for each of a few processors.
Six instead of two took up to a tenth more CPU, for the interpreter's lock that they fought for."""


class Turns:
    """Places for a few jobs at once, and for others to wait for."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._waiting = 0

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for a place: who has one should not wait for anything else in it."""
        return self._waiting > 0

    async def __aenter__(self) -> None:
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._free.release()


class Threads:
    """At most `count` threads, started when first needed."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="storage")
        self._buffers: list[memoryview] = []
        self.turns = Turns(TURNS)
        """To be held by whoever starts a job that takes a buffer, for as long as it runs."""

    def start(self, job: Callable[[], Result]) -> "Future[Result]":
        """The future of `job`, which a thread does now or when one is free. Raises RuntimeError after `close`."""
        return self._pool.submit(job)

    @contextmanager
    def buffer(self) -> Iterator[memoryview]:
        """A buffer of the job's own while it is at it; there are never more than there were jobs at once."""
        try:
            buffer = self._buffers.pop()
        except IndexError:
            buffer = memoryview(bytearray(BUFFER))
        try:
            yield buffer
        finally:
            self._buffers.append(buffer)

    async def run(self, job: Callable[[], Result], late: Callable[[Result], object] | None = None) -> Result:
        """What `job` returns or raises, done in a thread.

        If the caller is cancelled while the thread is at it, `late` is given the result when there is one, so that
        what was opened gets closed.
        """
        future = self._pool.submit(job)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if late is not None:
                future.add_done_callback(lambda ended: _hand_over(ended, late))
            raise

    async def close(self) -> None:
        """Returns when everything started is done and the threads are gone."""
        await asyncio.to_thread(self._pool.shutdown)


def _hand_over(ended: "Future[Result]", late: Callable[[Result], object]) -> None:
    if not ended.cancelled() and ended.exception() is None:
        late(ended.result())
