"""The vulnerabilities that the whole system puts up with."""

from entrepot.db import cve_allowlists, events
from entrepot.db.contract import Database, Transaction
from entrepot.db.cve_allowlists import CveAllowlist
from entrepot.model.event import Event, EventName
from entrepot.model.grant import CatalogGrant, SystemGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.registry.project_changes import Allowlist, Wanted

UPDATE = Permission(Resource.CONFIGURATION, Verb.UPDATE)


class Allowlists:
    """Operations on the system's list; a project's own is one of its settings."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, grant: CatalogGrant) -> CveAllowlist | None:  # noqa: ARG002 - for everybody who is signed in
        """The list; None until one was set."""
        return await self._db.read(cve_allowlists.of_system)

    async def put(self, grant: SystemGrant, wanted: Allowlist) -> None:
        """Sets the list. Raises Invalid."""
        grant.require(UPDATE)
        Wanted(metadata={}, allowlist=wanted).check()

        def change(tx: Transaction) -> None:
            cve_allowlists.put(tx, None, wanted.items, wanted.expires_at)
            event = Event(
                name=EventName.ALLOWLIST_CHANGED,
                by=grant.principal,
                resource="allowlist",
                detail={"entries": len(wanted.items)},
            )
            events.record(tx, event)

        await self._db.write(change)
