"""What the collector asks and does (step 7 of the blob protocol), and the emptying of the trash (step 6)."""

from typing import NamedTuple

from entrepot.db import blobs, manifests, projects, quotas, trash, trashed, usage
from entrepot.db.blobs import Unlinked
from entrepot.db.contract import Transaction
from entrepot.db.trash import Entry
from entrepot.model.trash import TrashKind

BUSY_AGAIN_AFTER = 20_000
"""Microseconds until a link is looked at again whose blob somebody was at."""


class Collected(NamedTuple):
    """What one round looked at and what it did."""

    reviewed: int
    unlinked: int
    blobs: int = 0
    """That no repository shows any more, and whose objects go."""
    bytes: int = 0
    """Of these blobs."""


def collect(tx: Transaction, count: int, reader_grace: int) -> Collected:
    """Looks at up to `count` links that are due, and takes out those that are neither leased nor referred to."""
    due = tx.all(
        "SELECT repository_id, blob_id, leased_until FROM repository_blobs"
        " WHERE review_after IS NOT NULL AND review_after <= ? ORDER BY review_after LIMIT ? FOR UPDATE SKIP LOCKED",
        tx.now,
        count,
    )
    looked_at = [_review(tx, int(row[0]), int(row[1]), int(row[2]), reader_grace) for row in due]
    gone = [unlinked for unlinked in looked_at if unlinked is not None]
    let_go = [unlinked.last for unlinked in gone if unlinked.last is not None]
    # Counters come last: whoever else moves them waits for the end of this.
    quotas.free(tx, *(unlinked.use for unlinked in gone))
    usage.note_freed(tx, *let_go)
    return Collected(len(due), len(gone), len(let_go), sum(let_go))


def _review(tx: Transaction, repository_id: int, blob_id: int, leased_until: int, reader_grace: int) -> Unlinked | None:
    """What was taken out, if the link was."""
    if leased_until > tx.now:
        _review_after(tx, repository_id, blob_id, leased_until)
    elif blobs.referenced(tx, repository_id, blob_id):  # A new statement: the link is locked since the last one.
        _review_after(tx, repository_id, blob_id, None)
    else:
        unlinked = blobs.unlink(tx, repository_id, blob_id, reader_grace, wait=False)
        if unlinked is None:
            _review_after(tx, repository_id, blob_id, tx.now + BUSY_AGAIN_AFTER)
        return unlinked
    return None


def _review_after(tx: Transaction, repository_id: int, blob_id: int, when: int | None) -> None:
    tx.run(
        "UPDATE repository_blobs SET review_after = ? WHERE repository_id = ? AND blob_id = ?",
        when,
        repository_id,
        blob_id,
    )


class Emptied(NamedTuple):
    """What one round took out of the trash."""

    released: int
    """Manifests that are gone for good, and deletions that were given up or that nothing is in any more."""
    given_up: Entry | None
    """A deletion whose time is over: from now on it cannot be undone."""


_GOING = "deleted_at IS NOT NULL AND deleted_at <= ? AND trash_id IS NULL"


def empty_trash(tx: Transaction, count: int) -> Emptied:
    """Lets up to `count` manifests go for good; if none is waiting for that, has some wait whose time is over."""
    going = tx.all(
        f"SELECT id, repository_id FROM manifests WHERE {_GOING} ORDER BY deleted_at LIMIT ? FOR UPDATE SKIP LOCKED",
        tx.now,
        count,
    )
    if going:
        manifests.lock_links(tx, [int(row[0]) for row in going])
        quotas.free(tx, *[manifests.release(tx, int(row[0]), int(row[1])) for row in going])
        return Emptied(len(going), None)
    entry = trash.take_due(tx)
    if entry is None:
        return Emptied(0, None)
    if not entry.purging:
        trash.begin_purge(tx, entry.id)
    moved = trashed.let_go_in_project(tx, entry.project_id, count) if entry.kind is TrashKind.PROJECT else 0
    moved += trashed.let_go(tx, entry.id, count)
    if moved == 0:
        if entry.kind is TrashKind.PROJECT:
            projects.delete(tx, entry.project_id)
        trash.delete(tx, entry.id)
    return Emptied(max(moved, 1), None if entry.purging else entry)


def due(tx: Transaction) -> bool:
    """Whether some link is due for review."""
    find = "SELECT 1 FROM repository_blobs WHERE review_after IS NOT NULL AND review_after <= ? LIMIT 1"
    return tx.one(find, tx.now) is not None


def trash_due(tx: Transaction) -> bool:
    """Whether `empty_trash` would find something."""
    return tx.one(f"SELECT 1 FROM manifests WHERE {_GOING} LIMIT 1", tx.now) is not None or trash.due(tx)


def waiting(tx: Transaction, most: int) -> int:
    """How many rows are due for the collector, about: of each kind, no more than `most` are counted."""
    kinds = (
        "SELECT 1 FROM repository_blobs WHERE review_after IS NOT NULL AND review_after <= ?",
        "SELECT 1 FROM objects_to_remove WHERE remove_after <= ?",
        f"SELECT 1 FROM manifests WHERE {_GOING}",
        "SELECT 1 FROM trash t JOIN manifests m ON m.trash_id = t.id WHERE t.expires_at <= ? AND t.moving IS NULL",
        (
            "SELECT 1 FROM trash t JOIN repositories r ON r.project_id = t.project_id"
            " JOIN manifests m ON m.repository_id = r.id AND m.deleted_at IS NULL"
            f" WHERE t.kind = '{TrashKind.PROJECT}' AND t.expires_at <= ?"
        ),
    )
    counts = (tx.one(f"SELECT count(*) FROM ({kind} LIMIT ?) AS due", tx.now, most) for kind in kinds)
    return sum(int(count[0]) for count in counts if count is not None)
