"""Uploads are told of while they run."""

import sqlalchemy as sa
from alembic import op

from entrepot.db.schema.base import Name

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Text(), nullable=False, comment="Of the upload session, or of the one request."),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("repository", Name, nullable=False, comment="Its whole name; it may not be made yet."),
        sa.Column("who", Name, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False, comment="Bytes so far."),
        sa.Column(
            "expected", sa.BigInteger(), nullable=True, comment="Bytes at its end; NULL: the client does not say."
        ),
        sa.Column("speed", sa.BigInteger(), nullable=False, comment="Bytes a second, lately."),
        sa.Column(
            "told_at",
            sa.BigInteger(),
            nullable=False,
            comment="Its process tells of it every second; long ago: it died.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
        comment="Uploads that run and take longer than a second, for pages to show. Nothing counts on it.",
    )
