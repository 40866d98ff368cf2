"""Memberships as the management API shows them: of users and of groups, each with an id of its own."""

from typing import NamedTuple

from entrepot.db.contract import Row, Transaction
from entrepot.db.listing import contains
from entrepot.model.project import Role


class Membership(NamedTuple):
    """The role of a user or of a group in a project."""

    id: int
    project_id: int
    entity_id: int
    entity_name: str
    entity_type: str
    """`u` for a user, `g` for a group"""
    role: Role


_FROM = (
    " FROM members m LEFT JOIN users u ON u.id = m.user_id LEFT JOIN user_groups g ON g.id = m.group_id"
    " WHERE m.project_id = ?"
)
_SELECT = (
    "SELECT m.id, m.project_id, coalesce(m.user_id, m.group_id), coalesce(u.name, g.name),"
    f" CASE WHEN m.user_id IS NULL THEN 'g' ELSE 'u' END, m.role{_FROM}"
)


def _membership(row: Row) -> Membership:
    return Membership(row[0], row[1], row[2], row[3], row[4], Role(row[5]))


def find(tx: Transaction, project_id: int, member_id: int) -> Membership | None:
    """The project's membership of that id."""
    row = tx.one(f"{_SELECT} AND m.id = ?", project_id, member_id)
    return None if row is None else _membership(row)


def page(tx: Transaction, project_id: int, part: str, offset: int, count: int) -> list[Membership]:
    """Memberships by name, those whose names hold `part`, whatever its case."""
    condition, values = _holding(part)
    rows = tx.all(
        f"{_SELECT}{condition} ORDER BY coalesce(u.name, g.name), m.id LIMIT ? OFFSET ?",
        project_id,
        *values,
        count,
        offset,
    )
    return [_membership(row) for row in rows]


def count(tx: Transaction, project_id: int, part: str = "") -> int:
    """How many memberships `page` lists in all."""
    condition, values = _holding(part)
    row = tx.one(f"SELECT count(*){_FROM}{condition}", project_id, *values)
    assert row is not None
    return int(row[0])


def count_by_role(tx: Transaction, project_id: int) -> dict[Role, int]:
    """How many members have each role, in the order of the roles; those that nobody has are left out."""
    rows = tx.all("SELECT role, count(*) FROM members WHERE project_id = ? GROUP BY role ORDER BY role", project_id)
    return {Role(role): int(number) for role, number in rows}


def insert(tx: Transaction, project_id: int, user_id: int | None, group_id: int | None, role: Role) -> int | None:
    """The id of the new membership of a user or of a group; None if they have one already."""
    row = tx.one(
        "INSERT INTO members (project_id, user_id, group_id, role, created_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING RETURNING id",
        project_id,
        user_id,
        group_id,
        int(role),
        tx.now,
    )
    return None if row is None else int(row[0])


def set_role(tx: Transaction, member_id: int, role: Role) -> None:
    """Gives the member another role."""
    tx.run("UPDATE members SET role = ? WHERE id = ?", int(role), member_id)


def delete(tx: Transaction, member_id: int) -> None:
    """Takes the role away."""
    tx.run("DELETE FROM members WHERE id = ?", member_id)


def _holding(part: str) -> tuple[str, list[object]]:
    if not part:
        return "", []
    text, values = contains("coalesce(u.name, g.name)", part)
    return f" AND {text}", values
