"""Tags of an artifact, what belongs to it, what is shown beside it; and icons."""

import base64
from enum import StrEnum
from typing import Annotated, Any

from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter

from entrepot.api.harbor import artifact_shape
from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.artifact_path import reference_of, repository_grant
from entrepot.api.harbor.artifacts import ONE, REPORTS, Reports
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import CHANGED, CREATED, LIST, DryRun, Page, PageSize, Search, Sort, operation
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.path import name_of
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.artifact import Accessory, NewTag, Tag
from entrepot.api.harbor.schema.system import Icon
from entrepot.api.harbor.trash_shape import Foretold
from entrepot.model import reference as model
from entrepot.model.digest import Digest
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.registry.artifacts import Shown

CREATE = Permission(Resource.TAG, Verb.CREATE)
LIST_TAGS = Permission(Resource.TAG, Verb.LIST)
DELETE = Permission(Resource.TAG, Verb.DELETE)
LIST_ACCESSORIES = Permission(Resource.ACCESSORY, Verb.LIST)
READ_ADDITION = Permission(Resource.ARTIFACT_ADDITION, Verb.READ)


class AdditionName(StrEnum):
    """What can be shown beside an artifact."""

    BUILD_HISTORY = "build_history"
    VALUES = "values.yaml"
    README = "readme.md"
    DEPENDENCIES = "dependencies"
    SBOM = "sbom"
    LICENSE = "license"
    FILES = "files"


@post(
    ONE + "/tags",
    **operation("createTag", "artifact", status=201, errors=(400, 401, 403, 404, 405, 409, 500), headers=CREATED),
)
async def create_tag(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    reference: FromPath[str],
    data: JSONBody[NewTag],
) -> Done:
    """Gives the artifact one more tag, which must not be there yet."""
    grant = await repository_grant(request, project_name, repository_name, CREATE)
    tag = model.Tag.parse(data.name)
    await request.parts.artifacts.create_tag(grant, reference_of(reference), tag)
    return Done(201, location=f"{BASE}{request.scope['path']}/{tag}")


@get(ONE + "/tags", **operation("listTags", "artifact", errors=(400, 401, 403, 404, 422, 500), headers=LIST))
async def list_tags(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    reference: FromPath[str],
    q: Search = None,
    sort: Sort = None,
    page: Page = 1,
    page_size: PageSize = 10,
    with_immutable_status: FromQuery[bool] = False,
) -> Response[list[Tag]]:
    """A page of the artifact's tags, the newest first."""
    query = list_query(q, sort, page, page_size)
    grant = await repository_grant(request, project_name, repository_name, LIST_TAGS)
    found, total = await request.parts.artifacts.tags(
        grant, reference_of(reference), query, immutable=with_immutable_status
    )
    return listed(request, [artifact_shape.tag(row) for row in found], total, query)


@delete(
    ONE + "/tags/{tag_name:str}",
    **operation("deleteTag", "artifact", errors=(401, 403, 404, 412, 500), headers=CHANGED),
)
async def delete_tag(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    reference: FromPath[str],
    tag_name: FromPath[str],
    dry_run: DryRun = False,
) -> Done:
    """Removes the tag; the artifact stays."""
    grant = await repository_grant(request, project_name, repository_name, DELETE)
    tag = model.Tag.parse(name_of(tag_name))
    if dry_run:
        return Foretold(await request.parts.forecasts.tag(grant, reference_of(reference), tag))
    await request.parts.artifacts.delete_tag(grant, reference_of(reference), tag)
    return Done()


@get(
    ONE + "/accessories",
    **operation("listAccessories", "artifact", errors=(400, 401, 403, 404, 500), headers=LIST),
)
async def list_accessories(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    reference: FromPath[str],
    q: Search = None,
    sort: Sort = None,
    page: Page = 1,
    page_size: PageSize = 10,
) -> Response[list[Accessory]]:
    """A page of what belongs to the artifact."""
    query = list_query(q, sort, page, page_size)
    grant = await repository_grant(request, project_name, repository_name, LIST_ACCESSORIES)
    found, total = await request.parts.artifacts.accessories(grant, reference_of(reference), query)
    told = [artifact_shape.accessory(row, grant.name.text) for row in found]
    return listed(request, told, total, query)


@get(
    ONE + "/additions/vulnerabilities",
    media_type="application/json",
    **operation("getVulnerabilitiesAddition", "artifact", errors=(400, 401, 403, 404, 500), headers=("Content-Type",)),
)
async def get_vulnerabilities(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    reference: FromPath[str],
    reports: Reports = REPORTS,  # noqa: ARG001 - nothing is scanned yet
) -> Response[Any]:
    """The reports on the artifact, by kind: none."""
    grant = await repository_grant(request, project_name, repository_name, READ_ADDITION)
    await request.parts.artifacts.get(grant, reference_of(reference), Shown(tags=False, labels=False))
    return Response("{}", media_type="application/json")


@get(
    ONE + "/additions/{addition:str}",
    **operation("getAddition", "artifact", errors=(400, 401, 403, 404, 422, 500), headers=("Content-Type",)),
)
async def get_addition(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    reference: FromPath[str],
    addition: Annotated[AdditionName, PathParameter()],
) -> Response[Any]:
    """What is shown beside the artifact. Nothing of it can run in a page."""
    grant = await repository_grant(request, project_name, repository_name, READ_ADDITION)
    found = await request.parts.artifacts.addition(grant, reference_of(reference), addition.value)
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
    return Response(found.body.decode("utf-8", "replace"), media_type=found.content_type, headers=headers)


@get("/icons/{digest:str}", **operation("getIcon", "icon", errors=(400, 404, 500)))
async def get_icon(request: HarborRequest, digest: FromPath[str]) -> Icon:
    """A picture of an artifact's kind, or one that an artifact brings along."""
    grant = await request.parts.management.visible(request.arrival.asker)
    found = await request.parts.pictures.get(grant, Digest.parse(name_of(digest)))
    return Icon(content_type=found.content_type, content=base64.b64encode(found.content).decode())


HANDLERS = [
    create_tag,
    list_tags,
    delete_tag,
    list_accessories,
    get_vulnerabilities,
    get_addition,
    get_icon,
]
