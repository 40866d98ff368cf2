"""Pushing again what is there already."""

from collections.abc import Callable
from typing import Any

from contracts.place import Place, image
from entrepot.db.contract import Database, Transaction
from entrepot.model.digest import Digest
from entrepot.model.reference import Tag
from entrepot.registry.blobs import Blobs
from entrepot.registry.rules import SECOND

LAYERS = 60


class Counting:
    """A database that counts what is written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.writes = 0

    async def read(self, question: Callable[[Transaction], Any], *, key: Any = None) -> Any:
        return await self._database.read(question, key=key)

    async def write(self, change: Callable[[Transaction], Any], *, durable: bool = True) -> Any:
        self.writes += 1
        return await self._database.write(change, durable=durable)

    write_along = write

    async def close(self) -> None:
        raise AssertionError("it is not the blobs'")


async def test_looking_for_sixty_layers_writes_nothing_while_their_leases_are_good(place: Place) -> None:
    contents = [b"layer %d" % number for number in range(LAYERS + 1)]
    for content in contents:
        await place.push(content)
    await place.put(image(*contents), "latest")
    grant = await place.grant()
    counting = Counting(place.db)
    blobs = Blobs(counting, place.storage, place.rules)
    for _ in range(2):
        for content in contents:
            await blobs.find(grant, Digest.of(content), for_push=True)
        await place.manifests.get(grant, Tag("latest"))
    assert counting.writes == 0


async def test_a_lease_that_is_half_gone_is_renewed_once(place: Place) -> None:
    await place.push(b"layer")
    grant, digest = await place.grant(), Digest.of(b"layer")
    # Under rules with a lease of more than twice as long, more than half of the one that it has is gone.
    longer = place.ruled(lease=2 * place.rules.lease + 60 * SECOND)
    counting = Counting(place.db)
    blobs = Blobs(counting, longer.storage, longer.rules)
    for _ in range(3):
        await blobs.find(grant, digest, for_push=True)
    assert counting.writes == 1
