"""Bodies about jobs and schedules."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec import field as struct_field

from entrepot.api.harbor.values import DateTime, Number

Cadence = Literal["Hourly", "Daily", "Weekly", "Custom", "Manual", "None", "Schedule"]


_SHOWN = Meta(extra_json_schema={"extra": {"read_only": True}})
"""Of a field that is told, and passed over where it is sent."""


class ScheduleObj(Struct, omit_defaults=True):
    """When something happens."""

    type: Cadence | UnsetType = UNSET
    cron: str = ""
    next_scheduled_time: DateTime | UnsetType = UNSET


class Schedule(Struct, omit_defaults=True):
    """A schedule that somebody wants, or a job that is to be done now."""

    id: Annotated[Number, _SHOWN] = 0
    status: Annotated[str, _SHOWN] = ""
    creation_time: Annotated[DateTime, _SHOWN] = ""
    update_time: Annotated[DateTime, _SHOWN] = ""
    schedule: ScheduleObj | UnsetType = UNSET
    parameters: dict[str, Any] = struct_field(default_factory=dict)


class GCHistory(Struct, omit_defaults=True):
    """A garbage collection, or its schedule."""

    creation_time: DateTime
    update_time: DateTime
    id: Number = 0
    job_name: str = ""
    job_kind: str = ""
    job_parameters: str = ""
    schedule: ScheduleObj | UnsetType = UNSET
    job_status: str = ""
    deleted: bool = False


class ExecHistory(GCHistory, omit_defaults=True):
    """A purge of the audit, or its schedule."""


class WorkerPool(Struct, omit_defaults=True):
    """A process that does jobs."""

    pid: Number
    worker_pool_id: str
    start_at: DateTime
    heartbeat_at: DateTime
    concurrency: Number
    host: str


class Worker(Struct, omit_defaults=True):
    """A place in which a job runs."""

    id: str
    pool_id: str
    job_name: str
    job_id: str
    start_at: DateTime | None = None
    check_in: str = ""
    checkin_at: DateTime | None = None


class JobQueue(Struct, omit_defaults=True):
    """What waits of one kind of job."""

    paused: bool
    job_type: str
    count: Number = 0
    latency: Number = 0


class ActionRequest(Struct):
    """What to do with what waits."""

    action: Literal["stop", "pause", "resume"] | UnsetType = UNSET


class ScheduleTask(Struct, omit_defaults=True):
    """A schedule, among all of them."""

    update_time: DateTime
    id: Number = 0
    vendor_type: str = ""
    vendor_id: Number = 0
    cron: str = ""


class SchedulerStatus(Struct):
    """Whether schedules do anything."""

    paused: bool
