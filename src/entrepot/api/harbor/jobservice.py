"""Jobs of every kind, and schedules: `/jobservice` and `/schedules`."""

from litestar import Response, get, put
from litestar.params import FromPath, JSONBody
from msgspec import UnsetType

from entrepot.api.harbor.job_shape import EVERYTHING, job_id_of, kind_of, log_text, vendor_type
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import LIST as LISTED
from entrepot.api.harbor.operation import Page, PageSize, operation
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.job import (
    ActionRequest,
    JobQueue,
    SchedulerStatus,
    ScheduleTask,
    Worker,
    WorkerPool,
)
from entrepot.api.harbor.values import date_time
from entrepot.model.errors import Invalid
from entrepot.model.grant import SystemGrant
from entrepot.model.job import Job
from entrepot.registry.job_monitor import LIST, STOP


@get("/jobservice/pools", **operation("getWorkerPools", "jobservice", errors=(401, 403, 500)))
async def list_pools(request: HarborRequest) -> list[WorkerPool]:
    """The processes that do jobs."""
    grant = await _watching(request)
    return [
        WorkerPool(
            pid=node.process,
            worker_pool_id=node.id,
            start_at=date_time(node.started_at),
            heartbeat_at=date_time(node.seen_at),
            concurrency=node.at_once,
            host=node.host,
        )
        for node in await request.parts.job_monitor.nodes(grant)
    ]


@get("/jobservice/pools/{pool_id:str}/workers", **operation("getWorkers", "jobservice", errors=(401, 403, 404, 500)))
async def list_workers(request: HarborRequest, pool_id: FromPath[str]) -> list[Worker]:
    """What runs in one of these processes; in `all`, in all of them."""
    grant = await _watching(request)
    node = None if pool_id.lower() == EVERYTHING else pool_id
    return [_worker(job) for job in await request.parts.job_monitor.running(grant, node)]


@put("/jobservice/jobs/{job_id:str}", **operation("stopRunningJob", "jobservice", errors=(401, 403, 404, 500)))
async def stop_job(request: HarborRequest, job_id: FromPath[str]) -> Done:
    """Stops a job; `all`: every job that runs."""
    grant = await request.parts.management.system(request.arrival.asker, STOP)
    if job_id.lower() == EVERYTHING:
        await request.parts.job_monitor.stop_running(grant)
    else:
        await request.parts.job_monitor.stop(grant, job_id_of(job_id))
    return Done()


@get(
    "/jobservice/jobs/{job_id:str}/log",
    media_type="text/plain",
    **operation("actionGetJobLog", "jobservice", errors=(401, 403, 404, 500), headers=("Content-Type",)),
)
async def get_log(request: HarborRequest, job_id: FromPath[str]) -> str:
    """What a job told."""
    grant = await _watching(request)
    return log_text(await request.parts.job_monitor.log(grant, job_id_of(job_id)))


@get("/jobservice/queues", **operation("listJobQueues", "jobservice", errors=(401, 403, 404, 500)))
async def list_queues(request: HarborRequest) -> list[JobQueue]:
    """What waits, by the kind of job."""
    grant = await _watching(request)
    return [
        JobQueue(job_type=vendor_type(each.kind), count=each.count, latency=each.seconds, paused=each.paused)
        for each in await request.parts.job_monitor.waiting(grant)
    ]


@put("/jobservice/queues/{job_type:str}", **operation("actionPendingJobs", "jobservice", errors=(401, 403, 404, 500)))
async def act_on_queue(request: HarborRequest, job_type: FromPath[str], data: JSONBody[ActionRequest]) -> Done:
    """Stops what waits of one kind of job, or of `all`; or holds it back, and the schedules, until it is resumed."""
    grant = await request.parts.management.system(request.arrival.asker, STOP)
    kind, monitor = kind_of(job_type), request.parts.job_monitor
    if isinstance(data.action, UnsetType):
        raise Invalid("say what to do with the jobs: stop, pause or resume")
    if data.action == "stop":
        await monitor.stop_waiting(grant, kind)
    elif data.action == "pause":
        await monitor.pause(grant, kind)
    else:
        await monitor.resume(grant, kind)
    return Done()


@get("/schedules", **operation("listSchedules", "schedule", errors=(400, 401, 403, 404, 500), headers=LISTED))
async def list_schedules(
    request: HarborRequest, page: Page = 1, page_size: PageSize = 10
) -> Response[list[ScheduleTask]]:
    """A page of all schedules."""
    query = list_query(None, None, page, page_size)
    found, total = await request.parts.job_monitor.schedules(await _watching(request), query)
    told = [
        ScheduleTask(
            id=each.id,
            vendor_type=vendor_type(each.kind),
            vendor_id=each.subject_id or 0,
            cron=each.cron,
            update_time=date_time(each.updated_at),
        )
        for each in found
    ]
    return listed(request, told, total, query)


@get(
    "/schedules/{job_type:str}/paused",
    **operation("getSchedulePaused", "schedule", errors=(400, 401, 403, 404, 500)),
)
async def get_paused(request: HarborRequest, job_type: FromPath[str]) -> SchedulerStatus:
    """Whether schedules request nothing just now."""
    grant = await request.parts.management.signed_in(request.arrival.asker)
    if job_type.lower() != EVERYTHING:
        raise Invalid("schedules are paused together: ask for /schedules/all/paused")
    return SchedulerStatus(paused=await request.parts.job_monitor.scheduler_paused(grant))


async def _watching(request: HarborRequest) -> SystemGrant:
    return await request.parts.management.system(request.arrival.asker, LIST)


def _worker(job: Job) -> Worker:
    return Worker(
        id=f"{job.node}:{job.id}",
        pool_id=job.node or "",
        job_name=vendor_type(job.kind),
        job_id=str(job.id),
        start_at=None if job.started_at is None else date_time(job.started_at),
        check_in="" if job.total is None else f"{job.done} of {job.total}",
        checkin_at=None if job.progress_at is None else date_time(job.progress_at),
    )


HANDLERS = [
    list_pools,
    list_workers,
    stop_job,
    get_log,
    list_queues,
    act_on_queue,
    list_schedules,
    get_paused,
]
