"""A project's metadata, one setting at a time: `/projects/{project}/metadatas`."""

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

from entrepot.api.harbor.operation import CHANGED, IsName, operation
from entrepot.api.harbor.path import name_of
from entrepot.api.harbor.project_path import project_grant
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.model.errors import Invalid, RecordUnknown
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.registry.project_changes import CREATE_METADATA, DELETE_METADATA, READ_METADATA, UPDATE_METADATA

LIST_METADATA = Permission(Resource.METADATA, Verb.LIST)
ERRORS = (400, 401, 403, 404, 500)
CHANGE_ERRORS = (400, 401, 403, 404, 409, 500)
_PATH = "/projects/{project_name_or_id:str}/metadatas"
_ONE = _PATH + "/{meta_name:str}"


@get(_PATH, **operation("listProjectMetadatas", "projectMetadata", errors=ERRORS))
async def list_metadata(
    request: HarborRequest, project_name_or_id: FromPath[str], is_name: IsName = False
) -> dict[str, str]:
    """All settings of the project's metadata that are set."""
    grant = await project_grant(request, project_name_or_id, is_name, LIST_METADATA)
    return await request.parts.project_changes.metadata(grant, LIST_METADATA)


@post(_PATH, **operation("addProjectMetadatas", "projectMetadata", errors=CHANGE_ERRORS, headers=CHANGED))
async def add_metadata(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    data: JSONBody[dict[str, str] | None] = None,
    is_name: IsName = False,
) -> Done:
    """Sets one setting of the project's metadata that was not set."""
    grant = await project_grant(request, project_name_or_id, is_name, CREATE_METADATA)
    await request.parts.project_changes.put_metadata(grant, data or {}, fresh=True)
    return Done()


@get(_ONE, **operation("getProjectMetadata", "projectMetadata", errors=ERRORS))
async def get_metadata(
    request: HarborRequest, project_name_or_id: FromPath[str], meta_name: FromPath[str], is_name: IsName = False
) -> dict[str, str]:
    """One setting of the project's metadata."""
    grant = await project_grant(request, project_name_or_id, is_name, READ_METADATA)
    found = await request.parts.project_changes.metadata(grant)
    name = name_of(meta_name)
    if name not in found:
        raise RecordUnknown(f"the project's {name[:64]} is not set")
    return {name: found[name]}


@put(_ONE, **operation("updateProjectMetadata", "projectMetadata", errors=CHANGE_ERRORS, headers=CHANGED))
async def update_metadata(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    meta_name: FromPath[str],
    data: JSONBody[dict[str, str] | None] = None,
    is_name: IsName = False,
) -> Done:
    """Changes one setting of the project's metadata that is set."""
    grant = await project_grant(request, project_name_or_id, is_name, UPDATE_METADATA)
    if data is None or list(data) != [name_of(meta_name)]:
        raise Invalid("send the setting that the path names, and no other")
    await request.parts.project_changes.put_metadata(grant, data, fresh=False)
    return Done()


@delete(_ONE, **operation("deleteProjectMetadata", "projectMetadata", errors=CHANGE_ERRORS, headers=CHANGED))
async def delete_metadata(
    request: HarborRequest, project_name_or_id: FromPath[str], meta_name: FromPath[str], is_name: IsName = False
) -> Done:
    """Has one setting of the project's metadata not be set."""
    grant = await project_grant(request, project_name_or_id, is_name, DELETE_METADATA)
    await request.parts.project_changes.delete_metadata(grant, name_of(meta_name))
    return Done()


HANDLERS = [list_metadata, add_metadata, get_metadata, update_metadata, delete_metadata]
