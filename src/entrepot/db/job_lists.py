"""Lists of jobs, and the figures of what waits."""

from typing import NamedTuple

from entrepot.db.contract import Transaction
from entrepot.db.jobs import COLUMNS, job_of
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.model.job import Job, JobState
from entrepot.model.query import ListQuery

WORDS = {
    JobState.PENDING: "Pending",
    JobState.RUNNING: "Running",
    JobState.SUCCEEDED: "Success",
    JobState.FAILED: "Error",
    JobState.STOPPED: "Stopped",
}
"""The states in the words that lists are filtered by."""
_STATUS = "CASE state " + " ".join(f"WHEN '{state.value}' THEN '{word}'" for state, word in WORDS.items()) + " END"
_LISTING = Listing(
    select=COLUMNS,
    source="FROM jobs",
    columns={
        "id": Column("id", Kind.NUMBER),
        "kind": Column("kind"),
        "state": Column("state"),
        "status": Column(_STATUS),
        "trigger": Column("trigger"),
        "vendor_id": Column("subject_id", Kind.NUMBER),
        "creation_time": Column("requested_at", Kind.TIME),
        "start_time": Column("started_at", Kind.TIME),
        "end_time": Column("ended_at", Kind.TIME),
        "update_time": Column("coalesce(ended_at, progress_at, started_at, requested_at)", Kind.TIME),
    },
    order="id DESC",
    unique="id",
)


class Backlog(NamedTuple):
    """What waits of one kind."""

    kind: str
    jobs: int
    oldest: int
    """When the one that waits longest was requested."""


def page(
    tx: Transaction, query: ListQuery, kind: str | None = None, subject_id: int | None = None
) -> tuple[list[Job], int]:
    """A page of the jobs, the newest first, of one kind or all, and of one subject or all; and how many there are."""
    conditions, values = [], []
    for column, value in (("kind", kind), ("subject_id", subject_id)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    found, total = rows(tx, _LISTING, query, conditions, values)
    return [job_of(row, tx.now) for row in found], total


def running(tx: Transaction, node: str | None, count: int) -> list[Job]:
    """Some jobs that run, in one process or in all."""
    where, values = ("AND node = ?", [node]) if node is not None else ("", [])
    found = tx.all(
        f"SELECT {COLUMNS} FROM jobs WHERE state = ? {where} ORDER BY id LIMIT ?",
        JobState.RUNNING.value,
        *values,
        count,
    )
    return [job_of(row, tx.now) for row in found]


def backlogs(tx: Transaction) -> list[Backlog]:
    """What waits, by kind."""
    found = tx.all(
        "SELECT kind, count(*), min(requested_at) FROM jobs WHERE state = ? GROUP BY kind ORDER BY kind",
        JobState.PENDING.value,
    )
    return [Backlog(*row) for row in found]


def stop_waiting(tx: Transaction, kind: str | None, count: int) -> int:
    """How many of up to `count` jobs that waited, of one kind or of all, were stopped."""
    where, values = ("AND kind = ?", [kind]) if kind is not None else ("", [])
    return tx.run(
        "UPDATE jobs SET state = ?, stop_requested = TRUE, ended_at = ? WHERE id IN"
        f" (SELECT id FROM jobs WHERE state = ? {where} ORDER BY id LIMIT ?) AND state = ?",
        JobState.STOPPED.value,
        tx.now,
        JobState.PENDING.value,
        *values,
        count,
        JobState.PENDING.value,
    )
