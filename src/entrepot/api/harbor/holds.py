"""Holds: `/projects/{project}/holds`. Not Harbor's, but in its manner."""

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from entrepot.api.harbor import trash_shape
from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.artifact_path import reference_of
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import (
    CHANGED,
    CREATED,
    LIST,
    IsName,
    Page,
    PageSize,
    Search,
    Sort,
    operation,
    path_id,
)
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.project_path import project_grant
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.trash import Hold, HoldRequest
from entrepot.model.reference import RepositoryName
from entrepot.registry import holds as operations

TAG = "hold"
_PATH = "/projects/{project_name_or_id:str}/holds"


@get(_PATH, **operation("listHolds", TAG, errors=(400, 401, 403, 404, 500), headers=LIST))
async def list_holds(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    is_name: IsName = False,
    q: Search = None,
    sort: Sort = None,
    page: Page = 1,
    page_size: PageSize = 10,
) -> Response[list[Hold]]:
    """A page of what may not be deleted from the project, the newest first."""
    query = list_query(q, sort, page, page_size)
    grant = await project_grant(request, project_name_or_id, is_name, operations.LIST)
    found, total = await request.parts.holds.page(grant, query)
    return listed(request, [trash_shape.hold(one) for one in found], total, query)


@post(_PATH, **operation("placeHold", TAG, status=201, errors=(400, 401, 403, 404, 409, 500), headers=CREATED))
async def place_hold(
    request: HarborRequest, project_name_or_id: FromPath[str], data: JSONBody[HoldRequest], is_name: IsName = False
) -> Done:
    """Has something not be deleted until the hold is lifted; with a tag, that stays with the artifact too."""
    grant = await project_grant(request, project_name_or_id, is_name, operations.PLACE)
    repository = RepositoryName.parse(data.repository_name) if data.repository_name else None
    reference = reference_of(data.reference) if data.reference else None
    hold = await request.parts.holds.place(grant, repository, reference, data.reason)
    return Done(201, location=f"{BASE}/projects/{grant.project.id}/holds/{hold.id}")


@delete(_PATH + "/{hold_id:str}", **operation("liftHold", TAG, errors=(400, 401, 403, 404, 500), headers=CHANGED))
async def lift_hold(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    hold_id: Annotated[int, path_id()],
    is_name: IsName = False,
) -> Done:
    """Lifts a hold."""
    grant = await project_grant(request, project_name_or_id, is_name, operations.PLACE)
    await request.parts.holds.lift(grant, hold_id)
    return Done()


HANDLERS = [list_holds, place_hold, lift_hold]
