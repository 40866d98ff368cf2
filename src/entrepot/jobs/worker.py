"""A process that does jobs: gives what is due to the engine, runs what that begins, and looks after the others."""

import asyncio
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import structlog

from entrepot.db import job_nodes, job_runs, schedules
from entrepot.db.contract import Database, Transaction
from entrepot.jobs.engine import Engine, RunName
from entrepot.jobs.neighbours import Neighbours
from entrepot.jobs.pace import Pace
from entrepot.jobs.performing import Performing
from entrepot.jobs.scheduling import Scheduler
from entrepot.jobs.task import Tasks
from entrepot.model.cron import Cron
from entrepot.model.errors import Failed

AT_ONCE = 50
"""Jobs given to the engine in one go."""

_log = structlog.get_logger("entrepot.jobs")


class JobWorker:
    """Does jobs in this process, until it is told to stop."""

    def __init__(self, db: Database, engine_url: str, tasks: Tasks, process: int, pace: Pace | None = None) -> None:
        """`engine_url` as `jobs.engine.engine_url` gives it; `process` is the number of this process, for people."""
        self.node = f"{socket.gethostname()[:64]}-{secrets.token_hex(6)}"
        """Never used before: what another process of the same host did must not be taken for this one's."""
        self._db = db
        self._tasks = tasks
        self._process = process
        self._pace = pace or Pace()
        self._performing = Performing(db, tasks, self.node, self._pace)
        self._engine = Engine(engine_url, self.node, tasks.queues, self._performing.run, self._pace.look)
        self._performing.engine = self._engine
        self._neighbours = Neighbours(db, self._engine, self.node, self._pace)
        self._scheduler = Scheduler(db)

    async def run(self, stop: asyncio.Event, when_ready: Callable[[], None] = lambda: None) -> None:
        """Works until `stop` is set, then leaves what is not done for others to go on with.

        `when_ready` is called once jobs are taken. Raises Failed if the databases cannot be used at the start.
        """
        await self._beat()
        await self._db.write(self._plan)
        await self._engine.launch()
        _log.info("jobs are done here", node=self.node, kinds=sorted(self._tasks.by_kind))
        when_ready()
        looks = [
            (self._beat, self._pace.beat),
            (self._neighbours.look, self._pace.beat),
            (self._scheduler.look, self._pace.look),
            (self._give, self._pace.look),
        ]
        taking = [asyncio.create_task(_repeat(look, every)) for look, every in looks]
        telling = asyncio.create_task(_repeat(self._performing.look, self._pace.look))
        await stop.wait()
        await _end(taking)
        await self._performing.leave()
        await _end([telling])
        await self._engine.close()
        await self._performing.end_left()
        with suppress(Failed):
            await self._db.write(self._depart)

    async def _beat(self) -> None:
        at_once = sum(queue.each_worker for queue in self._tasks.queues)
        host = socket.gethostname()
        await self._db.write(lambda tx: job_nodes.beat(tx, self.node, host, self._process, at_once))

    def _plan(self, tx: Transaction) -> None:
        for task in self._tasks.by_kind.values():
            if task.cron:
                schedules.put_own(tx, task.kind, Cron.parse(task.cron))

    async def _give(self) -> None:
        """Gives the engine what is due. Whoever else does so at the same time does no harm."""
        while True:
            found = await self._db.read(lambda tx: job_runs.waiting(tx, list(self._tasks.by_kind), AT_ONCE))
            for job in found:
                await self._engine.give(RunName(job.id, job.run), self._tasks.by_kind[job.kind].queue.name)
            if found:
                await self._db.write(partial(job_runs.dispatched, given=found))
            if len(found) < AT_ONCE:
                return

    def _depart(self, tx: Transaction) -> None:
        job_nodes.depart(tx, self.node)
        self._neighbours.resign(tx)


async def _repeat(look: Callable[[], Awaitable[None]], every: float) -> None:
    """Looks again and again; what fails is logged, once until it works again."""
    failing = False
    while True:
        began = time.monotonic()
        try:
            await look()
            failing = False
        except Failed as error:
            if not failing:
                _log.warning("jobs wait for the database", error=str(error))
            failing = True
        await asyncio.sleep(max(0.01, every - (time.monotonic() - began)))


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
