"""Requests jobs when schedules come due."""

import time
from functools import partial

import structlog

from entrepot.db import schedules
from entrepot.db.contract import Database

AT_ONCE = 20
SET_RIGHT_EVERY = 30.0
"""Seconds between looks for schedules that a wrong clock has moved into the future."""

_log = structlog.get_logger("entrepot.jobs")


class Scheduler:
    """Looks for ticks. Any number may, in any number of processes: each tick is answered once."""

    def __init__(self, db: Database, set_right_every: float = SET_RIGHT_EVERY) -> None:
        self._db = db
        self._every = set_right_every
        self._checked = float("-inf")

    async def look(self) -> None:
        """Requests the job of each schedule that has come due. Raises Failed."""
        if time.monotonic() - self._checked >= self._every:
            self._checked = time.monotonic()
            if await self._db.read(schedules.ahead):
                moved = await self._db.write(lambda tx: schedules.set_right(tx, AT_ONCE))
                _log.warning("the clock was set back, and schedules go by it again", schedules=moved)
        while True:
            found = await self._db.read(lambda tx: schedules.due(tx, AT_ONCE))
            for schedule in found:
                job = await self._db.write(partial(schedules.fire, found=schedule))
                if job is not None:
                    _log.info("a schedule came due", schedule=schedule.name, job=job)
            if len(found) < AT_ONCE:
                return
