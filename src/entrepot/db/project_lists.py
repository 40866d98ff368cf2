"""Lists of projects, and what is told of each beside its own row."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from entrepot.db.contract import Row, Transaction
from entrepot.db.listing import Column, Kind, Listing, contains, rows
from entrepot.model.grant import Principal
from entrepot.model.permission import Resource, Verb
from entrepot.model.project import Role
from entrepot.model.query import ListQuery

SOME = 500
"""How many values one statement lists."""


class ProjectRow(NamedTuple):
    """A project."""

    id: int
    name: str
    public: bool
    owner_id: int
    owner_name: str
    created_at: int
    updated_at: int


class Visibility(NamedTuple):
    """A condition on projects `p`, and its values."""

    condition: str
    values: tuple[object, ...]


_COLUMNS = "p.id, p.name, p.public, p.owner_id, p.owner_name, p.created_at, p.updated_at"
_LISTING = Listing(
    select=_COLUMNS,
    source="FROM projects p",
    columns={
        "project_id": Column("p.id", Kind.NUMBER),
        "name": Column("p.name", lower=True),
        "owner_id": Column("p.owner_id", Kind.NUMBER),
        "owner": Column("p.owner_name"),
        "public": Column("p.public", Kind.TRUTH),
        "creation_time": Column("p.created_at", Kind.TIME),
        "update_time": Column("p.updated_at", Kind.TIME),
    },
    order="p.name",
    unique="p.id",
)


_THERE = "p.deleted_at IS NULL"
"""A project that is in the trash is nobody's to know of."""
EVERYTHING = Visibility(_THERE, ())


def visible_to(principal: Principal, *, everything: bool) -> Visibility:
    """Which projects the principal may know of: all, or public ones and those they have a right in."""
    if everything:
        return EVERYTHING
    if principal.user_id is not None:
        return Visibility(
            f"{_THERE} AND (p.public OR p.id IN (SELECT m.project_id FROM members m WHERE m.user_id = ?)"
            " OR p.id IN (SELECT m.project_id FROM group_members g JOIN members m ON m.group_id = g.group_id"
            "  WHERE g.user_id = ?))",
            (principal.user_id, principal.user_id),
        )
    if principal.robot_id is not None:
        return Visibility(
            f"{_THERE} AND (p.public OR p.id IN (SELECT b.project_id FROM robot_permissions b WHERE b.robot_id = ?)"
            " OR EXISTS (SELECT 1 FROM robot_permissions b"
            "  WHERE b.robot_id = ? AND b.kind = 'project' AND b.project_id IS NULL))",
            (principal.robot_id, principal.robot_id),
        )
    return Visibility(f"{_THERE} AND p.public", ())


def of_members(principal: Principal, member: str, roles: Iterable[Role], *, everything: bool) -> Visibility:
    """The projects that the user named `member` has a role in, as far as the principal may see who has.

    That is in all, in those where the principal has one of `roles` or, a robot, may list members; and their own.
    """
    condition = "p.id IN (SELECT m.project_id FROM members m JOIN users u ON u.id = m.user_id WHERE u.name = ?)"
    values: list[object] = [member]
    if everything or (principal.user_id is not None and principal.name == member):
        return Visibility(condition, tuple(values))
    if principal.user_id is not None:
        held = sorted(int(role) for role in roles)
        marks = ",".join("?" * len(held))
        condition += (
            f" AND p.id IN (SELECT o.project_id FROM members o WHERE o.role IN ({marks}) AND (o.user_id = ?"
            " OR o.group_id IN (SELECT g.group_id FROM group_members g WHERE g.user_id = ?)))"
        )
        values += [*held, principal.user_id, principal.user_id]
    elif principal.robot_id is not None:
        condition += (
            " AND EXISTS (SELECT 1 FROM robot_permissions b WHERE b.robot_id = ? AND b.kind = 'project'"
            " AND b.resource = ? AND b.action = ? AND (b.project_id IS NULL OR b.project_id = p.id))"
        )
        values += [principal.robot_id, Resource.MEMBER.value, Verb.LIST.value]
    else:
        condition = "1 = 0"
        values = []
    return Visibility(condition, tuple(values))


def page(tx: Transaction, query: ListQuery, *visible: Visibility) -> tuple[list[ProjectRow], int]:
    """A page of the projects that are visible by all of these; and how many there are."""
    conditions = [one.condition for one in visible if one.condition]
    values = [value for one in visible for value in one.values]
    found, total = rows(tx, _LISTING, query, conditions, values)
    return [_row(row) for row in found], total


def find(tx: Transaction, project_id: int) -> ProjectRow | None:
    """The project of that id."""
    row = tx.one(f"SELECT {_COLUMNS} FROM projects p WHERE p.id = ? AND {_THERE}", project_id)
    return None if row is None else _row(row)


def search(tx: Transaction, visible: Visibility, text: str, count: int) -> list[ProjectRow]:
    """Up to `count` of the visible projects whose names hold the text, by name."""
    holding, values = contains("p.name", text, lower=True)
    conditions = " AND ".join(part for part in (holding, visible.condition) if part)
    found = tx.all(
        f"SELECT {_COLUMNS} FROM projects p WHERE {conditions} ORDER BY p.name LIMIT ?",
        *values,
        *visible.values,
        count,
    )
    return [_row(row) for row in found]


def count_by_publicity(tx: Transaction, visible: Visibility) -> dict[bool, int]:
    """How many of the visible projects are public, and how many are not."""
    where = f" WHERE {visible.condition}" if visible.condition else ""
    select = "SELECT count(*), coalesce(sum(CASE WHEN p.public THEN 1 ELSE 0 END), 0)"
    row = tx.one(f"{select} FROM projects p{where}", *visible.values)
    assert row is not None
    return {True: int(row[1]), False: int(row[0]) - int(row[1])}


def roles_of(tx: Transaction, user_id: int, project_ids: Iterable[int]) -> dict[int, frozenset[Role]]:
    """The roles that the user has in each of the projects, directly and through groups."""
    found: dict[int, set[Role]] = {}
    for some in _in_parts(project_ids):
        marks = ",".join("?" * len(some))
        for project_id, role in tx.all(
            f"SELECT project_id, role FROM members WHERE user_id = ? AND project_id IN ({marks}) UNION"
            " SELECT m.project_id, m.role FROM group_members g JOIN members m ON m.group_id = g.group_id"
            f" WHERE g.user_id = ? AND m.project_id IN ({marks})",
            user_id,
            *some,
            user_id,
            *some,
        ):
            found.setdefault(project_id, set()).add(Role(role))
    return {project_id: frozenset(roles) for project_id, roles in found.items()}


def _in_parts(ids: Iterable[int]) -> Iterable[Sequence[int]]:
    wanted = sorted(set(ids))
    return [wanted[start : start + SOME] for start in range(0, len(wanted), SOME)]


def _row(row: Row) -> ProjectRow:
    return ProjectRow(row[0], row[1], bool(row[2]), *row[3:])
