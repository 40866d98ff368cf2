"""Walks over all blobs, each by one worker at a time; another goes on where one has died."""

from typing import NamedTuple

from entrepot.db import instance
from entrepot.db.contract import Transaction


class Scrub(NamedTuple):
    """A walk."""

    id: int
    started_at: int
    finished_at: int | None
    last_blob: int
    """The id of the last blob that was read: it goes on after it."""
    blobs: int
    bytes: int
    faults: int


_COLUMNS = "id, started_at, finished_at, last_blob, blobs, bytes, faults"


def due(tx: Transaction, every: int) -> bool:
    """Whether there is a walk to go on with, or another is to begin `every` microseconds after the one before."""
    last = latest(tx)
    if last is None or last.finished_at is not None:
        return last is None or last.started_at + every <= tx.now
    return tx.one("SELECT 1 FROM scrubs WHERE id = ? AND worker_until <= ?", last.id, tx.now) is not None


def claim(tx: Transaction, worker: str, every: int, for_long: int) -> Scrub | None:
    """The walk that the worker has for itself from now on, for `for_long` microseconds, begun if it is time to.

    None if none is due, or another worker is at it.
    """
    instance.lock(tx)
    if not due(tx, every):
        return None
    last = latest(tx)
    if last is None or last.finished_at is not None:
        row = tx.one(
            "INSERT INTO scrubs (started_at, last_blob, blobs, bytes, faults, worker, worker_until)"
            f" VALUES (?, 0, 0, 0, 0, ?, ?) RETURNING {_COLUMNS}",
            tx.now,
            worker,
            tx.now + for_long,
        )
        assert row is not None
        return Scrub(*row)
    tx.run("UPDATE scrubs SET worker = ?, worker_until = ? WHERE id = ?", worker, tx.now + for_long, last.id)
    return last


def renew(tx: Transaction, scrub_id: int, worker: str, for_long: int) -> bool:
    """Whether the worker still has the walk, now for `for_long` microseconds more; none to let it go."""
    changed = tx.run(
        "UPDATE scrubs SET worker_until = ? WHERE id = ? AND worker = ? AND finished_at IS NULL",
        tx.now + for_long,
        scrub_id,
        worker,
    )
    return changed == 1


def advance(tx: Transaction, walk: Scrub, worker: str) -> bool:
    """Whether the worker still has the walk, and its state is now this one; over if it has `finished_at`."""
    changed = tx.run(
        "UPDATE scrubs SET finished_at = ?, last_blob = ?, blobs = ?, bytes = ?, faults = ?"
        " WHERE id = ? AND worker = ? AND finished_at IS NULL",
        None if walk.finished_at is None else tx.now,
        walk.last_blob,
        walk.blobs,
        walk.bytes,
        walk.faults,
        walk.id,
        worker,
    )
    return changed == 1


def latest(tx: Transaction) -> Scrub | None:
    """The walk that began last."""
    row = tx.one(f"SELECT {_COLUMNS} FROM scrubs ORDER BY id DESC LIMIT 1")
    return None if row is None else Scrub(*row)
