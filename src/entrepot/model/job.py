"""Jobs: work that is asked for now and done beside requests, by whichever process is free."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = Any
"""What JSON can say: None, a truth, a number, a text, a list of these, or a dict of these by texts."""


class JobKind(StrEnum):
    """What is done. Upper case and with `_` it is the name by which Harbor's API knows it."""

    GARBAGE_COLLECTION = "garbage-collection"
    PURGE_AUDIT_LOG = "purge-audit-log"
    EXECUTION_SWEEP = "execution-sweep"
    RETENTION = "retention"
    LAYER_INDEX = "layer-index"
    SCRUB = "scrub"


SCHEDULER = "scheduler"
"""No kind of job: pausing it pauses all schedules."""


class JobState(StrEnum):
    """Where a job stands; the last three are final."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def final(self) -> bool:
        """Whether nothing more comes of it."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.STOPPED)


class Trigger(StrEnum):
    """Why a job was requested."""

    MANUAL = "MANUAL"
    SCHEDULE = "SCHEDULE"
    EVENT = "EVENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A job that somebody wants done."""

    kind: str
    """As in `JobKind`."""
    by: str
    """Who asked, as people know them."""
    trigger: Trigger = Trigger.MANUAL
    parameters: dict[str, Json] = field(default_factory=dict)
    """Given to the task; never a secret."""
    key: str | None = None
    """Of the unfinished jobs of the kind, only one has this key; None: any number at once."""
    subject_id: int | None = None
    """The policy or the like that it is of, by which its jobs are listed."""
    project_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it stands. Times are microseconds since 1970, None for what has not come."""

    id: int
    kind: str
    key: str | None
    trigger: Trigger
    parameters: dict[str, Json]
    subject_id: int | None
    project_id: int | None
    requested_by: str
    requested_at: int
    state: JobState
    stop_requested: bool
    attempt: int
    node: str | None
    started_at: int | None
    ended_at: int | None
    done: int
    total: int | None
    bytes: int
    progress_at: int | None
    reason: str
    """Why it failed, or its last attempt did."""
    result: Json
    as_of: int
    """The database's time when this was read."""

    @property
    def rate(self) -> float | None:
        """How much of `done` came in a second, on the whole; None if that cannot be said."""
        seconds = self._seconds
        return self.done / seconds if seconds and self.done else None

    @property
    def bytes_rate(self) -> float | None:
        """As `rate`, of bytes."""
        seconds = self._seconds
        return self.bytes / seconds if seconds and self.bytes else None

    @property
    def remaining(self) -> float | None:
        """In how many seconds it ends if it goes on like that; None if that cannot be said."""
        rate = self.rate
        if self.state is not JobState.RUNNING or not rate or self.total is None:
            return None
        return max(0.0, (self.total - self.done) / rate)

    @property
    def _seconds(self) -> float:
        if self.started_at is None:
            return 0.0
        return max(0, (self.ended_at or self.as_of) - self.started_at) / 1_000_000


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a job's log."""

    number: int
    at: int
    level: str
    line: str
