"""Runs of retention: each is a job, with a task for every repository and the results of that."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from entrepot.db import jobs
from entrepot.db.candidates import NEWEST, Cursor
from entrepot.db.contract import Row, Transaction
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.model.digest import Digest
from entrepot.model.errors import Conflict
from entrepot.model.job import Job, JobKind, JobState
from entrepot.model.query import ListQuery

_COLUMNS = (
    "t.id, t.job_id, t.repository_id, t.repository, t.state, t.started_at, t.ended_at, t.decided_at, t.decided,"
    " t.total, t.retained, t.tags, t.told, t.untold"
)
_TASKS = Listing(
    select=_COLUMNS,
    source="FROM retention_tasks t",
    columns={"id": Column("t.id", Kind.NUMBER), "repository": Column("t.repository")},
    order="t.id",
    unique="t.id",
)


class RunTask(NamedTuple):
    """One repository of a run."""

    id: int
    job_id: int
    repository_id: int
    repository: str
    """Its name without the project's."""
    state: JobState
    started_at: int | None
    ended_at: int | None
    after: Cursor
    """The last artifact that was decided."""
    total: int
    """Artifacts that were decided."""
    retained: int
    """Those of them that stay."""
    tags: int
    """Tags that go."""
    told: int
    untold: int


class Result(NamedTuple):
    """What becomes of a tag, or of an artifact without one, and why."""

    digest: Digest
    tag: str | None
    kept: bool
    why: str


class Step(NamedTuple):
    """What a run did next in a repository."""

    after: Cursor
    total: int
    retained: int
    tags: int
    results: Sequence[Result]
    untold: int


class Sums(NamedTuple):
    """What a run did in all."""

    repositories: int
    total: int
    retained: int
    tags: int
    told: int


def runs(tx: Transaction, policy_id: int, query: ListQuery) -> tuple[list[Job], int]:
    """A page of the policy's runs, the newest first, and how many there are."""
    condition = "WHERE kind = ? AND subject_id = ?"
    total = tx.one(f"SELECT count(*) FROM jobs {condition}", JobKind.RETENTION.value, policy_id)
    assert total is not None
    found = tx.all(
        f"SELECT {jobs.COLUMNS} FROM jobs {condition} ORDER BY id DESC LIMIT ? OFFSET ?",
        JobKind.RETENTION.value,
        policy_id,
        query.limit,
        query.offset,
    )
    return [jobs.job_of(row, tx.now) for row in found], int(total[0])


def newest(tx: Transaction, project_id: int) -> tuple[tuple[object, ...], ...]:
    """How the project's newest runs stand, to be compared with how they stood."""
    found = tx.all(
        "SELECT id, state, done, total FROM jobs WHERE project_id = ? AND kind = ? ORDER BY id DESC LIMIT 3",
        project_id,
        JobKind.RETENTION.value,
    )
    return tuple(tuple(row) for row in found)


def add(tx: Transaction, job_id: int, repositories: Iterable[tuple[int, str]]) -> None:
    """Has the run see to these repositories as well, by id and name, each once."""
    for repository_id, name in repositories:
        tx.run(
            "INSERT INTO retention_tasks"
            " (job_id, repository_id, repository, state, total, retained, tags, told, untold)"
            " VALUES (?, ?, ?, ?, 0, 0, 0, 0, 0) ON CONFLICT (job_id, repository_id) DO NOTHING",
            job_id,
            repository_id,
            name,
            JobState.PENDING.value,
        )


