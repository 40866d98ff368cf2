"""Artifacts are counted by an index alone; the audit is found by what was done something to, and by time."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index(op.f("ix_events_resource_id"), "events", ["resource", "id"], unique=False)
    op.create_index(op.f("ix_events_at_id"), "events", ["at", "id"], unique=False)
    op.drop_index("ix_manifests_listed", table_name="manifests")
    op.drop_index("ix_manifests_live", table_name="manifests")
    op.create_index(
        "ix_manifests_live",
        "manifests",
        ["repository_id", "pushed_at", "id", "listed"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
