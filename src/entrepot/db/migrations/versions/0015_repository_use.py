"""What each repository holds is counted as it changes."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "repository_use",
        sa.Column(
            "repository_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("held", sa.BigInteger(), nullable=False, comment="Bytes of all blobs that it has links to."),
        sa.Column(
            "own", sa.BigInteger(), nullable=False, comment="Of those, that no other repository of the project has."
        ),
        sa.Column("bodies", sa.BigInteger(), nullable=False, comment="Bytes of its manifests, in the trash or not."),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_repository_use_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_repository_use")),
        comment="What a repository holds. Moved with the quota of its project, in the same transaction.",
    )
    op.add_column(
        "project_blobs",
        sa.Column(
            "holders",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="The sum of the ids of those repositories: of a single one, its id.",
        ),
    )
    op.create_index(
        "ix_manifests_deleted",
        "manifests",
        ["repository_id", "deleted_at"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.execute(
        "UPDATE project_blobs SET holders = coalesce((SELECT SUM(l.repository_id) FROM repository_blobs l"
        " JOIN repositories r ON r.id = l.repository_id"
        " WHERE l.blob_id = project_blobs.blob_id AND r.project_id = project_blobs.project_id), 0)"
    )
    op.execute(
        "INSERT INTO repository_use (repository_id, held, own, bodies)"
        " SELECT r.id, coalesce(h.held, 0), coalesce(h.own, 0),"
        "  coalesce((SELECT SUM(length(m.body)) FROM manifests m WHERE m.repository_id = r.id), 0)"
        " FROM repositories r LEFT JOIN (SELECT l.repository_id AS id, SUM(b.size) AS held,"
        "   SUM(CASE WHEN p.links = 1 THEN b.size ELSE 0 END) AS own"
        "  FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id JOIN repositories q ON q.id = l.repository_id"
        "  JOIN project_blobs p ON p.project_id = q.project_id AND p.blob_id = l.blob_id GROUP BY l.repository_id) h"
        " ON h.id = r.id WHERE r.project_id IS NOT NULL"
    )
