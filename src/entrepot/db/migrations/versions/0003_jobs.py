"""Jobs, their logs, schedules, and the processes that do them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "job_nodes",
        sa.Column("id", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("process", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "beat",
            sa.BigInteger(),
            nullable=False,
            comment="Counts up, as the others watch; below 0: it stopped.",
        ),
        sa.Column("at_once", sa.Integer(), nullable=False, comment="How many jobs it does at a time."),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_nodes")),
        comment="Processes that do jobs.",
    )
    op.create_table(
        "job_pauses",
        sa.Column(
            "kind",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
            comment="Jobs of this kind do not begin; `scheduler`: no schedule requests any.",
        ),
        sa.Column("paused_at", sa.BigInteger(), nullable=False),
        sa.Column("paused_by", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_job_pauses")),
        comment="What administrators hold back.",
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
            comment="What is done, as in `model.job.JobKind`.",
        ),
        sa.Column(
            "key",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=True,
            comment="Of the unfinished jobs of a kind, only one has it; NULL: any number.",
        ),
        sa.Column("trigger", sa.Text(), nullable=False, comment="`model.job.Trigger`"),
        sa.Column("parameters", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("subject_id", sa.BigInteger(), nullable=True, comment="The policy or the like that it is of."),
        sa.Column("project_id", sa.BigInteger(), nullable=True, comment="It may be gone by now."),
        sa.Column("requested_by", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="`model.job.JobState`"),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False, comment="From 1; another one begins after a failure."),
        sa.Column(
            "run", sa.Integer(), nullable=False, comment="From 1; with the id it names the workflow of the engine."
        ),
        sa.Column(
            "starts",
            sa.Integer(),
            nullable=False,
            comment="How often it was begun; what an older start writes is void.",
        ),
        sa.Column("due_at", sa.BigInteger(), nullable=False, comment="Not to be given to the engine before."),
        sa.Column(
            "dispatched_at", sa.BigInteger(), nullable=True, comment="When the engine got this run; NULL: not yet."
        ),
        sa.Column(
            "node",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=True,
            comment="`job_nodes.id` of the process that began it last.",
        ),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True, comment="NULL: not known."),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("progress_at", sa.BigInteger(), nullable=True, comment="When done, total or bytes changed last."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why it, or its last attempt, failed: a sentence."),
        sa.Column("result", sa.Text(), nullable=True, comment="JSON"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        comment="What is to be done, is being done and was done.",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_jobs_dispatched",
        "jobs",
        ["dispatched_at", "id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL AND dispatched_at IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND dispatched_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_jobs_kind_id"), "jobs", ["kind", "id"], unique=False)
    op.create_index(op.f("ix_jobs_kind_subject_id_id"), "jobs", ["kind", "subject_id", "id"], unique=False)
    op.create_index(op.f("ix_jobs_project_id_id"), "jobs", ["project_id", "id"], unique=False)
    op.create_index(op.f("ix_jobs_state_id"), "jobs", ["state", "id"], unique=False)
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL AND dispatched_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND dispatched_at IS NULL"),
    )
    op.create_index(
        "uq_jobs_unfinished",
        "jobs",
        ["kind", "key"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL AND key IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND key IS NOT NULL"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
        comment="Who does for a while what one process is to do.",
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column(
            "kind",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
            comment="Of the jobs it requests.",
        ),
        sa.Column("cron", sa.Text(), nullable=False, comment="Six fields, by UTC: `model.cron`."),
        sa.Column(
            "cadence", sa.Text(), nullable=False, comment="What people chose: `Hourly`, `Daily`, `Weekly` or `Custom`."
        ),
        sa.Column("parameters", sa.Text(), nullable=False, comment="JSON, given to each job."),
        sa.Column("subject_id", sa.BigInteger(), nullable=True, comment="The policy or the like that it is of."),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column(
            "last_tick",
            sa.BigInteger(),
            nullable=False,
            comment="Up to when ticks were seen to; at first when it was made.",
        ),
        sa.Column("next_tick", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sa.UniqueConstraint("name", name=op.f("uq_schedules_name")),
        comment="When jobs are requested by themselves.",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_schedules_kind_subject_id"), "schedules", ["kind", "subject_id"], unique=False)
    op.create_index(op.f("ix_schedules_next_tick_id"), "schedules", ["next_tick", "id"], unique=False)
    op.create_table(
        "job_logs",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False, comment="From 1, in each job."),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False, comment="info, warning or error"),
        sa.Column("line", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_logs_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_job_logs")),
        comment="What jobs told: of each the latest lines.",
        sqlite_with_rowid=False,
    )
