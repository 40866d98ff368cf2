"""Blobs that are set aside, and the reading again of everything that is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for column in (
        sa.Column(
            "quarantined_at",
            sa.BigInteger(),
            nullable=True,
            comment="Its objects do not hold it: set aside since then; NULL: good.",
        ),
        sa.Column("fault", sa.Text(), nullable=True, comment="Of one that is set aside: `model.fault.Fault`."),
        sa.Column(
            "examined_at",
            sa.BigInteger(),
            nullable=True,
            comment="Of one that is set aside: when its objects were last read.",
        ),
    ):
        op.add_column("blobs", column)
    op.create_index(
        "ix_blobs_quarantined_at",
        "blobs",
        ["quarantined_at", "id"],
        unique=False,
        sqlite_where=sa.text("quarantined_at IS NOT NULL"),
        postgresql_where=sa.text("quarantined_at IS NOT NULL"),
    )
    op.create_table(
        "scrubs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True, comment="NULL: under way."),
        sa.Column(
            "last_blob",
            sa.BigInteger(),
            nullable=False,
            comment="The id of the last blob that was read: it goes on there.",
        ),
        sa.Column("blobs", sa.BigInteger(), nullable=False, comment="How many were read."),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("faults", sa.BigInteger(), nullable=False, comment="How many of them were not whole."),
        sa.Column("worker", sa.Text(), nullable=False, comment="Who is at it."),
        sa.Column("worker_until", sa.BigInteger(), nullable=False, comment="When another worker may go on."),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scrubs")),
        comment="The walks over all blobs, each by one worker at a time.",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_scrubs_under_way",
        "scrubs",
        ["id"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "suspected_blobs",
        sa.Column("blob_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("suspected_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", name=op.f("pk_suspected_blobs")),
        comment="Blobs that could not be read when somebody asked for them: looked at before all others.",
    )
