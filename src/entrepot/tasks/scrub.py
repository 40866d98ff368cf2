"""Scrubbing: everything that is kept is read again, slowly and for ever, so that damage is found early.

A walk goes over all blobs in the order of their ids. How far it has come is in the database, so a walk of weeks
survives every restart. One worker at a time has the walk, whichever node it is on: the rate is that of the whole
registry.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from entrepot.db import proof, quarantine, scrubs
from entrepot.db.contract import Database
from entrepot.db.proof import HeldBlob
from entrepot.db.scrubs import Scrub
from entrepot.model.errors import Failed
from entrepot.model.fault import Fault
from entrepot.registry.rules import SECOND
from entrepot.storage.contract import Storage
from entrepot.tasks.examine import Damage, Rest, examine
from entrepot.tasks.repair import Repair, Repairer

PAGE = 64
"""Blobs of one look at the list."""
CLAIM = 120 * SECOND
"""How long a worker has the walk without being heard of, in microseconds."""
LOOK_EVERY = 5.0
"""Seconds between looks when there is nothing to do."""
AFTER_FAILURE = 60.0
"""Seconds until the store is tried again that could not be read, or does not seem to be there."""
STALE = 3600 * SECOND
"""How long a blob that was set aside as missing rests until it is looked for: perhaps a backup was brought back."""
SUSPECTS = 16
SAVE_EVERY = 2.0
"""Seconds of reading after which what was read is noted, at the end of a blob: a crash repeats no more than that."""
RENEW_EVERY = CLAIM / SECOND / 4
"""Seconds; also in the middle of a large blob."""

_log = structlog.get_logger("entrepot.scrub")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much is read, and how often."""

    rate: int | None
    """Bytes a second; None for as fast as it goes."""
    every: int
    """Microseconds from the beginning of one walk to that of the next; 0: there are none."""


class _Over(Exception):
    """The walk was taken over by another worker, or this one is to stop."""


