"""How much each project holds: counters that are moved in the transaction that moves what they count.

A project's use is the sum of its distinct blobs, each counted once however many of its repositories hold it, and of
its manifests, those in the trash included: the room is taken until it is given back.

A counter is moved last in its transaction: all else that is pushed to the project or collected from it waits for that.
So what takes room and gives it back tells how much (`Use`), and the whole is settled in one call.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from entrepot.db import configuration, repository_use
from entrepot.db.contract import Row, Transaction
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.db.repository_use import Shift
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


class Use(NamedTuple):
    """Room in a project, in bytes, and what of its repositories' counters moves with it."""

    project_id: int
    size: int
    shifts: tuple[Shift, ...] = ()
    """Signed, whether the room is taken or given back."""


NOTHING = Use(0, 0)


def together(project_id: int, uses: Iterable[Use]) -> Use:
    """The room in one project as a whole."""
    found = list(uses)
    return Use(project_id, sum(use.size for use in found), tuple(shift for use in found for shift in use.shifts))


def insert(tx: Transaction, project_id: int, hard: int = UNLIMITED) -> None:
    """Begins to count for a project that holds nothing."""
    tx.run(
        "INSERT INTO quotas (project_id, hard, used, created_at, updated_at) VALUES (?, ?, 0, ?, ?)",
        project_id,
        hard,
        tx.now,
        tx.now,
    )


_OF_PROJECT = "SELECT id, project_id, hard, used, created_at, updated_at FROM quotas WHERE project_id = ?"


def of_project(tx: Transaction, project_id: int) -> Quota | None:
    """The project's quota."""
    row = tx.one(_OF_PROJECT, project_id)
    return None if row is None else Quota(*row)


def lock(tx: Transaction, project_id: int) -> Quota | None:
    """The project's quota, which nobody else changes until this transaction ends."""
    row = tx.one(f"{_OF_PROJECT} FOR UPDATE", project_id)
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
    in_trash: int
    """Of the bytes used, those that only what is in the trash holds."""


