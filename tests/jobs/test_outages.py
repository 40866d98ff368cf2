"""Databases that are gone for a while, or for good, while jobs run."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest

from contracts.databases import JOBS, PostgresqlServer
from entrepot.db.contract import Database, Transaction
from entrepot.db.open import open_database
from entrepot.jobs.engine import FILE, engine_url
from entrepot.jobs.task import Context, Task
from entrepot.model.errors import DatabaseFailed
from entrepot.model.job import JobState
from jobs.conftest import Shop
from jobs.node import effect

T = TypeVar("T")


class Breakable:
    """A database that fails while it is said to be gone."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.gone = False

    async def read(self, question: Callable[[Transaction], T], *, key: object = None) -> T:
        self._fail_if_gone()
        return await self._db.read(question)

    async def write(self, change: Callable[[Transaction], T], *, durable: bool = True) -> T:
        self._fail_if_gone()
        return await self._db.write(change, durable=durable)

    write_along = write

    async def close(self) -> None:
        await self._db.close()

    def _fail_if_gone(self) -> None:
        if self.gone:
            raise DatabaseFailed("the database could not be reached, or failed; try again later")


def counting(db: Database) -> Task:
    """A job of twenty steps."""

    async def run(job: Context) -> int:
        for number in range(20):
            await job.step(str(number), partial(step, job.job_id, number))
            await asyncio.sleep(0.02)
            job.progress(number + 1, 20)
        return 20

    async def step(job: int, number: int) -> int:
        await db.write(lambda tx: effect(tx, job, str(number)))
        return number

    return Task(kind="count", run=run)


async def test_a_database_that_is_gone_for_a_while_costs_no_job_and_no_attempt(shop: Shop) -> None:
    breakable = Breakable(shop.db)
    worker_shop = Shop(breakable, shop.url)
    async with worker_shop.working(counting(breakable)):
        asked = [await shop.ask("count") for _ in range(3)]
        await shop.until(asked[0], lambda job: job.done > 3)
        breakable.gone = True
        await asyncio.sleep(1.5)
        assert not (await shop.job(asked[0])).state.final
        breakable.gone = False
        for job_id in asked:
            job = await shop.ended(job_id)
            assert (job.state, job.attempt, job.done, job.result) == (JobState.SUCCEEDED, 1, 20, 20)
    done = await shop.db.read(lambda tx: tx.all("SELECT name FROM instance WHERE name LIKE '%:%'"))
    assert len(done) == 60


@pytest.fixture
async def own_shop(postgresql_server: PostgresqlServer, tmp_path: Path) -> AsyncIterator[Shop]:
    """On a database that no other test gets."""
    name = postgresql_server.create(migrated=True)
    db = open_database(postgresql_server.url(name), tmp_path)
    yield Shop(db, engine_url(postgresql_server.url(name), tmp_path))
    await db.close()
    await asyncio.to_thread(postgresql_server.drop, name)


@pytest.mark.parametrize(
    "seconds", [2.0, pytest.param(20.0, marks=[pytest.mark.slow, pytest.mark.timeout(200)])], ids=["short", "long"]
)
async def test_a_server_that_takes_no_connections_for_a_while(
    own_shop: Shop, postgresql_server: PostgresqlServer, seconds: float
) -> None:
    url = own_shop.url.replace("+psycopg", "")
    name = url.partition("?")[0].rpartition("/")[2]
    async with own_shop.working(counting(own_shop.db)):
        asked = [await own_shop.ask("count") for _ in range(3)]
        await own_shop.until(asked[0], lambda job: job.done > 3)
        with psycopg.connect(postgresql_server.url("postgres"), autocommit=True) as admin:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            await asyncio.sleep(seconds)
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        for job_id in asked:
            job = await own_shop.ended(job_id, 60)
            assert (job.state, job.attempt, job.result) == (JobState.SUCCEEDED, 1, 20)
        began = time.monotonic()
        await own_shop.ended(await own_shop.ask("count"), 30)
        assert time.monotonic() - began < 30


async def test_jobs_that_the_engine_lost_begin_again(shop: Shop, tmp_path: Path) -> None:
    runs: list[int] = []

    async def run(job: Context) -> str:
        runs.append(job.attempt)
        if len(runs) == 1:
            await asyncio.sleep(60)
        return "done"

    task = Task(kind="lost", run=run)
    async with shop.working(task):
        job_id = await shop.ask("lost")
        await shop.until(job_id, lambda job: bool(runs))
    if shop.url.startswith("sqlite"):
        for file in tmp_path.glob(f"{FILE}*"):
            file.unlink()
    else:
        with psycopg.connect(shop.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {JOBS} CASCADE")
    async with shop.working(task):
        job = await shop.ended(job_id)
    assert (job.state, job.result, runs) == (JobState.SUCCEEDED, "done", [1, 1])


async def test_a_job_that_kills_its_worker_each_time_ends(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from entrepot.db import job_runs

    monkeypatch.setattr(job_runs, "MOST_STARTS", 2)
    job_id = await shop.ask("deadly")
    for start in (1, 2):
        begun = await shop.db.write(lambda tx: job_runs.begin(tx, job_id, 1, "node"))
        assert begun is not None
        assert begun.start == start
    assert await shop.db.write(lambda tx: job_runs.begin(tx, job_id, 1, "node")) is None
    job = await shop.job(job_id)
    assert job.state is JobState.FAILED
    assert "its process died" in job.reason
