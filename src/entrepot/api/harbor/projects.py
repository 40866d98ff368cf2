"""Projects: `/projects`."""

from typing import Annotated

from litestar import Response, delete, get, head, post, put
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType, structs

from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import (
    CHANGED,
    CREATED,
    LIST,
    DryRun,
    Force,
    IsName,
    Page,
    PageSize,
    Search,
    Sort,
    operation,
)
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.project_path import project_grant
from entrepot.api.harbor.project_shape import shown
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.project import (
    CVEAllowlist,
    Project,
    ProjectDeletable,
    ProjectMetadata,
    ProjectReq,
    ProjectSummary,
    ProjectSummaryQuota,
)
from entrepot.api.harbor.trash_shape import Foretold
from entrepot.db.listing import merged
from entrepot.model import metadata as settings
from entrepot.model.errors import Invalid, ProjectUnknown
from entrepot.model.project import Role
from entrepot.model.query import Contains, Exactly
from entrepot.registry.directory import READ
from entrepot.registry.project_changes import DELETE, UPDATE, Allowlist, Wanted, allowed

InLocation = Annotated[bool, HeaderParameter(name="X-Resource-Name-In-Location")]


@get("/projects", **operation("listProjects", "project", errors=(400, 401, 422, 500), headers=LIST))
async def list_projects(
    request: HarborRequest,
    q: Search = None,
    page: Page = 1,
    page_size: PageSize = 10,
    sort: Sort = None,
    name: FromQuery[str | None] = None,
    public: FromQuery[bool | None] = None,
    owner: FromQuery[str | None] = None,
    with_detail: FromQuery[bool] = True,
) -> Response[list[Project]]:
    """A page of the projects that the asker may know of."""
    query = list_query(q, sort, page, page_size)
    member = query.conditions.get("member")
    if member is not None and not isinstance(member, Exactly):
        raise Invalid("member is the name of one user")
    query = merged(
        query,
        name=Contains(name) if name else query.conditions.get("name"),
        public=query.conditions.get("public") if public is None else Exactly(str(public).lower()),
        owner=Exactly(owner) if owner else query.conditions.get("owner"),
    )
    grant = await request.parts.management.visible(request.arrival.asker)
    found, total = await request.parts.directory.list_projects(
        grant, query, member=None if member is None else str(member.value), detailed=with_detail
    )
    return listed(request, [shown(view) for view in found], total, query)


@head("/projects", **operation("headProject", "project", errors=(400, 401, 404, 500), headers=CHANGED))
async def head_project(request: HarborRequest, project_name: Annotated[str, QueryParameter()]) -> None:
    """Answers 200 if there is such a project that the asker may know of, else 404."""
    parts, asker = request.parts, request.arrival.asker
    await parts.management.signed_in(asker)
    grant = await parts.management.visible(asker)
    query = merged(list_query(None, None, 1, 1), name=Exactly(project_name))
    found, _ = await parts.directory.list_projects(grant, query, detailed=False)
    if not found:
        raise ProjectUnknown("there is no such project")


@post(
    "/projects", **operation("createProject", "project", status=201, errors=(400, 401, 403, 409, 500), headers=CREATED)
)
async def create_project(
    request: HarborRequest, data: JSONBody[ProjectReq], name_in_location: InLocation = False
) -> Done:
    """Makes a project, of which who makes it is an administrator."""
    parts = request.parts
    anyone = await parts.configuration.get("project_creation_restriction") == "everyone"
    grant = await parts.management.making_projects(request.arrival.asker, anyone=anyone)
    _refuse_proxy(data)
    default_limit = int(await parts.configuration.get("storage_per_project"))
    project_id = await parts.project_changes.create(grant, data.project_name, _wanted(data), default_limit)
    return Done(201, location=f"{BASE}/projects/{data.project_name if name_in_location else project_id}")


@get(
    "/projects/{project_name_or_id:str}",
    **operation("getProject", "project", errors=(401, 403, 404, 500)),
)
async def get_project(request: HarborRequest, project_name_or_id: FromPath[str], is_name: IsName = False) -> Project:
    """A project."""
    grant = await project_grant(request, project_name_or_id, is_name, READ)
    return shown(await request.parts.directory.get(grant))


