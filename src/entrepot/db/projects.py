"""Projects: the rows of `projects`."""

from collections.abc import Iterable

from entrepot.db import quotas
from entrepot.db.contract import Row, Transaction
from entrepot.model.project import Project
from entrepot.model.trash import MARK

_COLUMNS = "id, name, public, sparse_indexes, created_at"


def _project(row: Row) -> Project:
    identifier, name, public, sparse_indexes, created_at = row
    return Project(
        id=identifier,
        name=name,
        public=bool(public),
        sparse_indexes=None if sparse_indexes is None else bool(sparse_indexes),
        created_at=created_at,
    )


def find(tx: Transaction, name: str) -> Project | None:
    """The project of that name, or None."""
    row = tx.one(f"SELECT {_COLUMNS} FROM projects WHERE name = ? AND deleted_at IS NULL", name)
    return None if row is None else _project(row)


def by_id(tx: Transaction, project_id: int) -> Project | None:
    """The project of that id, unless it is in the trash."""
    row = tx.one(f"SELECT {_COLUMNS} FROM projects WHERE id = ? AND deleted_at IS NULL", project_id)
    return None if row is None else _project(row)


def lock(tx: Transaction, name: str) -> Project | None:
    """As `find`, and nobody else changes the row until the transaction ends."""
    row = tx.one(f"SELECT {_COLUMNS} FROM projects WHERE name = ? AND deleted_at IS NULL FOR UPDATE", name)
    return None if row is None else _project(row)


def page(tx: Transaction, after: str, count: int) -> list[Project]:
    """The next `count` projects whose names come after `after`, in byte order of their names."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM projects WHERE name > ? AND deleted_at IS NULL ORDER BY name LIMIT ?", after, count
    )
    return [_project(row) for row in rows]


def names(tx: Transaction, project_ids: Iterable[int]) -> dict[int, str]:
    """The names of those of the projects that there are."""
    wanted = sorted(set(project_ids))
    found: dict[int, str] = {}
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        rows = tx.all(f"SELECT id, name FROM projects WHERE id IN ({','.join('?' * len(some))})", *some)
        found.update((int(row[0]), str(row[1])) for row in rows)
    return found


def insert(
    tx: Transaction, name: str, public: bool, sparse_indexes: bool | None, owner_id: int, owner_name: str
) -> Project | None:
    """The project, now there, with a quota that has no limit; None if the name is taken."""
    row = tx.one(
        "INSERT INTO projects (name, public, sparse_indexes, owner_id, owner_name, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        f" ON CONFLICT (name) DO NOTHING RETURNING {_COLUMNS}",
        name,
        public,
        sparse_indexes,
        owner_id,
        owner_name,
        tx.now,
        tx.now,
    )
    if row is None:
        return None
    quotas.insert(tx, row[0])
    return _project(row)


def update(tx: Transaction, project_id: int, public: bool, sparse_indexes: bool | None) -> None:
    """Gives the project these settings."""
    tx.run(
        "UPDATE projects SET public = ?, sparse_indexes = ?, updated_at = ? WHERE id = ?",
        public,
        sparse_indexes,
        tx.now,
        project_id,
    )


def repository_with_content(tx: Transaction, project_id: int) -> str | None:
    """The name of one of the project's repositories that shows a manifest, or None."""
    row = tx.one(
        "SELECT r.name FROM repositories r WHERE r.project_id = ? AND r.moving IS NULL AND EXISTS"
        " (SELECT 1 FROM manifests m WHERE m.repository_id = r.id AND m.deleted_at IS NULL)"
        " ORDER BY r.name LIMIT 1",
        project_id,
    )
    return None if row is None else row[0]


def repository_ids(tx: Transaction, project_id: int) -> list[int]:
    """The ids of the project's repositories that hold something."""
    return [
        row[0] for row in tx.all("SELECT id FROM repositories WHERE project_id = ? AND live ORDER BY id", project_id)
    ]


def lock_repositories(tx: Transaction, project_id: int) -> None:
    """Nothing is pushed to any of the project's repositories until the transaction ends."""
    tx.all("SELECT id FROM repositories WHERE project_id = ? ORDER BY id FOR UPDATE", project_id)


def delete(tx: Transaction, project_id: int) -> None:
    """Removes the project and what is only its own; leaves its repositories, under other names, to the collector."""
    tx.run(
        "UPDATE repositories SET project_id = NULL, live = FALSE, updated_at = ?,"
        f" name = CASE WHEN name LIKE '%{MARK}%' THEN name ELSE name || '{MARK}' || id END WHERE project_id = ?",
        tx.now,
        project_id,
    )
    tx.run("DELETE FROM projects WHERE id = ?", project_id)


def put_into_trash(tx: Transaction, project_id: int) -> list[int]:
    """Hides the project and all that is in it, and frees its name and those of its repositories and robots.

    Gives back the ids of the robots that could sign in until now.
    """
    tx.run(f"UPDATE projects SET name = name || '{MARK}' || id, deleted_at = ? WHERE id = ?", tx.now, project_id)
    tx.run(f"UPDATE repositories SET name = name || '{MARK}' || id, live = FALSE WHERE project_id = ?", project_id)
    able = tx.all("SELECT id FROM robots WHERE project_id = ? AND NOT disabled ORDER BY id", project_id)
    tx.run(f"UPDATE robots SET name = name || '{MARK}' || id, disabled = TRUE WHERE project_id = ?", project_id)
    return [int(row[0]) for row in able]


def restore(tx: Transaction, project_id: int, before: str, name: str, able_robots: Iterable[int]) -> None:
    """The reverse of `put_into_trash`, under a name that is free; `before` is the one that it had."""
    tx.run("UPDATE projects SET name = ?, deleted_at = NULL, updated_at = ? WHERE id = ?", name, tx.now, project_id)
    for table in ("repositories", "robots"):
        # Without the old project's name in front and without the mark and the id behind.
        tx.run(
            f"UPDATE {table} SET name = ? || substr(name, ?, length(name) - ? - length('{MARK}' || id))"
            " WHERE project_id = ?",
            name,
            len(before) + 1,
            len(before),
            project_id,
        )
    for robot_id in able_robots:
        tx.run("UPDATE robots SET disabled = FALSE WHERE id = ? AND project_id = ?", robot_id, project_id)
    tx.run(
        "UPDATE repositories SET live = TRUE WHERE project_id = ? AND moving IS NULL AND EXISTS"
        " (SELECT 1 FROM manifests m WHERE m.repository_id = repositories.id AND m.deleted_at IS NULL)",
        project_id,
    )
