"""Rules of projects about their tags, and what carrying them out has done."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, Table, Text, UniqueConstraint

from entrepot.db.schema.base import BY_KEY, NEVER_REUSED, Name, Number, metadata

retention_policies = Table(
    "retention_policies",
    metadata,
    Column("id", Number, primary_key=True),
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("rules", Text, nullable=False, comment="JSON, as `model.rule_text` writes it."),
    Column("cron", Text, nullable=False, comment="Six fields; empty: only when somebody asks for it."),
    Column("revision", BigInteger, nullable=False, comment="Counts the changes: a run goes by the one it began with."),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    comment="What is kept of a project's artifacts.",
    **NEVER_REUSED,
)

immutable_rules = Table(
    "immutable_rules",
    metadata,
    Column("id", Number, primary_key=True),
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("selectors", Name, nullable=False, comment="JSON, as `model.rule_text` writes it."),
    Column("priority", Integer, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("project_id", "selectors"),
    comment="Which tags are neither moved nor deleted.",
    **NEVER_REUSED,
)

retention_tasks = Table(
    "retention_tasks",
    metadata,
    Column("id", Number, primary_key=True),
    Column("job_id", BigInteger, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("repository", Name, nullable=False, comment="Its name without the project's."),
    Column("state", Text, nullable=False, comment="`model.job.JobState`"),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("decided_at", BigInteger, comment="When the last artifact that was decided was pushed; NULL: none was."),
    Column("decided", BigInteger, comment="The id of that artifact."),
    Column("total", BigInteger, nullable=False, comment="Artifacts that were decided."),
    Column("retained", BigInteger, nullable=False, comment="Those of them that stay."),
    Column("tags", BigInteger, nullable=False, comment="Tags that go, alone or with their artifact."),
    Column("told", BigInteger, nullable=False, comment="How many results are kept."),
    Column("untold", BigInteger, nullable=False, comment="How many more there were."),
    UniqueConstraint("job_id", "repository_id"),
    comment="One repository of a run of retention.",
    **NEVER_REUSED,
)

retention_results = Table(
    "retention_results",
    metadata,
    Column("task_id", Number, ForeignKey("retention_tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="From 1, in each task."),
    Column("digest", LargeBinary, nullable=False),
    Column("tag", Text, comment="NULL: the artifact itself, which has no tag or has none any more."),
    Column("kept", Boolean, nullable=False),
    Column("why", Text, nullable=False, comment="A sentence."),
    comment="What became of artifacts and tags, and why. Bounded; what is kept is left out first.",
    **BY_KEY,
)
