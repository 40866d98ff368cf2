"""The audit is found by what was done something to, and by time."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index(op.f("ix_events_resource_id"), "events", ["resource", "id"], unique=False)
    op.create_index(op.f("ix_events_at_id"), "events", ["at", "id"], unique=False)
