"""Collection: continuous, without a pause for pushes, at a cost that grows with what was deleted and nothing else.

Any number of collectors may run, in any number of processes: each row they look at is locked or skipped.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from entrepot.access.local import ITSELF
from entrepot.db import arrivals, collection, removals, repositories, tag_moves, uploads
from entrepot.db.contract import Database, Transaction
from entrepot.db.events import record
from entrepot.model.errors import Failed
from entrepot.registry.moving import Moves
from entrepot.registry.rules import Rules
from entrepot.registry.trash import purged
from entrepot.storage.contract import Key, Storage
from entrepot.tasks.stride import LARGEST, MOST, Stride

T = TypeVar("T")

_log = structlog.get_logger("entrepot.collect")


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    expired: int = 0
    released: int = 0
    reviewed: int = 0
    unlinked: int = 0
    removed: int = 0
    swept: int = 0
    blobs: int = 0
    """That nothing shows any more; their objects are removed after the readers' grace."""
    bytes: int = 0
    """Of these blobs."""
    moved: int = 0
    """Steps of large repositories on their way into the trash or out of it."""

    @property
    def only_blobs(self) -> bool:
        """Whether of all kinds only links were looked at and objects removed."""
        return not (self.expired or self.released or self.swept or self.moved)

    @property
    def idle(self) -> bool:
        """Whether nothing was due."""
        return self.only_blobs and not (self.reviewed or self.removed)


class Collector:
    """Lets go of what nothing counts on any more: expired uploads, the trash, unused blobs, and then their objects."""

    def __init__(self, db: Database, storage: Storage, rules: Rules) -> None:
        self._db = db
        self._storage = storage
        self._rules = rules
        self._moves = Moves(db, rules)
        self._gone: list[str] = []
        """Objects that were removed, which the next transaction forgets."""

    async def run(self, stop: asyncio.Event, every: float) -> None:
        """Works until `stop` is set, at the pace of a Stride; looks again `every` seconds after nothing was due.

        A round that fails is logged and tried again: nothing depends on when it succeeds.
        """
        stride, whole = Stride(), True
        while not stop.is_set():
            began = time.monotonic()
            try:
                if stride.to_look(began):
                    stride.see(await self._db.read(lambda tx: collection.waiting(tx, MOST)), began)
                    whole = True
                done = await (self.round(stride.rows) if whole else self._blobs(stride.rows))
            except Failed as error:
                _log.warning("collection failed and will be tried again", error=str(error))
                done, whole = Round(), True
            if not done.idle:
                rest = stride.rest(time.monotonic() - began)
            elif whole:
                stride, rest = Stride(), every
            else:
                rest = 0
            whole = done.idle or not done.only_blobs
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), rest)

    async def round(self, rows: int = LARGEST) -> Round:
        """One transaction of each kind of work, with up to so many rows. Raises Failed."""
        history = self._rules.tag_history
        moved = await self._moves.some()
        expired = await self._if_due(uploads.due, lambda tx: uploads.expire(tx, rows), 0)
        released = await self._if_due(collection.trash_due, lambda tx: _empty_trash(tx, rows), 0)
        swept = await self._if_due(repositories.sweep_due, lambda tx: repositories.sweep(tx, rows), 0)
        swept += await self._if_due(
            lambda tx: tag_moves.old(tx, history), lambda tx: tag_moves.forget(tx, rows, history), 0
        )
        swept += await self._if_due(arrivals.stale, arrivals.forget_stale, 0)
        done = await self._blobs(rows)
        return replace(done, expired=expired, released=released, swept=swept, moved=moved)

    async def _blobs(self, rows: int) -> Round:
        """Looks at links, and removes objects, in one transaction: of what is due most is either (steps 7 and 8)."""
        gone, self._gone = self._gone, []
        if not gone and not await self._db.read(_blobs_due):
            return Round()
        grace = self._rules.reader_grace

        def change(tx: Transaction) -> tuple[collection.Collected, list[str]]:
            removals.removed(tx, gone)
            # In this order: what is locked by taking is then locked by nobody who waits for anything.
            return collection.collect(tx, rows, grace), removals.take_due(tx, rows)

        # If it fails, those that are gone are taken up again a minute later, as with a remover that died.
        collected, keys = await self._db.write_along(change)
        removed = await self._remove(keys)
        return Round(
            reviewed=collected.reviewed,
            unlinked=collected.unlinked,
            removed=removed,
            blobs=collected.blobs,
            bytes=collected.bytes,
        )

    async def _remove(self, keys: list[str]) -> int:
        """How many objects were removed. One that could not be is taken up again a minute later (step 8)."""
        if not keys:
            return 0
        try:
            # Together: a turn through a thread, or a request, for each of them would take from pushes what they need.
            await self._storage.remove(*map(Key, keys))
            gone = keys
        except Failed:
            gone = await self._remove_each(keys)
        self._gone += gone
        return len(gone)

    async def _remove_each(self, keys: list[str]) -> list[str]:
        """Those whose objects were removed."""
        outcomes = await asyncio.gather(*(self._storage.remove(Key(key)) for key in keys), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Failed):
                _log.warning("an object could not be removed and will be tried again", error=str(outcome))
            elif outcome is not None:
                raise outcome
        return [key for key, outcome in zip(keys, outcomes, strict=True) if outcome is None]

    async def _if_due(self, due: Callable[[Transaction], bool], change: Callable[[Transaction], T], nothing: T) -> T:
        """What the change returns if the question says that something is due: an idle round writes nothing."""
        return await self._db.write_along(change) if await self._db.read(due) else nothing


def _blobs_due(tx: Transaction) -> bool:
    return collection.due(tx) or removals.due(tx)


def _empty_trash(tx: Transaction, rows: int) -> int:
    """How many rows were let go of. What is given up is told."""
    emptied = collection.empty_trash(tx, rows)
    if emptied.given_up is not None:
        record(tx, purged(emptied.given_up, ITSELF))
    return emptied.released
