"""Who has which role in which project, and the question every request asks: what may this user do here."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from entrepot.db.contract import Transaction
from entrepot.model.project import Role


class Standing(NamedTuple):
    """A user, a project and a repository, and how they stand to each other; what is not there is None."""

    password_hash: str | None
    """None: there is no such user."""
    user_name: str | None
    admin: Any
    disabled: Any
    project_id: int | None
    """None: there is no such project."""
    public: Any
    sparse_indexes: Any
    created_at: int | None
    roles: int | None
    """A bit for each role, `1 << role`, the user's own and those of their groups; None or 0: no member."""
    repository_id: int | None
    """None: there is no such repository."""
    expires_at: int | None = None
    """Of a robot: when its time is over; None: never."""
    allowed: int | None = None
    """Of a robot: what it may do with the project's repositories, a bit each: 1 pull, 2 push, 4 delete."""
    cli_secret_hash: str | None = None
    """Of a user's secret for clients; None: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody's role in a project."""

    user: str
    role: Role


def standing(tx: Transaction, user_id: int | None, project: str, repository: str) -> Standing:
    """How the user stands to the project and the repository, all of one moment and in one statement.

    It is asked at every request, so the row comes as the driver made it: SQLite's truth values are 0 and 1.
    """
    row = tx.one(
        "SELECT u.password_hash, u.name, u.admin, u.disabled,"
        " p.id, p.public, p.sparse_indexes, p.created_at,"
        " (SELECT SUM(DISTINCT 1 << held.role) FROM"
        "  (SELECT m.role FROM members m WHERE m.project_id = p.id AND m.user_id = u.id UNION ALL"
        "   SELECT m.role FROM group_members g JOIN members m ON m.group_id = g.group_id AND m.project_id = p.id"
        "   WHERE g.user_id = u.id) held), r.id, NULL, NULL, u.cli_secret_hash"
        " FROM (SELECT 1) AS always"
        " LEFT JOIN users u ON u.id = ?"
        " LEFT JOIN projects p ON p.name = ?"
        " LEFT JOIN repositories r ON r.name = ? AND r.project_id = p.id AND r.moving IS NULL",
        user_id,
        project,
        repository,
    )
    assert row is not None  # The first table of the join always has its one row.
    return Standing(*row)


def robot_standing(tx: Transaction, robot_id: int, project: str, repository: str) -> Standing:
    """As `standing`, of a robot: `password_hash` is its secret's, and it has permissions instead of roles."""
    row = tx.one(
        "SELECT b.secret_hash, b.name, FALSE, b.disabled,"
        " p.id, p.public, p.sparse_indexes, p.created_at, NULL, r.id, b.expires_at,"
        " (SELECT SUM(DISTINCT CASE x.action WHEN 'pull' THEN 1 WHEN 'push' THEN 2 WHEN 'delete' THEN 4 ELSE 0 END)"
        "  FROM robot_permissions x WHERE x.robot_id = b.id AND x.kind = 'project' AND x.resource = 'repository'"
        "  AND (x.project_id = p.id OR x.project_id IS NULL))"
        " FROM (SELECT 1) AS always"
        " LEFT JOIN robots b ON b.id = ?"
        " LEFT JOIN projects p ON p.name = ?"
        " LEFT JOIN repositories r ON r.name = ? AND r.project_id = p.id AND r.moving IS NULL",
        robot_id,
        project,
        repository,
    )
    assert row is not None  # As above.
    return Standing(*row)


def find(tx: Transaction, project_id: int, user_id: int) -> Role | None:
    """The user's role in the project, or None."""
    row = tx.one("SELECT role FROM members WHERE project_id = ? AND user_id = ?", project_id, user_id)
    return None if row is None else Role(row[0])


def page(tx: Transaction, project_id: int, after: str, count: int) -> list[Member]:
    """The next `count` members whose names come after `after`, in byte order of their names."""
    rows = tx.all(
        "SELECT u.name, m.role FROM members m JOIN users u ON u.id = m.user_id"
        " WHERE m.project_id = ? AND u.name > ? ORDER BY u.name LIMIT ?",
        project_id,
        after,
        count,
    )
    return [Member(user=name, role=Role(role)) for name, role in rows]


def insert(tx: Transaction, project_id: int, user_id: int, role: Role) -> bool:
    """Whether the user is a member now and was not before."""
    statement = (
        "INSERT INTO members (project_id, user_id, role, created_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (project_id, user_id) DO NOTHING"
    )
    return tx.run(statement, project_id, user_id, int(role), tx.now) == 1


def set_role(tx: Transaction, project_id: int, user_id: int, role: Role) -> bool:
    """Whether the user is a member, with that role now."""
    statement = "UPDATE members SET role = ? WHERE project_id = ? AND user_id = ?"
    return tx.run(statement, int(role), project_id, user_id) == 1


def delete(tx: Transaction, project_id: int, user_id: int) -> bool:
    """Whether the user was a member; now they are not."""
    return tx.run("DELETE FROM members WHERE project_id = ? AND user_id = ?", project_id, user_id) == 1