def begin_next(tx: Transaction, job_id: int) -> RunTask | None:
    """The first task of the run that has not ended, which begins if it had not; None if all have."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM retention_tasks t WHERE t.job_id = ? AND t.ended_at IS NULL ORDER BY t.id LIMIT 1",
        job_id,
    )
    if row is None:
        return None
    tx.run(
        "UPDATE retention_tasks SET state = ?, started_at = coalesce(started_at, ?) WHERE id = ?",
        JobState.RUNNING.value,
        tx.now,
        row[0],
    )
    return _task(row)


def advance(tx: Transaction, task: RunTask, step: Step) -> RunTask:
    """The task after the step. Raises Conflict if another process has taken one in between."""
    after = task._replace(
        after=step.after,
        total=task.total + step.total,
        retained=task.retained + step.retained,
        tags=task.tags + step.tags,
        told=task.told + len(step.results),
        untold=task.untold + step.untold,
    )
    changed = tx.run(
        "UPDATE retention_tasks SET decided_at = ?, decided = ?, total = ?, retained = ?, tags = ?, told = ?,"
        " untold = ? WHERE id = ? AND total = ? AND told + untold = ?",
        *after.after,
        after.total,
        after.retained,
        after.tags,
        after.told,
        after.untold,
        task.id,
        task.total,
        task.told + task.untold,
    )
    if changed != 1:
        raise Conflict("another process carries these rules out as well")
    for number, result in enumerate(step.results, task.told + 1):
        tx.run(
            "INSERT INTO retention_results (task_id, number, digest, tag, kept, why) VALUES (?, ?, ?, ?, ?, ?)",
            task.id,
            number,
            result.digest.packed,
            result.tag,
            result.kept,
            result.why,
        )
    return after


def end(tx: Transaction, task_id: int) -> None:
    """Notes that everything of the task is done."""
    tx.run("UPDATE retention_tasks SET state = ?, ended_at = ? WHERE id = ?", JobState.SUCCEEDED.value, tx.now, task_id)


def page(tx: Transaction, job_id: int, query: ListQuery) -> tuple[list[RunTask], int]:
    """A page of the run's tasks, in the order in which they are done, and how many there are."""
    found, total = rows(tx, _TASKS, query, ["t.job_id = ?"], [job_id])
    return [_task(row) for row in found], total


def find(tx: Transaction, job_id: int, task_id: int) -> RunTask | None:
    """The run's task of that id."""
    row = tx.one(f"SELECT {_COLUMNS} FROM retention_tasks t WHERE t.id = ? AND t.job_id = ?", task_id, job_id)
    return None if row is None else _task(row)


def sums(tx: Transaction, job_id: int) -> Sums:
    """What the run did until now."""
    row = tx.one(
        "SELECT count(*), coalesce(sum(total), 0), coalesce(sum(retained), 0), coalesce(sum(tags), 0),"
        " coalesce(sum(told), 0) FROM retention_tasks WHERE job_id = ?",
        job_id,
    )
    assert row is not None
    return Sums(*(int(one) for one in row))


def results(tx: Transaction, task_id: int, after: int, count: int) -> list[tuple[int, Result]]:
    """Up to `count` results of the task with their numbers, those after that number."""
    found = tx.all(
        "SELECT number, digest, tag, kept, why FROM retention_results WHERE task_id = ? AND number > ?"
        " ORDER BY number LIMIT ?",
        task_id,
        after,
        count,
    )
    return [(row[0], Result(Digest(bytes(row[1])), row[2], bool(row[3]), row[4])) for row in found]


def forget(tx: Transaction, policy_id: int, kept: int, count: int) -> bool:
    """Removes up to `count` results of runs that are not among the policy's `kept` latest; whether there were any."""
    edge = tx.one(
        "SELECT id FROM jobs WHERE kind = ? AND subject_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?",
        JobKind.RETENTION.value,
        policy_id,
        kept,
    )
    found = edge and tx.one(
        "SELECT t.id, t.told FROM retention_tasks t JOIN jobs j ON j.id = t.job_id"
        " WHERE j.kind = ? AND j.subject_id = ? AND j.id <= ? AND j.ended_at IS NOT NULL AND t.told > 0 LIMIT 1",
        JobKind.RETENTION.value,
        policy_id,
        edge[0],
    )
    if not found:
        return False
    task_id, told = found
    left = max(0, told - count)
    tx.run("DELETE FROM retention_results WHERE task_id = ? AND number > ?", task_id, left)
    tx.run("UPDATE retention_tasks SET told = ?, untold = untold + ? WHERE id = ?", left, told - left, task_id)
    return True


def _task(row: Row) -> RunTask:
    after = NEWEST if row[7] is None else Cursor(row[7], row[8])
    values = [*row[:4], JobState(row[4]), *row[5:7], after, *row[9:]]
    return RunTask(*values)
