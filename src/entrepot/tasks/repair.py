"""Setting blobs aside that are damaged, and showing them again when they are good after all.

A store that is not there at all, such as a folder that was not mounted, must not look like one that lost everything: a
missing object is believed only if another one is found.
"""

from dataclasses import dataclass
from enum import StrEnum

import structlog

from entrepot.access.local import ITSELF
from entrepot.db import quarantine
from entrepot.db.contract import Database, Transaction
from entrepot.db.events import record
from entrepot.db.proof import HeldBlob
from entrepot.model.errors import Failed, StorageFailed
from entrepot.model.event import Event, EventName, healed
from entrepot.model.fault import Fault
from entrepot.model.grant import Principal
from entrepot.storage.contract import Key, Storage
from entrepot.tasks.examine import Damage

WITNESSES = 16
"""How many other blobs are looked for before an object that is not found is believed to be lost."""
MOST_IMAGES = 1000
"""Images that one event or finding counts."""
MOST_NAMED = 20
"""Images that one event names."""

_log = structlog.get_logger("entrepot.repair")


class Repair(StrEnum):
    """What was done about a blob."""

    NONE = "none"
    QUARANTINED = "quarantined"
    HEALED = "healed"


@dataclass(frozen=True, slots=True)
class Settled:
    """What was done about a blob, and which images it is part of."""

    repair: Repair
    images: tuple[str, ...]


class Repairer:
    """Brings the state of blobs in line with what was found in the store."""

    def __init__(self, db: Database, storage: Storage, by: Principal = ITSELF) -> None:
        """`by` is who is told of in events."""
        self._db = db
        self._storage = storage
        self._by = by

    async def settle(self, blob: HeldBlob, damage: Damage | None) -> Settled:
        """What was done, in one transaction with its event; nothing if the blob was healed or collected meanwhile.

        Raises StorageFailed if the object is missing and so is every other that was looked for.
        """
        if damage is None:
            return await self._db.write(lambda tx: self._release(tx, blob))
        if blob.quarantined_at is None and damage.fault is not Fault.BLOB_CORRUPT:
            await self.require_witness(blob)
        return await self._db.write(lambda tx: self._set_aside(tx, blob, damage))

    def _release(self, tx: Transaction, blob: HeldBlob) -> Settled:
        if blob.quarantined_at is None or not quarantine.release(tx, blob.id, blob.parts[0].key):
            return Settled(Repair.NONE, ())
        record(tx, healed(self._by, blob.digest, "found"))
        return Settled(Repair.HEALED, named(tx, blob))

    def _set_aside(self, tx: Transaction, blob: HeldBlob, damage: Damage) -> Settled:
        if not quarantine.set_aside(tx, blob.id, blob.parts[0].key, damage.fault):
            return Settled(Repair.NONE, named(tx, blob))
        images = named(tx, blob)
        record(
            tx,
            Event(
                name=EventName.BLOB_QUARANTINED,
                by=self._by,
                resource=str(blob.digest),
                detail={
                    "digest": str(blob.digest),
                    "fault": damage.fault.value,
                    "images": len(images),
                    "named": " ".join(images[:MOST_NAMED]),
                },
            ),
        )
        return Settled(Repair.QUARANTINED, images)

    async def require_witness(self, blob: HeldBlob) -> None:
        """Returns if the store has an object of another blob, or there is no other. Raises StorageFailed."""
        others = await self._db.read(lambda tx: quarantine.others(tx, blob.id, WITNESSES))
        for other in others:
            try:
                if await self._storage.size(Key(other.parts[0].key)) is not None:
                    return
            except Failed as error:
                _log.debug("a witness could not be asked for", error=str(error))
        if others:
            raise StorageFailed(
                f"none of {len(others) + 1} objects that were looked for is there: see whether this is the right store,"
                " and whether it is mounted; nothing was set aside"
            )


def named(tx: Transaction, blob: HeldBlob) -> tuple[str, ...]:
    """The images, as people name them, that cannot be pulled whole without the blob; `MOST_IMAGES` at most."""
    return tuple(name for image in quarantine.images(tx, blob.id, 0, MOST_IMAGES) for name in image.names)
