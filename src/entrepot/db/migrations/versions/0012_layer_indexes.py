"""Indexes of the layers of images."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "layer_indexes",
        sa.Column("blob_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column(
            "version", sa.Integer(), nullable=False, comment="Of the format; one of another version is made again."
        ),
        sa.Column(
            "key", sa.Text(), nullable=True, comment="The object that holds the index; NULL: it could not be made."
        ),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="Bytes of the object."),
        sa.Column(
            "tree_size", sa.BigInteger(), nullable=False, comment="Of these, the index; what follows is read in parts."
        ),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("unpacked", sa.BigInteger(), nullable=False, comment="Bytes of the layer, uncompressed."),
        sa.Column("left_out", sa.BigInteger(), nullable=False, comment="Entries that lead elsewhere or are too long."),
        sa.Column(
            "reason", sa.Text(), nullable=False, comment="Why it could not be made, as a sentence; empty if it was."
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name=op.f("fk_layer_indexes_blob_id")),
        sa.PrimaryKeyConstraint("blob_id", name=op.f("pk_layer_indexes")),
        sa.UniqueConstraint("key", name=op.f("uq_layer_indexes_key")),
        comment="Indexes of the layers of images. An index goes with its blob.",
    )
