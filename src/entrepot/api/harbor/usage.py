"""Where the room has gone: `/projects/{project}/usage`, `/storage`. Entrepot's own, in Harbor's manner."""

from litestar import Response, get
from litestar.params import FromPath

from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import LIST, IsName, Page, PageSize, Search, Sort, operation
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.project_path import project_grant
from entrepot.api.harbor.request import HarborRequest
from entrepot.api.harbor.schema.storage import (
    BlobUsage,
    FreedOnDay,
    LargeBlob,
    ProjectUsage,
    RepositoryUsage,
    ScrubState,
    StorageUsage,
)
from entrepot.api.harbor.values import date_time, optional_time
from entrepot.db.usage import RepositoryUse
from entrepot.registry import usage

_ERRORS = (400, 401, 403, 404, 500)


@get("/projects/{project_name_or_id:str}/usage", **operation("getProjectUsage", "storage", errors=_ERRORS))
async def get_project_usage(
    request: HarborRequest, project_name_or_id: FromPath[str], x_is_resource_name: IsName = False
) -> ProjectUsage:
    """What the project uses of its quota."""
    grant = await project_grant(request, project_name_or_id, x_is_resource_name, usage.READ)
    found = await request.parts.usage.project(grant)
    return ProjectUsage(hard=found.quota.hard, used=found.quota.used, trash=found.trash)


@get(
    "/projects/{project_name_or_id:str}/usage/repositories",
    **operation("listRepositoryUsage", "storage", errors=_ERRORS, headers=LIST),
)
async def list_repository_usage(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    x_is_resource_name: IsName = False,
    q: Search = None,
    sort: Sort = None,
    page: Page = 1,
    page_size: PageSize = 10,
) -> Response[list[RepositoryUsage]]:
    """A page of the project's repositories, by name, with what each holds and what deleting it would free."""
    query = list_query(q, sort, page, page_size)
    grant = await project_grant(request, project_name_or_id, x_is_resource_name, usage.READ, usage.LIST)
    found, total = await request.parts.usage.repositories(grant, query)
    return listed(request, [_repository(one) for one in found], total, query)


@get(
    "/projects/{project_name_or_id:str}/usage/blobs",
    **operation("listBlobUsage", "storage", errors=_ERRORS, headers=LIST),
)
async def list_blob_usage(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    x_is_resource_name: IsName = False,
    q: Search = None,
    sort: Sort = None,
    page: Page = 1,
    page_size: PageSize = 10,
) -> Response[list[BlobUsage]]:
    """A page of the blobs that the project holds, the largest first, with the repositories and projects that do."""
    query = list_query(q, sort, page, page_size)
    grant = await project_grant(request, project_name_or_id, x_is_resource_name, usage.READ, usage.LIST)
    catalog = await request.parts.management.visible(request.arrival.asker)
    found, total = await request.parts.usage.blobs(grant, catalog, query)
    shown = [
        BlobUsage(
            digest=str(one.blob.digest),
            size=one.blob.size,
            repository_count=one.blob.links,
            repositories=list(one.repositories),
            projects=list(one.projects),
        )
        for one in found
    ]
    return listed(request, shown, total, query)


@get("/storage", **operation("getStorageUsage", "storage", errors=(401, 403, 500)))
async def get_storage_usage(request: HarborRequest) -> StorageUsage:
    """What the store holds, what is largest in it, what collection freed lately, and how far scrubbing has come."""
    grant = await request.parts.management.system(request.arrival.asker, usage.READ_STORE)
    found = await request.parts.usage.store(grant)
    scrub = found.scrub
    return StorageUsage(
        blob_count=found.stored.blobs,
        size=found.stored.bytes,
        counted=found.stored.counted,
        upload_size=found.stored.uploads,
        leaving_count=found.stored.leaving,
        quarantined_count=found.quarantined.blobs,
        quarantined_size=found.quarantined.bytes,
        largest=[LargeBlob(str(one.digest), one.size, one.repositories, one.projects) for one in found.largest],
        freed=[FreedOnDay(date_time(one.day), one.blobs, one.bytes) for one in found.freed],
        scrub=None
        if scrub is None
        else ScrubState(
            start_time=date_time(scrub.started_at),
            end_time=optional_time(scrub.finished_at),
            blob_count=scrub.blobs,
            size=scrub.bytes,
            fault_count=scrub.faults,
        ),
    )


def _repository(found: RepositoryUse) -> RepositoryUsage:
    return RepositoryUsage(
        name=found.name,
        artifact_count=found.artifacts,
        blob_count=found.blobs,
        used=found.used,
        freed_by_deleting=found.own,
        shared=found.shared,
        trash=found.trash,
        waiting=found.waiting,
    )


HANDLERS = [get_project_usage, list_repository_usage, list_blob_usage, get_storage_usage]
