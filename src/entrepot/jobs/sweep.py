"""Old jobs go: of each kind and subject the latest are kept. A job of its own."""

from collections.abc import Iterable
from functools import partial

from entrepot.db import job_sweep
from entrepot.db.contract import Database
from entrepot.jobs.task import Context, Task
from entrepot.model.job import JobKind, Json

AT_ONCE = 20
"""Jobs per transaction: each may have ten thousand lines of log."""
KEPT_OF_UNKNOWN = 50


def sweep(db: Database, tasks: Iterable[Task]) -> Task:
    """The task that removes old jobs, and keeps of each kind what its task says."""
    kept = {task.kind: task.kept for task in tasks}

    async def run(job: Context) -> Json:
        gone = 0
        for kind, subject_id in await db.read(job_sweep.kinds):
            question = partial(
                job_sweep.old,
                kind=kind,
                subject_id=subject_id,
                kept=kept.get(kind, KEPT_OF_UNKNOWN),
                count=AT_ONCE,
            )
            while found := await db.read(question):
                await db.write(partial(job_sweep.remove, gone=found))
                gone += len(found)
                job.progress(gone)
        job.log(f"{gone} old jobs were removed")
        return {"removed": gone}

    return Task(kind=JobKind.EXECUTION_SWEEP, run=run, cron="0 7 * * * *", kept=10)
