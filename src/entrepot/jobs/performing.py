"""The runs that the engine begins in this process: from the row to the task, and back to the row."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import structlog

from entrepot.db import job_logs, job_runs
from entrepot.db.contract import Database, Transaction
from entrepot.db.job_runs import Begun, Progress
from entrepot.jobs.engine import Engine, RunName
from entrepot.jobs.pace import Pace
from entrepot.jobs.running import Running, sentence
from entrepot.jobs.task import JobFailed, Stopped, Task, Tasks
from entrepot.model.errors import DatabaseFailed, EntrepotError, Failed
from entrepot.model.job import JobState, Json, LogLine

LONGEST_PAUSE = timedelta(hours=1)
AFTER_DATABASE = timedelta(seconds=2)
RETRY_SECONDS = 1.0

T = TypeVar("T")

_log = structlog.get_logger("entrepot.jobs")


class Performing:
    """Does what the engine begins here."""

    engine: Engine

    def __init__(self, db: Database, tasks: Tasks, node: str, pace: Pace) -> None:
        self._db = db
        self._tasks = tasks
        self._node = node
        self._pace = pace
        self._running: dict[RunName, Running] = {}
        self._leaving = False
        self._left: list[asyncio.Task[Any]] = []

    async def run(self, job_id: int, run: int) -> None:
        """Does a run of a job. Returns when its row tells what became of it; if it is to be done elsewhere, never."""
        if self._leaving:
            await self._stand_still()
        name = RunName(job_id, run)
        begun = await self._surely(lambda tx: self._begin(tx, name))
        if begun is None:
            return
        started, last_line = begun
        before = self._running.get(name)
        if before is not None:
            before.end("lost")
        remembered = await self._remembered(name)
        running = Running(started, self.engine, remembered, last_line)
        self._running[name] = running
        if self._leaving:
            running.end("leaving")
        _log.info("a job begins", job=job_id, kind=started.kind, attempt=started.attempt)
        try:
            await self._perform(running)
        finally:
            if self._running.get(name) is running:
                del self._running[name]

    def _begin(self, tx: Transaction, name: RunName) -> tuple[Begun, int] | None:
        begun = job_runs.begin(tx, name.job_id, name.run, self._node)
        return None if begun is None else (begun, job_logs.last_number(tx, name.job_id))

    async def _remembered(self, name: RunName) -> dict[str, Json]:
        """What steps of earlier runs of the job gave."""
        found: dict[str, Json] = {}
        for run in range(1, name.run):
            found |= {
                step: outcome
                for step, outcome in (await self.engine.steps(RunName(name.job_id, run))).items()
                if isinstance(outcome, dict) and "gave" in outcome
            }
        return found

    async def _perform(self, running: Running) -> None:
        task = self._tasks.by_kind[running.begun.kind]
        running.work = asyncio.create_task(_do(task, running))
        await asyncio.wait((running.work,))
        error: BaseException | None = None
        result: Json = None
        if running.work.cancelled():
            error = Stopped()
        elif (error := running.work.exception()) is None:
            result = running.work.result()
        if running.ending == "leaving" and isinstance(error, Stopped):
            # The engine must not learn of an end: the run is put back, and goes on in another process.
            await self._stand_still()
        if error is not None and not isinstance(error, Stopped):
            running.log(sentence(error), "error")
            if not isinstance(error, JobFailed | EntrepotError):
                _log.error("a job failed by an error of the program", job=running.job_id, exc_info=error)
        async with running.telling:
            progress, lines = running.take_untold()

            def settle(tx: Transaction) -> None:
                _tell(tx, running.begun, progress, lines)
                _settle(tx, task, running, error, result)

            await self._surely(settle)

    async def look(self) -> None:
        """Writes down what jobs told, and ends those that were stopped, or that another process does by now."""
        current = list(self._running.values())
        if not current:
            return
        starts = {running.job_id: running.begun.start for running in current}
        still = await self._db.read(lambda tx: job_runs.mine(tx, starts))
        for running in current:
            if running.job_id not in still:
                running.end("lost")
            elif still[running.job_id]:
                running.end("stopped")
            patience = 0.0 if running.ending == "lost" else self._pace.stop
            if running.ending and time.monotonic() - running.ending_since >= patience:
                running.cut_off()
            await self._tell(running)

    async def leave(self) -> None:
        """Lets jobs end at their next step, or cuts them off; what is not done then goes on elsewhere."""
        self._leaving = True
        for running in self._running.values():
            running.end("leaving")
        working = [running.work for running in self._running.values() if running.work is not None]
        if working:
            await asyncio.wait(working, timeout=self._pace.stop)
        for running in list(self._running.values()):
            running.cut_off()
            await self._tell(running)

    async def end_left(self) -> None:
        """Ends the runs that were left to others, once the engine is closed and cannot take that for their end."""
        for task in self._left:
            task.cancel()
        await asyncio.gather(*self._left, return_exceptions=True)

    async def _stand_still(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._left.append(task)
        await asyncio.Event().wait()

    async def _tell(self, running: Running) -> None:
        async with running.telling:
            progress, lines = running.take_untold()
            if progress is None and not lines:
                return
            try:
                await self._db.write(lambda tx: _tell(tx, running.begun, progress, lines))
            except Failed:
                running.give_back(progress, lines)
                raise

    async def _surely(self, change: Callable[[Transaction], T]) -> T:
        """What the change gives, once the database takes it: a run must not end without its row telling so."""
        while True:
            try:
                return await self._db.write(change)
            except Failed as error:
                _log.warning("a job waits for the database", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)


async def _do(task: Task, running: Running) -> Json:
    running.check()
    return await task.run(running)


def _settle(tx: Transaction, task: Task, running: Running, error: BaseException | None, result: Json) -> None:
    """Writes down what became of the run, unless another process does the job by now."""
    begun = running.begun
    if error is None:
        job_runs.end(tx, begun, JobState.SUCCEEDED, "", result)
    elif running.ending == "stopped" or isinstance(error, Stopped):
        _cut_short(tx, task, begun, JobState.STOPPED, "")
    elif isinstance(error, DatabaseFailed):
        # No fault of the job's, so no attempt of its; `job_runs.MOST_STARTS` bounds it.
        job_runs.try_again(tx, begun, sentence(error), _microseconds(AFTER_DATABASE), counted=False)
    elif begun.attempt < task.attempts:
        pause = min(task.pause * 2 ** min(begun.attempt - 1, 32), LONGEST_PAUSE)
        job_runs.try_again(tx, begun, sentence(error), _microseconds(pause), counted=True)
    else:
        _cut_short(tx, task, begun, JobState.FAILED, sentence(error))


def _cut_short(tx: Transaction, task: Task, begun: Begun, state: JobState, reason: str) -> None:
    if job_runs.end(tx, begun, state, reason, None) and task.cut_short is not None:
        task.cut_short(tx, begun.id, state)


def _tell(tx: Transaction, begun: Begun, progress: Progress | None, lines: list[LogLine]) -> None:
    if progress is not None and not job_runs.tell(tx, begun.id, begun.start, progress):
        return
    if lines:
        job_logs.add(tx, begun.id, lines)


def _microseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)
