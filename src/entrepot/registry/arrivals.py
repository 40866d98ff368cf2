"""Uploads while they run, told to the database about once a second, so that pages of every process can show them.

Most uploads are over before they are told of. Of the others, one transaction a second in each process tells how far all
of them have come; it is no part of the upload, which goes on whatever becomes of it.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from entrepot.db import arrivals, uploads
from entrepot.db.arrivals import ArrivalRow
from entrepot.db.contract import Database, Transaction
from entrepot.model.errors import Failed
from entrepot.model.grant import ProjectGrant, RepositoryGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.project import Action

EVERY = 1.0
"""Seconds between two tellings, and after which an upload is told of at all."""
IDLE = 5.0
"""Seconds for which a session between two requests of it still runs."""
MOST_SHOWN = 50
READ = Permission(Resource.REPOSITORY, Verb.LIST)


@dataclass(eq=False, slots=True)
class Arrival:
    """A running upload; whoever takes it in adds to `size`."""

    id: str
    grant: RepositoryGrant
    began: float
    began_at: int
    start: int = 0
    """Bytes of earlier requests of the session."""
    size: int = 0
    """Bytes of the request that runs now."""
    expected: int | None = None
    idle_since: float | None = None
    told: tuple[float, int] = field(default=(0.0, -1))
    """When it was last told of, and how far it was; -1 if never."""

    @property
    def received(self) -> int:
        """Bytes of the session."""
        return self.start + self.size


class Arrivals:
    """The uploads that run in this process, and a look at those of all."""

    def __init__(self, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._running: dict[str, Arrival] = {}
        self._over: list[str] = []
        self._telling: asyncio.Task[None] | None = None

    def begin(self, grant: RepositoryGrant, upload_id: str, start: int, length: int | None) -> Arrival:
        """A request brings `length` bytes, None if it did not say, to the end of a session that has `start`."""
        now = self._clock()
        found = self._running.get(upload_id)
        if found is None:
            found = self._running[upload_id] = Arrival(upload_id, grant, now, time.time_ns() // 1000)
            if self._telling is None:
                self._telling = asyncio.create_task(self._tell_on())
        found.start, found.size, found.idle_since = start, 0, None
        found.expected = None if length is None else start + length
        return found

    def pause(self, arrival: Arrival) -> None:
        """The request is over; the session may have another one."""
        arrival.idle_since = self._clock()

    def end(self, upload_id: str) -> None:
        """The session is over."""
        found = self._running.pop(upload_id, None)
        if found is not None and found.told[1] >= 0:
            self._over.append(upload_id)

    async def of_project(self, grant: ProjectGrant) -> list[ArrivalRow]:
        """What runs in the project, the oldest first, in whichever process. Raises Denied."""
        grant.require(READ)
        return await self._db.read(lambda tx: arrivals.of_project(tx, grant.project.id, MOST_SHOWN))

    async def of_repository(self, grant: RepositoryGrant) -> list[ArrivalRow]:
        """What runs in the repository. Raises Denied."""
        grant.require(Action.PULL)
        return await self._db.read(lambda tx: arrivals.of_repository(tx, grant.name.text, MOST_SHOWN))

    async def close(self) -> None:
        """Tells of nothing any more. Never raises."""
        if self._telling is not None:
            self._telling.cancel()
            with suppress(asyncio.CancelledError):
                await self._telling

    async def _tell_on(self) -> None:
        try:
            while self._running or self._over:
                await asyncio.sleep(EVERY)
                await self._tell()
        finally:
            self._telling = None

    async def _tell(self) -> None:
        now = self._clock()
        for arrival in [one for one in self._running.values() if one.idle_since and now - one.idle_since > IDLE]:
            self.end(arrival.id)
        due = [one for one in self._running.values() if now - one.began >= EVERY]
        rows, over = [_row(one, now) for one in due], self._over
        if not rows and not over:
            return
        self._over = []
        paused = {one.id for one in due if one.idle_since}

        def change(tx: Transaction) -> set[str]:
            # Another process may have taken the last request of a session, and told nobody.
            ended = {upload_id for upload_id in paused if not uploads.is_open(tx, upload_id)}
            arrivals.tell(tx, [row for row in rows if row.id not in ended], [*over, *ended])
            return ended

        with suppress(Failed):  # The next telling says it all again; what is never taken back becomes stale.
            for upload_id in await self._db.write(change):
                self._running.pop(upload_id, None)


def _row(arrival: Arrival, now: float) -> ArrivalRow:
    received = arrival.received
    when, before = arrival.told if arrival.told[1] >= 0 else (arrival.began, 0)
    arrival.told = (now, received)
    return ArrivalRow(
        id=arrival.id,
        project_id=arrival.grant.project.id,
        repository=arrival.grant.name.text,
        who=arrival.grant.principal.name,
        began_at=arrival.began_at,
        received=received,
        expected=arrival.expected,
        speed=max(0, int((received - before) / max(now - when, 0.001))),
    )
