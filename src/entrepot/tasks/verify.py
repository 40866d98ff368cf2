"""Proving the audit: that no event in the chain was altered, removed, added or moved since it was sealed."""

import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass

from entrepot.access import audit_key
from entrepot.db import audit
from entrepot.db.audit import Head, Link
from entrepot.db.contract import Database, Transaction
from entrepot.model.seal import FIRST, Stub, seal_of, signed

AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Verified:
    """How far the proof has come."""

    done: int
    """Events."""
    total: int


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place that is not as it was sealed, and how so."""

    place: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Whole:
    """The chain is whole."""

    head: Head
    events: int
    purged: int
    """Events at its beginning that were removed by a purge, which left a signed note."""
    waiting: int
    """Events that are not sealed yet."""


class AuditProof:
    """Verifies the chain while it grows."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def prove(self, expected: Head | None = None) -> AsyncIterator[Verified | Broken | Whole]:
        """Progress, and in the end whether the chain is whole.

        With `expected`, an end of the chain that was told before and kept elsewhere, also that it still is a part of
        it: somebody who can write to the database could have made the whole chain anew. Raises DatabaseFailed.
        """
        stub, end, waiting, added = await self._db.read(_state)
        if added:
            yield Broken(end.place + 1, "the chain ended before it: the event was added by somebody else")
            return
        if stub is not None and not await self._is_ours(stub):
            yield Broken(stub.last_place, "the note of what was purged was not signed by this registry")
            return
        start = Head(0, FIRST) if stub is None else Head(stub.last_place, stub.seal)
        met = expected in (None, start)
        done = 0
        async for found in self._walk(start, end):
            if isinstance(found, Broken):
                yield found
                return
            done += len(found)
            met = met or expected in found
            yield Verified(done, end.place - start.place)
        if not met and expected is not None:
            yield Broken(expected.place, "the event there is not the one whose seal was kept elsewhere")
        else:
            yield Whole(end, done, 0 if stub is None else stub.rows, waiting)

    async def _is_ours(self, stub: Stub) -> bool:
        payload = await self._db.read(lambda tx: audit_key.verify(tx, stub.signature))
        return payload is not None and hmac.compare_digest(payload, signed(stub))

    async def _walk(self, start: Head, end: Head) -> AsyncIterator[list[Head] | Broken]:
        """The places and seals from the one to the other, some at a time; or where they are not as they were sealed."""
        last = start
        while last.place < end.place:
            after = last.place
            links = await self._db.read(lambda tx, after=after: audit.links(tx, after, AT_ONCE))  # type: ignore[misc]
            passed: list[Head] = []
            for link in links[: end.place - after]:
                wrong = _wrong(link, last)
                if wrong is not None:
                    yield Broken(last.place + 1, wrong)
                    return
                last = Head(link.place, link.seal)
                passed.append(last)
            if not passed:
                break
            yield passed
        if last != end:
            yield Broken(last.place + 1, f"the chain ends here, and should go on to {end.place}: events were removed")


def _state(tx: Transaction) -> tuple[Stub | None, Head, int, bool]:
    """What was purged, the end of the chain, how many events wait, and whether the chain goes on after its end."""
    end = audit.head(tx)
    return audit.stub(tx), end, audit.unsealed(tx), audit.goes_on(tx, end.place)


def _wrong(link: Link, before: Head) -> str | None:
    if link.place != before.place + 1:
        return f"it is missing: the next event has the place {link.place}"
    if not hmac.compare_digest(seal_of(before.seal, link.place, link.row), link.seal):
        return f"the event (id {link.row.id}, {link.row.name}) or its seal was altered, or one before it"
    return None
