"""Repositories: `/repositories` and `/projects/{project}/repositories`."""

from litestar import Response, delete, get, put
from litestar.params import FromPath, JSONBody

from entrepot.api.harbor import artifact_shape
from entrepot.api.harbor.artifact_path import repository_grant
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import CHANGED, LIST, DryRun, Page, PageSize, Search, Sort, operation
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.path import name_of
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.artifact import Repository, RepositoryChange
from entrepot.api.harbor.trash_shape import Foretold
from entrepot.registry import repositories as operations

_LIST = "/projects/{project_name:str}/repositories"
_ONE = _LIST + "/{repository_name:str}"


@get("/repositories", **operation("listAllRepositories", "repository", errors=(400, 500), headers=LIST))
async def list_all(
    request: HarborRequest, q: Search = None, sort: Sort = None, page: Page = 1, page_size: PageSize = 10
) -> Response[list[Repository]]:
    """A page of the repositories that the asker may know of, the newest first."""
    query = list_query(q, sort, page, page_size)
    grant = await request.parts.management.visible(request.arrival.asker)
    found, total = await request.parts.repositories.list_visible(grant, query)
    return listed(request, [artifact_shape.repository(one) for one in found], total, query)


@get(_LIST, **operation("listRepositories", "repository", errors=(400, 401, 403, 404, 422, 500), headers=LIST))
async def list_of_project(
    request: HarborRequest,
    project_name: FromPath[str],
    q: Search = None,
    sort: Sort = None,
    page: Page = 1,
    page_size: PageSize = 10,
) -> Response[list[Repository]]:
    """A page of the project's repositories, the newest first."""
    query = list_query(q, sort, page, page_size)
    grant = await request.parts.management.project(request.arrival.asker, name_of(project_name), operations.LIST)
    found, total = await request.parts.repositories.list_of_project(grant, query)
    return listed(request, [artifact_shape.repository(one) for one in found], total, query)


@get(_ONE, **operation("getRepository", "repository", errors=(400, 401, 403, 404, 500)))
async def get_one(request: HarborRequest, project_name: FromPath[str], repository_name: FromPath[str]) -> Repository:
    """A repository."""
    grant = await repository_grant(request, project_name, repository_name, operations.READ)
    return artifact_shape.repository(await request.parts.repositories.get(grant))


@put(_ONE, **operation("updateRepository", "repository", errors=(400, 401, 403, 404, 500), headers=CHANGED))
async def update(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    data: JSONBody[RepositoryChange],
) -> Done:
    """Gives the repository another description."""
    grant = await repository_grant(request, project_name, repository_name, operations.UPDATE)
    await request.parts.repositories.describe(grant, data.description)
    return Done()


@delete(_ONE, **operation("deleteRepository", "repository", errors=(400, 401, 403, 404, 412, 500), headers=CHANGED))
async def delete_one(
    request: HarborRequest, project_name: FromPath[str], repository_name: FromPath[str], dry_run: DryRun = False
) -> Done:
    """Deletes everything that the repository holds."""
    grant = await repository_grant(request, project_name, repository_name, operations.DELETE)
    if dry_run:
        return Foretold(await request.parts.forecasts.repository(grant))
    await request.parts.repositories.delete(grant)
    return Done()


HANDLERS = [list_all, list_of_project, get_one, update, delete_one]
