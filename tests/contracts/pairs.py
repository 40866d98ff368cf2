"""A place on every pair of database and store, proven whole after each test.

PostgreSQL's database is one for the whole run and emptied before each test: making one takes longer than most tests.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from contracts.databases import EMPTYING, PostgresqlServer
from contracts.event_fields import differing
from contracts.place import Place
from entrepot.db.contract import Database, Transaction
from entrepot.db.postgresql import PostgresqlDatabase
from entrepot.db.sqlite import SqliteDatabase
from entrepot.registry.rules import Rules
from entrepot.storage.contract import Storage
from entrepot.storage.filesystem import FileStorage
from entrepot.storage.memory import MemoryStorage


@pytest.fixture(scope="session")
def kept_postgresql(postgresql_server: PostgresqlServer) -> Iterator[Database]:
    name = postgresql_server.create(migrated=True)
    opened = PostgresqlDatabase(postgresql_server.url(name))
    yield opened
    asyncio.run(opened.close())
    postgresql_server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    opened: Database
    if request.param == "postgresql":
        opened = request.getfixturevalue("kept_postgresql")
        await opened.write(_empty)
        yield opened
        return
    path = tmp_path / "entrepot.db"
    shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
    opened = SqliteDatabase(path)
    yield opened
    await opened.close()


def _empty(tx: Transaction) -> None:
    for statement in EMPTYING:
        tx.run(statement)


@pytest.fixture(params=["memory", "filesystem"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    made: Storage = MemoryStorage() if request.param == "memory" else FileStorage(tmp_path / "objects", threads=4)
    yield made
    await made.close()


@pytest.fixture
async def place(database: Database, storage: Storage) -> AsyncIterator[Place]:
    made = Place(database, storage, Rules())
    yield made
    await made.arrivals.close()
    await made.assert_whole()
    others = await database.read(differing)
    assert not others, "\n".join(others)
