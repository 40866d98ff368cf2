"""A database that fails under an operation: no room left, or the connection cut at any statement."""

import asyncio
import shutil
from pathlib import Path

import psycopg
import pytest
from aftermath import check, findings
from scenarios import HERE, SCENARIOS, TAG, body, house_of, make_ground
from steps import SteppedDatabase, Steps
from stress.house import Place
from stress.universe import Universe, chance

from contracts.databases import PostgresqlServer
from entrepot.db.contract import Transaction
from entrepot.db.postgresql import PostgresqlDatabase
from entrepot.db.sqlite import SqliteDatabase
from entrepot.model.digest import Digest
from entrepot.model.errors import DatabaseFailed, ManifestUnknown, StorageFull
from entrepot.model.manifest import OCI_MANIFEST
from entrepot.storage.filesystem import FileStorage

SALT = "x" * 300_000
"""Makes a manifest that the database needs many new pages for."""
EACH = 3
"""On PostgreSQL the connection is cut before each so manieth statement."""
MOST = 400


async def test_a_full_disk_below_sqlite(tmp_path: Path, migrated_sqlite: Path) -> None:
    path = tmp_path / "entrepot.db"
    shutil.copy(migrated_sqlite, path)
    db, storage = SqliteDatabase(path), FileStorage(tmp_path / "objects")
    await db.write(make_ground)
    house = house_of(db, storage)
    image = Universe(1, 12).image(chance("full"), SALT)
    grant = house.grant(HERE)
    refused = 0
    for room in range(200):
        await db.write(lambda tx, room=room: limit(tx, room))  # type: ignore[misc]
        try:
            for content in image.needs:
                await house.uploads.put(grant, body(content.data), content.digest)
            await house.manifests.put(grant, TAG, OCI_MANIFEST, image.body)
        except StorageFull:
            refused += 1
            assert await findings(house) == []
            with pytest.raises(ManifestUnknown):
                await house.manifests.get(grant, image.digest)
        else:
            break
    assert refused > 10
    assert (await house.manifests.get(grant, TAG)).body == image.body
    await db.write(lambda tx: limit(tx, 100_000))
    await check(house, SCENARIOS["push-image"], [])
    await db.close()
    await storage.close()


def limit(tx: Transaction, room: int) -> None:
    """Leaves room for so many pages more than there are."""
    row = tx.one("PRAGMA page_count")
    assert row is not None
    if room == 0:
        tx.one(f"PRAGMA max_page_count = {row[0]}")
        return
    now = tx.one("PRAGMA max_page_count")
    assert now is not None
    tx.one(f"PRAGMA max_page_count = {int(now[0]) + 2 if room < 200 else int(row[0]) + room}")


class Cut:
    """Ends the connection that is about to run a statement."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.happened = False

    def happen(self) -> None:
        self.happened = True
        with psycopg.connect(self._url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle in transaction'"
            )


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_connection_cut_before_a_statement(
    name: str, tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    """The operation is done all the same; only if the commit itself was under way it may be refused."""
    for at in range(1, MOST, EACH):
        database = postgresql_server.create(migrated=True)
        url = postgresql_server.url(database)
        place = Place(database=url, storage=str(tmp_path / database))
        db, storage = PostgresqlDatabase(url), FileStorage(Path(place.storage))
        await db.write(make_ground)
        await SCENARIOS[name].prepare(house_of(db, storage))
        cut = Cut(url)
        steps = Steps(at, cut.happen)
        noted: list[str] = []
        try:
            await SCENARIOS[name].act(house_of(SteppedDatabase(db, steps), storage), noted.append)
        except DatabaseFailed:
            assert steps.names[at - 1] == "COMMIT"
        steps.end()
        await check(house_of(db, storage), SCENARIOS[name], noted)
        await db.close()
        await storage.close()
        await asyncio.to_thread(postgresql_server.drop, database)
        if not cut.happened:
            return
    raise AssertionError("the scenario has no end")


async def test_a_server_that_is_gone_is_told(tmp_path: Path) -> None:
    db = PostgresqlDatabase(f"postgresql://nobody@/nothing?host={tmp_path}")
    house = house_of(db, FileStorage(tmp_path / "objects"))
    with pytest.raises(DatabaseFailed, match="try again"):
        await house.uploads.put(house.grant(HERE), body(b"content"), Digest.of(b"content"))
    with pytest.raises(DatabaseFailed):
        await house.manifests.get(house.grant(HERE), TAG)
    assert not [file for file in (tmp_path / "objects").rglob("*") if file.is_file()]
    await house.close()
