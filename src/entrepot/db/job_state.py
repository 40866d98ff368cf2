"""What has no event: how far jobs have come, in a form that is cheap to ask for and to compare."""

from collections.abc import Hashable, Iterable

from entrepot.db import job_logs, job_pauses
from entrepot.db.contract import Transaction
from entrepot.db.job_nodes import DEPARTED
from entrepot.model.job import JobState, LogLine

MOST_COMPARED = 100
"""Jobs that run, of which progress is compared."""
MOST_COUNTED = 1000
"""Jobs that wait, up to which they are counted."""


def of_all(tx: Transaction) -> Hashable:
    """Which jobs there are and how far those have come that run; what is held back; which processes do jobs."""
    running = tx.all(
        "SELECT id, done, total, bytes, attempt, stop_requested FROM jobs WHERE state = ? ORDER BY id LIMIT ?",
        JobState.RUNNING.value,
        MOST_COMPARED,
    )
    figures = tx.one(
        "SELECT (SELECT max(id) FROM jobs),"
        f" (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = ? LIMIT {MOST_COUNTED}) p),"
        " (SELECT count(*) FROM job_nodes WHERE beat <> ?)",
        JobState.PENDING.value,
        DEPARTED,
    )
    return (tuple(tuple(row) for row in running), figures and tuple(figures), tuple(sorted(job_pauses.all_paused(tx))))


def of_one(tx: Transaction, job_id: int) -> Hashable:
    """How far the job has come, and the number of its last line."""
    row = tx.one("SELECT state, done, total, bytes, attempt, stop_requested, node FROM jobs WHERE id = ?", job_id)
    return (row and tuple(row), job_logs.last_number(tx, job_id))


def failed_since(tx: Transaction, moment: int) -> int:
    """How many jobs failed since then; `MOST_COUNTED` of the newest failures are looked at."""
    row = tx.one(
        "SELECT count(*) FROM (SELECT ended_at FROM jobs WHERE state = ? ORDER BY id DESC LIMIT ?) f"
        " WHERE f.ended_at >= ?",
        JobState.FAILED.value,
        MOST_COUNTED,
        moment,
    )
    assert row is not None
    return int(row[0])


def last_lines(tx: Transaction, job_ids: Iterable[int], count: int) -> dict[int, list[LogLine]]:
    """The last `count` lines of each of these jobs, of those that told anything."""
    wanted = sorted(set(job_ids))[:MOST_COMPARED]
    if not wanted:
        return {}
    found: dict[int, list[LogLine]] = {}
    rows = tx.all(
        "SELECT l.job_id, l.number, l.at, l.level, l.line FROM job_logs l"
        f" WHERE l.job_id IN ({', '.join('?' * len(wanted))})"
        " AND l.number > (SELECT max(x.number) FROM job_logs x WHERE x.job_id = l.job_id) - ?"
        " ORDER BY l.job_id, l.number",
        *wanted,
        count,
    )
    for job_id, *line in rows:
        found.setdefault(int(job_id), []).append(LogLine(*line))
    return found
