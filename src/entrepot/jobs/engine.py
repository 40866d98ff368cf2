"""The engine, DBOS, and its ways: nothing else imports it.

What it is given: a run of a job, under a name made of the job's id and the number of the run, so that giving it twice
does no harm. What it does: queues, how many run at once, and what each step of a run gave. Its own rows lie in a
database of their own: a file beside SQLite's, or a schema of PostgreSQL. They may be lost: the jobs are in ours.
"""

import asyncio
import contextvars
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID, error

from entrepot.jobs.task import Queue
from entrepot.model.errors import DatabaseFailed
from entrepot.model.job import Json

APPLICATION = "entrepot"
VERSION = "1"
"""Pinned: with another one in each release, jobs that one release began would wait for it for ever."""
SCHEMA = "job_engine"
FILE = "jobs.db"
CONNECTIONS = 5
THREADS = 16
FROZEN_SECONDS = 10.0
"""As in `db.postgresql`."""
UNFINISHED = ("ENQUEUED", "PENDING", "DELAYED")

T = TypeVar("T")
Run = Callable[[int, int], Awaitable[None]]
"""Does a run of a job: its id and the number of the run. It never raises."""


@dataclass(frozen=True, slots=True)
class RunName:
    """The name of a run, by which the engine knows it."""

    job_id: int
    run: int

    def __str__(self) -> str:
        return f"{self.job_id}-{self.run}"


class _PlainJson(Serializer):
    """The engine's own way is pickle, which runs what it reads."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=str)

    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data)

    def name(self) -> str:
        return "json"


class Engine:
    """DBOS in this process. There is at most one at a time."""

    def __init__(self, url: str, node: str, queues: Sequence[Queue], run: Run, poll: float) -> None:
        """`url` as `engine_url` gives it; `poll` is how often queues are looked at, in seconds."""
        self._url = url
        self._node = node
        self._queues = queues
        self._run = run
        self._poll = poll

    async def launch(self) -> None:
        """Begins to take runs from the queues, on the loop that is running. Raises DatabaseFailed."""
        logging.getLogger("dbos").setLevel(logging.ERROR)
        config = DBOSConfig(
            name=APPLICATION,
            system_database_url=self._url,
            dbos_system_schema=SCHEMA,
            application_version=VERSION,
            executor_id=self._node,
            serializer=_PlainJson(),
            sys_db_pool_size=CONNECTIONS,
            sys_db_idle_transaction_timeout_sec=FROZEN_SECONDS,
            max_executor_threads=THREADS,
            notification_listener_polling_interval_sec=1.0,
            scheduler_polling_interval_sec=3600.0,
            log_level="ERROR",
            enable_otlp=False,
        )
        if self._url.startswith("sqlite"):
            config["system_database_engine"] = _sqlite_engine(self._url)
        DBOS(config=config)
        DBOS.listen_queues([queue.name for queue in self._queues])

        @DBOS.workflow(name="job", max_recovery_attempts=None)
        async def job(job_id: int, run: int) -> None:
            await self._run(job_id, run)

        self._workflow = job
        try:
            DBOS.launch()
            for queue in self._queues:
                await DBOS.register_queue_async(
                    queue.name,
                    global_concurrency=queue.everywhere,
                    worker_concurrency=queue.each_worker,
                    polling_interval_sec=self._poll,
                    on_conflict="always_update",
                )
        except (sa.exc.SQLAlchemyError, error.DBOSException) as failure:
            raise DatabaseFailed(f"the database of the job engine could not be opened: {failure}") from failure

    async def close(self) -> None:
        """Takes no further runs, and lets go of the database. Runs under way are left as they are."""
        loop = asyncio.get_running_loop()
        # What it would say of runs that are cut off from it is known.
        logging.getLogger("dbos").setLevel(logging.CRITICAL + 1)
        with ThreadPoolExecutor(1, thread_name_prefix="engine-closing") as closing:
            await loop.run_in_executor(closing, DBOS.destroy)
        # The engine had made its own threads the loop's, and they are gone.
        loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))

    async def give(self, name: RunName, queue: str) -> None:
        """Puts the run into the queue; does nothing if the engine has, or had, it already. Raises DatabaseFailed."""

        async def enqueue() -> None:
            with SetWorkflowID(str(name)):
                await DBOS.enqueue_workflow_async(queue, self._workflow, name.job_id, name.run)

        await _outside(enqueue())

    async def step(self, name: str, function: Callable[[], Awaitable[Json]]) -> Json:
        """What the function gave, now or when the run came here before. Called within a run."""
        return await DBOS.run_step_async({"name": name}, _as_coroutine_function(function))

    async def steps(self, name: RunName) -> dict[str, Json]:
        """What the steps of a run gave, by their names. Raises DatabaseFailed."""
        found = await _outside(DBOS.list_workflow_steps_async(str(name)))
        return {step["function_name"]: step["output"] for step in found if step["output"] is not None}

    async def states(self, names: Iterable[RunName]) -> dict[str, str]:
        """The engine's own words for the states of those runs that it knows. Raises DatabaseFailed."""
        found = await _outside(
            DBOS.list_workflows_async(workflow_ids=[str(name) for name in names], load_input=False, load_output=False)
        )
        return {each.workflow_id: each.status for each in found}

    async def put_back(self, node: str) -> int:
        """How many runs that the process `node` had begun wait in their queues again. Raises DatabaseFailed."""
        found = await _outside(
            DBOS.list_workflows_async(executor_id=node, status="PENDING", load_input=False, load_output=False)
        )
        by_queue: dict[str, list[str]] = {}
        for each in found:
            by_queue.setdefault(each.queue_name or self._queues[0].name, []).append(each.workflow_id)
        for queue, names in by_queue.items():
            await _outside(DBOS.resume_workflows_async(names, queue_name=queue))
        return len(found)

    async def forget(self, age: timedelta, count: int) -> int:
        """How many runs that ended longer ago, `count` at most, were dropped with their steps. Raises Failed."""
        before = (datetime.now(UTC) - age).isoformat()
        found = await _outside(
            DBOS.list_workflows_async(completed_before=before, limit=count, load_input=False, load_output=False)
        )
        if found:
            await _outside(DBOS.delete_workflows_async([each.workflow_id for each in found]))
        return len(found)


def engine_url(database: str, data: Path) -> str:
    """Where the engine keeps its rows, given the setting `database` and the data folder."""
    if database.startswith(("postgresql://", "postgres://")):
        return f"postgresql+psycopg://{database.partition('://')[2]}"
    return f"sqlite:///{data / FILE}"


def _sqlite_engine(url: str) -> sa.Engine:
    path = Path(url.removeprefix("sqlite:///"))
    path.touch(mode=0o600)
    engine = sa.create_engine(url, pool_size=CONNECTIONS)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # A write transaction from the start, as in `db.sqlite`: one that becomes one later cannot wait for its turn.
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _as_coroutine_function(function: Callable[[], Awaitable[Json]]) -> Callable[[], Coroutine[Any, Any, Json]]:
    async def call() -> Json:
        return await function()

    return call


async def _outside(question: Coroutine[Any, Any, T]) -> T:
    """What the question gives, asked outside of any run: within one, the engine would keep it as a step."""
    try:
        return await asyncio.get_running_loop().create_task(question, context=contextvars.Context())
    except (sa.exc.SQLAlchemyError, error.DBOSException) as failure:
        raise DatabaseFailed("the database of the job engine failed") from failure
