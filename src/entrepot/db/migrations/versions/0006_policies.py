"""Rules of retention and of immutable tags, and what runs of retention have done."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "immutable_rules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "selectors",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
            comment="JSON, as `model.rule_text` writes it.",
        ),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_immutable_rules_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_immutable_rules")),
        sa.UniqueConstraint("project_id", "selectors", name=op.f("uq_immutable_rules_project_id_selectors")),
        comment="Which tags are neither moved nor deleted.",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "retention_policies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False, comment="JSON, as `model.rule_text` writes it."),
        sa.Column("cron", sa.Text(), nullable=False, comment="Six fields; empty: only when somebody asks for it."),
        sa.Column(
            "revision",
            sa.BigInteger(),
            nullable=False,
            comment="Counts the changes: a run goes by the one it began with.",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_retention_policies_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_policies")),
        sa.UniqueConstraint("project_id", name=op.f("uq_retention_policies_project_id")),
        comment="What is kept of a project's artifacts.",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "retention_tasks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "repository",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
            comment="Its name without the project's.",
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="`model.job.JobState`"),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "decided_at",
            sa.BigInteger(),
            nullable=True,
            comment="When the last artifact that was decided was pushed; NULL: none was.",
        ),
        sa.Column("decided", sa.BigInteger(), nullable=True, comment="The id of that artifact."),
        sa.Column("total", sa.BigInteger(), nullable=False, comment="Artifacts that were decided."),
        sa.Column("retained", sa.BigInteger(), nullable=False, comment="Those of them that stay."),
        sa.Column("tags", sa.BigInteger(), nullable=False, comment="Tags that go, alone or with their artifact."),
        sa.Column("told", sa.BigInteger(), nullable=False, comment="How many results are kept."),
        sa.Column("untold", sa.BigInteger(), nullable=False, comment="How many more there were."),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_retention_tasks_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_tasks")),
        sa.UniqueConstraint("job_id", "repository_id", name=op.f("uq_retention_tasks_job_id_repository_id")),
        comment="One repository of a run of retention.",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "retention_results",
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False, comment="From 1, in each task."),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "tag", sa.Text(), nullable=True, comment="NULL: the artifact itself, which has no tag or has none any more."
        ),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False, comment="A sentence."),
        sa.ForeignKeyConstraint(
            ["task_id"], ["retention_tasks.id"], name=op.f("fk_retention_results_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "number", name=op.f("pk_retention_results")),
        comment="What became of artifacts and tags, and why. Bounded; what is kept is left out first.",
        sqlite_with_rowid=False,
    )
