"""What jobs told, line by line: of each job the latest lines."""

from collections.abc import Iterable

from entrepot.db.contract import Transaction
from entrepot.model.job import LogLine

MOST_LINES = 10_000
"""Lines that are kept of one job."""
LONGEST_LINE = 4096


def last_number(tx: Transaction, job_id: int) -> int:
    """The number of the job's last line; 0 if it has none."""
    row = tx.one("SELECT number FROM job_logs WHERE job_id = ? ORDER BY number DESC LIMIT 1", job_id)
    return 0 if row is None else int(row[0])


def add(tx: Transaction, job_id: int, lines: Iterable[LogLine]) -> None:
    """Keeps the lines, and drops the oldest of the job beyond `MOST_LINES`. A number that is taken is passed over."""
    last = 0
    for line in lines:
        tx.run(
            "INSERT INTO job_logs (job_id, number, at, level, line) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            job_id,
            line.number,
            line.at,
            line.level,
            line.line[:LONGEST_LINE].replace("\0", ""),
        )
        last = line.number
    if last > MOST_LINES:
        tx.run("DELETE FROM job_logs WHERE job_id = ? AND number <= ?", job_id, last - MOST_LINES)


def page(tx: Transaction, job_id: int, after: int, count: int) -> list[LogLine]:
    """Up to `count` lines after that number."""
    rows = tx.all(
        "SELECT number, at, level, line FROM job_logs WHERE job_id = ? AND number > ? ORDER BY number LIMIT ?",
        job_id,
        after,
        count,
    )
    return [LogLine(*row) for row in rows]


def page_before(tx: Transaction, job_id: int, before: int | None, count: int) -> list[LogLine]:
    """The last `count` lines before that number, or the very last, in their order."""
    where, values = ("AND number < ?", [before]) if before is not None else ("", [])
    rows = tx.all(
        f"SELECT number, at, level, line FROM job_logs WHERE job_id = ? {where} ORDER BY number DESC LIMIT ?",
        job_id,
        *values,
        count,
    )
    return [LogLine(*row) for row in reversed(rows)]
