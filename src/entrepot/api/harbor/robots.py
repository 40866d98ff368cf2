"""Robots: `/robots`."""

from typing import Annotated

from litestar import Response, delete, get, patch, post, put
from litestar.params import JSONBody

from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import CHANGED, CREATED, LIST, Page, PageSize, Search, Sort, operation, path_id
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.robot import (
    Access,
    Robot,
    RobotChange,
    RobotCreate,
    RobotCreated,
    RobotPermission,
    RobotSec,
)
from entrepot.api.harbor.values import date_time
from entrepot.model.errors import Denied, Invalid, RecordUnknown
from entrepot.model.permission import Permission, parse_permission
from entrepot.model.query import Exactly, ListQuery
from entrepot.model.robot import FOR_EVER, Holding, RobotSettings
from entrepot.registry.robots import CREATE, DELETE, READ, UPDATE, RobotGrant, RobotView
from entrepot.registry.robots import LIST as LIST_ROBOTS

RobotId = Annotated[int, path_id()]
SYSTEM, PROJECT = "system", "project"


@get("/robots", **operation("ListRobot", "robot", errors=(400, 404, 500), headers=LIST))
async def list_robots(
    request: HarborRequest, q: Search = None, sort: Sort = None, page: Page = 1, page_size: PageSize = 10
) -> Response[list[Robot]]:
    """A page of the robots of the system, or with `q=Level=project,ProjectID=1` of a project."""
    query = list_query(q, sort, page, page_size)
    grant = await _listing(request, query)
    found, total = await request.parts.robots.page(grant, query)
    return listed(request, [_shown(view) for view in found], total, query)


@post("/robots", **operation("CreateRobot", "robot", status=201, errors=(400, 401, 403, 404, 500), headers=CREATED))
async def create_robot(request: HarborRequest, data: JSONBody[RobotCreate]) -> Response[RobotCreated]:
    """Makes a robot. Its secret is told in this answer and never again."""
    asker, management = request.arrival.asker, request.parts.management
    if data.level == PROJECT:
        if len(data.permissions) != 1:
            raise Invalid("a project's robot has permissions in that one project")
        grant: RobotGrant = await management.project(asker, data.permissions[0].namespace, CREATE)
    else:
        grant = await management.system(asker, CREATE)
    made = await request.parts.robots.create(grant, _settings(data.name, data, data.duration), data.secret)
    row = made.view.row
    told = RobotCreated(
        id=row.id,
        name=made.view.name,
        secret=made.secret,
        creation_time=date_time(row.created_at),
        expires_at=_expiry(row.expires_at),
    )
    return Response(told, status_code=201, headers={"Location": f"{BASE}/robots/{row.id}", "Cache-Control": "no-store"})


@get("/robots/{robot_id:str}", **operation("GetRobotByID", "robot", errors=(401, 403, 404, 500)))
async def get_robot(request: HarborRequest, robot_id: RobotId) -> Robot:
    """A robot."""
    grant = await _grant(request, robot_id, READ)
    return _shown(await request.parts.robots.get(grant, robot_id))


@put(
    "/robots/{robot_id:str}",
    **operation("UpdateRobot", "robot", errors=(400, 401, 403, 404, 409, 500), headers=CHANGED),
)
async def update_robot(request: HarborRequest, robot_id: RobotId, data: JSONBody[RobotChange]) -> Done:
    """Gives the robot other settings; its name and level are to be repeated as they are."""
    grant = await _grant(request, robot_id, UPDATE)
    duration = FOR_EVER if data.duration is None else data.duration
    await request.parts.robots.update(grant, robot_id, data.name, _settings("", data, duration))
    return Done()


@patch("/robots/{robot_id:str}", **operation("RefreshSec", "robot", errors=(400, 401, 403, 404, 500)))
async def refresh_secret(request: HarborRequest, robot_id: RobotId, data: JSONBody[RobotSec]) -> RobotSec:
    """Gives the robot another secret: the one that is sent, or one that this answer tells."""
    grant = await _grant(request, robot_id, UPDATE)
    return RobotSec(secret=await request.parts.robots.refresh(grant, robot_id, data.secret))


