"""How much there is in a project."""

from entrepot.db.contract import Transaction
from entrepot.db.project_lists import Visibility

_COUNTS = {
    "repositories": "SELECT count(*) FROM repositories WHERE project_id = ? AND live",
    "artifacts": (
        "SELECT count(*) FROM manifests m JOIN repositories r ON r.id = m.repository_id"
        " WHERE r.project_id = ? AND r.moving IS NULL AND m.deleted_at IS NULL"
    ),
    "tags": (
        "SELECT count(*) FROM tags t JOIN repositories r ON r.id = t.repository_id"
        " WHERE r.project_id = ? AND r.moving IS NULL"
    ),
    "members": "SELECT count(*) FROM members WHERE project_id = ?",
    "robots": "SELECT count(*) FROM robots WHERE project_id = ?",
    "labels": "SELECT count(*) FROM labels WHERE project_id = ?",
}


MOST_LOOKED_AT = 20_000
"""Blobs of a project of which it is found out whether others hold them too: more would hold up pushes."""


def shared_with_others(tx: Transaction, project_id: int, visible: Visibility) -> int:
    """Bytes of the project's blobs that other visible projects hold as well, of the first `MOST_LOOKED_AT` blobs."""
    row = tx.one(
        "SELECT coalesce(SUM(b.size), 0) FROM (SELECT blob_id FROM project_blobs WHERE project_id = ?"
        " ORDER BY blob_id LIMIT ?) held JOIN blobs b ON b.id = held.blob_id"
        " WHERE EXISTS (SELECT 1 FROM project_blobs o JOIN projects p ON p.id = o.project_id"
        f"  WHERE o.blob_id = held.blob_id AND o.project_id <> ? AND {visible.condition})",
        project_id,
        MOST_LOOKED_AT,
        project_id,
        *visible.values,
    )
    assert row is not None
    return int(row[0])


def counted(tx: Transaction, project_id: int) -> tuple[dict[str, int], int]:
    """How many of what is in the project, and how many bytes it counts."""
    found = {}
    for what, question in _COUNTS.items():
        row = tx.one(question, project_id)
        assert row is not None
        found[what] = int(row[0])
    used = tx.one("SELECT used FROM quotas WHERE project_id = ?", project_id)
    return found, 0 if used is None else int(used[0])
