"""No answer that was remembered is older than a change that was acknowledged, whichever process made it."""

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.databases import EMPTYING
from entrepot.db.contract import Database, Transaction
from entrepot.db.open import open_database
from entrepot.db.rounds import Rounds
from entrepot.model.errors import DatabaseFailed

SET = "INSERT INTO instance (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
STEPS = st.lists(st.tuples(st.sampled_from(["here", "beside", "drop", "read"]), st.integers(0, 2)), max_size=30)


def asked(tx: Transaction, name: str) -> str | None:
    row = tx.one("SELECT value FROM instance WHERE name = ?", name)
    return None if row is None else str(row[0])


async def recall(database: Database, name: str) -> str | None:
    return await database.read(lambda tx: asked(tx, name), key=("freshness", name))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_of_two_databases_on_one(database_url: str, tmp_path: Path, steps: list[tuple[str, int]]) -> None:
    here, beside = open_database(database_url, tmp_path), open_database(database_url, tmp_path)
    truth: dict[str, str] = {}
    try:
        await here.write(lambda tx: [tx.run(statement) for statement in EMPTYING])
        for number, (step, key) in enumerate(steps):
            name = f"key {key}"
            if step == "drop":
                await beside.write(lambda tx, name=name: tx.run("DELETE FROM instance WHERE name = ?", name))  # type: ignore[misc]
                truth.pop(name, None)
            elif step != "read":
                database = here if step == "here" else beside
                await database.write(lambda tx, name=name, to=str(number): tx.run(SET, name, to))  # type: ignore[misc]
                truth[name] = str(number)
            for database in (here, beside):
                assert await recall(database, name) == truth.get(name)
    finally:
        await here.close()
        await beside.close()


WRITER = """
import asyncio, random, sys
from pathlib import Path
from entrepot.db.open import open_database

async def main():
    database = open_database(sys.argv[1], Path())
    for number in range(300):
        name = f"key {random.randrange(3)}"
        await database.write(lambda tx: tx.run(sys.argv[2], name, str(number)))
        print(name, number, sep=";", flush=True)
        await asyncio.sleep(random.choice((0, 0, 0.003)))
    await database.close()

asyncio.run(main())
"""


async def test_of_two_processes(database: Database, database_url: str) -> None:
    """The other one writes, and tells what was acknowledged; this one reads all the time, many at once."""
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, database_url, SET, stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    told: dict[str, int] = {}
    over = False

    async def listen() -> None:
        nonlocal over
        assert writer.stdout is not None
        while line := await writer.stdout.readline():
            name, _, number = line.decode().partition(";")
            told[name] = int(number)
        over = True

    async def read() -> int:
        reads = 0
        while not over:
            name = f"key {random.randrange(3)}"
            least = told.get(name, -1)
            found = await recall(database, name)
            assert (-1 if found is None else int(found)) >= least
            reads += 1
            await asyncio.sleep(0)
        return reads

    _, *reads = await asyncio.gather(listen(), *(read() for _ in range(8)))
    assert await writer.wait() == 0
    assert len(told) == 3
    assert sum(reads) > 300


async def test_it_is_remembered_while_nothing_is_committed(database: Database) -> None:
    await database.write(lambda tx: tx.run(SET, "a", "1"))
    times = 0

    def question(tx: Transaction) -> str | None:
        nonlocal times
        times += 1
        return asked(tx, "a")

    for _ in range(20):
        assert await database.read(question, key="a") == "1"
    # Housekeeping of the server itself may commit something in between.
    assert times <= 5


async def test_a_round_answers_nobody_who_came_after_it_began() -> None:
    asked_for = 0
    go_on = asyncio.Event()

    async def ask() -> int:
        nonlocal asked_for
        asked_for += 1
        mine = asked_for
        await go_on.wait()
        return mine

    rounds = Rounds(ask)
    first = [asyncio.create_task(rounds.answer()) for _ in range(3)]
    await asyncio.sleep(0.01)
    second = [asyncio.create_task(rounds.answer()) for _ in range(3)]
    await asyncio.sleep(0.01)
    second[0].cancel()
    go_on.set()
    assert await asyncio.gather(*first) == [1, 1, 1]
    assert await asyncio.gather(*second[1:]) == [2, 2]
    assert asked_for == 2


async def test_a_round_that_fails_is_followed_by_another() -> None:
    fails = True

    async def ask() -> str:
        if fails:
            raise DatabaseFailed("gone")
        return "here"

    rounds = Rounds(ask)
    with pytest.raises(DatabaseFailed):
        await rounds.answer()
    fails = False
    assert await rounds.answer() == "here"


def test_rounds_of_one_event_loop_do_not_wait_for_another_s() -> None:
    async def ask() -> str:
        return "here"

    rounds = Rounds(ask)
    for _ in range(2):
        assert asyncio.run(rounds.answer()) == "here"
