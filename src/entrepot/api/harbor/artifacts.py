"""Artifacts: `/projects/{project}/repositories/{repository}/artifacts`."""

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from entrepot.api.harbor import artifact_shape
from entrepot.api.harbor.artifact_path import copied_from, reference_of, repository_grant
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import (
    CHANGED,
    CREATED,
    LIST,
    DryRun,
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
from entrepot.api.harbor.schema.artifact import Artifact
from entrepot.api.harbor.schema.label import Label
from entrepot.api.harbor.trash_shape import Foretold
from entrepot.model.errors import Invalid
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import Exactly, ListQuery
from entrepot.registry.artifacts import LIST as LIST_ARTIFACTS
from entrepot.registry.artifacts import Shown

PATH = "/projects/{project_name:str}/repositories/{repository_name:str}/artifacts"
ONE = PATH + "/{reference:str}"
READ = Permission(Resource.ARTIFACT, Verb.READ)
CREATE = Permission(Resource.ARTIFACT, Verb.CREATE)
DELETE = Permission(Resource.ARTIFACT, Verb.DELETE)
PUT_LABEL = Permission(Resource.ARTIFACT_LABEL, Verb.CREATE)
TAKE_LABEL = Permission(Resource.ARTIFACT_LABEL, Verb.DELETE)

REPORTS = (
    "application/vnd.security.vulnerability.report; version=1.1, "
    "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0"
)
Reports = Annotated[str, HeaderParameter(name="X-Accept-Vulnerabilities")]
"""Which kinds of reports are wanted; there are none yet."""
Asked = FromQuery[bool]


@get(PATH, **operation("listArtifacts", "artifact", errors=(400, 401, 403, 404, 422, 500), headers=LIST))
async def list_artifacts(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    q: Search = None,
    sort: Sort = None,
    page: Page = 1,
    page_size: PageSize = 10,
    reports: Reports = REPORTS,  # noqa: ARG001 - nothing is scanned yet, here and below
    with_tag: Asked = True,
    with_label: Asked = False,
    with_scan_overview: Asked = False,  # noqa: ARG001
    with_sbom_overview: Asked = False,  # noqa: ARG001
    with_immutable_status: Asked = False,
    with_accessory: Asked = False,
    with_inherited_accessory: Asked = False,  # noqa: ARG001
) -> Response[list[Artifact]]:
    """A page of the repository's artifacts, the newest first."""
    query = list_query(q, sort, page, page_size)
    grant = await repository_grant(request, project_name, repository_name, LIST_ARTIFACTS)
    shown = _shown(request, with_tag, with_label, with_accessory, with_immutable_status)
    found, total = await request.parts.artifacts.page(grant, query, shown)
    return listed(request, [artifact_shape.artifact(view) for view in found], total, query)


@get(
    "/projects/{project_name_or_id:str}/artifacts",
    **operation("listArtifactsOfProject", "project", errors=(400, 401, 403, 404, 422, 500), headers=LIST),
)
async def list_artifacts_of_project(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    is_name: IsName = False,
    q: Search = None,
    sort: Sort = None,
    page: Page = 1,
    page_size: PageSize = 10,
    reports: Reports = REPORTS,  # noqa: ARG001
    with_tag: Asked = True,
    with_label: Asked = False,
    with_scan_overview: Asked = False,  # noqa: ARG001
    with_sbom_overview: Asked = False,  # noqa: ARG001
    with_immutable_status: Asked = False,
    with_accessory: Asked = False,
    with_inherited_accessory: Asked = False,  # noqa: ARG001
    latest_in_repository: Asked = False,
) -> Response[list[Artifact]]:
    """A page of the artifacts of all the project's repositories; or of the newest of a kind in each."""
    query = list_query(q, sort, page, page_size)
    await request.parts.management.signed_in(request.arrival.asker)
    grant = await project_grant(request, project_name_or_id, is_name, LIST_ARTIFACTS)
    newest_of = _newest_of(query) if latest_in_repository else None
    shown = _shown(request, with_tag, with_label, with_accessory, with_immutable_status)
    found, total = await request.parts.artifacts.page_of_project(grant, query, shown, newest_of)
    return listed(request, [artifact_shape.artifact(view) for view in found], total, query)


@post(PATH, **operation("CopyArtifact", "artifact", status=201, errors=(400, 401, 403, 404, 405, 500), headers=CREATED))
async def copy_artifact(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    origin: Annotated[str, QueryParameter(name="from")],
) -> Done:
    """Copies an artifact from another repository, with its tags and what belongs to it."""
    target = await repository_grant(request, project_name, repository_name, CREATE)
    name, reference = copied_from(origin)
    source = await request.parts.management.repository(request.arrival.asker, name, READ)
    digest = await request.parts.copies.copy(source, target, reference)
    rest = target.name.text.partition("/")[2]
    return Done(201, location=artifact_shape.artifact_path(target.project.name, rest, digest))


@get(ONE, **operation("getArtifact", "artifact", errors=(400, 401, 403, 404, 500)))
async def get_artifact(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    reference: FromPath[str],
    page: Page = 1,  # noqa: ARG001 - in the contract, and without meaning there too
    page_size: PageSize = 10,  # noqa: ARG001
    reports: Reports = REPORTS,  # noqa: ARG001
    with_tag: Asked = True,
    with_label: Asked = False,
    with_scan_overview: Asked = False,  # noqa: ARG001
    with_sbom_overview: Asked = False,  # noqa: ARG001
    with_accessory: Asked = False,
    with_inherited_accessory: Asked = False,  # noqa: ARG001
    with_signature: Asked = False,  # noqa: ARG001
    with_immutable_status: Asked = False,
) -> Artifact:
    """The artifact that a tag or a digest names."""
    grant = await repository_grant(request, project_name, repository_name, READ)
    shown = _shown(request, with_tag, with_label, with_accessory, with_immutable_status)
    return artifact_shape.artifact(await request.parts.artifacts.get(grant, reference_of(reference), shown))


@delete(ONE, **operation("deleteArtifact", "artifact", errors=(401, 403, 404, 412, 500), headers=CHANGED))
async def delete_artifact(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    reference: FromPath[str],
    dry_run: DryRun = False,
) -> Done:
    """Deletes the artifact with all its tags and what belongs to it."""
    grant = await repository_grant(request, project_name, repository_name, DELETE)
    if dry_run:
        return Foretold(await request.parts.forecasts.artifact(grant, reference_of(reference)))
    await request.parts.artifacts.delete(grant, reference_of(reference))
    return Done()


@post(ONE + "/labels", **operation("addLabel", "artifact", errors=(400, 401, 403, 404, 409, 500), headers=CHANGED))
async def add_label(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    reference: FromPath[str],
    data: JSONBody[Label],
) -> Done:
    """Has the artifact bear a label."""
    grant = await repository_grant(request, project_name, repository_name, PUT_LABEL)
    await request.parts.labels.put_on(grant, reference_of(reference), data.id)
    return Done()


@delete(
    ONE + "/labels/{label_id:str}",
    **operation("removeLabel", "artifact", errors=(401, 403, 404, 409, 500), headers=CHANGED),
)
async def remove_label(
    request: HarborRequest,
    project_name: FromPath[str],
    repository_name: FromPath[str],
    reference: FromPath[str],
    label_id: Annotated[int, path_id()],
) -> Done:
    """Has the artifact not bear the label any more."""
    grant = await repository_grant(request, project_name, repository_name, TAKE_LABEL)
    await request.parts.labels.take_off(grant, reference_of(reference), label_id)
    return Done()


def _shown(request: HarborRequest, tags: bool, labels: bool, accessories: bool, immutable: bool) -> Shown:
    """What to tell; accessories unless they are refused: the contract's default says otherwise, Harbor does so."""
    belonging = accessories or "with_accessory" not in request.query_params
    return Shown(tags=tags, labels=labels, accessories=belonging, immutable=immutable)


def _newest_of(query: ListQuery) -> str:
    """The one key by which newest artifacts are told apart. Raises Invalid unless there is exactly one."""
    found = [key for key in ("media_type", "artifact_type") if isinstance(query.conditions.get(key), Exactly)]
    if len(found) != 1:
        raise Invalid("latest_in_repository needs one of media_type and artifact_type in q, with one value")
    return found[0]


HANDLERS = [
    list_artifacts,
    list_artifacts_of_project,
    copy_artifact,
    get_artifact,
    delete_artifact,
    add_label,
    remove_label,
]
