"""Jobs as those who want them see them: requested within any transaction, looked up, and stopped."""

import json
from typing import NamedTuple

from entrepot.db.contract import Row, Transaction
from entrepot.model.job import Job, JobRequest, JobState, Trigger

COLUMNS = (
    "id, kind, key, trigger, parameters, subject_id, project_id, requested_by, requested_at, state, stop_requested,"
    " attempt, node, started_at, ended_at, done, total, bytes, progress_at, reason, result"
)


class Requested(NamedTuple):
    """What became of a request."""

    id: int
    fresh: bool
    """False: an unfinished job had the key already, and this is its id."""


def request(tx: Transaction, wanted: JobRequest) -> Requested:
    """Writes the job down with the rest of the transaction: it is done if, and only if, that is committed."""
    found = tx.one(
        "INSERT INTO jobs (kind, key, trigger, parameters, subject_id, project_id, requested_by, requested_at, state,"
        " stop_requested, attempt, run, starts, due_at, done, bytes, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, FALSE, 1, 1, 0, ?, 0, 0, '') ON CONFLICT DO NOTHING RETURNING id",
        wanted.kind,
        wanted.key,
        wanted.trigger.value,
        json.dumps(wanted.parameters, separators=(",", ":"), sort_keys=True),
        wanted.subject_id,
        wanted.project_id,
        wanted.by,
        tx.now,
        JobState.PENDING.value,
        tx.now,
    )
    if found is not None:
        return Requested(int(found[0]), fresh=True)
    before = tx.one("SELECT id FROM jobs WHERE kind = ? AND key = ? AND ended_at IS NULL", wanted.kind, wanted.key)
    if before is None:  # It ended between the two statements.
        return request(tx, wanted)
    return Requested(int(before[0]), fresh=False)


def get(tx: Transaction, job_id: int) -> Job | None:
    """The job, or None."""
    row = tx.one(f"SELECT {COLUMNS} FROM jobs WHERE id = ?", job_id)
    return None if row is None else job_of(row, tx.now)


def latest(tx: Transaction, kind: str, key: str) -> Job | None:
    """The newest job of the kind that was requested with the key, whatever became of it."""
    row = tx.one(f"SELECT {COLUMNS} FROM jobs WHERE kind = ? AND key = ? ORDER BY id DESC LIMIT 1", kind, key)
    return None if row is None else job_of(row, tx.now)


def stop(tx: Transaction, job_id: int) -> bool:
    """Whether the job was unfinished: one that waits is stopped by this, one that runs will be in some seconds."""
    waiting = tx.run(
        "UPDATE jobs SET state = ?, stop_requested = TRUE, ended_at = ? WHERE id = ? AND state = ?",
        JobState.STOPPED.value,
        tx.now,
        job_id,
        JobState.PENDING.value,
    )
    return bool(waiting) or bool(
        tx.run("UPDATE jobs SET stop_requested = TRUE WHERE id = ? AND ended_at IS NULL", job_id)
    )


def job_of(row: Row, now: int) -> Job:
    """The job of a row of `COLUMNS`."""
    return Job(
        id=row[0],
        kind=row[1],
        key=row[2],
        trigger=Trigger(row[3]),
        parameters=json.loads(row[4]),
        subject_id=row[5],
        project_id=row[6],
        requested_by=row[7],
        requested_at=row[8],
        state=JobState(row[9]),
        stop_requested=bool(row[10]),
        attempt=row[11],
        node=row[12],
        started_at=row[13],
        ended_at=row[14],
        done=row[15],
        total=row[16],
        bytes=row[17],
        progress_at=row[18],
        reason=row[19],
        result=None if row[20] is None else json.loads(row[20]),
        as_of=now,
    )
