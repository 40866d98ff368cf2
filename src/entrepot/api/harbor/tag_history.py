"""What a tag has named: `…/repositories/{repository}/tags/{tag}/history` and `/rollback`. Not Harbor's."""

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from entrepot.api.harbor import trash_shape
from entrepot.api.harbor.artifact_path import repository_grant
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import LIST, Page, PageSize, Search, Sort, operation
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.path import name_of
from entrepot.api.harbor.request import HarborRequest
from entrepot.api.harbor.schema.trash import RollBack, RolledBack, TagMove
from entrepot.model.digest import Digest
from entrepot.model.reference import Tag
from entrepot.registry import tag_history as operations

TAG = "tag history"
_ONE = "/projects/{project_name:str}/repositories/{repository_name:str}/tags/{tag_name:str}"


@get(_ONE + "/history", **operation("listTagHistory", TAG, errors=(400, 401, 403, 404, 500), headers=LIST))
async def list_history(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    tag_name: FromPath[str],
    q: Search = None,
    sort: Sort = None,
    page: Page = 1,
    page_size: PageSize = 10,
) -> Response[list[TagMove]]:
    """A page of what the tag has named, the newest first."""
    query = list_query(q, sort, page, page_size)
    grant = await repository_grant(request, project_name, repository_name, operations.LIST)
    found, total = await request.parts.tag_history.page(grant, Tag.parse(name_of(tag_name)), query)
    return listed(request, [trash_shape.move(one) for one in found], total, query)


@post(_ONE + "/rollback", **operation("rollBackTag", TAG, errors=(400, 401, 403, 404, 409, 412, 500)))
async def roll_back(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    tag_name: FromPath[str],
    data: JSONBody[RollBack],
) -> RolledBack:
    """Has the tag name a digest that is still held; one that is in the trash is taken out of it."""
    grant = await repository_grant(request, project_name, repository_name, operations.ROLL_BACK)
    digest = Digest.parse(data.digest)
    before = await request.parts.tag_history.roll_back(grant, Tag.parse(name_of(tag_name)), digest)
    return RolledBack(str(digest), "" if before is None else str(before))


HANDLERS = [list_history, roll_back]