class Scrubber:
    """Reads blobs again, and sets aside what is damaged. Any number may run; one of them walks."""

    def __init__(self, db: Database, storage: Storage, pace: Pace) -> None:
        self._db = db
        self._storage = storage
        self._pace = pace
        self._repairer = Repairer(db, storage)
        self._worker = secrets.token_hex(8)
        self._free_at = 0.0
        self._stop = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set. What fails is logged and tried again."""
        self._stop = stop
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(self.look))
            tasks.create_task(self._repeat(self.walk))

    async def _repeat(self, work: Callable[[], Awaitable[bool]]) -> None:
        while not self._stop.is_set():
            pause = LOOK_EVERY
            try:
                if await work():
                    pause = 0.0
            except Failed as error:
                _log.warning("scrubbing failed and will be tried again", error=str(error))
                pause = AFTER_FAILURE
            if pause:
                await self._pause(pause)

    async def look(self) -> bool:
        """Whether there was something to look at: suspects, or what was set aside as missing an hour ago.

        Raises Failed.
        """
        return await self._suspects() + await self._stale() > 0

    async def walk(self) -> bool:
        """Whether a walk was due, and was gone to its end. Raises Failed; then it is where it was, or further."""
        walk = await self._claim()
        if walk is None:
            return False
        try:
            await self._walk(walk)
        except _Over:
            return False
        finally:
            await self._let_go(walk)
        return True

    async def _suspects(self) -> int:
        """How many blobs were looked at because somebody could not read them."""
        found = await self._db.read(lambda tx: quarantine.suspects(tx, SUSPECTS))
        for blob_id, blob in found:
            if blob is not None:
                await self._settle(blob, await examine(self._storage, blob, self._rest))
            await self._clear(blob_id)
        return len(found)

    async def _clear(self, blob_id: int) -> None:
        await self._db.write(lambda tx: quarantine.cleared(tx, blob_id))

    async def _stale(self) -> int:
        """How many blobs that were set aside were looked at again."""
        if not await self._db.read(lambda tx: quarantine.is_stale(tx, tx.now - STALE)):
            return 0
        found = await self._db.write(lambda tx: quarantine.take_stale(tx, SUSPECTS, tx.now - STALE))
        for blob in found:
            await self._settle(blob, await examine(self._storage, blob, self._rest))
        return len(found)

    async def _claim(self) -> Scrub | None:
        every = self._pace.every
        if not every or not await self._db.read(lambda tx: scrubs.due(tx, every)):
            return None
        return await self._db.write(lambda tx: scrubs.claim(tx, self._worker, every, CLAIM))

    async def _walk(self, walk: Scrub) -> None:
        """Goes on to the end of the list. Raises Failed; _Over if it is somebody else's, or this is to stop.

        However it ends, what was read until then is noted.
        """
        saved = time.monotonic()
        rest = self._resting(walk.id)
        try:
            while True:
                page = await self._page(walk.last_blob)
                for blob in page:
                    damage = await examine(self._storage, blob, rest)
                    await self._settle(blob, damage)
                    walk = _further(walk, blob, damage)
                    if time.monotonic() - saved > SAVE_EVERY:
                        saved = time.monotonic()
                        await self._save(walk)
                if len(page) < PAGE:
                    break
        except (Failed, _Over):
            with suppress(Failed, _Over):
                await self._save(walk)
            raise
        await self._save(walk._replace(finished_at=0))
        _log.info("everything was read again", blobs=walk.blobs, bytes=walk.bytes, faults=walk.faults)

    def _resting(self, walk_id: int) -> Rest:
        """What rests within a walk, and keeps it for this worker. Raises _Over."""
        claimed = time.monotonic()

        async def rest(read: int) -> None:
            nonlocal claimed
            await self._rest(read)
            if self._stop.is_set():
                raise _Over
            if time.monotonic() - claimed > RENEW_EVERY:
                claimed = time.monotonic()
                if not await self._db.write(lambda tx: scrubs.renew(tx, walk_id, self._worker, CLAIM)):
                    raise _Over

        return rest

    async def _page(self, after: int) -> list[HeldBlob]:
        return await self._db.read(lambda tx: proof.page_of_blobs(tx, after, PAGE))

    async def _save(self, walk: Scrub) -> None:
        """Notes how far the walk has come. Raises _Over if it is somebody else's now."""
        if not await self._db.write(lambda tx: scrubs.advance(tx, walk, self._worker)):
            raise _Over

    async def _let_go(self, walk: Scrub) -> None:
        """Lets another worker go on at once."""
        with suppress(Failed):
            await self._db.write(lambda tx: scrubs.renew(tx, walk.id, self._worker, 0))

    async def _settle(self, blob: HeldBlob, damage: Damage | None) -> None:
        """Sets the blob aside, or shows it again, as it was found. Raises Failed."""
        if damage is None and blob.quarantined_at is None:
            return
        if damage is not None and damage.fault is Fault.BLOB_UNREADABLE:
            # A store that is busy or out of reach says nothing about what it holds; out of reach, it is waited for.
            await self._repairer.require_witness(blob)
            _log.warning("a blob could not be read again", digest=str(blob.digest), error=damage.sentence)
            return
        settled = await self._repairer.settle(blob, damage)
        told = {"digest": str(blob.digest), "images": list(settled.images[:5])}
        if settled.repair is Repair.QUARANTINED and damage is not None:
            _log.error("a blob is damaged and was set aside: push it again", reason=damage.sentence, **told)
        elif settled.repair is Repair.HEALED:
            _log.info("a blob that was set aside is good again", **told)

    async def _rest(self, read: int) -> None:
        """Returns when it is time to read on, or to stop: whatever is read, for whichever reason, counts."""
        if self._pace.rate is None:
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + read / self._pace.rate
        await self._pause(self._free_at - now)

    async def _pause(self, seconds: float) -> None:
        """Returns after that time, or when it is to stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)


def _further(walk: Scrub, blob: HeldBlob, damage: Damage | None) -> Scrub:
    return walk._replace(
        last_blob=blob.id,
        blobs=walk.blobs + 1,
        bytes=walk.bytes + blob.size,
        faults=walk.faults + (damage is not None),
    )
