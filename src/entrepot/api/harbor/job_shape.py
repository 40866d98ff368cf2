"""Jobs as Harbor tells of them: its names of kinds and states, executions, and logs as text."""

import json
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args

from litestar import Response
from msgspec import UNSET, UnsetType

from entrepot.api.harbor.schema.job import Cadence, ExecHistory, GCHistory, Schedule, ScheduleObj
from entrepot.api.harbor.values import date_time, optional_time
from entrepot.db import schedules
from entrepot.db.job_lists import WORDS
from entrepot.model.cron import Cron
from entrepot.model.errors import Invalid, RecordUnknown
from entrepot.model.job import Job, Json, LogLine

H = TypeVar("H", GCHistory, ExecHistory)
EVERYTHING = "all"
SCHEDULED = "Scheduled"
PLANNED = ("Hourly", "Daily", "Weekly", "Custom")
_LONGEST_ID = 18


def vendor_type(kind: str) -> str:
    """Harbor's name of a kind of job."""
    return kind.upper().replace("-", "_")


def kind_of(name: str) -> str | None:
    """The kind of job that Harbor calls so; None for all of them."""
    return None if name.lower() == EVERYTHING else name.lower().replace("_", "-")


def job_id_of(text: str) -> int:
    """The id of a job in a path. Raises RecordUnknown."""
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_ID:
        raise RecordUnknown("there is no job of this id")
    return int(text)


def execution(shape: type[H], job: Job) -> H:
    """A job in the shape of a history."""
    result = job.result if isinstance(job.result, dict) else {}
    return shape(
        id=job.id,
        job_name=vendor_type(job.kind),
        job_kind=job.trigger.value,
        job_parameters=_as_text({**job.parameters, **result}),
        # Harbor repeats here why the job was requested, whatever else its contract says of this field.
        schedule=ScheduleObj(type="Manual" if job.trigger == "MANUAL" else "Schedule"),
        job_status=WORDS[job.state],
        creation_time=date_time(job.started_at or job.requested_at),
        update_time=optional_time(job.ended_at),
    )


def planned(shape: type[H], found: schedules.Schedule) -> H:
    """A schedule in the shape of a history."""
    cadence: Cadence = next(each for each in get_args(Cadence) if each == found.cadence)
    return shape(
        id=found.id,
        job_kind=found.cron,
        job_parameters=_as_text(found.parameters),
        schedule=ScheduleObj(
            type=cadence,
            cron=found.cron,
            next_scheduled_time=date_time(Cron.parse(found.cron).after(found.last_tick)),
        ),
        job_status=SCHEDULED,
        creation_time=date_time(found.created_at),
        update_time=date_time(found.updated_at),
    )


def shown_or_nothing(schedule: H | None) -> Response[H]:
    """The answer that tells of a schedule: without a body if there is none, as Harbor has it."""
    if schedule is not None:
        return Response(schedule)
    nothing: Response[Any] = Response(b"", media_type="text/plain")
    return nothing


def wanted_schedule(data: Schedule) -> ScheduleObj:
    """What the body asks for. Raises Invalid if that is missing, or needs a cron and has none."""
    wanted = data.schedule
    if isinstance(wanted, UnsetType) or wanted.type in (UNSET, "Schedule"):
        raise Invalid(
            'say when: {"schedule": {"type": "Manual"}}, or None, or Hourly, Daily, Weekly, Custom and a cron'
        )
    if wanted.type in PLANNED and not wanted.cron:
        raise Invalid(f"a schedule of the type {wanted.type} needs its cron, as in 0 0 3 * * *")
    return wanted


def flag(parameters: dict[str, Json], name: str) -> bool:
    """The value of a parameter that is true or false, or left out. Raises Invalid."""
    value = parameters.get(name, False)
    if not isinstance(value, bool):
        raise Invalid(f"{name} is true or false")
    return value


def number(parameters: dict[str, Json], name: str, default: int | None, least: int, most: int) -> int:
    """The value of a parameter that is a whole number. Raises Invalid."""
    value = parameters.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Invalid(f"{name} is a whole number from {least} to {most}")
    return value


def log_text(lines: list[LogLine]) -> str:
    """A log as people read it."""
    return "".join(f"{_moment(line.at)} [{line.level.upper()}] {line.line}\n" for line in lines)


def _moment(microseconds: int) -> str:
    return f"{datetime.fromtimestamp(microseconds // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _as_text(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
