"""The stress program can fail: each promise is broken on purpose, and the program has to say so.

All its roles run here in one process, against operations of which one part does not do what it should. Left to the
continuous integration run, as is the program itself.
"""

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from stress.house import House, Place, migrate, open_database, prepare, rules
from stress.ledger import Ledger
from stress.options import Options
from stress.verdict import judge
from stress.worker import Order, Role, play

from entrepot.db import manifests
from entrepot.db.contract import Transaction
from entrepot.model.grant import RepositoryGrant
from entrepot.model.reference import Reference, Tag
from entrepot.registry.blobs import Blobs
from entrepot.registry.manifests import Manifests, StoredManifest
from entrepot.registry.pulls import Pulls
from entrepot.registry.uploads import Uploads
from entrepot.storage.contract import Key
from entrepot.storage.filesystem import FileStorage
from entrepot.tasks.collect import Collector, Round
from entrepot.tasks.stride import LARGEST

pytestmark = pytest.mark.slow

SECONDS = 2.5
ENOUGH = 20
"""Acknowledged pushes, so that something was tried at all."""
PATIENCE = 30.0
"""Seconds after which a fault that was not noticed is held to be overlooked."""
OPTIONS = Options(lease=0.6, grace=0.6, trash=0.05, upload_expiry=2.0, blobs=24, tasks=2, every=0, seed=7)

Sabotage = Callable[[House], None]


def nothing(house: House) -> None:
    """The registry as it is."""


class NoLeases(Collector):
    async def round(self, rows: int = LARGEST) -> Round:
        await self._db.write(lambda tx: tx.run("UPDATE repository_blobs SET leased_until = 0, review_after = 0"))
        return await super().round(rows)


def collects_what_is_leased(house: House) -> None:
    house.collector = NoLeases(house.db, house.storage, house.rules)


def uploads_take_no_lease(house: House) -> None:
    house.uploads = Uploads(house.db, house.storage, dataclasses.replace(house.rules, lease=0))


def leaves_readers_no_time(house: House) -> None:
    house.blobs = Blobs(house.db, house.storage, dataclasses.replace(house.rules, reader_grace=0))


class NoReferences(Collector):
    async def round(self, rows: int = LARGEST) -> Round:
        def forget(tx: Transaction) -> None:
            tx.run("DELETE FROM manifest_blobs WHERE blob_id % 5 = 0")
            tx.run("UPDATE repository_blobs SET review_after = 0 WHERE review_after IS NULL")

        await self._db.write(forget)
        return await super().round(rows)


def collects_what_is_needed(house: House) -> None:
    house.collector = NoReferences(house.db, house.storage, house.rules)


class Forgetful(Manifests):
    """Acknowledges some manifests or tags without keeping them."""

    forgotten = 16
    """Of 256."""

    async def put(
        self,
        grant: RepositoryGrant,
        reference: Reference,
        media_type: str | None,
        body: bytes,
        also: object = (),
    ) -> StoredManifest:
        stored = await super().put(grant, reference, media_type, body)
        if stored.digest.packed[-1] < self.forgotten:
            await self._db.write(lambda tx: self._undo(tx, grant, reference, stored))
        return stored

    def _undo(self, tx: Transaction, grant: RepositoryGrant, reference: Reference, stored: StoredManifest) -> None:
        raise NotImplementedError


class ForgetfulOfManifests(Forgetful):
    def _undo(self, tx: Transaction, grant: RepositoryGrant, reference: Reference, stored: StoredManifest) -> None:
        assert grant.repository_id is not None
        found = manifests.lock_live(tx, grant.repository_id, stored.digest)
        if found is not None:
            tx.run("DELETE FROM tags WHERE manifest_id = ?", found)
            manifests.release(tx, found, grant.repository_id)


class ForgetfulOfTags(Forgetful):
    forgotten = 192

    def _undo(self, tx: Transaction, grant: RepositoryGrant, reference: Reference, stored: StoredManifest) -> None:
        if isinstance(reference, Tag):
            tx.run("DELETE FROM tags WHERE repository_id = ? AND name = ?", grant.repository_id, reference.text)


def forgets_manifests(house: House) -> None:
    house.manifests = ForgetfulOfManifests(house.db, house.storage, house.rules, Pulls(house.db))


