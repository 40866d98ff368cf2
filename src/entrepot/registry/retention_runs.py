"""Runs of retention as people see them: asked for, listed, stopped, and what they did with each repository."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from entrepot.db import jobs, projects, retention_runs
from entrepot.db.contract import Database, Transaction
from entrepot.db.retention_runs import Result, RunTask
from entrepot.model.errors import Invalid, ProjectUnknown, RecordUnknown
from entrepot.model.event import EventName
from entrepot.model.grant import ProjectGrant
from entrepot.model.job import Job, JobKind, JobRequest
from entrepot.model.query import ListQuery
from entrepot.registry.jobs import stop_within, tell
from entrepot.registry.retention import DRY_RUN, LIST, READ, UPDATE, find_policy, schedule_name

RESULTS_AT_ONCE = 500
STOP = "stop"


class RetentionRuns:
    """Operations on the runs of one policy."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def request(self, grant: ProjectGrant, policy_id: int, *, dry_run: bool) -> int:
        """The id of a run that is now asked for; of one that has not ended yet, if there is one of the same kind.

        Raises RecordUnknown, ProjectUnknown.
        """
        grant.require(UPDATE)

        def change(tx: Transaction) -> int:
            if projects.by_id(tx, grant.project.id) is None:
                raise ProjectUnknown(f"there is no project {grant.project.name}")
            row = find_policy(tx, grant, policy_id)
            wanted = JobRequest(
                kind=JobKind.RETENTION,
                by=grant.principal.name,
                parameters={DRY_RUN: dry_run},
                key=f"{schedule_name(row.id)}:dry" if dry_run else schedule_name(row.id),
                subject_id=row.id,
                project_id=row.project_id,
            )
            made = jobs.request(tx, wanted)
            if made.fresh:
                tell(tx, EventName.JOB_REQUESTED, grant.principal, row.project_id, job=made.id, kind=wanted.kind)
            return made.id

        return await self._db.write(change)

    async def page(self, grant: ProjectGrant, policy_id: int, query: ListQuery) -> tuple[list[Job], int]:
        """A page of the runs, the newest first, and how many there are. Raises RecordUnknown."""
        grant.require(LIST)

        def question(tx: Transaction) -> tuple[list[Job], int]:
            return retention_runs.runs(tx, find_policy(tx, grant, policy_id).id, query)

        return await self._db.read(question)

    async def order(self, grant: ProjectGrant, policy_id: int, run_id: int, action: str) -> None:
        """Has the run end in some seconds; one that has ended stays as it is. Raises Invalid, RecordUnknown."""
        grant.require(UPDATE)
        if action != STOP:
            raise Invalid(f"the action of a run is {STOP}")

        def change(tx: Transaction) -> None:
            run = _run(tx, grant, policy_id, run_id)
            stop_within(tx, grant.principal, run.project_id, run.id, run.kind)

        await self._db.write(change)

    async def tasks(
        self, grant: ProjectGrant, policy_id: int, run_id: int, query: ListQuery
    ) -> tuple[Job, list[RunTask], int]:
        """The run, a page of its repositories, and how many there are. Raises RecordUnknown."""
        grant.require(LIST)

        def question(tx: Transaction) -> tuple[Job, list[RunTask], int]:
            run = _run(tx, grant, policy_id, run_id)
            return run, *retention_runs.page(tx, run.id, query)

        return await self._db.read(question)

    async def results(
        self, grant: ProjectGrant, policy_id: int, run_id: int, task_id: int
    ) -> AsyncIterator[list[Result]]:
        """What became of the artifacts of a repository of the run, some at a time. Raises RecordUnknown."""
        grant.require(READ)
        after = 0
        while found := await self._results(grant, policy_id, run_id, task_id, after):
            yield [result for _, result in found]
            after = found[-1][0]

    async def log(self, grant: ProjectGrant, policy_id: int, run_id: int, task_id: int) -> AsyncIterator[str]:
        """The results of a repository of the run as text, some lines at a time. Raises RecordUnknown."""
        grant.require(READ)

        def question(tx: Transaction) -> tuple[Job, RunTask]:
            return _run(tx, grant, policy_id, run_id), _task(tx, grant, policy_id, run_id, task_id)

        run, task = await self._db.read(question)
        dry = " (dry run: nothing is taken)" if run.parameters.get(DRY_RUN) else ""
        yield f"{_moment(task.started_at)} rules of retention in {grant.project.name}/{task.repository}{dry}\n"
        async for some in self.results(grant, policy_id, run_id, task_id):
            yield "".join(_line(result) for result in some)
        if task.untold:
            yield f"{task.untold} more are not told one by one\n"
        yield (
            f"{_moment(task.ended_at)} {task.total} artifacts: {task.retained} stay, {task.total - task.retained} go,"
            f" and {task.tags} tags\n"
        )

    async def _results(
        self, grant: ProjectGrant, policy_id: int, run_id: int, task_id: int, after: int
    ) -> list[tuple[int, Result]]:
        def question(tx: Transaction) -> list[tuple[int, Result]]:
            task = _task(tx, grant, policy_id, run_id, task_id)
            return retention_runs.results(tx, task.id, after, RESULTS_AT_ONCE)

        return await self._db.read(question)


def _run(tx: Transaction, grant: ProjectGrant, policy_id: int, run_id: int) -> Job:
    """The run of a policy of the grant's project. Raises RecordUnknown."""
    policy = find_policy(tx, grant, policy_id)
    run = jobs.get(tx, run_id)
    if run is None or run.kind != JobKind.RETENTION or run.subject_id != policy.id:
        raise RecordUnknown(f"the retention policy {policy_id} has no run with the id {run_id}")
    return run


def _task(tx: Transaction, grant: ProjectGrant, policy_id: int, run_id: int, task_id: int) -> RunTask:
    task = retention_runs.find(tx, _run(tx, grant, policy_id, run_id).id, task_id)
    if task is None:
        raise RecordUnknown(f"the run {run_id} has no task with the id {task_id}")
    return task


def _line(result: Result) -> str:
    what = result.tag or "(no tag)"
    return f"{'RETAIN' if result.kept else 'DELETE'} {what} {result.digest}: {result.why}\n"


def _moment(microseconds: int | None) -> str:
    if microseconds is None:
        return "-"
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
