"""Reading everything again, when asked for: `/system/scrub`. Entrepot's own, in the manner of Harbor's collection."""

from typing import Annotated

from litestar import Response, get, post, put

from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.job_shape import execution, log_text
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import CHANGED, CREATED, LIST, Page, PageSize, Search, Sort, operation, path_id
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.job import ExecHistory
from entrepot.model.grant import SystemGrant
from entrepot.model.permission import Verb
from entrepot.registry.jobs import SCRUB

ScrubId = Annotated[int, path_id()]


@get("/system/scrub", **operation("listScrubs", "storage", errors=(400, 401, 403, 500), headers=LIST))
async def list_scrubs(
    request: HarborRequest, q: Search = None, sort: Sort = None, page: Page = 1, page_size: PageSize = 10
) -> Response[list[ExecHistory]]:
    """A page of the scrubs that were asked for, the newest first."""
    query = list_query(q, sort, page, page_size)
    found, total = await request.parts.jobs.page(await _grant(request, Verb.LIST), SCRUB, query)
    return listed(request, [execution(ExecHistory, job) for job in found], total, query)


@post("/system/scrub", **operation("startScrub", "storage", status=201, errors=(401, 403, 409, 500), headers=CREATED))
async def start_scrub(request: HarborRequest) -> Done:
    """Reads everything again, as soon as a worker is free."""
    made = await request.parts.jobs.request(await _grant(request, Verb.CREATE), SCRUB, {}, Verb.CREATE)
    return Done(201, location=f"{BASE}/system/scrub/{made}")


@get("/system/scrub/{scrub_id:str}", **operation("getScrub", "storage", errors=(401, 403, 404, 500)))
async def get_scrub(request: HarborRequest, scrub_id: ScrubId) -> ExecHistory:
    """A scrub; what it found is in `job_parameters` once it has ended."""
    return execution(ExecHistory, await request.parts.jobs.get(await _grant(request, Verb.READ), SCRUB, scrub_id))


@put(
    "/system/scrub/{scrub_id:str}",
    **operation("stopScrub", "storage", errors=(401, 403, 404, 500), headers=CHANGED),
)
async def stop_scrub(request: HarborRequest, scrub_id: ScrubId) -> Done:
    """Stops a scrub; what it has set aside until then stays so."""
    await request.parts.jobs.stop(await _grant(request, Verb.STOP), SCRUB, scrub_id)
    return Done()


@get(
    "/system/scrub/{scrub_id:str}/log",
    media_type="text/plain",
    **operation("getScrubLog", "storage", errors=(401, 403, 404, 500)),
)
async def get_scrub_log(request: HarborRequest, scrub_id: ScrubId) -> str:
    """What a scrub told."""
    return log_text(await request.parts.jobs.log(await _grant(request, Verb.READ), SCRUB, scrub_id))


async def _grant(request: HarborRequest, action: Verb) -> SystemGrant:
    return await request.parts.management.system(request.arrival.asker, SCRUB.may(action))


HANDLERS = [list_scrubs, start_scrub, get_scrub, stop_scrub, get_scrub_log]