def forgets_tags(house: House) -> None:
    house.manifests = ForgetfulOfTags(house.db, house.storage, house.rules, Pulls(house.db))


class Undeleting(Manifests):
    """Acknowledges some deletes without doing them."""

    async def delete(self, grant: RepositoryGrant, reference: Reference) -> None:
        if isinstance(reference, Tag) or reference.packed[-1] >= 16:
            await super().delete(grant, reference)
        else:
            await self.get(grant, reference)


def deletes_nothing(house: House) -> None:
    house.manifests = Undeleting(house.db, house.storage, house.rules, Pulls(house.db))


class Hoarding(FileStorage):
    async def remove(self, *keys: Key) -> None:
        await super().remove(*(key for key in keys if not key.endswith("0")))


class Rotting(FileStorage):
    """Changes a byte of some objects once they are read for the first time."""

    def _open(self, key: Key) -> int:
        if key.endswith(("0", "1", "2", "3")):
            content = bytearray(self.path(key).read_bytes())
            content[-1] ^= 1
            self.path(key).write_bytes(content)
        return super()._open(key)


def with_storage(kind: type[FileStorage]) -> Sabotage:
    def sabotage(house: House) -> None:
        assert isinstance(house.storage, FileStorage)
        storage = kind(house.storage.path(Key("")))
        house.__init__(house.db, storage, house.rules, house._ground)  # type: ignore[misc]

    return sabotage


@pytest.mark.parametrize(
    ("sabotage", "expected"),
    [
        pytest.param(collects_what_is_leased, "wrong 404", id="leases"),
        pytest.param(uploads_take_no_lease, "wrong 404", id="no lease for uploads"),
        pytest.param(leaves_readers_no_time, "lost", id="no grace for readers"),
        pytest.param(collects_what_is_needed, "lost", id="references"),
        pytest.param(forgets_manifests, "lost", id="manifests"),
        pytest.param(forgets_tags, "lost", id="tags"),
        pytest.param(deletes_nothing, "lost", id="deletes"),
        pytest.param(with_storage(Hoarding), "leaked", id="leaks"),
        pytest.param(with_storage(Rotting), "lost", id="rot"),
    ],
)
async def test_a_broken_promise_is_noticed(tmp_path: Path, sabotage: Sabotage, expected: str) -> None:
    found = await stressed(tmp_path, sabotage, expected)
    # Who looks first decides whether a lost reference is seen as an image that cannot be pulled or by the proof.
    seen = {"lost" if what == "proof: reference-missing" else what for what, _ in found}
    assert expected in seen, found


async def test_an_honest_registry_is_not_accused(tmp_path: Path) -> None:
    assert await stressed(tmp_path, nothing, "") == []


async def stressed(folder: Path, sabotage: Sabotage, expected: str) -> list[tuple[str, str]]:
    """The violations found: until one of that kind comes up, or the time is over."""
    place = Place(database=str(folder / "entrepot.db"), storage=str(folder / "objects"))
    migrate(place)
    db, storage = open_database(place), FileStorage(folder / "objects")
    journals = folder / "journals"
    journals.mkdir()
    try:
        ground = await prepare(db, len(Role) * OPTIONS.tasks)
        house = House(db, storage, rules(OPTIONS), ground)
        sabotage(house)
        orders = [
            Order(options=OPTIONS, place=place, ground=ground, journals=journals, role=role, slot=slot)
            for slot, role in enumerate(Role)
        ]
        ledger = Ledger(journals)
        await run(orders, house, ledger, expected)
        _, violations = await judge(house, ledger, patience=5.0)
        assert len(ledger.pushed) > ENOUGH
        return ledger.violations + violations
    finally:
        await db.close()
        await storage.close()


async def run(orders: list[Order], house: House, ledger: Ledger, expected: str) -> None:
    stop = asyncio.Event()
    playing = [asyncio.create_task(play(order, house, stop)) for order in orders]
    loop = asyncio.get_running_loop()
    began = loop.time()
    while loop.time() < began + SECONDS or len(ledger.pushed) <= ENOUGH:
        await asyncio.sleep(0.1)
        ledger.refresh()
        assert loop.time() < began + PATIENCE
        if expected in {what for what, _ in ledger.violations} and len(ledger.pushed) > ENOUGH:
            break
    stop.set()
    await asyncio.gather(*playing)
    ledger.refresh()
