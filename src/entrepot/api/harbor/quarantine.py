"""What is set aside because its content was damaged or lost: `/quarantine`. Entrepot's own, in Harbor's manner."""

from litestar import Response, get
from litestar.params import FromPath

from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import LIST, Page, PageSize, Search, Sort, operation
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.path import name_of
from entrepot.api.harbor.request import HarborRequest
from entrepot.api.harbor.schema.storage import QuarantinedBlob
from entrepot.api.harbor.values import date_time
from entrepot.model.digest import Digest
from entrepot.registry.quarantine import READ, Quarantined


@get("/quarantine", **operation("listQuarantine", "storage", errors=(400, 401, 403, 500), headers=LIST))
async def list_quarantine(
    request: HarborRequest, q: Search = None, sort: Sort = None, page: Page = 1, page_size: PageSize = 10
) -> Response[list[QuarantinedBlob]]:
    """A page of the blobs that are set aside, the newest first, each with images that need it."""
    query = list_query(q, sort, page, page_size)
    grant = await request.parts.management.system(request.arrival.asker, READ)
    found, total = await request.parts.quarantine.page(grant, query)
    return listed(request, [_shown(one) for one in found], total, query)


@get("/quarantine/{digest:str}", **operation("getQuarantined", "storage", errors=(400, 401, 403, 404, 500)))
async def get_quarantined(request: HarborRequest, digest: FromPath[str]) -> QuarantinedBlob:
    """A blob that is set aside, with up to a thousand images that need it."""
    grant = await request.parts.management.system(request.arrival.asker, READ)
    return _shown(await request.parts.quarantine.get(grant, Digest.parse(name_of(digest))))


def _shown(found: Quarantined) -> QuarantinedBlob:
    blob = found.blob
    return QuarantinedBlob(
        digest=str(blob.digest),
        size=blob.size,
        fault=blob.fault,
        quarantine_time=date_time(blob.since),
        examine_time=date_time(blob.examined_at),
        images=list(found.images),
    )


HANDLERS = [list_quarantine, get_quarantined]
