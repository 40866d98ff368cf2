"""Jobs as the processes that do them see them: given to the engine, begun, told of, ended.

A start has a number, counted in the row. Whoever writes for an older start, because it was believed dead and another
process began the job again, writes nothing and learns so.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

from entrepot.db.contract import Transaction
from entrepot.model.job import JobState, Json
from entrepot.model.job_reason import died_each_time

LONGEST_WAIT = 3_600_000_000
"""Microseconds that a job waits for its next attempt at most. A time further ahead was written by another clock."""
MOST_STARTS = 50
"""A job that was begun this often and never ended kills the processes that do it."""


class Waiting(NamedTuple):
    """A job that the engine is to get."""

    id: int
    run: int
    kind: str


class Begun(NamedTuple):
    """A job that this process does from now on."""

    id: int
    run: int
    start: int
    attempt: int
    kind: str
    parameters: dict[str, Json]
    project_id: int | None
    subject_id: int | None
    requested_by: str


class Progress(NamedTuple):
    """How far a job is."""

    done: int
    total: int | None
    bytes: int


def waiting(tx: Transaction, kinds: Sequence[str], count: int) -> list[Waiting]:
    """Some jobs of these kinds whose time has come and that the engine does not have; none of paused kinds."""
    rows = tx.all(
        "SELECT id, run, kind FROM jobs WHERE ended_at IS NULL AND dispatched_at IS NULL"
        f" AND (due_at <= ? OR due_at > ?) AND kind IN ({', '.join('?' * len(kinds))})"
        " AND NOT EXISTS (SELECT 1 FROM job_pauses p WHERE p.kind = jobs.kind) ORDER BY due_at, id LIMIT ?",
        tx.now,
        tx.now + LONGEST_WAIT,
        *kinds,
        count,
    )
    return [Waiting(*row) for row in rows]


def dispatched(tx: Transaction, given: list[Waiting]) -> None:
    """Notes that the engine has these."""
    for job in given:
        tx.run("UPDATE jobs SET dispatched_at = ? WHERE id = ? AND run = ?", tx.now, job.id, job.run)


def begin(tx: Transaction, job_id: int, run: int, node: str) -> Begun | None:
    """The job, which is now done by that process; None if this run of it is not to be done (any more)."""
    row = tx.one(
        "SELECT run, starts, attempt, kind, parameters, project_id, subject_id, requested_by, stop_requested, state"
        " FROM jobs WHERE id = ? AND ended_at IS NULL FOR UPDATE",
        job_id,
    )
    if row is None or row[0] != run:
        return None
    start = row[1] + 1
    if row[8]:
        _close(tx, job_id, JobState.STOPPED, "", None)
        return None
    if start > MOST_STARTS:
        _close(tx, job_id, JobState.FAILED, died_each_time(MOST_STARTS), None)
        return None
    if row[9] == JobState.PENDING and tx.one("SELECT 1 FROM job_pauses WHERE kind = ?", row[3]) is not None:
        again(tx, job_id, run)
        return None
    tx.run(
        "UPDATE jobs SET state = ?, node = ?, starts = ?, started_at = coalesce(started_at, ?) WHERE id = ?",
        JobState.RUNNING.value,
        node,
        start,
        tx.now,
        job_id,
    )
    return Begun(job_id, run, start, row[2], row[3], json.loads(row[4]), row[5], row[6], row[7])


def again(tx: Transaction, job_id: int, run: int) -> bool:
    """Whether that run was given up, and the engine will get the job as its next run."""
    changed = tx.run(
        "UPDATE jobs SET run = run + 1, dispatched_at = NULL, node = NULL, state = ?"
        " WHERE id = ? AND run = ? AND ended_at IS NULL",
        JobState.PENDING.value,
        job_id,
        run,
    )
    return changed == 1


def strays(tx: Transaction, since: int, count: int) -> list[Waiting]:
    """Some unfinished jobs that the engine got that many microseconds ago or more, and that no living process has."""
    rows = tx.all(
        "SELECT id, run, kind FROM jobs WHERE ended_at IS NULL AND dispatched_at IS NOT NULL"
        " AND (dispatched_at <= ? OR dispatched_at > ?)"
        " AND NOT EXISTS (SELECT 1 FROM job_nodes n WHERE n.id = jobs.node) ORDER BY dispatched_at, id LIMIT ?",
        tx.now - since,
        tx.now + LONGEST_WAIT,
        count,
    )
    return [Waiting(*row) for row in rows]


def mine(tx: Transaction, starts: dict[int, int]) -> dict[int, bool]:
    """Of these starts, by job, those that are still the latest of unfinished jobs; and whether to stop them."""
    found: dict[int, bool] = {}
    for job_id, start in starts.items():
        row = tx.one("SELECT stop_requested FROM jobs WHERE id = ? AND starts = ? AND ended_at IS NULL", job_id, start)
        if row is not None:
            found[job_id] = bool(row[0])
    return found


def tell(tx: Transaction, job_id: int, start: int, progress: Progress) -> bool:
    """Whether that start is still the latest; then the progress is kept."""
    changed = tx.run(
        "UPDATE jobs SET done = ?, total = ?, bytes = ?, progress_at = ?"
        " WHERE id = ? AND starts = ? AND ended_at IS NULL",
        *progress,
        tx.now,
        job_id,
        start,
    )
    return changed == 1


def end(tx: Transaction, begun: Begun, state: JobState, reason: str, result: Json) -> bool:
    """Whether that start was still the latest; then the job has ended so."""
    if not _holds(tx, begun):
        return False
    _close(tx, begun.id, state, reason, result)
    return True


def try_again(tx: Transaction, begun: Begun, reason: str, after: int, *, counted: bool) -> bool:
    """Whether that start was still the latest; then the job is begun again, after so many microseconds.

    With `counted` that is its next attempt, else the same one.
    """
    if not _holds(tx, begun):
        return False
    tx.run(
        "UPDATE jobs SET attempt = attempt + ?, run = run + 1, dispatched_at = NULL, node = NULL, state = ?,"
        " due_at = ?, reason = ? WHERE id = ?",
        int(counted),
        JobState.PENDING.value,
        tx.now + min(after, LONGEST_WAIT),
        reason,
        begun.id,
    )
    return True


def _holds(tx: Transaction, begun: Begun) -> bool:
    row = tx.one("SELECT starts FROM jobs WHERE id = ? AND ended_at IS NULL FOR UPDATE", begun.id)
    return row is not None and row[0] == begun.start


def _close(tx: Transaction, job_id: int, state: JobState, reason: str, result: Json) -> None:
    tx.run(
        "UPDATE jobs SET state = ?, ended_at = ?, reason = ?, result = ? WHERE id = ?",
        state.value,
        tx.now,
        reason,
        None if result is None else json.dumps(result, separators=(",", ":"), sort_keys=True),
        job_id,
    )