@delete(
    "/robots/{robot_id:str}",
    **operation("DeleteRobot", "robot", errors=(400, 401, 403, 404, 500), headers=CHANGED),
)
async def delete_robot(request: HarborRequest, robot_id: RobotId) -> Done:
    """Removes the robot."""
    grant = await _grant(request, robot_id, DELETE)
    await request.parts.robots.delete(grant, robot_id)
    return Done()


async def _listing(request: HarborRequest, query: ListQuery) -> RobotGrant:
    """A grant for the robots that the query asks for: those of a project, or else of the system."""
    asker, management = request.arrival.asker, request.parts.management
    await management.signed_in(asker)
    level, project = query.conditions.get("Level"), query.conditions.get("ProjectID")
    if level in (None, Exactly(SYSTEM)):
        return await management.system(asker, LIST_ROBOTS)
    if level != Exactly(PROJECT) or not isinstance(project, Exactly) or not isinstance(project.value, int):
        raise Invalid("q takes Level=system, or Level=project,ProjectID=1")
    return await management.project(asker, project.value, LIST_ROBOTS)


async def _grant(request: HarborRequest, robot_id: int, needed: Permission) -> RobotGrant:
    """A grant for the robot of that id; one that may not be known is refused as if there were none.

    Raises Unauthenticated, Denied, RecordUnknown.
    """
    asker, management = request.arrival.asker, request.parts.management
    await management.signed_in(asker)
    missing: RecordUnknown | None = None
    project_id = None
    try:
        project_id = await request.parts.robots.project_of(robot_id)
    except RecordUnknown as unknown:
        missing = unknown
    try:
        if project_id is None:
            grant: RobotGrant = await management.system(asker, needed)
        else:
            grant = await management.project(asker, project_id, needed)
    except Denied:
        raise Denied(f"there is no robot with the id {robot_id}, or you may not {needed.action} it") from None
    if missing is not None:
        raise missing
    return grant


def _settings(name: str, data: RobotCreate | RobotChange, duration: int) -> RobotSettings:
    """What is asked for. Raises Invalid for permissions that there are not."""
    given: dict[Holding, tuple[Permission, ...]] = {}
    for place in data.permissions:
        holding = Holding(place.kind, place.namespace)
        if holding in given:
            raise Invalid(f"permissions in {place.namespace[:64]} are listed twice")
        for access in place.access:
            if access.effect not in ("", "allow"):
                raise Invalid("a permission can only allow: leave out effect")
        given[holding] = tuple(parse_permission(access.resource, access.action) for access in place.access)
    return RobotSettings(
        name=name,
        description=data.description,
        level=data.level,
        disabled=data.disable,
        duration=duration,
        permissions=given,
    )


def _shown(view: RobotView) -> Robot:
    row = view.row
    return Robot(
        id=row.id,
        name=view.name,
        description=row.description,
        level=SYSTEM if row.project_id is None else PROJECT,
        duration=row.duration,
        editable=True,
        disable=row.disabled,
        expires_at=_expiry(row.expires_at),
        permissions=[
            RobotPermission(
                kind=holding.kind,
                namespace=holding.namespace,
                access=[
                    Access(resource=one.resource.value, action=one.action.value, effect="allow") for one in allowed
                ],
            )
            for holding, allowed in view.permissions.items()
        ],
        creator_type=row.creator_kind,
        creator_ref=row.creator_id,
        creation_time=date_time(row.created_at),
        update_time=date_time(row.updated_at),
    )


def _expiry(microseconds: int | None) -> int:
    """Seconds since 1970; -1 for never."""
    return FOR_EVER if microseconds is None else microseconds // 1_000_000


HANDLERS = [list_robots, create_robot, get_robot, update_robot, refresh_secret, delete_robot]
