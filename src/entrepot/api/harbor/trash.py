"""The trash: `/trash` and `/projects/{project}/trash`. Not Harbor's, but in its manner."""

from typing import Annotated

from litestar import Response, delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from entrepot.api.harbor import trash_shape
from entrepot.api.harbor.errors import Error
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import (
    CHANGED,
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
from entrepot.api.harbor.schema.trash import (
    NameTakenErrors,
    ProjectTrash,
    ProjectTrashChange,
    RestoreRequest,
    RestoreResult,
    TrashEntry,
    TrashEntryDetail,
)
from entrepot.model.errors import NameTaken
from entrepot.registry.restorations import Wish
from entrepot.registry.trash import READ_WINDOW, SET_WINDOW

TrashId = Annotated[int, path_id()]
TAG = "trash"
_ONE = "/trash/{trash_id:str}"
_OF_PROJECT = "/projects/{project_name_or_id:str}/trash"
_RESTORE = operation("restoreTrash", TAG, errors=(400, 401, 403, 404, 409, 412, 500))
_RESTORE["responses"][409] = ResponseSpec(NameTakenErrors, generate_examples=False, description="A name is taken")


@get("/trash", **operation("listTrash", TAG, errors=(400, 401, 500), headers=LIST))
async def list_trash(
    request: HarborRequest, q: Search = None, sort: Sort = None, page: Page = 1, page_size: PageSize = 10
) -> Response[list[TrashEntry]]:
    """A page of the deletions that the asker may undo, the newest first."""
    query = list_query(q, sort, page, page_size)
    grant = await request.parts.management.signed_in(request.arrival.asker)
    found, total = await request.parts.trash.page(grant, query)
    return listed(request, [trash_shape.entry(one) for one in found], total, query)


@get(_ONE, **operation("getTrash", TAG, errors=(401, 403, 404, 500)))
async def get_trash(request: HarborRequest, trash_id: TrashId) -> TrashEntryDetail:
    """A deletion with what is in it."""
    grant = await request.parts.management.trashed(request.arrival.asker, trash_id)
    return trash_shape.detail(await request.parts.trash.get(grant))


@post(_ONE + "/restore", **_RESTORE)
async def restore(
    request: HarborRequest, trash_id: TrashId, data: JSONBody[RestoreRequest]
) -> Response[RestoreResult | NameTakenErrors]:
    """Undoes a deletion; if a name is taken, 409 says so and offers one that is free."""
    grant = await request.parts.management.trashed(request.arrival.asker, trash_id)
    wish = Wish(name=data.name, merge=data.merge, rename_tags=data.rename_tags)
    try:
        return Response(trash_shape.restored(await request.parts.trash.restore(grant, wish)))
    except NameTaken as error:
        return Response(NameTakenErrors([Error("CONFLICT", str(error))], error.free), status_code=409)


@delete(_ONE, **operation("purgeTrash", TAG, errors=(401, 403, 404, 412, 500), headers=CHANGED))
async def purge(request: HarborRequest, trash_id: TrashId) -> Done:
    """Has a deletion be for good now."""
    grant = await request.parts.management.trashed(request.arrival.asker, trash_id)
    await request.parts.trash.purge(grant)
    return Done()


@get(_OF_PROJECT, **operation("getProjectTrash", TAG, errors=(400, 401, 403, 404, 500)))
async def get_of_project(
    request: HarborRequest, project_name_or_id: FromPath[str], is_name: IsName = False
) -> ProjectTrash:
    """For how long deletions in the project can be undone, and how much room they take."""
    grant = await project_grant(request, project_name_or_id, is_name, READ_WINDOW)
    found = await request.parts.trash.of_project(grant)
    return ProjectTrash(
        window_seconds=found.window,
        own_window_seconds=-1 if found.own_window is None else found.own_window,
        size=found.size,
    )


@put(_OF_PROJECT, **operation("updateProjectTrash", TAG, errors=(400, 401, 403, 404, 500), headers=CHANGED))
async def set_of_project(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    data: JSONBody[ProjectTrashChange],
    is_name: IsName = False,
) -> Done:
    """Sets for how long deletions in the project can be undone from now on."""
    grant = await project_grant(request, project_name_or_id, is_name, SET_WINDOW)
    seconds = data.own_window_seconds
    await request.parts.trash.set_window(grant, None if seconds == -1 else seconds)
    return Done()


HANDLERS = [list_trash, get_trash, restore, purge, get_of_project, set_of_project]
