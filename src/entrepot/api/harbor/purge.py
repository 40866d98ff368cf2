"""Purges of the audit: `/system/purgeaudit`."""

from typing import Annotated

from litestar import Response, get, post, put
from litestar.params import JSONBody

from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.job_shape import execution, flag, log_text, number, planned, shown_or_nothing, wanted_schedule
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import CHANGED, CREATED, LIST, Page, PageSize, Search, Sort, operation, path_id
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.job import ExecHistory, Schedule
from entrepot.model.deed import check_types
from entrepot.model.errors import Invalid
from entrepot.model.grant import SystemGrant
from entrepot.model.job import Json
from entrepot.model.permission import Verb
from entrepot.registry.jobs import AUDIT_PURGE, Wanted

PurgeId = Annotated[int, path_id()]
LONGEST_KEPT = 240_000
"""Hours."""
LONGEST_TYPES = 4096


@get("/system/purgeaudit", **operation("getPurgeHistory", "purge", errors=(401, 403, 500), headers=LIST))
async def list_purges(
    request: HarborRequest, q: Search = None, sort: Sort = None, page: Page = 1, page_size: PageSize = 10
) -> Response[list[ExecHistory]]:
    """A page of the purges that were asked for, the newest first."""
    query = list_query(q, sort, page, page_size)
    grant = await _grant(request, Verb.LIST)
    found, total = await request.parts.jobs.page(grant, AUDIT_PURGE, query)
    return listed(request, [execution(ExecHistory, job) for job in found], total, query)


@get("/system/purgeaudit/schedule", **operation("getPurgeSchedule", "purge", errors=(401, 403, 500)))
async def get_schedule(request: HarborRequest) -> Response[ExecHistory]:
    """The schedule; without a body if there is none."""
    grant = await _grant(request, Verb.READ)
    found = await request.parts.jobs.schedule(grant, AUDIT_PURGE)
    return shown_or_nothing(None if found is None else planned(ExecHistory, found))


@post(
    "/system/purgeaudit/schedule",
    **operation("createPurgeSchedule", "purge", status=201, errors=(400, 401, 403, 500), headers=CREATED),
)
async def create_schedule(request: HarborRequest, data: JSONBody[Schedule]) -> Done:
    """Purges now, or makes, changes or removes the schedule."""
    job_id = await _apply(request, await _grant(request, Verb.CREATE), data, Verb.CREATE)
    return Done(201, location=f"{BASE}/system/purgeaudit/{'schedule' if job_id is None else job_id}")


@put("/system/purgeaudit/schedule", **operation("updatePurgeSchedule", "purge", errors=(400, 401, 403, 500)))
async def update_schedule(request: HarborRequest, data: JSONBody[Schedule]) -> Done:
    """As `createPurgeSchedule`."""
    await _apply(request, await _grant(request, Verb.UPDATE), data, Verb.UPDATE)
    return Done()


@get("/system/purgeaudit/{purge_id:str}", **operation("getPurgeJob", "purge", errors=(401, 403, 404, 500)))
async def get_purge(request: HarborRequest, purge_id: PurgeId) -> ExecHistory:
    """A purge."""
    grant = await _grant(request, Verb.READ)
    return execution(ExecHistory, await request.parts.jobs.get(grant, AUDIT_PURGE, purge_id))


@put(
    "/system/purgeaudit/{purge_id:str}", **operation("stopPurge", "purge", errors=(401, 403, 404, 500), headers=CHANGED)
)
async def stop_purge(request: HarborRequest, purge_id: PurgeId) -> Done:
    """Stops a purge."""
    grant = await _grant(request, Verb.STOP)
    await request.parts.jobs.stop(grant, AUDIT_PURGE, purge_id)
    return Done()


@get(
    "/system/purgeaudit/{purge_id:str}/log",
    media_type="text/plain",
    **operation("getPurgeJobLog", "purge", errors=(400, 401, 403, 404, 500)),
)
async def get_log(request: HarborRequest, purge_id: PurgeId) -> str:
    """What a purge told."""
    grant = await _grant(request, Verb.READ)
    return log_text(await request.parts.jobs.log(grant, AUDIT_PURGE, purge_id))


async def _grant(request: HarborRequest, action: Verb) -> SystemGrant:
    return await request.parts.management.system(request.arrival.asker, AUDIT_PURGE.may(action))


async def _apply(request: HarborRequest, grant: SystemGrant, data: Schedule, action: Verb) -> int | None:
    """The id of the job, if one was asked for."""
    wanted, jobs = wanted_schedule(data), request.parts.jobs
    if wanted.type == "None":
        await jobs.unplan(grant, AUDIT_PURGE, action)
        return None
    parameters: dict[str, Json] = {
        "audit_retention_hour": number(data.parameters, "audit_retention_hour", None, -1, LONGEST_KEPT),
        "include_event_types": _types(data.parameters),
        "dry_run": flag(data.parameters, "dry_run"),
    }
    if wanted.type == "Manual":
        return await jobs.request(grant, AUDIT_PURGE, parameters, action)
    plan = Wanted(cron=wanted.cron, cadence=str(wanted.type), parameters=parameters)
    await jobs.plan(grant, AUDIT_PURGE, plan, action)
    return None


def _types(parameters: dict[str, Json]) -> str:
    """The types of events, with commas between. Raises Invalid."""
    told = parameters.get("include_event_types", parameters.get("include_operations"))
    if not isinstance(told, str) or len(told) > LONGEST_TYPES:
        raise Invalid(
            "include_event_types says what goes, with commas between, as in create_artifact,delete_artifact,other"
        )
    names = [name.strip().lower() for name in told.split(",") if name.strip()]
    check_types(names)
    return ",".join(names)


HANDLERS = [
    list_purges,
    get_schedule,
    create_schedule,
    update_schedule,
    get_purge,
    stop_purge,
    get_log,
]
