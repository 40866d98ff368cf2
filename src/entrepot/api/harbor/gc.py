"""Garbage collection: `/system/gc`."""

from typing import Annotated

from litestar import Response, get, post, put
from litestar.params import JSONBody

from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.job_shape import execution, flag, log_text, number, planned, shown_or_nothing, wanted_schedule
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import CHANGED, CREATED, LIST, Page, PageSize, Search, Sort, operation, path_id
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.job import GCHistory, Schedule
from entrepot.model.grant import SystemGrant
from entrepot.model.job import Json
from entrepot.model.permission import Verb
from entrepot.registry.jobs import GARBAGE_COLLECTION, Wanted

GcId = Annotated[int, path_id()]
MOST_WORKERS = 10


@get("/system/gc", **operation("getGCHistory", "gc", errors=(401, 403, 500), headers=LIST))
async def list_collections(
    request: HarborRequest, q: Search = None, sort: Sort = None, page: Page = 1, page_size: PageSize = 10
) -> Response[list[GCHistory]]:
    """A page of the collections that were asked for, the newest first."""
    query = list_query(q, sort, page, page_size)
    grant = await _grant(request, Verb.LIST)
    found, total = await request.parts.jobs.page(grant, GARBAGE_COLLECTION, query)
    return listed(request, [execution(GCHistory, job) for job in found], total, query)


@get("/system/gc/schedule", **operation("getGCSchedule", "gc", errors=(401, 403, 500)))
async def get_schedule(request: HarborRequest) -> Response[GCHistory]:
    """The schedule; without a body if there is none."""
    grant = await _grant(request, Verb.READ)
    found = await request.parts.jobs.schedule(grant, GARBAGE_COLLECTION)
    return shown_or_nothing(None if found is None else planned(GCHistory, found))


@post(
    "/system/gc/schedule",
    **operation("createGCSchedule", "gc", status=201, errors=(400, 401, 403, 409, 500), headers=CREATED),
)
async def create_schedule(request: HarborRequest, data: JSONBody[Schedule]) -> Done:
    """Collects now, or makes, changes or removes the schedule."""
    job_id = await _apply(request, await _grant(request, Verb.CREATE), data, Verb.CREATE)
    return Done(201, location=f"{BASE}/system/gc/{'schedule' if job_id is None else job_id}")


@put("/system/gc/schedule", **operation("updateGCSchedule", "gc", errors=(400, 401, 403, 500)))
async def update_schedule(request: HarborRequest, data: JSONBody[Schedule]) -> Done:
    """As `createGCSchedule`."""
    await _apply(request, await _grant(request, Verb.UPDATE), data, Verb.UPDATE)
    return Done()


@get("/system/gc/{gc_id:str}", **operation("getGC", "gc", errors=(401, 403, 404, 500)))
async def get_collection(request: HarborRequest, gc_id: GcId) -> GCHistory:
    """A collection."""
    grant = await _grant(request, Verb.READ)
    return execution(GCHistory, await request.parts.jobs.get(grant, GARBAGE_COLLECTION, gc_id))


@put("/system/gc/{gc_id:str}", **operation("stopGC", "gc", errors=(401, 403, 404, 500), headers=CHANGED))
async def stop_collection(request: HarborRequest, gc_id: GcId) -> Done:
    """Stops a collection."""
    grant = await _grant(request, Verb.STOP)
    await request.parts.jobs.stop(grant, GARBAGE_COLLECTION, gc_id)
    return Done()


@get(
    "/system/gc/{gc_id:str}/log",
    media_type="text/plain",
    **operation("getGCLog", "gc", errors=(400, 401, 403, 404, 500)),
)
async def get_log(request: HarborRequest, gc_id: GcId) -> str:
    """What a collection told."""
    grant = await _grant(request, Verb.READ)
    return log_text(await request.parts.jobs.log(grant, GARBAGE_COLLECTION, gc_id))


async def _grant(request: HarborRequest, action: Verb) -> SystemGrant:
    return await request.parts.management.system(request.arrival.asker, GARBAGE_COLLECTION.may(action))


async def _apply(request: HarborRequest, grant: SystemGrant, data: Schedule, action: Verb) -> int | None:
    """The id of the job, if one was asked for."""
    wanted, jobs = wanted_schedule(data), request.parts.jobs
    if wanted.type == "None":
        await jobs.unplan(grant, GARBAGE_COLLECTION, action)
        return None
    parameters: dict[str, Json] = {
        **{name: flag(data.parameters, name) for name in ("delete_untagged", "delete_tag", "dry_run")},
        "workers": number(data.parameters, "workers", 1, 1, MOST_WORKERS),
    }
    if wanted.type == "Manual":
        return await jobs.request(grant, GARBAGE_COLLECTION, parameters, action)
    plan = Wanted(cron=wanted.cron, cadence=str(wanted.type), parameters=parameters)
    await jobs.plan(grant, GARBAGE_COLLECTION, plan, action)
    return None


HANDLERS = [
    list_collections,
    get_schedule,
    create_schedule,
    update_schedule,
    get_collection,
    stop_collection,
    get_log,
]
