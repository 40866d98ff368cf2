"""Work that is done beside requests: jobs, their logs, schedules, and the processes that do it."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from entrepot.db.schema.base import BY_KEY, NEVER_REUSED, Name, Number, metadata

jobs = Table(
    "jobs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", Name, nullable=False, comment="What is done, as in `model.job.JobKind`."),
    Column("key", Name, comment="Of the unfinished jobs of a kind, only one has it; NULL: any number."),
    Column("trigger", Text, nullable=False, comment="`model.job.Trigger`"),
    Column("parameters", Text, nullable=False, comment="JSON"),
    Column("subject_id", BigInteger, comment="The policy or the like that it is of."),
    Column("project_id", BigInteger, comment="It may be gone by now."),
    Column("requested_by", Name, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False, comment="`model.job.JobState`"),
    Column("stop_requested", Boolean, nullable=False),
    Column("attempt", Integer, nullable=False, comment="From 1; another one begins after a failure."),
    Column("run", Integer, nullable=False, comment="From 1; with the id it names the workflow of the engine."),
    Column("starts", Integer, nullable=False, comment="How often it was begun; what an older start writes is void."),
    Column("due_at", BigInteger, nullable=False, comment="Not to be given to the engine before."),
    Column("dispatched_at", BigInteger, comment="When the engine got this run; NULL: not yet."),
    Column("node", Name, comment="`job_nodes.id` of the process that began it last."),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, comment="NULL: not known."),
    Column("bytes", BigInteger, nullable=False),
    Column("progress_at", BigInteger, comment="When done, total or bytes changed last."),
    Column("reason", Text, nullable=False, comment="Why it, or its last attempt, failed: a sentence."),
    Column("result", Text, comment="JSON"),
    Index(None, "kind", "id"),
    Index(None, "kind", "subject_id", "id"),
    Index(None, "project_id", "id"),
    Index(None, "state", "id"),
    comment="What is to be done, is being done and was done.",
    **NEVER_REUSED,
)
Index(
    "uq_jobs_unfinished",
    jobs.c.kind,
    jobs.c.key,
    unique=True,
    sqlite_where=jobs.c.ended_at.is_(None) & jobs.c.key.is_not(None),
    postgresql_where=jobs.c.ended_at.is_(None) & jobs.c.key.is_not(None),
)
Index(
    "ix_jobs_waiting",
    jobs.c.due_at,
    jobs.c.id,
    sqlite_where=jobs.c.ended_at.is_(None) & jobs.c.dispatched_at.is_(None),
    postgresql_where=jobs.c.ended_at.is_(None) & jobs.c.dispatched_at.is_(None),
)
Index(
    "ix_jobs_dispatched",
    jobs.c.dispatched_at,
    jobs.c.id,
    sqlite_where=jobs.c.ended_at.is_(None) & jobs.c.dispatched_at.is_not(None),
    postgresql_where=jobs.c.ended_at.is_(None) & jobs.c.dispatched_at.is_not(None),
)

job_logs = Table(
    "job_logs",
    metadata,
    Column("job_id", Number, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="From 1, in each job."),
    Column("at", BigInteger, nullable=False),
    Column("level", Text, nullable=False, comment="info, warning or error"),
    Column("line", Text, nullable=False),
    comment="What jobs told: of each the latest lines.",
    **BY_KEY,
)

job_nodes = Table(
    "job_nodes",
    metadata,
    Column("id", Name, primary_key=True),
    Column("host", Text, nullable=False),
    Column("process", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("beat", BigInteger, nullable=False, comment="Counts up, as the others watch; below 0: it stopped."),
    Column("at_once", Integer, nullable=False, comment="How many jobs it does at a time."),
    comment="Processes that do jobs.",
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Name, nullable=False),
    Column("until", BigInteger, nullable=False),
    comment="Who does for a while what one process is to do.",
)

schedules = Table(
    "schedules",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("kind", Name, nullable=False, comment="Of the jobs it requests."),
    Column("cron", Text, nullable=False, comment="Six fields, by UTC: `model.cron`."),
    Column("cadence", Text, nullable=False, comment="What people chose: `Hourly`, `Daily`, `Weekly` or `Custom`."),
    Column("parameters", Text, nullable=False, comment="JSON, given to each job."),
    Column("subject_id", BigInteger, comment="The policy or the like that it is of."),
    Column("project_id", BigInteger),
    Column("paused", Boolean, nullable=False),
    Column(
        "last_tick", BigInteger, nullable=False, comment="Up to when ticks were seen to; at first when it was made."
    ),
    Column("next_tick", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("updated_by", Name, nullable=False),
    Index(None, "next_tick", "id"),
    Index(None, "kind", "subject_id"),
    comment="When jobs are requested by themselves.",
    **NEVER_REUSED,
)

job_pauses = Table(
    "job_pauses",
    metadata,
    Column(
        "kind", Name, primary_key=True, comment="Jobs of this kind do not begin; `scheduler`: no schedule requests any."
    ),
    Column("paused_at", BigInteger, nullable=False),
    Column("paused_by", Name, nullable=False),
    comment="What administrators hold back.",
)
