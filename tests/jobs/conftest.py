"""A worker in the test's own process, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from entrepot.db import jobs
from entrepot.db.contract import Database
from entrepot.jobs.engine import engine_url
from entrepot.jobs.pace import Pace
from entrepot.jobs.task import Task, Tasks
from entrepot.jobs.worker import JobWorker
from entrepot.model.job import Job, JobRequest

QUICK = Pace(look=0.05, beat=0.2, dead_after=1.0, strayed_after=0.5, stop=0.3)


class Shop:
    """Where jobs are asked for and done."""

    def __init__(self, db: Database, url: str) -> None:
        self.db = db
        self.url = url

    async def ask(self, kind: str, **details: object) -> int:
        wanted = JobRequest(kind=kind, by="tests", **details)  # type: ignore[arg-type]
        return (await self.db.write(lambda tx: jobs.request(tx, wanted))).id

    async def job(self, job_id: int) -> Job:
        found = await self.db.read(lambda tx: jobs.get(tx, job_id))
        assert found is not None
        return found

    async def until(self, job_id: int, holds: Callable[[Job], bool], seconds: float = 20) -> Job:
        async with asyncio.timeout(seconds):
            while True:
                job = await self.job(job_id)
                if holds(job):
                    return job
                await asyncio.sleep(0.02)

    async def ended(self, job_id: int, seconds: float = 20) -> Job:
        return await self.until(job_id, lambda job: job.state.final, seconds)

    @asynccontextmanager
    async def working(self, *tasks: Task, pace: Pace = QUICK) -> AsyncIterator[JobWorker]:
        """A worker that does these, until the block is left."""
        worker = JobWorker(self.db, self.url, Tasks.of(tasks), process=1, pace=pace)
        stop, ready = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(worker.run(stop, ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        try:
            yield worker
        finally:
            waiting.cancel()
            stop.set()
            await running


@pytest.fixture
def shop(database: Database, database_url: str, tmp_path: Path) -> Shop:
    url = database_url if database_url.startswith("postgresql") else ""
    return Shop(database, engine_url(url, tmp_path))
