"""Artifacts that nothing names, for garbage collection that was asked for (the rest is collected by itself)."""

from collections.abc import Sequence
from typing import NamedTuple

from entrepot.db.contract import Transaction
from entrepot.model.digest import Digest
from entrepot.model.project import Project


class Untagged(NamedTuple):
    """An artifact without a tag, that no index names and that belongs to no other."""

    id: int
    digest: Digest
    repository_id: int
    repository: str
    project: Project


def untagged(tx: Transaction, after: int, age: int, count: int) -> list[Untagged]:
    """Some of them whose ids come after `after` and that were pushed at least `age` microseconds ago, by their ids."""
    rows = tx.all(
        "SELECT m.id, m.digest, r.id, r.name, p.id, p.name, p.public, p.sparse_indexes, p.created_at"
        " FROM manifests m JOIN repositories r ON r.id = m.repository_id JOIN projects p ON p.id = r.project_id"
        " WHERE p.deleted_at IS NULL AND r.moving IS NULL AND m.id > ? AND m.deleted_at IS NULL AND m.listed"
        " AND m.subject IS NULL AND m.pushed_at <= ?"
        " AND NOT EXISTS (SELECT 1 FROM tags t WHERE t.manifest_id = m.id) ORDER BY m.id LIMIT ?",
        after,
        tx.now - age,
        count,
    )
    return [
        Untagged(
            row[0],
            Digest(bytes(row[1])),
            row[2],
            row[3],
            Project(
                id=row[4],
                name=row[5],
                public=bool(row[6]),
                sparse_indexes=None if row[7] is None else bool(row[7]),
                created_at=row[8],
            ),
        )
        for row in rows
    ]


def is_untagged(tx: Transaction, manifest_id: int) -> bool:
    """Whether the artifact is still as `untagged` found it."""
    row = tx.one(
        "SELECT 1 FROM manifests m WHERE m.id = ? AND m.deleted_at IS NULL AND m.listed"
        " AND NOT EXISTS (SELECT 1 FROM tags t WHERE t.manifest_id = m.id)",
        manifest_id,
    )
    return row is not None


def only_of(tx: Transaction, manifest_ids: Sequence[int]) -> tuple[int, int]:
    """How many blobs would go with these manifests of one repository, and their bytes: what nothing else shows."""
    marks = ",".join("?" * len(manifest_ids))
    row = tx.one(
        "SELECT count(*), coalesce(sum(size), 0) FROM (SELECT DISTINCT b.id, b.size FROM manifest_blobs r"
        f" JOIN blobs b ON b.id = r.blob_id WHERE r.manifest_id IN ({marks})"
        " AND NOT EXISTS (SELECT 1 FROM manifest_blobs o WHERE o.repository_id = r.repository_id"
        f"   AND o.blob_id = r.blob_id AND o.manifest_id NOT IN ({marks}))"
        " AND NOT EXISTS (SELECT 1 FROM repository_blobs l WHERE l.blob_id = r.blob_id"
        "   AND l.repository_id <> r.repository_id)) AS only_here",
        *manifest_ids,
        *manifest_ids,
    )
    assert row is not None
    return int(row[0]), int(row[1])


def due(tx: Transaction, after: tuple[int, int], count: int) -> tuple[list[int], tuple[int, int] | None]:
    """The sizes of blobs that collection would let go of now, among the next `count` links; and the last link of them.

    None for the link after the last.
    """
    rows = tx.all(
        "SELECT l.repository_id, l.blob_id, b.size,"
        " l.review_after IS NOT NULL AND l.review_after <= ? AND l.leased_until <= ?"
        "  AND NOT EXISTS (SELECT 1 FROM manifest_blobs r WHERE r.repository_id = l.repository_id"
        "   AND r.blob_id = l.blob_id)"
        "  AND NOT EXISTS (SELECT 1 FROM repository_blobs o WHERE o.blob_id = l.blob_id"
        "   AND o.repository_id <> l.repository_id)"
        " FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id"
        " WHERE (l.repository_id > ? OR (l.repository_id = ? AND l.blob_id > ?)) AND l.review_after IS NOT NULL"
        " ORDER BY l.repository_id, l.blob_id LIMIT ?",
        tx.now,
        tx.now,
        after[0],
        after[0],
        after[1],
        count,
    )
    last = (int(rows[-1][0]), int(rows[-1][1])) if len(rows) == count else None
    return [int(row[2]) for row in rows if row[3]], last
