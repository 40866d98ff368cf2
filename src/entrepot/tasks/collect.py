"""Collection: continuous, without a pause for pushes, at a cost that grows with what was deleted and nothing else.

Any number of collectors may run, in any number of processes: each row they look at is locked or skipped.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
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

ROWS_AT_ONCE = 32
"""Rows per transaction: few enough that it lasts some milliseconds, since on SQLite pushes wait for it."""

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
    def idle(self) -> bool:
        """Whether nothing was due."""
        return not (self.expired or self.released or self.reviewed or self.removed or self.swept or self.moved)


class Collector:
    """Lets go of what nothing counts on any more: expired uploads, the trash, unused blobs, and then their objects."""

    def __init__(self, db: Database, storage: Storage, rules: Rules) -> None:
        self._db = db
        self._storage = storage
        self._rules = rules
        self._moves = Moves(db, rules)

    async def run(self, stop: asyncio.Event, every: float) -> None:
        """Works until `stop` is set; looks again `every` seconds after a round that found nothing due.

        A round that fails is logged and tried again: nothing depends on when it succeeds.
        """
        while not stop.is_set():
            try:
                done = await self.round()
            except Failed as error:
                _log.warning("collection failed and will be tried again", error=str(error))
                done = Round()
            if not done.idle:
                _log.debug("collected", expired=done.expired, unlinked=done.unlinked, removed=done.removed)
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every)

    async def round(self) -> Round:
        """One transaction of each kind of work. Raises Failed."""
        grace, history = self._rules.reader_grace, self._rules.tag_history
        moved = await self._moves.some()
        expired = await self._if_due(uploads.due, lambda tx: uploads.expire(tx, ROWS_AT_ONCE), 0)
        released = await self._if_due(collection.trash_due, _empty_trash, 0)
        collected = await self._if_due(
            collection.due,
            lambda tx: collection.collect(tx, ROWS_AT_ONCE, grace),
            collection.Collected(0, 0),
        )
        removed = await self._remove()
        swept = await self._if_due(repositories.sweep_due, lambda tx: repositories.sweep(tx, ROWS_AT_ONCE), 0)
        swept += await self._if_due(
            lambda tx: tag_moves.old(tx, history), lambda tx: tag_moves.forget(tx, ROWS_AT_ONCE, history), 0
        )
        swept += await self._if_due(arrivals.stale, arrivals.forget_stale, 0)
        return Round(
            expired,
            released,
            collected.reviewed,
            collected.unlinked,
            removed,
            swept,
            collected.blobs,
            collected.bytes,
            moved,
        )

    async def _remove(self) -> int:
        """How many objects were removed. One that could not be is taken up again a minute later (step 8)."""
        none: list[str] = []
        keys = await self._if_due(removals.due, lambda tx: removals.take_due(tx, ROWS_AT_ONCE), none)
        if not keys:
            return 0
        outcomes = await asyncio.gather(*(self._storage.remove(Key(key)) for key in keys), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Failed):
                _log.warning("an object could not be removed and will be tried again", error=str(outcome))
            elif outcome is not None:
                raise outcome
        gone = [key for key, outcome in zip(keys, outcomes, strict=True) if outcome is None]
        await self._db.write(lambda tx: removals.removed(tx, gone))
        return len(gone)

    async def _if_due(self, due: Callable[[Transaction], bool], change: Callable[[Transaction], T], nothing: T) -> T:
        """What the change returns if the question says that something is due: an idle round writes nothing."""
        return await self._db.write(change) if await self._db.read(due) else nothing


def _empty_trash(tx: Transaction) -> int:
    """How many rows were let go of. What is given up is told."""
    emptied = collection.empty_trash(tx, ROWS_AT_ONCE)
    if emptied.given_up is not None:
        record(tx, purged(emptied.given_up, ITSELF))
    return emptied.released
