"""The trash: a row for each deletion that can be undone."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from entrepot.db.contract import Row, Transaction
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.model.digest import Digest
from entrepot.model.query import ListQuery
from entrepot.model.trash import Moving, TrashKind


class NewEntry(NamedTuple):
    """A deletion to be written down."""

    kind: TrashKind
    project_id: int
    project: str
    repository_id: int | None
    repository: str | None
    name: str
    digest: Digest | None
    deleted_by: str
    window: int
    """Microseconds until it goes for good."""


class Entry(NamedTuple):
    """A deletion that can be undone."""

    id: int
    kind: TrashKind
    project_id: int
    project: str
    """Its name when this was deleted."""
    repository_id: int | None
    repository: str | None
    name: str
    digest: Digest | None
    deleted_at: int
    deleted_by: str
    expires_at: int
    size: int
    """Bytes of all that is in it, each content once."""
    contents: Mapping[str, int]
    """How many of what: `tags`, `artifacts` and so on."""
    kept: Mapping[str, Any]
    purging: bool
    moving: Moving | None
    """Its contents are on their way: it can neither be restored nor purged until they are there."""


_COLUMNS = (
    "t.id, t.kind, t.project_id, t.project, t.repository_id, t.repository, t.name, t.digest, t.deleted_at,"
    " t.deleted_by, t.expires_at, t.size, t.contents, t.kept, t.purging, t.moving"
)
_LISTING = Listing(
    select=_COLUMNS,
    source="FROM trash t JOIN projects p ON p.id = t.project_id",
    columns={
        "id": Column("t.id", Kind.NUMBER),
        "kind": Column("t.kind"),
        "project_id": Column("t.project_id", Kind.NUMBER),
        "project_name": Column("t.project"),
        "repository_name": Column("t.repository"),
        "name": Column("t.name"),
        "about": Column("coalesce(t.repository, t.project) || ':' || coalesce(t.name, '')"),
        "deleted_by": Column("t.deleted_by"),
        "deletion_time": Column("t.deleted_at", Kind.TIME),
        "expiration_time": Column("t.expires_at", Kind.TIME),
        "size": Column("t.size", Kind.NUMBER),
    },
    order="t.deleted_at DESC, t.id DESC",
    unique="t.id",
)
_SHOWN = "NOT t.purging AND (t.kind = 'project' OR p.deleted_at IS NULL)"
"""What can be restored by itself: of a project that is in the trash, only the whole of it."""


_NOT_HELD = (
    "(t.purging OR NOT EXISTS (SELECT 1 FROM holds h WHERE h.project_id = t.project_id"
    " AND (h.repository_id IS NULL OR (h.repository_id = t.repository_id AND h.digest IS NULL))))"
)
"""What is held as a whole keeps what was deleted from it before."""


def _entry(row: Row) -> Entry:
    identifier, kind, project_id, project, repository_id, repository, name, digest = row[:8]
    deleted_at, deleted_by, expires_at, size, contents, kept, purging, moving = row[8:]
    packed = None if digest is None else Digest(bytes(digest))
    return Entry(
        identifier,
        TrashKind(kind),
        project_id,
        project,
        repository_id,
        repository,
        name or str(packed),
        packed,
        deleted_at,
        deleted_by,
        expires_at,
        size,
        json.loads(contents),
        json.loads(kept),
        bool(purging),
        None if moving is None else Moving(moving),
    )


def insert(tx: Transaction, new: NewEntry) -> int:
    """The id of the deletion, with nothing in it yet."""
    row = tx.one(
        "INSERT INTO trash (kind, project_id, project, repository_id, repository, name, digest, deleted_at,"
        " deleted_by, expires_at, size, contents, kept, purging)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '{}', '{}', FALSE) RETURNING id",
        new.kind.value,
        new.project_id,
        new.project,
        new.repository_id,
        new.repository,
        new.name,
        None if new.digest is None else new.digest.packed,
        tx.now,
        new.deleted_by,
        tx.now + new.window,
    )
    assert row is not None
    return int(row[0])


def describe(tx: Transaction, trash_id: int, size: int, contents: Mapping[str, int], kept: Mapping[str, Any]) -> None:
    """Notes what is in the deletion, and what is to be kept with it."""
    tx.run(
        "UPDATE trash SET size = ?, contents = ?, kept = ? WHERE id = ?",
        size,
        json.dumps({name: count for name, count in contents.items() if count}, separators=(",", ":")),
        json.dumps(kept, separators=(",", ":")),
        trash_id,
    )


def window_of(tx: Transaction, project_id: int, default: int) -> int:
    """For how many microseconds what is deleted from the project can be restored."""
    row = tx.one("SELECT trash_window FROM projects WHERE id = ?", project_id)
    return default if row is None or row[0] is None else int(row[0])


def own_window(tx: Transaction, project_id: int) -> int | None:
    """The project's own window; None if it leaves that to the instance."""
    row = tx.one("SELECT trash_window FROM projects WHERE id = ?", project_id)
    return None if row is None or row[0] is None else int(row[0])


