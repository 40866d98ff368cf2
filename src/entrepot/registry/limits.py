"""How much projects may hold: their quotas, as administrators see and set them."""

from entrepot.db import events, quotas
from entrepot.db.contract import Database, Transaction
from entrepot.db.quotas import QuotaView
from entrepot.model.errors import Invalid, RecordUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import SystemGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import ListQuery
from entrepot.registry.project_changes import LARGEST_LIMIT

READ = Permission(Resource.QUOTA, Verb.READ)
LIST = Permission(Resource.QUOTA, Verb.LIST)
UPDATE = Permission(Resource.QUOTA, Verb.UPDATE)


class Limits:
    """Operations on quotas. Every change is told as an event in the same transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, grant: SystemGrant, query: ListQuery, project_id: int | None) -> tuple[list[QuotaView], int]:
        """A page of the quotas, of one project or of all, and how many there are."""
        grant.require(LIST)
        return await self._db.read(lambda tx: quotas.page(tx, query, project_id))

    async def get(self, grant: SystemGrant, quota_id: int) -> QuotaView:
        """The quota. Raises RecordUnknown."""
        grant.require(READ)
        return await self._db.read(lambda tx: _find(tx, quota_id))

    async def set_limit(self, grant: SystemGrant, quota_id: int, hard: int) -> None:
        """Has the project hold so many bytes at most, -1 for any number; what it holds already stays.

        Raises RecordUnknown, Invalid.
        """
        grant.require(UPDATE)
        if hard != quotas.UNLIMITED and not 0 < hard <= LARGEST_LIMIT:
            raise Invalid(f"a project may hold 1 to {LARGEST_LIMIT} bytes, or -1 for any number")

        def change(tx: Transaction) -> None:
            found = _find(tx, quota_id)
            if found.quota.hard == hard:
                return
            quotas.limit(tx, found.quota.project_id, hard)
            event = Event(
                name=EventName.QUOTA_CHANGED,
                by=grant.principal,
                resource=found.project_name,
                project_id=found.quota.project_id,
                detail={"project": found.project_name, "bytes": hard, "before": found.quota.hard},
            )
            events.record(tx, event)

        await self._db.write(change)


def _find(tx: Transaction, quota_id: int) -> QuotaView:
    found = quotas.find(tx, quota_id)
    if found is None:
        raise RecordUnknown(f"there is no quota with the id {quota_id}")
    return found
