"""How much each project holds: counters that are moved in the transaction that moves what they count.

A project's use is the sum of its distinct blobs, each counted once however many of its repositories hold it, and of
its manifests, those in the trash included: the room is taken until it is given back.
"""

from typing import NamedTuple

from entrepot.db import configuration
from entrepot.db.contract import Transaction
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.model.errors import QuotaExceeded
from entrepot.model.query import ListQuery

UNLIMITED = -1


class Quota(NamedTuple):
    """A project's limit and what it uses, in bytes."""

    id: int
    project_id: int
    hard: int
    """`UNLIMITED` for no limit."""
    used: int
    created_at: int
    updated_at: int


def insert(tx: Transaction, project_id: int, hard: int = UNLIMITED) -> None:
    """Begins to count for a project that holds nothing."""
    tx.run(
        "INSERT INTO quotas (project_id, hard, used, created_at, updated_at) VALUES (?, ?, 0, ?, ?)",
        project_id,
        hard,
        tx.now,
        tx.now,
    )


def of_project(tx: Transaction, project_id: int) -> Quota | None:
    """The project's quota."""
    row = tx.one(
        "SELECT id, project_id, hard, used, created_at, updated_at FROM quotas WHERE project_id = ?", project_id
    )
    return None if row is None else Quota(*row)


def limit(tx: Transaction, project_id: int, hard: int) -> None:
    """Has the project hold so many bytes at most, or `UNLIMITED`. What it holds already stays."""
    tx.run("UPDATE quotas SET hard = ?, updated_at = ? WHERE project_id = ?", hard, tx.now, project_id)


def total_used(tx: Transaction) -> int:
    """Bytes that all projects together hold; what several of them hold counts for each."""
    row = tx.one("SELECT coalesce(SUM(used), 0) FROM quotas")
    assert row is not None
    return int(row[0])


class QuotaView(NamedTuple):
    """A quota, and whose it is."""

    quota: Quota
    project_name: str
    owner_name: str


_LISTING = Listing(
    select="q.id, q.project_id, q.hard, q.used, q.created_at, q.updated_at, p.name, p.owner_name",
    source="FROM quotas q JOIN projects p ON p.id = q.project_id",
    columns={
        "id": Column("q.id", Kind.NUMBER),
        "hard.storage": Column("q.hard", Kind.NUMBER),
        "used.storage": Column("q.used", Kind.NUMBER),
        "creation_time": Column("q.created_at", Kind.TIME),
        "update_time": Column("q.updated_at", Kind.TIME),
    },
    order="q.id DESC",
    unique="q.id",
)


def page(tx: Transaction, query: ListQuery, project_id: int | None) -> tuple[list[QuotaView], int]:
    """A page of the quotas, of one project or of all, and how many there are."""
    conditions = ["q.project_id = ?"] if project_id is not None else []
    found, total = rows(tx, _LISTING, query, conditions, [project_id] if project_id is not None else [])
    return [QuotaView(Quota(*row[:6]), row[6], row[7]) for row in found], total


def find(tx: Transaction, quota_id: int) -> QuotaView | None:
    """The quota of that id."""
    row = tx.one(f"SELECT {_LISTING.select} {_LISTING.source} WHERE q.id = ?", quota_id)
    return None if row is None else QuotaView(Quota(*row[:6]), row[6], row[7])


def room(tx: Transaction, project_id: int) -> int | None:
    """How many more bytes the project may hold; None for any number. Less than nothing if the limit was lowered."""
    row = tx.one("SELECT hard - used FROM quotas WHERE project_id = ? AND hard >= 0", project_id)
    return None if row is None else int(row[0])


def charge(tx: Transaction, project_id: int, size: int) -> None:
    """Counts bytes to the project. Raises QuotaExceeded if they are more than it has room for, and limits count."""
    if size == 0:
        return
    charged = tx.run(
        "UPDATE quotas SET used = used + ?, updated_at = ? WHERE project_id = ? AND (hard < 0 OR used + ? <= hard)",
        size,
        tx.now,
        project_id,
        size,
    )
    if not charged:
        quota = of_project(tx, project_id)
        if quota is not None:
            if configuration.value(tx, "quota_per_project_enable") is not True:
                tx.run("UPDATE quotas SET used = used + ?, updated_at = ? WHERE id = ?", size, tx.now, quota.id)
                return
            raise QuotaExceeded(
                f"the project may hold {quota.hard} bytes and holds {quota.used}; there is no room for {size} more"
            )


def free(tx: Transaction, project_id: int, size: int) -> None:
    """Counts bytes to the project no more."""
    if size:
        tx.run("UPDATE quotas SET used = used - ?, updated_at = ? WHERE project_id = ?", size, tx.now, project_id)


def charge_blob(tx: Transaction, repository_id: int, blob_id: int) -> None:
    """Counts a blob that the repository has begun to hold to its project, unless another repository of it holds it.

    Raises QuotaExceeded.
    """
    row = tx.one(
        "INSERT INTO project_blobs (project_id, blob_id, links)"
        " SELECT project_id, ?, 1 FROM repositories WHERE id = ? AND project_id IS NOT NULL"
        " ON CONFLICT (project_id, blob_id) DO UPDATE SET links = project_blobs.links + 1 RETURNING project_id, links",
        blob_id,
        repository_id,
    )
    if row is not None and row[1] == 1:
        charge(tx, row[0], _size(tx, blob_id))


def free_blob(tx: Transaction, repository_id: int, blob_id: int) -> None:
    """The reverse of `charge_blob`, once the repository holds the blob no more."""
    row = tx.one(
        "UPDATE project_blobs SET links = links - 1"
        " WHERE project_id = (SELECT project_id FROM repositories WHERE id = ?) AND blob_id = ?"
        " RETURNING project_id, links",
        repository_id,
        blob_id,
    )
    if row is not None and row[1] == 0:
        tx.run("DELETE FROM project_blobs WHERE project_id = ? AND blob_id = ?", row[0], blob_id)
        free(tx, row[0], _size(tx, blob_id))


def recomputed(tx: Transaction, project_id: int) -> int:
    """What the counter should be: computed from what the project's repositories hold."""
    row = tx.one(
        "SELECT coalesce((SELECT SUM(b.size) FROM blobs b WHERE EXISTS"
        "  (SELECT 1 FROM repository_blobs l JOIN repositories r ON r.id = l.repository_id"
        "   WHERE l.blob_id = b.id AND r.project_id = ?)), 0)"
        " + coalesce((SELECT SUM(length(m.body)) FROM manifests m JOIN repositories r ON r.id = m.repository_id"
        "  WHERE r.project_id = ?), 0)",
        project_id,
        project_id,
    )
    assert row is not None
    return int(row[0])


def project_of(tx: Transaction, repository_id: int) -> int:
    """The id of the project that the repository belongs to; 0 if that is gone."""
    row = tx.one("SELECT project_id FROM repositories WHERE id = ?", repository_id)
    return 0 if row is None or row[0] is None else int(row[0])


def _size(tx: Transaction, blob_id: int) -> int:
    row = tx.one("SELECT size FROM blobs WHERE id = ?", blob_id)
    assert row is not None
    return int(row[0])