def set_window(tx: Transaction, project_id: int, window: int | None) -> None:
    """Gives the project a window of its own, or leaves it to the instance's. What is in the trash stays as it is."""
    tx.run("UPDATE projects SET trash_window = ?, updated_at = ? WHERE id = ?", window, tx.now, project_id)


def find(tx: Transaction, trash_id: int) -> Entry | None:
    """The deletion of that id, if it can be undone."""
    row = tx.one(f"SELECT {_COLUMNS} {_LISTING.source} WHERE t.id = ? AND {_SHOWN}", trash_id)
    return None if row is None else _entry(row)


def by_id(tx: Transaction, trash_id: int) -> Entry | None:
    """The deletion of that id, whether or not it can be undone."""
    row = tx.one(f"SELECT {_COLUMNS} FROM trash t WHERE t.id = ?", trash_id)
    return None if row is None else _entry(row)


def lock(tx: Transaction, trash_id: int) -> bool:
    """Whether it is there still; nobody else restores or purges it until the transaction ends. To be called first."""
    return tx.one("SELECT 1 FROM trash WHERE id = ? AND NOT purging FOR UPDATE", trash_id) is not None


def page(
    tx: Transaction, query: ListQuery, conditions: Sequence[str], values: Sequence[object]
) -> tuple[list[Entry], int]:
    """A page of the deletions that can be undone, the newest first, and how many there are."""
    found, total = rows(tx, _LISTING, query, [_SHOWN, *conditions], values)
    return [_entry(row) for row in found], total


def newest_of_project(tx: Transaction, name: str) -> Entry | None:
    """The last deletion of a project that had that name."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM trash t WHERE t.kind = 'project' AND t.name = ? AND NOT t.purging"
        " ORDER BY t.id DESC LIMIT 1",
        name,
    )
    return None if row is None else _entry(row)


def delete(tx: Transaction, trash_id: int) -> None:
    """Forgets the deletion; nothing may be in it any more but tags, which are forgotten with it."""
    tx.run("DELETE FROM trash WHERE id = ?", trash_id)


def delete_if_empty(tx: Transaction, trash_ids: Sequence[int]) -> None:
    """Forgets those of the deletions of tags and artifacts that nothing is in any more.

    The caller holds locks on manifests: one that somebody else is restoring or purging is left to them, not waited for.
    """
    for trash_id in sorted(set(trash_ids)):
        if tx.one("SELECT 1 FROM trash WHERE id = ? FOR UPDATE SKIP LOCKED", trash_id) is None:
            continue
        tx.run(
            "DELETE FROM trash WHERE id = ? AND kind IN ('tag', 'artifact')"
            " AND NOT EXISTS (SELECT 1 FROM manifests m WHERE m.trash_id = trash.id)"
            " AND NOT EXISTS (SELECT 1 FROM trash_tags g WHERE g.trash_id = trash.id)",
            trash_id,
        )


def begin_purge(tx: Transaction, trash_id: int) -> None:
    """From now on nothing of it can be restored; the collector lets it go."""
    tx.run("UPDATE trash SET purging = TRUE, expires_at = ? WHERE id = ?", tx.now, trash_id)


def take_due(tx: Transaction) -> Entry | None:
    """A deletion whose time is over, locked, passing over those that somebody else is at."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM trash t WHERE t.expires_at <= ? AND t.moving IS NULL AND {_NOT_HELD}"
        " ORDER BY t.expires_at LIMIT 1 FOR UPDATE SKIP LOCKED",
        tx.now,
    )
    return None if row is None else _entry(row)


def due(tx: Transaction) -> bool:
    """Whether the time of some deletion is over."""
    find = f"SELECT 1 FROM trash t WHERE t.expires_at <= ? AND t.moving IS NULL AND {_NOT_HELD} LIMIT 1"
    return tx.one(find, tx.now) is not None
