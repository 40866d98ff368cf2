"""Robots: the rows of `robots` and of what each may do."""

from collections.abc import Iterable
from typing import NamedTuple

from entrepot.db.contract import Row, Transaction
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.model.permission import Permission, parse_permission
from entrepot.model.query import ListQuery

COLUMNS = (
    "b.id, b.name, b.project_id, b.description, b.duration, b.expires_at, b.disabled, b.creator_kind, b.creator_id,"
    " b.created_at, b.updated_at"
)


class Scope(NamedTuple):
    """Where a robot's permissions hold: in the system, in one project, or in every one."""

    kind: str
    """`system` or `project`"""
    project_id: int | None
    """None: the system, or every project."""


class RobotRow(NamedTuple):
    """A robot; its secret's hash is deliberately no part of it."""

    id: int
    name: str
    """Without the prefix; of a project's robot `project+name`."""
    project_id: int | None
    """None: a robot of the system."""
    description: str
    duration: int
    expires_at: int | None
    disabled: bool
    creator_kind: str
    creator_id: int
    created_at: int
    updated_at: int


class NewRobot(NamedTuple):
    """A robot to be written down."""

    name: str
    project_id: int | None
    description: str
    secret_hash: str
    duration: int
    expires_at: int | None
    disabled: bool
    creator_kind: str
    creator_id: int


def robot(row: Row) -> RobotRow:
    """A row of `COLUMNS`."""
    return RobotRow._make((*row[:6], bool(row[6]), *row[7:]))


def find(tx: Transaction, robot_id: int) -> RobotRow | None:
    """The robot of that id."""
    row = tx.one(f"SELECT {COLUMNS} FROM robots b WHERE b.id = ?", robot_id)
    return None if row is None else robot(row)


def lock(tx: Transaction, robot_id: int) -> RobotRow | None:
    """As `find`, and nobody else changes the robot until the transaction ends."""
    row = tx.one(f"SELECT {COLUMNS} FROM robots b WHERE b.id = ? FOR UPDATE", robot_id)
    return None if row is None else robot(row)


_LISTING = Listing(
    select=COLUMNS,
    source="FROM robots b",
    columns={
        "id": Column("b.id", Kind.NUMBER),
        "name": Column("b.name"),
        "description": Column("b.description"),
        "duration": Column("b.duration", Kind.NUMBER),
        "disabled": Column("b.disabled", Kind.TRUTH),
        "creator_ref": Column("b.creator_id", Kind.NUMBER),
        "creator_type": Column("b.creator_kind"),
        "creation_time": Column("b.created_at", Kind.TIME),
        "update_time": Column("b.updated_at", Kind.TIME),
    },
    order="b.name, b.id",
    unique="b.id",
)


def page(tx: Transaction, project_id: int | None, query: ListQuery) -> tuple[list[RobotRow], int]:
    """A page of the robots of one project, or of the system; and how many there are."""
    condition, values = ("b.project_id IS NULL", ()) if project_id is None else ("b.project_id = ?", (project_id,))
    found, total = rows(tx, _LISTING, query, [condition], values)
    return [robot(row) for row in found], total


def insert(tx: Transaction, new: NewRobot) -> RobotRow | None:
    """The robot, now there without any permission; None if the name is taken."""
    row = tx.one(
        "INSERT INTO robots (name, project_id, description, secret_hash, duration, expires_at, disabled, creator_kind,"
        " creator_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (name) DO NOTHING RETURNING id",
        *new,
        tx.now,
        tx.now,
    )
    return None if row is None else find(tx, row[0])


def update(
    tx: Transaction, robot_id: int, description: str, duration: int, expires_at: int | None, disabled: bool
) -> None:
    """Gives the robot these settings."""
    tx.run(
        "UPDATE robots SET description = ?, duration = ?, expires_at = ?, disabled = ?, updated_at = ? WHERE id = ?",
        description,
        duration,
        expires_at,
        disabled,
        tx.now,
        robot_id,
    )


def set_secret_hash(tx: Transaction, robot_id: int, secret_hash: str) -> None:
    """Gives the robot another secret."""
    tx.run("UPDATE robots SET secret_hash = ?, updated_at = ? WHERE id = ?", secret_hash, tx.now, robot_id)


def delete(tx: Transaction, robot_id: int) -> None:
    """Removes the robot and what it may do."""
    tx.run("DELETE FROM robots WHERE id = ?", robot_id)


def permissions(tx: Transaction, robot_ids: Iterable[int]) -> dict[int, dict[Scope, list[Permission]]]:
    """What each of the robots may do where."""
    wanted = sorted(set(robot_ids))
    found: dict[int, dict[Scope, list[Permission]]] = {robot_id: {} for robot_id in wanted}
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        found_rows = tx.all(
            "SELECT robot_id, kind, project_id, resource, action FROM robot_permissions"
            f" WHERE robot_id IN ({','.join('?' * len(some))}) AND (project_id IS NULL OR EXISTS"
            " (SELECT 1 FROM projects p WHERE p.id = robot_permissions.project_id AND p.deleted_at IS NULL))"
            " ORDER BY id",
            *some,
        )
        for robot_id, kind, project_id, resource, action in found_rows:
            scope = Scope(kind, project_id)
            found[robot_id].setdefault(scope, []).append(parse_permission(resource, action))
    return found


def set_permissions(tx: Transaction, robot_id: int, given: dict[Scope, list[Permission]]) -> None:
    """Has the robot be allowed this and nothing else."""
    tx.run("DELETE FROM robot_permissions WHERE robot_id = ?", robot_id)
    for scope, allowed in given.items():
        for permission in allowed:
            tx.run(
                "INSERT INTO robot_permissions (robot_id, kind, project_id, resource, action) VALUES (?, ?, ?, ?, ?)",
                robot_id,
                scope.kind,
                scope.project_id,
                permission.resource.value,
                permission.action.value,
            )
