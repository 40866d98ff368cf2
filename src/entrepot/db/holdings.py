"""What some manifests hold: how many bytes, and how many of them nothing else in their project holds."""

from typing import NamedTuple

from entrepot.db.contract import Transaction


class Some(NamedTuple):
    """Which manifests: a condition on `m`, and its values."""

    condition: str
    values: tuple[object, ...]


class Holding(NamedTuple):
    """What the manifests hold, in bytes."""

    size: int
    """All of it, each content once."""
    shared: int
    """Of that, what other manifests of the project, live or in the trash, hold as well."""


def of_ids(manifest_ids: list[int]) -> Some:
    """The manifests of these ids."""
    return Some(f"m.id IN ({','.join('?' * len(manifest_ids)) or 'NULL'})", tuple(manifest_ids))


def of_repository(repository_id: int) -> Some:
    """The live manifests of a repository."""
    return Some("m.repository_id = ? AND m.deleted_at IS NULL", (repository_id,))


def of_project(project_id: int) -> Some:
    """The manifests of a project, live and in the trash."""
    return Some("m.repository_id IN (SELECT i.id FROM repositories i WHERE i.project_id = ?)", (project_id,))


def of_deletion(trash_id: int) -> Some:
    """The manifests of a deletion that can be undone."""
    return Some("m.trash_id = ?", (trash_id,))


def size(tx: Transaction, some: Some) -> int:
    """Bytes of all that the manifests hold, and of themselves."""
    row = tx.one(
        "SELECT coalesce((SELECT SUM(b.size) FROM blobs b WHERE b.id IN (SELECT h.blob_id FROM manifest_blobs h"
        f"  JOIN manifests m ON m.id = h.manifest_id WHERE {some.condition})), 0)"
        f" + coalesce((SELECT SUM(length(m.body)) FROM manifests m WHERE {some.condition}), 0)",
        *some.values,
        *some.values,
    )
    assert row is not None
    return int(row[0])


def holding(tx: Transaction, project_id: int, some: Some) -> Holding:
    """What the manifests, all of that project, hold, and how much of it is shared."""
    shared = tx.one(
        "SELECT coalesce(SUM(b.size), 0) FROM blobs b WHERE b.id IN (SELECT h.blob_id FROM manifest_blobs h"
        f"  JOIN manifests m ON m.id = h.manifest_id WHERE {some.condition})"
        " AND EXISTS (SELECT 1 FROM repository_blobs l JOIN repositories r ON r.id = l.repository_id"
        "  JOIN manifest_blobs o ON o.repository_id = l.repository_id AND o.blob_id = l.blob_id"
        f"  WHERE l.blob_id = b.id AND r.project_id = ? AND o.manifest_id NOT IN"
        f"   (SELECT m.id FROM manifests m WHERE {some.condition}))",
        *some.values,
        project_id,
        *some.values,
    )
    assert shared is not None
    return Holding(size(tx, some), int(shared[0]))
