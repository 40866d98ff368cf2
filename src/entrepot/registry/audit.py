"""The audit as people read it, and its purge."""

from dataclasses import dataclass
from functools import partial

from entrepot.access import audit_key
from entrepot.db import audit, audit_lists, events
from entrepot.db.audit_lists import Entry
from entrepot.db.contract import Database, Transaction
from entrepot.model.event import Event, EventName
from entrepot.model.grant import CatalogGrant, ProjectGrant, SystemGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import ListQuery
from entrepot.model.seal import FIRST, Stub, signed

LIST = Permission(Resource.AUDIT_LOG, Verb.LIST)
LIST_OF_PROJECT = Permission(Resource.LOG, Verb.LIST)
PURGED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditState:
    """How the audit stands."""

    sealed: int
    """Events in the chain, those included that were purged."""
    unsealed: int
    """Events that wait for their seals."""
    purged: Stub | None
    """What stands for those that were purged."""


class Audit:
    """Reads the audit, and purges its beginning."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, grant: SystemGrant, query: ListQuery) -> tuple[list[Entry], int]:
        """A page of all events, the newest first, and how many there are."""
        grant.require(LIST)
        return await self._db.read(lambda tx: audit_lists.page(tx, query))

    async def page_of_own(self, grant: CatalogGrant, query: ListQuery) -> tuple[list[Entry], int]:
        """As `page`, of the projects that the asker administers."""
        principal = grant.principal
        return await self._db.read(lambda tx: audit_lists.page_of_own(tx, principal, query))

    async def page_of_project(self, grant: ProjectGrant, query: ListQuery) -> tuple[list[Entry], int]:
        """As `page`, of one project."""
        grant.require(LIST_OF_PROJECT)
        return await self._db.read(lambda tx: audit_lists.page_of_project(tx, grant.project.id, query))

    async def state(self, grant: SystemGrant) -> AuditState:
        """How far it is sealed, and what was purged."""
        grant.require(LIST)
        return await self._db.read(
            lambda tx: AuditState(sealed=audit.head(tx).place, unsealed=audit.unsealed(tx), purged=audit.stub(tx))
        )

    async def purge_some(self, grant: SystemGrant, before: int, names: frozenset[str]) -> int:
        """As `purge`, of up to `PURGED_AT_ONCE` events, and none from the first on whose name is not among these.

        The chain can only lose its beginning: an event that is to stay keeps all that came after it.
        """
        return await self._db.write(lambda tx: _purge(tx, grant, before, names))

    async def purgeable(self, _grant: SystemGrant, before: int, names: frozenset[str]) -> int:
        """How many events `purge_some`, called again and again, would remove."""
        known = await self._db.read(audit.stub)
        first = place = 0 if known is None else known.last_place
        while True:
            found = await self._db.read(
                partial(audit.purgeable, before=before, count=PURGED_AT_ONCE, names=names, after=place)
            )
            if found is None:
                return place - first
            place = found.place

    async def purge(self, grant: SystemGrant, before: int) -> int:
        """How many sealed events from before that moment (microseconds since 1970) were removed for good.

        A signed note stands for them, so that the rest can still be proven. Each transaction removes some.
        """
        removed = 0
        while True:
            some = await self._db.write(lambda tx: _purge(tx, grant, before))
            removed += some
            if some < PURGED_AT_ONCE:
                return removed


def _purge(tx: Transaction, grant: SystemGrant, before: int, names: frozenset[str] | None = None) -> int:
    last = audit.purgeable(tx, before, PURGED_AT_ONCE, names)
    if last is None:
        return 0
    known = audit.stub(tx) or Stub(1, 0, FIRST, 0, 0, "", "")
    fresh = last.place - known.last_place
    stub = Stub(
        first_place=1,
        last_place=last.place,
        seal=last.seal,
        rows=known.rows + fresh,
        purged_at=tx.now,
        purged_by=grant.principal.name,
        signature="",
    )
    audit.replace_stub(tx, stub._replace(signature=audit_key.sign(tx, signed(stub))))
    event = Event(
        name=EventName.AUDIT_PURGED,
        by=grant.principal,
        resource="audit",
        detail={"rows": fresh, "last_place": last.place},
    )
    events.record(tx, event)
    return fresh
