"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "blobs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="The object that holds it, or the first part of it."),
        sa.Column(
            "parts",
            sa.Integer(),
            nullable=False,
            comment="In how many objects it lies; those after the first: blob_parts.",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blobs")),
        sa.UniqueConstraint("digest", name=op.f("uq_blobs_digest")),
        sa.UniqueConstraint("key", name=op.f("uq_blobs_key")),
        comment="Content that is held. It is visible in a repository only through repository_blobs.",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="`model.event.EventName`"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("repository", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "instance",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_instance")),
        comment="What is known of this installation as a whole, such as whether its first start was completed.",
    )
    op.create_table(
        "objects_to_remove",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("remove_after", sa.BigInteger(), nullable=False),
        sa.Column(
            "taken", sa.Boolean(), nullable=False, comment="A remover has begun: the object must not be used any more."
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_objects_to_remove")),
        comment="Objects that nothing counts on: given up, replaced, collected, or being written (then the time is far).",
    )
    op.create_index(op.f("ix_objects_to_remove_remove_after"), "objects_to_remove", ["remove_after"], unique=False)
    op.create_table(
        "projects",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("sparse_indexes", sa.Boolean(), nullable=True, comment="NULL leaves it to the instance's setting."),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("name", name=op.f("uq_projects_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sign_in_failures",
        sa.Column(
            "subject", sa.Text(), nullable=False, comment="A keyed hash of the account, or of the address, that failed."
        ),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(op.f("ix_sign_in_failures_updated_at"), "sign_in_failures", ["updated_at"], unique=False)
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Text(), nullable=False, comment="The `kid` of tokens signed with it."),
        sa.Column("private_key", sa.Text(), nullable=False, comment="PEM"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "blob_parts",
        sa.Column("blob_id", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name=op.f("fk_blob_parts_blob_id")),
        sa.PrimaryKeyConstraint("blob_id", "start", name=op.f("pk_blob_parts")),
        sa.UniqueConstraint("key", name=op.f("uq_blob_parts_key")),
        comment="The objects after the first one of a blob that came in several requests.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "members",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.SmallInteger(), nullable=False, comment="`model.project.Role`"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_members_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_members_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", "user_id", name=op.f("pk_members")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_members_user_id"), "members", ["user_id"], unique=False)
    op.create_table(
        "repositories",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "name",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
            comment="The whole name, its project's first.",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_repositories_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repositories")),
        sa.UniqueConstraint("name", name=op.f("uq_repositories_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_repositories_project_id_name"), "repositories", ["project_id", "name"], unique=False)
    op.create_table(
        "manifests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("artifact_type", sa.Text(), nullable=True),
        sa.Column("subject", sa.LargeBinary(), nullable=True, comment="The digest it refers to, if it is a referrer."),
        sa.Column(
            "annotations", sa.Text(), nullable=True, comment="Of a referrer, as JSON, for listing it without its body."
        ),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="The bytes as pushed, at most 4 MiB."),
        sa.Column("pushed_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True, comment="In the trash since then; NULL: live."),
        sa.ForeignKeyConstraint(["repository_id"], ["repositories.id"], name=op.f("fk_manifests_repository_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manifests")),
        sa.UniqueConstraint("repository_id", "digest", name=op.f("uq_manifests_repository_id_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_manifests_deleted_at",
        "manifests",
        ["deleted_at"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index(
        "ix_manifests_subject",
        "manifests",
        ["repository_id", "subject", "digest"],
        unique=False,
        sqlite_where=sa.text("subject IS NOT NULL"),
        postgresql_where=sa.text("subject IS NOT NULL"),
    )
    op.create_table(
        "repository_blobs",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("blob_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "visible", sa.Boolean(), nullable=False, comment="FALSE: deleted, and kept for a manifest in the trash."
        ),
        sa.Column("leased_until", sa.BigInteger(), nullable=False, comment="A pusher counts on it until then."),
        sa.Column(
            "review_after",
            sa.BigInteger(),
            nullable=True,
            comment="When to look whether it is still needed; NULL: while referenced.",
        ),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name=op.f("fk_repository_blobs_blob_id")),
        sa.ForeignKeyConstraint(["repository_id"], ["repositories.id"], name=op.f("fk_repository_blobs_repository_id")),
        sa.PrimaryKeyConstraint("repository_id", "blob_id", name=op.f("pk_repository_blobs")),
        comment="Which blobs a repository shows: what was pushed or mounted there. A blob without any is collected.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_repository_blobs_blob_id"), "repository_blobs", ["blob_id"], unique=False)
    op.create_index(
        "ix_repository_blobs_review_after",
        "repository_blobs",
        ["review_after"],
        unique=False,
        sqlite_where=sa.text("review_after IS NOT NULL"),
        postgresql_where=sa.text("review_after IS NOT NULL"),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False, comment="The principal that started it; nobody else sees it."),
        sa.Column(
            "size", sa.BigInteger(), nullable=False, comment="How many bytes have arrived: the sum of its parts."
        ),
        sa.Column(
            "finished",
            sa.LargeBinary(),
            nullable=True,
            comment="The digest it was closed with, so that a repeated close is answered.",
        ),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["repository_id"], ["repositories.id"], name=op.f("fk_uploads_repository_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_expires_at"), "uploads", ["expires_at"], unique=False)
    op.create_index(op.f("ix_uploads_repository_id"), "uploads", ["repository_id"], unique=False)
    op.create_table(
        "manifest_blobs",
        sa.Column("manifest_id", sa.BigInteger(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("blob_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["manifest_id"], ["manifests.id"], name=op.f("fk_manifest_blobs_manifest_id")),
        sa.ForeignKeyConstraint(
            ["repository_id", "blob_id"],
            ["repository_blobs.repository_id", "repository_blobs.blob_id"],
            name=op.f("fk_manifest_blobs_repository_id"),
        ),
        sa.PrimaryKeyConstraint("manifest_id", "blob_id", name=op.f("pk_manifest_blobs")),
        comment="What a manifest, live or in the trash, needs. The foreign key keeps it from being collected.",
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_manifest_blobs_repository_id_blob_id"), "manifest_blobs", ["repository_id", "blob_id"], unique=False
    )
    op.create_table(
        "manifest_children",
        sa.Column("parent_id", sa.BigInteger(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["manifests.id"], name=op.f("fk_manifest_children_parent_id")),
        sa.PrimaryKeyConstraint("parent_id", "digest", name=op.f("pk_manifest_children")),
        comment="Which manifests an index names. The child may be absent where sparse indexes are allowed.",
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_manifest_children_repository_id_digest"),
        "manifest_children",
        ["repository_id", "digest"],
        unique=False,
    )
    op.create_table(
        "missing_blobs",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("manifest_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["manifest_id"], ["manifests.id"], name=op.f("fk_missing_blobs_manifest_id")),
        sa.PrimaryKeyConstraint("repository_id", "digest", "manifest_id", name=op.f("pk_missing_blobs")),
        comment="What sparse manifests lack; turned into manifest_blobs when it comes. Empty where they are refused.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_missing_blobs_manifest_id"), "missing_blobs", ["manifest_id"], unique=False)
    op.create_table(
        "tags",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("manifest_id", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["manifest_id"], ["manifests.id"], name=op.f("fk_tags_manifest_id")),
        sa.ForeignKeyConstraint(["repository_id"], ["repositories.id"], name=op.f("fk_tags_repository_id")),
        sa.PrimaryKeyConstraint("repository_id", "name", name=op.f("pk_tags")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_tags_manifest_id"), "tags", ["manifest_id"], unique=False)
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=True,
            comment="Of everything up to its end; NULL if that was not at hand.",
        ),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_upload_parts_upload_id")),
        sa.PrimaryKeyConstraint("upload_id", "start", name=op.f("pk_upload_parts")),
        sa.UniqueConstraint("key", name=op.f("uq_upload_parts_key")),
        comment="What each request brought, as an object of its own; they become the blob as they lie.",
        sqlite_with_rowid=False,
    )
