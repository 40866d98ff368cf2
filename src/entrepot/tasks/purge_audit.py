"""Purges of the audit as a job, with Harbor's parameters.

The audit is one chain, which can only lose its beginning. So an event that is to stay, for its age or its type, keeps
all that came after it.
"""

import time

from entrepot.access.local import itself_grant
from entrepot.jobs.task import ALONE, Context, Task
from entrepot.model.deed import names_of_types
from entrepot.model.job import JobKind, Json
from entrepot.registry.audit import Audit

_HOUR = 3_600_000_000


def purge_audit(audit: Audit) -> Task:
    """The task that removes old events."""

    async def run(job: Context) -> Json:
        hours = int(job.parameters["audit_retention_hour"])
        names = names_of_types(str(job.parameters["include_event_types"]).split(","))
        if hours <= 0:
            job.log("nothing is purged: audit_retention_hour is 0 or less", "warning")
            return {"purged": 0}
        before = time.time_ns() // 1000 - hours * _HOUR
        grant = itself_grant()
        if job.parameters.get("dry_run"):
            count = await audit.purgeable(grant, before, names)
            job.log(f"{count} events would be purged")
            return {"purged": count}
        purged = 0
        while some := await audit.purge_some(grant, before, names):
            purged += some
            job.progress(purged)
        job.log(f"{purged} events were purged")
        return {"purged": purged}

    return Task(kind=JobKind.PURGE_AUDIT_LOG, run=run, queue=ALONE, attempts=3, kept=10)
