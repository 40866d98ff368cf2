"""Tags are found by their names, and artifacts by their digests, in all repositories at once."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_index(op.f("ix_manifests_digest"), "manifests", ["digest"], unique=False)
    op.create_index(op.f("ix_tags_name"), "tags", ["name"], unique=False)
