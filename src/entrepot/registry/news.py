"""Following what happens, in this process and every other, without missing what is committed out of order.

Numbers of events are given before they are committed, so on PostgreSQL a lower one can appear after a higher one. A
number that was passed over is looked for again until it is too old for its transaction to be still open.
"""

import time
from collections.abc import Callable

from entrepot.db import news
from entrepot.db.contract import Database
from entrepot.db.news import Told

MOST_AT_ONCE = 2000
MOST_MISSING = 500
"""Passed over numbers that are looked for at once; of more, the oldest are given up."""
PATIENCE = 30.0
"""Seconds after which a number was given to a change that was undone."""


class News:
    """One reader's place in what happens."""

    def __init__(self, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._last: int | None = None
        self._missing: dict[int, float] = {}

    async def newest(self) -> int:
        """The number of the newest event: what a page that is made after this has seen. Raises DatabaseFailed."""
        return await self._db.read(news.newest, key=("newest event",))

    async def between(self, seen: int) -> list[Told]:
        """What happened after the event of that number, as far as it is known now. Raises DatabaseFailed."""
        return await self._db.read(lambda tx: news.after(tx, seen, (), MOST_AT_ONCE))

    async def look(self) -> list[Told]:
        """What happened since the last look; the first look finds nothing. Costs next to nothing if nothing did.

        Raises DatabaseFailed; the place is kept then.
        """
        if self._last is None:
            self._last = await self._db.read(news.newest)
            return []
        last, missing = self._last, tuple(self._missing)
        # The key makes it free on SQLite while nothing was committed.
        found = await self._db.read(
            lambda tx: tuple(news.after(tx, last, missing, MOST_AT_ONCE)), key=("news", last, missing)
        )
        self._note(found)
        return list(found)

    def _note(self, found: tuple[Told, ...]) -> None:
        now = self._clock()
        assert self._last is not None
        known = {told.id for told in found}
        highest = max([self._last, *known])
        for number in range(max(self._last + 1, highest - MOST_MISSING), highest):
            if number not in known:
                self._missing[number] = now
        self._last = highest
        for number, since in list(self._missing.items()):
            if number in known or now - since > PATIENCE:
                del self._missing[number]
        while len(self._missing) > MOST_MISSING:
            del self._missing[next(iter(self._missing))]
