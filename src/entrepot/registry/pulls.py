"""Pulls, counted in memory and written down in batches, so that no pull waits for a write.

A process that is killed loses the counts of its last second; nothing else depends on them.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from itertools import islice
from typing import TypeVar

from entrepot.db import pulls
from entrepot.db.contract import Database, Transaction
from entrepot.model.errors import Failed

K = TypeVar("K")

WRITE_AFTER = 1.0
"""Seconds for which a pull may not be counted yet."""
LARGEST_BATCH = 1000
MOST_WAITING = 100_000
"""Different things whose pulls are remembered while the database cannot be written to; what comes beyond is dropped."""


class Pulls:
    """Counts pulls of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._repositories: Counter[int] = Counter()
        self._manifests: dict[int, int] = {}
        self._tags: dict[tuple[int, str], int] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, repository_id: int, manifest_id: int, tag: str | None) -> None:
        """Counts a pull of a manifest, by the tag if it was named by one."""
        if len(self._manifests) >= MOST_WAITING or len(self._tags) >= MOST_WAITING:
            return
        now = time.time_ns() // 1000
        self._repositories[repository_id] += 1
        self._manifests[manifest_id] = now
        if tag is not None:
            self._tags[repository_id, tag] = now
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        """Writes down what waits. Never raises."""
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        while (self._repositories or self._manifests or self._tags) and await self._write():
            pass

    async def _write_soon(self) -> None:
        while self._repositories or self._manifests or self._tags:
            await asyncio.sleep(WRITE_AFTER)
            await self._write()
        self._writing = None

    async def _write(self) -> bool:
        """Whether a batch was written down; if not, it waits for the next turn."""
        repositories = _taken(self._repositories)
        manifests = _taken(self._manifests)
        tags = _taken(self._tags)

        def change(tx: Transaction) -> None:
            pulls.stamp_manifests(tx, manifests)
            pulls.stamp_tags(tx, tags)
            pulls.count(tx, repositories)  # Last, as pushes do.

        try:
            await self._db.write(change)
        except Failed:
            self._repositories.update(repositories)
            self._manifests = {**manifests, **self._manifests}
            self._tags = {**tags, **self._tags}
            return False
        return True


def _taken(waiting: dict[K, int]) -> dict[K, int]:
    """A batch of what waits, taken out of it."""
    some = list(islice(waiting, LARGEST_BATCH))
    return {key: waiting.pop(key) for key in some}
