"""Runs of retention as Harbor's API shows them."""

from entrepot.api.harbor.schema.rule import RetentionExecution, RetentionExecutionTask
from entrepot.api.harbor.values import optional_time
from entrepot.db.retention_runs import RunTask
from entrepot.model.job import Job, JobState
from entrepot.registry.retention import DRY_RUN

_WORDS = {
    JobState.PENDING: "InProgress",
    JobState.RUNNING: "InProgress",
    JobState.SUCCEEDED: "Succeed",
    JobState.STOPPED: "Stopped",
    JobState.FAILED: "Failed",
}
_CODES = {JobState.PENDING: 0, JobState.RUNNING: 2}
_FINAL = 3


def run(job: Job) -> RetentionExecution:
    """A run."""
    return RetentionExecution(
        id=job.id,
        policy_id=job.subject_id or 0,
        start_time=optional_time(job.requested_at),
        end_time=optional_time(job.ended_at),
        status=_WORDS[job.state],
        trigger=job.trigger.value,
        dry_run=job.parameters.get(DRY_RUN) is True,
    )


def task(job: Job, found: RunTask) -> RetentionExecutionTask:
    """One repository of a run. What it had not seen to when it ended is as the run itself."""
    unfinished = found.ended_at is None and job.state.final
    state = job.state if unfinished else found.state
    return RetentionExecutionTask(
        id=found.id,
        execution_id=job.id,
        repository=found.repository,
        job_id=str(job.id),
        status=_WORDS[state],
        status_code=_CODES.get(state, _FINAL),
        status_revision=job.attempt,
        start_time=optional_time(found.started_at),
        end_time=optional_time(job.ended_at if unfinished else found.ended_at),
        total=found.total,
        retained=found.retained,
    )