_LISTING = Listing(
    select="q.id, q.project_id, q.hard, q.used, q.created_at, q.updated_at, p.name, p.owner_name",
    source="FROM quotas q",
    joined="JOIN projects p ON p.id = q.project_id",
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


# Few projects are in the trash: to leave theirs out costs a fifth of what looking for the project of each quota does.
_OF_NO_DELETED_PROJECT = "q.project_id NOT IN (SELECT d.id FROM projects d WHERE d.deleted_at IS NOT NULL)"


def page(tx: Transaction, query: ListQuery, project_id: int | None) -> tuple[list[QuotaView], int]:
    """A page of the quotas, of one project or of all, and how many there are."""
    conditions = [_OF_NO_DELETED_PROJECT, *(["q.project_id = ?"] if project_id is not None else [])]
    found, total = rows(tx, _LISTING, query, conditions, [project_id] if project_id is not None else [])
    return [_view(tx, row) for row in found], total


def find(tx: Transaction, quota_id: int) -> QuotaView | None:
    """The quota of that id."""
    found = f"{_LISTING.source} {_LISTING.joined} WHERE q.id = ? AND p.deleted_at IS NULL"
    row = tx.one(f"SELECT {_LISTING.select} {found}", quota_id)
    return None if row is None else _view(tx, row)


def _view(tx: Transaction, row: Row) -> QuotaView:
    quota = Quota(*row[:6])
    return QuotaView(quota, row[6], row[7], in_trash(tx, quota.project_id))


def room(tx: Transaction, project_id: int) -> int | None:
    """How many more bytes the project may hold; None for any number. Less than nothing if the limit was lowered."""
    row = tx.one("SELECT hard - used FROM quotas WHERE project_id = ? AND hard >= 0", project_id)
    return None if row is None else int(row[0])


def charge(tx: Transaction, *uses: Use) -> None:
    """Counts the bytes to their projects. Raises QuotaExceeded if one has no room for them, and limits count."""
    for project_id, size in _by_project(uses):
        charged = tx.run(
            "UPDATE quotas SET used = used + ?, updated_at = ? WHERE project_id = ? AND (hard < 0 OR used + ? <= hard)",
            size,
            tx.now,
            project_id,
            size,
        )
        quota = None if charged else of_project(tx, project_id)
        if quota is None:
            continue
        if configuration.value(tx, "quota_per_project_enable") is True:
            raise QuotaExceeded(
                f"the project may hold {quota.hard} bytes and holds {quota.used}; there is no room for {size} more",
                size,
            )
        tx.run("UPDATE quotas SET used = used + ?, updated_at = ? WHERE id = ?", size, tx.now, quota.id)
    repository_use.shift(tx, (shift for use in uses for shift in use.shifts))


def free(tx: Transaction, *uses: Use) -> None:
    """Counts the bytes to their projects no more."""
    for project_id, size in _by_project(uses):
        tx.run("UPDATE quotas SET used = used - ?, updated_at = ? WHERE project_id = ?", size, tx.now, project_id)
    repository_use.shift(tx, (shift for use in uses for shift in use.shifts))


def _by_project(uses: Iterable[Use]) -> list[tuple[int, int]]:
    """What each project's part is, in the order in which every transaction locks them."""
    sums: Counter[int] = Counter()
    for use in uses:
        sums[use.project_id] += use.size
    return sorted((project_id, size) for project_id, size in sums.items() if project_id and size)


def hold_blob(tx: Transaction, repository_id: int, blob_id: int) -> Use:
    """Notes that the repository has begun to hold the blob; the room that its project needs for it.

    None if another of its repositories holds it.
    """
    row = tx.one(
        "INSERT INTO project_blobs (project_id, blob_id, links, holders)"
        " SELECT project_id, ?, 1, id FROM repositories WHERE id = ? AND project_id IS NOT NULL"
        " ON CONFLICT (project_id, blob_id) DO UPDATE"
        " SET links = project_blobs.links + 1, holders = project_blobs.holders + excluded.holders"
        " RETURNING project_id, links, holders",
        blob_id,
        repository_id,
    )
    if row is None:
        return NOTHING
    project_id, links, holders = (int(value) for value in row)
    size = _size(tx, blob_id)
    if links == 1:
        return Use(project_id, size, (Shift(repository_id, held=size, own=size),))
    # The one that held it alone does so no more: of two ids the sum is known.
    shared = (Shift(holders - repository_id, own=-size),) if links == 2 else ()
    return Use(project_id, 0, (Shift(repository_id, held=size), *shared))


def release_blob(tx: Transaction, repository_id: int, blob_id: int) -> Use:
    """The reverse of `hold_blob`, once the repository holds the blob no more: the room that is given back."""
    row = tx.one(
        "UPDATE project_blobs SET links = links - 1, holders = holders - ?"
        " WHERE project_id = (SELECT project_id FROM repositories WHERE id = ?) AND blob_id = ?"
        " RETURNING project_id, links, holders",
        repository_id,
        repository_id,
        blob_id,
    )
    if row is None:
        return NOTHING
    project_id, links, holders = (int(value) for value in row)
    size = _size(tx, blob_id)
    if links:
        alone = (Shift(holders, own=size),) if links == 1 else ()
        return Use(project_id, 0, (Shift(repository_id, held=-size), *alone))
    tx.run("DELETE FROM project_blobs WHERE project_id = ? AND blob_id = ?", project_id, blob_id)
    return Use(project_id, size, (Shift(repository_id, held=-size, own=-size),))


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


def in_trash(tx: Transaction, project_id: int) -> int:
    """Bytes of the project that only what is in the trash holds: what emptying it would free."""
    row = tx.one(
        "SELECT coalesce((SELECT SUM(b.size) FROM blobs b WHERE b.id IN (SELECT h.blob_id FROM trash t"
        "   JOIN manifests m ON m.trash_id = t.id JOIN manifest_blobs h ON h.manifest_id = m.id"
        "   WHERE t.project_id = ?)"
        "  AND NOT EXISTS (SELECT 1 FROM repository_blobs l JOIN repositories r ON r.id = l.repository_id"
        "   JOIN manifest_blobs o ON o.repository_id = l.repository_id AND o.blob_id = l.blob_id"
        "   JOIN manifests n ON n.id = o.manifest_id"
        "   WHERE l.blob_id = b.id AND r.project_id = ? AND n.deleted_at IS NULL)), 0)"
        " + coalesce((SELECT SUM(length(m.body)) FROM trash t JOIN manifests m ON m.trash_id = t.id"
        "  WHERE t.project_id = ?), 0)",
        project_id,
        project_id,
        project_id,
    )
    assert row is not None
    return int(row[0])
