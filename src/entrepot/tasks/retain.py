"""Retention as a job: the rules of one project carried out, repository by repository, going on where it was left."""

from collections.abc import Mapping
from functools import partial

from entrepot.access.local import ITSELF
from entrepot.db import events, jobs, projects, repositories, retention, retention_runs
from entrepot.db.contract import Database, Transaction
from entrepot.db.retention import PolicyRow
from entrepot.db.retention_runs import RunTask, Sums
from entrepot.jobs.task import Context, JobFailed, Task
from entrepot.model.event import Event, EventName
from entrepot.model.job import JobKind, JobState, Json
from entrepot.model.project import Project
from entrepot.model.trash import MARK
from entrepot.registry.configuration import Configuration
from entrepot.registry.retaining import Page, Place, Retaining
from entrepot.registry.retention import DRY_RUN
from entrepot.registry.rules import Rules

REPOSITORIES_AT_ONCE = 500
MOST_TOLD = 20_000
"""Results that are kept of one run."""
RUNS_TOLD = 10
"""Runs of a policy of which results are kept: the latest."""
FORGOTTEN_AT_ONCE = 500
MOST_KEPT_TOLD = 500
"""Results that are kept of one repository of what stays."""


class Retain:
    """Carries out policies as jobs."""

    def __init__(self, db: Database, rules: Rules, configuration: Configuration) -> None:
        self._db = db
        self._retaining = Retaining(db, rules)
        self._configuration = configuration

    def task(self) -> Task:
        """How jobs of retention are done."""
        return Task(kind=JobKind.RETENTION, run=self.run, cut_short=_tell_cut_short)

    async def run(self, job: Context) -> Json:
        """Does a job. Raises JobFailed, ReadOnly, Denied if the policy changed while it was carried out."""
        dry = job.parameters.get(DRY_RUN) is True
        policy, project = await self._policy(job)
        await self._plan(job, policy, project)
        sums = await self._db.read(lambda tx: retention_runs.sums(tx, job.job_id))
        ended, room = 0, MOST_TOLD - sums.told
        while task := await self._db.write(lambda tx: retention_runs.begin_next(tx, job.job_id)):
            job.progress(ended, sums.repositories)
            if not dry:
                await self._configuration.require_writable()
            place = await self._retaining.begin(policy, task.repository_id, task.repository)
            told = task.told
            task = await (self._look if dry else self._carry_out)(job, task, place, room)
            room -= task.told - told
            await self._db.write(partial(retention_runs.end, task_id=task.id))
            ended += 1
            name = f"{project.name}/{task.repository}"
            job.log(
                f"{name}: of {task.total} artifacts {task.retained} would stay, and {task.tags} tags would go"
                if dry
                else f"{name}: of {task.total} artifacts {task.retained} stay, and {task.tags} tags went"
            )
        while await self._db.write(lambda tx: retention_runs.forget(tx, policy.id, RUNS_TOLD, FORGOTTEN_AT_ONCE)):
            job.check()
        return await self._db.write(lambda tx: _end(tx, job, project, dry=dry))

    async def _policy(self, job: Context) -> tuple[PolicyRow, Project]:
        """What is to be carried out, and where. Raises JobFailed."""

        def question(tx: Transaction) -> tuple[PolicyRow, Project] | None:
            policy = None if job.subject_id is None else retention.find(tx, job.subject_id)
            project = None if policy is None else projects.by_id(tx, policy.project_id)
            return None if policy is None or project is None else (policy, project)

        found = await self._db.read(question)
        if found is None:
            raise JobFailed("there is no such policy any more, or its project was deleted")
        return found

    async def _plan(self, job: Context, policy: PolicyRow, project: Project) -> None:
        """Writes down which repositories the rules are about; those of an earlier attempt stay as they are."""
        page = partial(repositories.page_of_project, project_id=project.id, count=REPOSITORIES_AT_ONCE)
        some = await self._db.read(partial(page, after=0))
        while some:
            named = [(number, name.partition("/")[2]) for number, name in some]
            meant = [(number, name) for number, name in named if policy.policy.concerns(name)]
            await self._db.write(partial(retention_runs.add, job_id=job.job_id, repositories=meant))
            job.check()
            some = await self._db.read(partial(page, after=some[-1][0]))

    async def _look(self, job: Context, task: RunTask, place: Place, room: int) -> RunTask:
        begun = task.told
        while page := await self._retaining.look(place, task.after):
            task = await self._db.write(partial(_note, task, room - (task.told - begun), page=page))
            job.check()
        return task

    async def _carry_out(self, job: Context, task: RunTask, place: Place, room: int) -> RunTask:
        begun = task.told
        while after := await self._retaining.carry_out(
            place, task.after, partial(_note, task, room - (task.told - begun))
        ):
            task = after
            job.check()
        return task


def _note(task: RunTask, room: int, tx: Transaction, page: Page) -> RunTask:
    """The task after the page, as it is written down, with as many results as there is room for."""
    return retention_runs.advance(tx, task, page.step(room, max(0, MOST_KEPT_TOLD - task.told)))


def _end(tx: Transaction, job: Context, project: Project, *, dry: bool) -> Json:
    """The result of the job, which is also told as an event."""
    told = _figures(tx, job.job_id, job.subject_id, dry=dry)
    _tell(tx, JobState.SUCCEEDED, project.id, project.name, told)
    return {**told}


def _tell_cut_short(tx: Transaction, job_id: int, state: JobState) -> None:
    """Tells of a run that ended before its end, with what it did until then."""
    job = jobs.get(tx, job_id)
    if job is None or job.project_id is None:
        return
    name = projects.names(tx, [job.project_id]).get(job.project_id, "").partition(MARK)[0]
    told = _figures(tx, job.id, job.subject_id, dry=job.parameters.get(DRY_RUN) is True)
    _tell(tx, state, job.project_id, name, told)


def _figures(tx: Transaction, job_id: int, policy_id: int | None, *, dry: bool) -> dict[str, int | bool | None]:
    sums: Sums = retention_runs.sums(tx, job_id)
    return {
        "job": job_id,
        "policy": policy_id,
        "dry_run": dry,
        "repositories": sums.repositories,
        "total": sums.total,
        "retained": sums.retained,
        "deleted": sums.total - sums.retained,
        "deleted_tags": sums.tags,
    }


def _tell(
    tx: Transaction, state: JobState, project_id: int, project: str, told: Mapping[str, int | bool | None]
) -> None:
    event = Event(
        name=EventName.RETENTION_ENDED,
        by=ITSELF,
        resource=f"{project}: retention",
        succeeded=state is not JobState.FAILED,
        project_id=project_id,
        detail={**told, "state": state.value},
    )
    events.record(tx, event)
