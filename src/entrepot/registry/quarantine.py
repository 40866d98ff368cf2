"""What was set aside because its content was damaged or lost, as administrators see it."""

from dataclasses import dataclass

from entrepot.db import quarantine
from entrepot.db.contract import Database, Transaction
from entrepot.db.quarantine import SetAside
from entrepot.model.digest import Digest
from entrepot.model.errors import RecordUnknown
from entrepot.model.grant import SystemGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import ListQuery

READ = Permission(Resource.SYSTEM_VOLUMES, Verb.READ)
NAMED_IN_LIST = 20
"""Images that a list names for each blob."""
NAMED = 1000
"""Images that one blob's own answer names."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A blob that is set aside, and images that cannot be pulled whole for it."""

    blob: SetAside
    images: tuple[str, ...]


class Quarantine:
    """Reads what is set aside. It is healed by pushing it again, or by `entrepot check --repair`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, grant: SystemGrant, query: ListQuery) -> tuple[list[Quarantined], int]:
        """A page of what is set aside, the newest first, and how much there is. Raises Invalid."""
        grant.require(READ)

        def question(tx: Transaction) -> tuple[list[Quarantined], int]:
            found, total = quarantine.page(tx, query)
            return [Quarantined(blob, _images(tx, blob.id, NAMED_IN_LIST)) for blob in found], total

        return await self._db.read(question)

    async def get(self, grant: SystemGrant, digest: Digest) -> Quarantined:
        """The blob of that digest. Raises RecordUnknown if it is not set aside."""
        grant.require(READ)

        def question(tx: Transaction) -> Quarantined:
            blob = quarantine.find(tx, digest)
            if blob is None:
                raise RecordUnknown(f"no blob {digest} is set aside")
            return Quarantined(blob, _images(tx, blob.id, NAMED))

        return await self._db.read(question)


def _images(tx: Transaction, blob_id: int, count: int) -> tuple[str, ...]:
    names = (name for image in quarantine.images(tx, blob_id, 0, count) for name in image.names)
    return tuple(names)[:count]
