"""kill -9 at every step: of an upload, of a manifest's commit, of a delete, of collection.

A step is a system call of the store, a statement or a commit. Afterwards the registry is opened afresh: nothing may
be half there, what was acknowledged must be whole, the client's next try must succeed, and when every time limit has
passed nothing may be left over.
"""

import asyncio
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import dying
import forking
import psycopg
import pytest
from aftermath import check, promises
from scenarios import SCENARIOS, Scenario, house_of, make_ground
from stress.house import Place, open_database

from contracts.databases import KEPT, PostgresqlServer
from entrepot.storage.filesystem import FileStorage

SAMPLE = 9
"""On PostgreSQL only each so manieth step, since every one needs a database of its own."""
MOST = 1000
"""More steps than any scenario has."""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SCENARIOS)
def test_sqlite(name: str, tmp_path: Path, migrated_sqlite: Path) -> None:
    def place_in(folder: Path) -> Place:
        return Place(database=str(folder / "entrepot.db"), storage=str(folder / "objects"))

    begun = tmp_path / "begun"
    begun.mkdir()
    shutil.copy(migrated_sqlite, begun / "entrepot.db")
    asyncio.run(prepare(place_in(begun), SCENARIOS[name]))

    def fresh(folder: Path) -> Place:
        shutil.copytree(begun, folder)
        return place_in(folder)

    assert kill_at_each(name, range(1, MOST), tmp_path, fresh, lambda _: None) > 5


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SCENARIOS)
def test_postgresql(name: str, tmp_path: Path, postgresql_server: PostgresqlServer) -> None:
    made = []

    def fresh(folder: Path) -> Place:
        folder.mkdir()
        made.append(postgresql_server.take())
        place = Place(database=postgresql_server.url(made[-1]), storage=str(folder / "objects"))
        asyncio.run(prepare(place, SCENARIOS[name]))
        return place

    first = 1 + sorted(SCENARIOS).index(name) % SAMPLE
    try:
        kill_at_each(name, range(first, MOST, SAMPLE), tmp_path, fresh, wait_for_the_dead)
    finally:
        for database in made:
            postgresql_server.give_back(database)


def kill_at_each(
    name: str, steps: range, folder: Path, fresh: Callable[[Path], Place], settle: Callable[[Place], None]
) -> int:
    """How many steps the scenario was killed at: all of the range that it has.

    `fresh` makes the folder, and a place in it where the scenario is prepared.
    """
    for killed, at in enumerate(steps):
        here = folder / str(at)
        place = fresh(here)
        process = forking.context.Process(target=dying.act, args=(place, name, at, here / "notes", here / "names"))
        forking.start(process)
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL)
        settle(place)
        try:
            asyncio.run(examine(place, SCENARIOS[name], promises(here / "notes")))
        except BaseException as error:
            error.add_note(f"killed before step {at} of {name}")
            raise
        shutil.rmtree(here)
        if process.exitcode == 0:
            return killed
    raise AssertionError(f"{name} has no end")


async def prepare(place: Place, scenario: Scenario) -> None:
    db, storage = open_database(place), FileStorage(Path(place.storage))
    try:
        await db.write(make_ground)
        await scenario.prepare(house_of(db, storage))
    finally:
        await db.close()
        await storage.close()


async def examine(place: Place, scenario: Scenario, acknowledged: list[str]) -> None:
    db, storage = open_database(place), FileStorage(Path(place.storage))
    try:
        await check(house_of(db, storage), scenario, acknowledged)
    finally:
        await db.close()
        await storage.close()


def wait_for_the_dead(place: Place) -> None:
    """Returns when the server has noticed that the client is gone, and undone what it had not committed."""
    question = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        f" AND application_name <> '{KEPT}'"
    )
    with psycopg.connect(place.database, autocommit=True) as connection:
        for _ in range(500):
            row = connection.execute(question).fetchone()
            if row == (0,):
                return
            time.sleep(0.01)
    raise AssertionError("a connection of the killed process is still there")
