"""Sealing: every event gets its place in the chain some seconds after it was committed.

Not in the transaction of the change itself: all changes would wait for one another there.
"""

import asyncio
from contextlib import suppress

import structlog

from entrepot.db import audit
from entrepot.db.contract import Database, Transaction
from entrepot.model.errors import Failed

AT_ONCE = 200
"""Events per transaction: few enough that on SQLite a push waits for some milliseconds."""
EVERY = 2.0
"""Seconds between looks."""

_log = structlog.get_logger("entrepot.audit")


class Sealer:
    """Seals events. Any number may run, in any number of processes: they take turns."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set. A round that fails is logged and tried again."""
        while not stop.is_set():
            try:
                sealed = await self.round()
            except Failed as error:
                _log.warning("sealing the audit failed and will be tried again", error=str(error))
                sealed = 0
            if sealed < AT_ONCE:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), EVERY)

    async def round(self) -> int:
        """How many events were sealed. Raises Failed."""
        if not await self._db.read(_waiting):
            return 0
        return await self._db.write(lambda tx: audit.seal_some(tx, AT_ONCE))


def _waiting(tx: Transaction) -> bool:
    return tx.one("SELECT 1 FROM events WHERE place IS NULL LIMIT 1") is not None
