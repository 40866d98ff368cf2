"""Jobs of one kind, as those see them who care for it: requested, planned, looked at, stopped."""

from dataclasses import dataclass, field
from functools import partial

from entrepot.db import events, job_lists, job_logs, jobs, schedules
from entrepot.db.contract import Database, Transaction
from entrepot.db.schedules import Plan, Schedule
from entrepot.model.cron import Cron
from entrepot.model.errors import Conflict, RecordUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import Principal, ProjectGrant, SystemGrant
from entrepot.model.job import Job, JobKind, JobRequest, Json, LogLine
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import ListQuery

LONGEST_LOG = 4 * 1024 * 1024
"""Characters of a log that are told, the latest ones."""
LINES_AT_ONCE = 500

JobGrant = SystemGrant | ProjectGrant


@dataclass(frozen=True, slots=True)
class Care:
    """A kind of job, and the resource whose permissions say who may do what with it."""

    kind: JobKind
    resource: Resource
    subject_id: int | None = None
    """The policy or the like whose jobs are meant; None: those of the kind as a whole."""
    project_id: int | None = None

    def may(self, action: Verb) -> Permission:
        """The permission to do that."""
        return Permission(self.resource, action)

    @property
    def key(self) -> str:
        """The name of the schedule, and the key of the jobs: one at a time."""
        return self.kind if self.subject_id is None else f"{self.kind}:{self.subject_id}"


GARBAGE_COLLECTION = Care(JobKind.GARBAGE_COLLECTION, Resource.GARBAGE_COLLECTION)
SCRUB = Care(JobKind.SCRUB, Resource.GARBAGE_COLLECTION)
"""Who may collect what nobody needs may have the rest read again: Harbor has no resource for it."""
AUDIT_PURGE = Care(JobKind.PURGE_AUDIT_LOG, Resource.PURGE_AUDIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A schedule that somebody wants."""

    cron: str
    cadence: str
    parameters: dict[str, Json] = field(default_factory=dict)


class Jobs:
    """Operations on the jobs of a kind."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, grant: JobGrant, care: Care, query: ListQuery) -> tuple[list[Job], int]:
        """A page of the jobs, the newest first, and how many there are."""
        grant.require(care.may(Verb.LIST))
        return await self._db.read(lambda tx: job_lists.page(tx, query, care.kind, care.subject_id))

    async def get(self, grant: JobGrant, care: Care, job_id: int) -> Job:
        """The job. Raises RecordUnknown."""
        grant.require(care.may(Verb.READ))
        return await self._db.read(lambda tx: _find(tx, care, job_id))

    async def log(self, grant: JobGrant, care: Care, job_id: int) -> list[LogLine]:
        """What the job told: the latest lines, `LONGEST_LOG` characters at most. Raises RecordUnknown."""
        grant.require(care.may(Verb.READ))
        await self._db.read(lambda tx: _find(tx, care, job_id))
        return await latest_lines(self._db, job_id)

    async def request(self, grant: JobGrant, care: Care, parameters: dict[str, Json], action: Verb) -> int:
        """The id of a job that is done as soon as a worker is free. Raises Conflict if there is an unfinished one."""
        grant.require(care.may(action))
        wanted = JobRequest(
            kind=care.kind,
            by=grant.principal.name,
            parameters=parameters,
            key=care.key,
            subject_id=care.subject_id,
            project_id=care.project_id,
        )

        def change(tx: Transaction) -> int:
            made = jobs.request(tx, wanted)
            if not made.fresh:
                raise Conflict(f"job {made.id} does this already; wait until it has ended, or stop it")
            tell(tx, EventName.JOB_REQUESTED, grant.principal, care.project_id, job=made.id, kind=care.kind)
            return made.id

        return await self._db.write(change)

    async def stop(self, grant: JobGrant, care: Care, job_id: int) -> None:
        """Stops the job, within seconds if it runs; does nothing if it has ended. Raises RecordUnknown."""
        grant.require(care.may(Verb.STOP))

        def change(tx: Transaction) -> None:
            _find(tx, care, job_id)
            stop_within(tx, grant.principal, care.project_id, job_id, care.kind)

        await self._db.write(change)

    async def schedule(self, grant: JobGrant, care: Care) -> Schedule | None:
        """The schedule; None if there is none."""
        grant.require(care.may(Verb.READ))
        return await self._db.read(lambda tx: schedules.get(tx, care.key))

    async def plan(self, grant: JobGrant, care: Care, wanted: Wanted, action: Verb) -> int:
        """The id of the schedule, which is as wanted from now on. Raises Invalid for the cron."""
        grant.require(care.may(action))
        cron = Cron.parse(wanted.cron)
        plan = Plan(
            name=care.key,
            kind=care.kind,
            cron=cron,
            cadence=wanted.cadence,
            parameters=wanted.parameters,
            subject_id=care.subject_id,
            project_id=care.project_id,
        )

        def change(tx: Transaction) -> int:
            by = grant.principal
            made = schedules.put(tx, plan, by.name)
            tell(tx, EventName.SCHEDULE_CHANGED, by, care.project_id, schedule=plan.name, cron=cron.text)
            return made

        return await self._db.write(change)

    async def unplan(self, grant: JobGrant, care: Care, action: Verb) -> None:
        """Removes the schedule, if there is one; jobs that it requested go on."""
        grant.require(care.may(action))

        def change(tx: Transaction) -> None:
            if schedules.remove(tx, care.key):
                tell(tx, EventName.SCHEDULE_REMOVED, grant.principal, care.project_id, schedule=care.key)

        await self._db.write(change)


async def latest_lines(db: Database, job_id: int) -> list[LogLine]:
    """The latest lines of a log, `LONGEST_LOG` characters at most."""
    pages: list[list[LogLine]] = []
    size = 0
    before: int | None = None
    while size < LONGEST_LOG:
        page = await db.read(partial(job_logs.page_before, job_id=job_id, before=before, count=LINES_AT_ONCE))
        pages.append(page)
        size += sum(len(line.line) for line in page)
        if len(page) < LINES_AT_ONCE:
            break
        before = page[0].number
    return [line for page in reversed(pages) for line in page]


def stop_within(tx: Transaction, by: Principal, project_id: int | None, job_id: int, kind: str) -> bool:
    """Whether the job was unfinished; it is to stop, and that is told, within a transaction of the caller's."""
    unfinished = jobs.stop(tx, job_id)
    if unfinished:
        tell(tx, EventName.JOB_STOPPED, by, project_id, job=job_id, kind=kind)
    return unfinished


def tell(tx: Transaction, name: EventName, by: Principal, project_id: int | None, **detail: str | int) -> None:
    """Records what somebody did to a job or a schedule."""
    resource = str(detail.get("schedule") or detail.get("job") or detail["kind"])
    events.record(tx, Event(name=name, by=by, resource=resource, project_id=project_id, detail=dict(detail)))


def _find(tx: Transaction, care: Care, job_id: int) -> Job:
    found = jobs.get(tx, job_id)
    if found is None or found.kind != care.kind or found.subject_id != care.subject_id:
        raise RecordUnknown(f"there is no job {job_id} of this kind")
    return found
