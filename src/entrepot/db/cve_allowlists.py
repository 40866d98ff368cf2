"""Lists of vulnerabilities that are put up with: one of the system, and one of a project that has its own."""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from entrepot.db.contract import Row, Transaction


class CveAllowlist(NamedTuple):
    """A list, and until when it counts."""

    id: int
    project_id: int | None
    """None: the system's."""
    items: tuple[str, ...]
    expires_at: int | None
    """Seconds since 1970; None: never."""
    created_at: int
    updated_at: int


_SELECT = "SELECT id, project_id, items, expires_at, created_at, updated_at FROM cve_allowlists"


def _allowlist(row: Row) -> CveAllowlist:
    return CveAllowlist(row[0], row[1], tuple(json.loads(row[2])), row[3], row[4], row[5])


def of_system(tx: Transaction) -> CveAllowlist | None:
    """The system's list; None until one was set."""
    row = tx.one(f"{_SELECT} WHERE project_id IS NULL")
    return None if row is None else _allowlist(row)


def of_projects(tx: Transaction, project_ids: Iterable[int]) -> dict[int, CveAllowlist]:
    """The lists of those of the projects that have one."""
    found: dict[int, CveAllowlist] = {}
    wanted = sorted(set(project_ids))
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        for row in tx.all(f"{_SELECT} WHERE project_id IN ({','.join('?' * len(some))})", *some):
            found[row[1]] = _allowlist(row)
    return found


def put(tx: Transaction, project_id: int | None, items: Sequence[str], expires_at: int | None) -> None:
    """Sets the list of the project, or the system's."""
    text = json.dumps(list(items))
    condition, values = ("project_id IS NULL", ()) if project_id is None else ("project_id = ?", (project_id,))
    changed = tx.run(
        f"UPDATE cve_allowlists SET items = ?, expires_at = ?, updated_at = ? WHERE {condition}",
        text,
        expires_at,
        tx.now,
        *values,
    )
    if not changed:
        tx.run(
            "INSERT INTO cve_allowlists (project_id, items, expires_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
            project_id,
            text,
            expires_at,
            tx.now,
            tx.now,
        )
