"""How much there is in a project."""

from entrepot.db.contract import Transaction

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


def counted(tx: Transaction, project_id: int) -> tuple[dict[str, int], int]:
    """How many of what is in the project, and how many bytes it counts."""
    found = {}
    for what, question in _COUNTS.items():
        row = tx.one(question, project_id)
        assert row is not None
        found[what] = int(row[0])
    used = tx.one("SELECT used FROM quotas WHERE project_id = ?", project_id)
    return found, 0 if used is None else int(used[0])
