"""What the management API asks at each request: how an account stands to a project or to the whole system."""

from typing import Any, NamedTuple

from entrepot.db.contract import Transaction
from entrepot.model.grant import Principal
from entrepot.model.permission import Permission, parse_permission


class ProjectStanding(NamedTuple):
    """A project, and how an account stands to it; a project that is not there has no id."""

    project_id: int | None
    name: str
    public: Any
    sparse_indexes: Any
    created_at: int
    roles: int
    """A bit for each role of a user, `1 << role`, their own and those of their groups."""
    permissions: frozenset[Permission]
    """Of a robot; a user's follow from the roles."""


_NOWHERE = ProjectStanding(None, "", False, None, 0, 0, frozenset())
_PROJECT = "SELECT p.id, p.name, p.public, p.sparse_indexes, p.created_at"


def to_project(tx: Transaction, who: Principal, project: int | str, *, trashed: bool = False) -> ProjectStanding:
    """How the account stands to the project of that id or name; with `trashed`, also if that is in the trash."""
    column = "id" if isinstance(project, int) else "name"
    live = "" if trashed else " AND p.deleted_at IS NULL"
    row = tx.one(f"{_PROJECT} FROM projects p WHERE p.{column} = ?{live}", project)
    if row is None:
        return _NOWHERE
    roles = 0 if who.user_id is None else _roles(tx, who.user_id, row[0])
    permissions: frozenset[Permission] = frozenset()
    if who.robot_id is not None:
        permissions = _of_robot(tx, "kind = 'project' AND (project_id = ? OR project_id IS NULL)", who.robot_id, row[0])
    identifier, name, public, sparse_indexes, created_at = row
    return ProjectStanding(identifier, name, public, sparse_indexes, created_at, roles, permissions)


def to_system(tx: Transaction, who: Principal) -> frozenset[Permission]:
    """What a robot may do in the system as a whole; nothing for anybody else."""
    return frozenset() if who.robot_id is None else _of_robot(tx, "kind = 'system'", who.robot_id)


def is_project_admin(tx: Transaction, user_id: int, role: int) -> bool:
    """Whether the user has that role in any project, directly or through a group."""
    find = (
        "SELECT 1 FROM members m JOIN projects p ON p.id = m.project_id AND p.deleted_at IS NULL"
        " WHERE m.role = ? AND (m.user_id = ?"
        " OR m.group_id IN (SELECT group_id FROM group_members WHERE user_id = ?)) LIMIT 1"
    )
    return tx.one(find, role, user_id, user_id) is not None


def _roles(tx: Transaction, user_id: int, project_id: int) -> int:
    rows = tx.all(
        "SELECT role FROM members WHERE project_id = ? AND user_id = ? UNION"
        " SELECT m.role FROM group_members g JOIN members m ON m.group_id = g.group_id AND m.project_id = ?"
        " WHERE g.user_id = ?",
        project_id,
        user_id,
        project_id,
        user_id,
    )
    return sum(1 << int(row[0]) for row in rows)


def _of_robot(tx: Transaction, condition: str, robot_id: int, *parameters: object) -> frozenset[Permission]:
    rows = tx.all(
        f"SELECT resource, action FROM robot_permissions WHERE robot_id = ? AND {condition}", robot_id, *parameters
    )
    return frozenset(parse_permission(resource, action) for resource, action in rows)
