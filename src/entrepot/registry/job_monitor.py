"""All jobs, the processes that do them, and what waits: for who watches over them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from entrepot.db import job_lists, job_logs, job_nodes, job_pauses, job_state, jobs, projects, schedules
from entrepot.db.contract import Database, Transaction
from entrepot.db.job_nodes import Node
from entrepot.db.schedules import Schedule
from entrepot.model.errors import Conflict, ProjectUnknown, RecordUnknown
from entrepot.model.event import EventName
from entrepot.model.grant import CatalogGrant, SystemGrant
from entrepot.model.job import SCHEDULER, Job, JobKind, JobRequest, LogLine
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import ListQuery
from entrepot.registry.jobs import latest_lines, stop_within, tell

LIST = Permission(Resource.JOBSERVICE_MONITOR, Verb.LIST)
STOP = Permission(Resource.JOBSERVICE_MONITOR, Verb.STOP)
OPERATE = Permission(Resource.JOBSERVICE_MONITOR, Verb.OPERATE)
DAY = 86_400_000_000
MOST_RUNNING = 1000
STOPPED_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits of one kind."""

    kind: str
    count: int
    seconds: int
    """For how long the first of it."""
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How things stand with jobs."""

    running: int
    waiting: int
    failed: int
    """Within a day."""
    schedules: int
    nodes: tuple[Node, ...]
    """The processes that do jobs."""
    all_paused: bool
    """Whether nothing that waits is begun, nor anything requested by a schedule."""


class JobMonitor:
    """Operations on jobs of every kind."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, grant: SystemGrant, query: ListQuery, kind: str | None = None) -> tuple[list[Job], int]:
        """A page of the jobs, the newest first, and how many there are."""
        grant.require(LIST)
        return await self._db.read(lambda tx: job_lists.page(tx, query, kind))

    async def get(self, grant: SystemGrant, job_id: int) -> Job:
        """The job. Raises RecordUnknown."""
        grant.require(LIST)
        return await self._db.read(lambda tx: _find(tx, job_id))

    async def log(self, grant: SystemGrant, job_id: int) -> list[LogLine]:
        """As `Jobs.log`. Raises RecordUnknown."""
        grant.require(LIST)
        await self._db.read(lambda tx: _find(tx, job_id))
        return await latest_lines(self._db, job_id)

    async def latest(self, grant: SystemGrant, job_id: int, count: int) -> list[LogLine]:
        """The last `count` lines of the job's log. Raises RecordUnknown."""
        grant.require(LIST)

        def question(tx: Transaction) -> list[LogLine]:
            return job_logs.page_before(tx, _find(tx, job_id).id, None, count)

        return await self._db.read(question)

    async def beside(
        self, grant: SystemGrant, shown: Iterable[Job], lines: int = 0
    ) -> tuple[dict[int, str], dict[int, list[LogLine]]]:
        """The names of the projects that these jobs are of, and the last lines of each that runs."""
        grant.require(LIST)
        found = [*shown]
        project_ids = {job.project_id for job in found if job.project_id is not None}
        running = [job.id for job in found if lines and not job.state.final]

        def question(tx: Transaction) -> tuple[dict[int, str], dict[int, list[LogLine]]]:
            return projects.names(tx, project_ids), job_state.last_lines(tx, running, lines)

        return await self._db.read(question)

    async def figures(self, grant: SystemGrant) -> Figures:
        """How things stand."""
        grant.require(LIST)

        def question(tx: Transaction) -> Figures:
            backlogs, paused = job_lists.backlogs(tx), job_pauses.all_paused(tx)
            return Figures(
                running=len(job_lists.running(tx, None, MOST_RUNNING)),
                waiting=sum(each.jobs for each in backlogs),
                failed=job_state.failed_since(tx, tx.now - DAY),
                schedules=schedules.page(tx, 0, 1)[1],
                nodes=tuple(node for node in job_nodes.every(tx) if node.beat != job_nodes.DEPARTED),
                all_paused=paused.issuperset({*JobKind, SCHEDULER}),
            )

        return await self._db.read(question)

    async def again(self, grant: SystemGrant, job_id: int) -> int:
        """The id of a job that does once more what an ended one did, or was to do.

        Raises RecordUnknown, Conflict if that one has not ended or the same is under way already, ProjectUnknown if
        its project is gone.
        """
        grant.require(OPERATE)

        def change(tx: Transaction) -> int:
            found = _find(tx, job_id)
            if not found.state.final:
                raise Conflict(f"job {job_id} has not ended yet")
            if found.project_id is not None and projects.by_id(tx, found.project_id) is None:
                raise ProjectUnknown("the project of that job is gone")
            wanted = JobRequest(
                kind=found.kind,
                by=grant.principal.name,
                parameters=found.parameters,
                key=found.key,
                subject_id=found.subject_id,
                project_id=found.project_id,
            )
            made = jobs.request(tx, wanted)
            if not made.fresh:
                raise Conflict(f"job {made.id} does this already; wait until it has ended, or stop it")
            tell(tx, EventName.JOB_REQUESTED, grant.principal, found.project_id, job=made.id, kind=found.kind)
            return made.id

        return await self._db.write(change)

    async def nodes(self, grant: SystemGrant) -> list[Node]:
        """The processes that do jobs, or were seen to lately."""
        grant.require(LIST)
        found = await self._db.read(job_nodes.every)
        return [node for node in found if node.beat != job_nodes.DEPARTED]

    async def running(self, grant: SystemGrant, node: str | None) -> list[Job]:
        """The jobs that run in that process, or in all. Raises RecordUnknown if there is no such process."""
        grant.require(LIST)
        if node is not None and node not in {each.id for each in await self.nodes(grant)}:
            raise RecordUnknown("there is no such process that does jobs")
        return await self._db.read(lambda tx: job_lists.running(tx, node, MOST_RUNNING))

    async def stop(self, grant: SystemGrant, job_id: int) -> bool:
        """Whether the job was unfinished; it stops, within seconds if it runs. Raises RecordUnknown."""
        grant.require(STOP)

        def change(tx: Transaction) -> bool:
            found = _find(tx, job_id)
            return stop_within(tx, grant.principal, found.project_id, job_id, found.kind)

        return await self._db.write(change)

    async def stop_running(self, grant: SystemGrant) -> None:
        """Stops all jobs that run."""
        grant.require(STOP)
        for job in await self._db.read(lambda tx: job_lists.running(tx, None, MOST_RUNNING)):
            await self.stop(grant, job.id)

    async def waiting(self, grant: SystemGrant) -> list[Waiting]:
        """What waits, of every kind there is."""
        grant.require(LIST)

        def question(tx: Transaction) -> list[Waiting]:
            paused = job_pauses.all_paused(tx)
            found = {backlog.kind: backlog for backlog in job_lists.backlogs(tx)}
            told = []
            for kind in sorted({*found, *paused, *JobKind, SCHEDULER}):
                backlog = found.get(kind)
                seconds = 0 if backlog is None else max(0, tx.now - backlog.oldest) // 1_000_000
                count = 0 if backlog is None else backlog.jobs
                told.append(Waiting(kind=str(kind), count=count, seconds=seconds, paused=kind in paused))
            return told

        return await self._db.read(question)

    async def pause(self, grant: SystemGrant, kind: str | None) -> None:
        """Holds jobs of the kind back, or all and the schedules. Raises RecordUnknown for a kind that is none."""
        grant.require(STOP)

        def change(tx: Transaction) -> None:
            for each in _kinds(tx, kind):
                if job_pauses.put(tx, each, grant.principal.name):
                    tell(tx, EventName.JOBS_PAUSED, grant.principal, None, kind=each)

        await self._db.write(change)

    async def resume(self, grant: SystemGrant, kind: str | None) -> None:
        """Ends what `pause` began. Raises RecordUnknown for a kind that is none."""
        grant.require(STOP)

        def change(tx: Transaction) -> None:
            for each in _kinds(tx, kind):
                if job_pauses.end(tx, each):
                    tell(tx, EventName.JOBS_RESUMED, grant.principal, None, kind=each)

        await self._db.write(change)

    async def stop_waiting(self, grant: SystemGrant, kind: str | None) -> int:
        """How many jobs that waited were stopped, of one kind or of all. Raises RecordUnknown for a kind that is none.

        Each transaction stops some.
        """
        grant.require(STOP)
        await self._db.read(lambda tx: _kinds(tx, kind))
        stopped = 0
        while some := await self._db.write(partial(_stop_waiting, grant=grant, kind=kind)):
            stopped += some
        return stopped

    async def schedules(self, grant: SystemGrant, query: ListQuery) -> tuple[list[Schedule], int]:
        """A page of all schedules, and how many there are."""
        grant.require(LIST)
        return await self._db.read(lambda tx: schedules.page(tx, query.offset, query.limit))

    async def scheduler_paused(self, _grant: CatalogGrant) -> bool:
        """Whether schedules request nothing just now; for whoever is signed in."""
        return SCHEDULER in await self._db.read(job_pauses.all_paused)


def _stop_waiting(tx: Transaction, grant: SystemGrant, kind: str | None) -> int:
    some = job_lists.stop_waiting(tx, kind, STOPPED_AT_ONCE)
    if some:
        tell(tx, EventName.JOB_STOPPED, grant.principal, None, kind=kind or "all", count=some)
    return some


def _kinds(tx: Transaction, kind: str | None) -> list[str]:
    """The kinds that are meant. Raises RecordUnknown."""
    every = sorted({*JobKind, SCHEDULER, *(each.kind for each in job_lists.backlogs(tx))})
    if kind is None:
        return every
    if kind not in every:
        raise RecordUnknown(f"there are no jobs of the kind {kind[:64]!r}")
    return [kind]


def _find(tx: Transaction, job_id: int) -> Job:
    found = jobs.get(tx, job_id)
    if found is None:
        raise RecordUnknown(f"there is no job {job_id}")
    return found
