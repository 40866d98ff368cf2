"""Pulls, counted in memory and written down in batches, so that no pull waits for a write.

A process that is killed loses the counts, and the events, of its last second; nothing else depends on them. Which of
the two are kept is a setting that is read with each batch, so a change is obeyed a second later.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from itertools import islice
from typing import TypeVar

from entrepot.db import configuration, events, pulls
from entrepot.db.contract import Database, Transaction
from entrepot.model.digest import Digest
from entrepot.model.errors import Failed
from entrepot.model.event import Event, EventName
from entrepot.model.grant import RepositoryGrant

K = TypeVar("K")

WRITE_AFTER = 1.0
"""Seconds for which a pull may not be counted yet."""
LARGEST_BATCH = 1000
MOST_WAITING = 100_000
"""Different things whose pulls are remembered while the database cannot be written to; what comes beyond is dropped."""


class Pull:
    """A pull of a manifest, by a tag if `tag` is one: the same one may be noted any number of times."""

    __slots__ = ("event", "manifest_id", "repository_id", "tag")

    def __init__(self, grant: RepositoryGrant, manifest_id: int, digest: Digest, tag: str | None) -> None:
        self.repository_id = grant.repository_id
        self.manifest_id = manifest_id
        self.tag = tag
        self.event = _event(grant, digest, tag)


class Pulls:
    """Counts pulls of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._repositories: Counter[int] = Counter()
        self._manifests: dict[int, int] = {}
        self._tags: dict[tuple[int, str], int] = {}
        self._events: list[Event] = []
        self._told = True
        """Whether pulls were events as of the last batch; before the first one nobody knows."""
        self._writing: asyncio.Task[None] | None = None

    def note(self, pull: Pull) -> None:
        """Counts a pull."""
        repository_id, tag = pull.repository_id, pull.tag
        if repository_id is None or len(self._manifests) >= MOST_WAITING or len(self._tags) >= MOST_WAITING:
            return
        now = time.time_ns() // 1000
        self._repositories[repository_id] += 1
        self._manifests[pull.manifest_id] = now
        if tag is not None:
            self._tags[repository_id, tag] = now
        if self._told and len(self._events) < MOST_WAITING:
            self._events.append(pull.event)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        """Writes down what waits. Never raises."""
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        while self._waiting() and await self._write():
            pass

    def _waiting(self) -> bool:
        return bool(self._repositories or self._manifests or self._tags or self._events)

    async def _write_soon(self) -> None:
        while self._waiting():
            await asyncio.sleep(WRITE_AFTER)
            await self._write()
        self._writing = None

    async def _write(self) -> bool:
        """Whether a batch was written down; if not, it waits for the next turn."""
        repositories = _taken(self._repositories)
        manifests = _taken(self._manifests)
        tags = _taken(self._tags)
        told, self._events = self._events[:LARGEST_BATCH], self._events[LARGEST_BATCH:]

        def change(tx: Transaction) -> bool:
            if not configuration.value(tx, "pull_time_update_disable"):
                pulls.stamp_manifests(tx, manifests)
                pulls.stamp_tags(tx, tags)
            tell = not configuration.value(tx, "pull_audit_log_disable")
            for event in told if tell else ():
                events.record(tx, event)
            if not configuration.value(tx, "pull_count_update_disable"):
                pulls.count(tx, repositories)  # Last, as pushes do.
            return tell

        try:
            self._told = await self._db.write(change)
        except Failed:
            self._events = told + self._events
            self._repositories.update(repositories)
            self._manifests = {**manifests, **self._manifests}
            self._tags = {**tags, **self._tags}
            return False
        return True


def _event(grant: RepositoryGrant, digest: Digest, tag: str | None) -> Event:
    return Event(
        name=EventName.ARTIFACT_PULLED,
        by=grant.principal,
        resource=f"{grant.name}:{tag}" if tag else f"{grant.name}@{digest}",
        project_id=grant.project.id,
        repository=grant.name.text,
        detail={"digest": str(digest), "tag": tag},
    )


def _taken(waiting: dict[K, int]) -> dict[K, int]:
    """A batch of what waits, taken out of it."""
    some = list(islice(waiting, LARGEST_BATCH))
    return {key: waiting.pop(key) for key in some}
