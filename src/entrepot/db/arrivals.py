"""Uploads that are running: how far each one has come. Told of, not counted on: what is lost here loses nothing."""

from collections.abc import Sequence
from typing import NamedTuple

from entrepot.db.contract import Transaction

STALE = 10_000_000
"""Microseconds after which an upload that nobody told of any more is not running: its process died."""


class ArrivalRow(NamedTuple):
    """An upload as it was told of last."""

    id: str
    project_id: int
    repository: str
    """Its whole name; it may not be made yet."""
    who: str
    began_at: int
    received: int
    """Bytes, with those of earlier requests of the same session."""
    expected: int | None
    """Bytes at its end, if the client said so."""
    speed: int
    """Bytes a second, lately."""


def tell(tx: Transaction, rows: Sequence[ArrivalRow], over: Sequence[str]) -> None:
    """Writes down how far these have come, and that those are over."""
    for row in rows:
        tx.run(
            "INSERT INTO arrivals (id, project_id, repository, who, began_at, received, expected, speed, told_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET received = excluded.received,"
            " expected = excluded.expected, speed = excluded.speed, told_at = excluded.told_at",
            *row,
            tx.now,
        )
    for upload_id in over:
        tx.run("DELETE FROM arrivals WHERE id = ?", upload_id)


def of_project(tx: Transaction, project_id: int, count: int) -> list[ArrivalRow]:
    """Up to `count` that run in the project, the oldest first."""
    return _rows(tx, "project_id = ?", project_id, count)


def of_repository(tx: Transaction, repository: str, count: int) -> list[ArrivalRow]:
    """Up to `count` that run in the repository, the oldest first."""
    return _rows(tx, "repository = ?", repository, count)


def _rows(tx: Transaction, condition: str, value: object, count: int) -> list[ArrivalRow]:
    found = tx.all(
        "SELECT id, project_id, repository, who, began_at, received, expected, speed FROM arrivals"
        f" WHERE {condition} AND told_at > ? ORDER BY began_at, id LIMIT ?",
        value,
        tx.now - STALE,
        count,
    )
    return [ArrivalRow(*row) for row in found]


def places(tx: Transaction) -> tuple[tuple[int, str, int, int], ...]:
    """Where uploads run, and how far they are altogether: what open pages compare."""
    return tuple(
        (int(row[0]), str(row[1]), int(row[2]), int(row[3]))
        for row in tx.all(
            "SELECT project_id, repository, count(*), sum(received) FROM arrivals"
            " GROUP BY project_id, repository ORDER BY repository"
        )
    )


def stale(tx: Transaction) -> bool:
    """Whether there is one that nobody tells of any more."""
    return tx.one("SELECT 1 FROM arrivals WHERE told_at <= ? LIMIT 1", tx.now - STALE) is not None


def forget_stale(tx: Transaction) -> int:
    """How many that nobody tells of any more were forgotten."""
    return tx.run("DELETE FROM arrivals WHERE told_at <= ?", tx.now - STALE)
