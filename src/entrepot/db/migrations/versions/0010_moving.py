"""Large repositories go into the trash, and come out of it, some artifacts at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"


def upgrade() -> None:
    op.add_column(
        "repositories",
        sa.Column(
            "moving",
            sa.BigInteger(),
            nullable=True,
            comment="The deletion that its contents are being moved into or out of: nothing of it is shown; NULL: none.",
        ),
    )
    op.create_index(
        "ix_repositories_moving",
        "repositories",
        ["moving"],
        unique=False,
        sqlite_where=sa.text("moving IS NOT NULL"),
        postgresql_where=sa.text("moving IS NOT NULL"),
    )
    op.add_column(
        "trash",
        sa.Column(
            "moving",
            sa.Text(),
            nullable=True,
            comment="`model.trash.Moving`: its contents are on their way; NULL: all of them are there.",
        ),
    )
    op.create_index(
        "ix_trash_moving",
        "trash",
        ["moving", "id"],
        unique=False,
        sqlite_where=sa.text("moving IS NOT NULL"),
        postgresql_where=sa.text("moving IS NOT NULL"),
    )
