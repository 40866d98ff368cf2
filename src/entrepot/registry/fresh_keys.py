"""Keys of objects to come, whose removal is intended before anything is written (step 1 of the blob protocol)."""

import asyncio
import time
from collections import deque
from contextlib import suppress

from entrepot.db import removals
from entrepot.db.contract import Database, Transaction
from entrepot.model.errors import Failed
from entrepot.registry.rules import SECOND, Rules
from entrepot.storage.contract import Key, fresh_key

AHEAD = 16
"""How many keys a process that serves has at hand: a push of many layers waits for few of them."""
GOOD_FOR = 60 * SECOND
"""Microseconds for which a key is kept at hand."""


class FreshKeys:
    """Gives keys that are on the list of those to be removed, durably, each to one caller.

    That has to be on the disk before the first byte is: whatever dies, and be it the machine, leaves no object that
    nothing would remove. So that not every upload waits for it, some keys are listed ahead, many in one transaction.
    """

    def __init__(self, db: Database, rules: Rules, ahead: int = 0) -> None:
        """So many are listed ahead; what nobody wanted within a minute, or until `close`, is taken off the list."""
        self._db = db
        self._limit = rules.upload_expiry
        self._good_for = min(GOOD_FOR, self._limit)
        self._ahead = ahead
        self._ready: deque[tuple[Key, float]] = deque()
        """The keys, and until when each may be given, by the clock `time.monotonic`."""
        self._coming: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    async def take(self) -> tuple[Key, float]:
        """A key, and when (`time.monotonic`) its object may begin to be removed unless it was taken back until then.

        Raises DatabaseFailed, StorageFull.
        """
        self._take_off_stale()
        while self._ahead and not self._ready:
            await asyncio.shield(self._more())
        deadline = time.monotonic() + self._limit / SECOND
        if not self._ahead:
            key = fresh_key()
            await self._db.write(lambda tx: removals.intend(tx, key, tx.now + self._limit))
            return key, deadline
        key, _ = self._ready.popleft()
        if len(self._ready) <= self._ahead // 2:
            self._more()
        return key, deadline

    async def close(self) -> None:
        """Takes the keys that nobody wanted off the list. Never raises: else their time comes."""
        if self._coming is not None:
            await asyncio.wait((self._coming,))
        unused = [key for key, _ in self._ready]
        self._ready.clear()
        await asyncio.gather(self._take_off(unused), *self._leaving)

    def _more(self) -> "asyncio.Task[None]":
        """The task, one for all who wait, after which there are keys."""
        if self._coming is None or self._coming.done():
            self._coming = asyncio.create_task(self._list_some())
            # Whoever waits for it is told; if nobody does, the next who needs a key tries again.
            self._coming.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return self._coming

    async def _list_some(self) -> None:
        keys = [fresh_key() for _ in range(self._ahead - len(self._ready))]
        until = time.monotonic() + self._good_for / SECOND

        def change(tx: Transaction) -> None:
            for key in keys:
                removals.intend(tx, key, tx.now + self._good_for + self._limit)

        await self._db.write(change)
        self._ready.extend((key, until) for key in keys)
        asyncio.get_running_loop().call_later(self._good_for / SECOND + 1, self._take_off_stale)

    def _take_off_stale(self) -> None:
        stale = []
        while self._ready and self._ready[0][1] < time.monotonic():
            stale.append(self._ready.popleft()[0])
        if stale:
            leaving = asyncio.create_task(self._take_off(stale))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def _take_off(self, keys: list[Key]) -> None:
        def change(tx: Transaction) -> None:
            for key in keys:
                removals.take_back(tx, key)

        if keys:
            with suppress(Failed):
                await self._db.write(change, durable=False)
