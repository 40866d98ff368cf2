"""Robots: made, changed and removed by administrators, by projects' own, and by robots that may."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from entrepot.access.passwords import Passwords
from entrepot.db import credentials, events, projects, robots
from entrepot.db.contract import Database, Transaction
from entrepot.db.robots import NewRobot, RobotRow, Scope
from entrepot.model.errors import AlreadyExists, Invalid, ProjectUnknown, RecordUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import Principal, ProjectGrant, SystemGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import ListQuery
from entrepot.model.robot import (
    EVERY_PROJECT,
    Holding,
    RobotSettings,
    check_name,
    check_secret,
    expiry,
    generate_secret,
    require_subset,
    stored_name,
    with_pull,
)

CREATE = Permission(Resource.ROBOT, Verb.CREATE)
READ = Permission(Resource.ROBOT, Verb.READ)
LIST = Permission(Resource.ROBOT, Verb.LIST)
UPDATE = Permission(Resource.ROBOT, Verb.UPDATE)
DELETE = Permission(Resource.ROBOT, Verb.DELETE)
MOST_PERMISSIONS = 5_000
"""Of one robot, in all places together."""
LONGEST_DESCRIPTION = 1024

RobotGrant = SystemGrant | ProjectGrant
"""For the robots of the system, or those of one project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotView:
    """A robot and what it may do."""

    row: RobotRow
    name: str
    """With the prefix that all robots' names have."""
    permissions: Mapping[Holding, tuple[Permission, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A robot that was just made; its secret is told this once."""

    view: RobotView
    secret: str
    """Empty if who made it has chosen it."""


class Robots:
    """Operations on robots. Every change is told as an event in the same transaction."""

    def __init__(self, db: Database, passwords: Passwords) -> None:
        self._db = db
        self._passwords = passwords

    async def project_of(self, robot_id: int) -> int | None:
        """The project of the robot, None for one of the system: what a grant must be for. Raises RecordUnknown."""
        found = await self._db.read(lambda tx: robots.find(tx, robot_id))
        if found is None:
            raise _unknown(robot_id)
        return found.project_id

    async def page(self, grant: RobotGrant, query: ListQuery) -> tuple[list[RobotView], int]:
        """A page of the robots that the grant is for, by name, and how many there are."""
        grant.require(LIST)

        def question(tx: Transaction) -> tuple[list[RobotView], int]:
            found, total = robots.page(tx, _project(grant), query)
            return _views(tx, found), total

        return await self._db.read(question)

    async def get(self, grant: RobotGrant, robot_id: int) -> RobotView:
        """The robot. Raises RecordUnknown, also if it is not of those that the grant is for."""
        grant.require(READ)
        return await self._db.read(lambda tx: _views(tx, [_find(tx, grant, robot_id)])[0])

    async def create(self, grant: RobotGrant, wanted: RobotSettings, secret: str) -> Made:
        """The robot, now there; with a generated secret if none is chosen.

        A robot that makes one can give it only what it may do itself. Raises NameInvalid, Invalid, Denied,
        ProjectUnknown for a project that its permissions name, AlreadyExists.
        """
        grant.require(CREATE)
        check_name(wanted.name)
        _check(grant, wanted)
        if secret:
            check_secret(secret)
        chosen = secret or generate_secret()
        secret_hash = await self._passwords.hash(chosen)
        principal = grant.principal
        name = stored_name(wanted.name, wanted.project)

        def change(tx: Transaction) -> RobotView:
            row = robots.insert(
                tx,
                NewRobot(
                    name=name,
                    project_id=_project(grant),
                    description=wanted.description,
                    secret_hash=secret_hash,
                    duration=wanted.duration,
                    expires_at=expiry(tx.now, wanted.duration),
                    disabled=wanted.disabled,
                    creator_kind="local" if principal.robot_id is None else "robot",
                    creator_id=principal.robot_id or principal.user_id or 0,
                ),
            )
            if row is None:
                raise AlreadyExists(f"there is a robot {name} already")
            _give(tx, principal, row, wanted)
            _tell(tx, EventName.ROBOT_CREATED, principal, row)
            return _views(tx, [row])[0]

        view = await self._db.write(change)
        return Made(view=view, secret="" if secret else chosen)

    async def update(self, grant: RobotGrant, robot_id: int, full_name: str, wanted: RobotSettings) -> None:
        """Gives the robot these settings; its name and level stay and are to be repeated.

        Its time begins anew only if its length changes. Raises RecordUnknown, Invalid, Denied, ProjectUnknown.
        """
        grant.require(UPDATE)
        _check(grant, wanted)

        def change(tx: Transaction, row: RobotRow) -> None:
            if full_name != credentials.robot_prefix(tx) + row.name:
                raise Invalid("a robot's name stays as it is: repeat it whole")
            expires_at = row.expires_at if wanted.duration == row.duration else expiry(tx.now, wanted.duration)
            robots.update(tx, row.id, wanted.description, wanted.duration, expires_at, wanted.disabled)
            _give(tx, grant.principal, row, wanted)
            _tell(tx, EventName.ROBOT_CHANGED, grant.principal, row, disabled=wanted.disabled)

        await self._with(grant, robot_id, change)

    async def refresh(self, grant: RobotGrant, robot_id: int, secret: str) -> str:
        """The new secret of the robot if none was chosen, else nothing; the one before is refused from now on.

        Raises RecordUnknown, Invalid for a secret that may not be chosen.
        """
        grant.require(UPDATE)
        if secret:
            check_secret(secret)
        chosen = secret or generate_secret()
        secret_hash = await self._passwords.hash(chosen)

        def change(tx: Transaction, row: RobotRow) -> None:
            robots.set_secret_hash(tx, row.id, secret_hash)
            _tell(tx, EventName.ROBOT_CHANGED, grant.principal, row, secret=True)

        await self._with(grant, robot_id, change)
        return "" if secret else chosen

    async def delete(self, grant: RobotGrant, robot_id: int) -> None:
        """Removes the robot, at once. Raises RecordUnknown."""
        grant.require(DELETE)

        def change(tx: Transaction, row: RobotRow) -> None:
            robots.delete(tx, row.id)
            _tell(tx, EventName.ROBOT_DELETED, grant.principal, row)

        await self._with(grant, robot_id, change)

    async def _with(self, grant: RobotGrant, robot_id: int, change: Callable[[Transaction, RobotRow], None]) -> None:
        def found(tx: Transaction) -> None:
            robots.lock(tx, robot_id)
            change(tx, _find(tx, grant, robot_id))

        await self._db.write(found)


def _check(grant: RobotGrant, wanted: RobotSettings) -> None:
    wanted.check()
    if len(wanted.description) > LONGEST_DESCRIPTION or "\0" in wanted.description:
        raise Invalid(f"a robot's description has at most {LONGEST_DESCRIPTION} characters")
    if sum(map(len, wanted.permissions.values())) > MOST_PERMISSIONS:
        raise Invalid(f"a robot has at most {MOST_PERMISSIONS} permissions")
    of_project = isinstance(grant, ProjectGrant)
    if of_project != (wanted.level == "project"):
        raise Invalid("a robot's level stays as it is")
    if isinstance(grant, ProjectGrant) and wanted.project != grant.project.name:
        raise Invalid(f"the permissions of a robot of {grant.project.name} are in that project")


def _project(grant: RobotGrant) -> int | None:
    return grant.project.id if isinstance(grant, ProjectGrant) else None


def _find(tx: Transaction, grant: RobotGrant, robot_id: int) -> RobotRow:
    row = robots.find(tx, robot_id)
    if row is None or row.project_id != _project(grant):
        raise _unknown(robot_id)
    return row


def _give(tx: Transaction, by: Principal, row: RobotRow, wanted: RobotSettings) -> None:
    """Has the robot be allowed what is wanted. Raises Denied, ProjectUnknown."""
    if by.robot_id is not None:
        require_subset(wanted.permissions, _held(tx, by.robot_id))
    given: dict[Scope, list[Permission]] = {}
    for holding, allowed in wanted.permissions.items():
        project_id = None
        if holding.kind == "project" and holding.namespace != EVERY_PROJECT:
            project = projects.find(tx, holding.namespace)
            if project is None:
                raise ProjectUnknown(f"there is no project {holding.namespace}")
            project_id = project.id
        given[Scope(holding.kind, project_id)] = sorted(set(with_pull(wanted.level, allowed)))
    robots.set_permissions(tx, row.id, given)


def _held(tx: Transaction, robot_id: int) -> dict[Holding, frozenset[Permission]]:
    row = robots.find(tx, robot_id)
    views = _views(tx, [row]) if row else []
    return {holding: frozenset(allowed) for view in views for holding, allowed in view.permissions.items()}


def _views(tx: Transaction, rows: list[RobotRow]) -> list[RobotView]:
    prefix = credentials.robot_prefix(tx)
    held = robots.permissions(tx, [row.id for row in rows])
    wanted = {scope.project_id for scopes in held.values() for scope in scopes if scope.project_id is not None}
    names = projects.names(tx, wanted)
    return [
        RobotView(
            row=row,
            name=prefix + row.name,
            permissions={_holding(scope, names): tuple(allowed) for scope, allowed in held[row.id].items()},
        )
        for row in rows
    ]


def _holding(scope: Scope, names: Mapping[int, str]) -> Holding:
    if scope.kind == "system":
        return Holding("system", "/")
    return Holding("project", EVERY_PROJECT if scope.project_id is None else names[scope.project_id])


def _unknown(robot_id: int) -> RecordUnknown:
    return RecordUnknown(f"there is no robot with the id {robot_id}")


def _tell(tx: Transaction, name: EventName, by: Principal, row: RobotRow, **detail: bool) -> None:
    event = Event(name=name, by=by, resource=row.name, project_id=row.project_id, detail={"robot": row.name, **detail})
    events.record(tx, event)