@put(
    "/projects/{project_name_or_id:str}",
    **operation("updateProject", "project", errors=(400, 401, 403, 404, 500), headers=CHANGED),
)
async def update_project(
    request: HarborRequest, project_name_or_id: FromPath[str], data: JSONBody[ProjectReq], is_name: IsName = False
) -> Done:
    """Changes a project's settings; those that are left out stay."""
    grant = await project_grant(request, project_name_or_id, is_name, UPDATE)
    allowlist = data.cve_allowlist
    if not isinstance(allowlist, UnsetType) and allowlist.project_id not in (0, grant.project.id):
        raise Invalid("the allowlist names another project")
    await request.parts.project_changes.update(grant, _wanted(data))
    return Done()


@delete(
    "/projects/{project_name_or_id:str}",
    **operation("deleteProject", "project", errors=(400, 403, 404, 412, 500), headers=CHANGED),
)
async def delete_project(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    is_name: IsName = False,
    force: Force = False,
    dry_run: DryRun = False,
) -> Done:
    """Removes a project that holds nothing; with `force`, one that does as well."""
    grant = await project_grant(request, project_name_or_id, is_name, DELETE)
    if dry_run:
        return Foretold(await request.parts.forecasts.project(grant, force=force))
    await request.parts.project_changes.delete(grant, force=force)
    return Done()


@get(
    "/projects/{project_name_or_id:str}/_deletable",
    **operation("getProjectDeletable", "project", errors=(401, 403, 404, 500)),
)
async def get_deletable(
    request: HarborRequest, project_name_or_id: FromPath[str], is_name: IsName = False
) -> ProjectDeletable:
    """Whether the project can be deleted, and why not."""
    grant = await project_grant(request, project_name_or_id, is_name, DELETE)
    obstacle = await request.parts.project_changes.obstacle(grant)
    return ProjectDeletable(deletable=not obstacle, message=obstacle)


@get(
    "/projects/{project_name_or_id:str}/summary",
    **operation("getProjectSummary", "project", errors=(400, 401, 403, 404, 500)),
)
async def get_summary(
    request: HarborRequest, project_name_or_id: FromPath[str], is_name: IsName = False
) -> ProjectSummary:
    """The project in figures: those that the asker may know."""
    grant = await project_grant(request, project_name_or_id, is_name, READ)
    summary = await request.parts.directory.summary(grant)
    members = summary.members or {}
    quota = summary.quota
    return ProjectSummary(
        repo_count=summary.repositories,
        project_admin_count=members.get(Role.PROJECT_ADMIN, 0),
        maintainer_count=members.get(Role.MAINTAINER, 0),
        developer_count=members.get(Role.DEVELOPER, 0),
        guest_count=members.get(Role.GUEST, 0),
        limited_guest_count=members.get(Role.LIMITED_GUEST, 0),
        quota=UNSET
        if quota is None
        else ProjectSummaryQuota(hard={"storage": quota.hard}, used={"storage": quota.used}),
    )


def _wanted(data: ProjectReq) -> Wanted:
    told: ProjectMetadata | UnsetType = data.metadata
    values = (
        {} if isinstance(told, UnsetType) else {name: value for name, value in structs.asdict(told).items() if value}
    )
    if data.public is not None and settings.PUBLIC not in values:
        values[settings.PUBLIC] = str(data.public).lower()
    return Wanted(
        metadata=values,
        allowlist=None if isinstance(data.cve_allowlist, UnsetType) else allowlist_of(data.cve_allowlist),
        # Harbor takes no limit, and one of 0, for the default.
        limit=data.storage_limit or None,
    )


def allowlist_of(told: CVEAllowlist) -> Allowlist:
    """The list as it is asked for."""
    return Allowlist(items=allowed([item.cve_id for item in told.items]), expires_at=told.expires_at or None)


def _refuse_proxy(data: ProjectReq) -> None:
    if data.registry_id:
        raise Invalid("projects that are caches of other registries are not there yet: leave out registry_id")


HANDLERS = [
    list_projects,
    head_project,
    create_project,
    get_project,
    update_project,
    delete_project,
    get_deletable,
    get_summary,
]
