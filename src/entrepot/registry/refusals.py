"""Pushes that a project has no room for: refused, and told, so that somebody who can make room hears of it."""

from collections.abc import Callable
from typing import TypeVar

from entrepot.db import events, quotas
from entrepot.db.contract import Database, Transaction
from entrepot.model.errors import QuotaExceeded
from entrepot.model.event import Event, EventName
from entrepot.model.grant import RepositoryGrant

T = TypeVar("T")
QUIET = 600_000_000
"""Microseconds in which no further refusal of the same pusher in the same repository is told: clients try again."""


async def written(db: Database, grant: RepositoryGrant, change: Callable[[Transaction], T]) -> T:
    """What the change returns, which takes room in the grant's project. Raises QuotaExceeded, once that is told.

    The change is rolled back then, so what tells of it is a transaction of its own.
    """
    try:
        return await db.write(change)
    except QuotaExceeded as refused:
        size = refused.size
        if not await db.read(lambda tx: _told(tx, grant)):
            await db.write(lambda tx: _tell(tx, grant, size))
        raise


def _told(tx: Transaction, grant: RepositoryGrant) -> bool:
    name, since = EventName.PUSH_REFUSED, tx.now - QUIET
    return events.happened(tx, name, grant.principal.name, grant.name.text, since)


def _tell(tx: Transaction, grant: RepositoryGrant, size: int) -> None:
    quota = quotas.lock(tx, grant.project.id)  # So that refusals at once are told one after the other.
    if quota is None or _told(tx, grant):  # By another request in between.
        return
    event = Event(
        name=EventName.PUSH_REFUSED,
        by=grant.principal,
        resource=grant.name.text,
        succeeded=False,
        project_id=grant.project.id,
        repository=grant.name.text,
        detail={"bytes": size, "limit": quota.hard, "used": quota.used},
    )
    events.record(tx, event)
