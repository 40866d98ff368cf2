"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit_stubs",
        sa.Column("last_place", sa.BigInteger(), nullable=False, comment="The last place that was purged."),
        sa.Column("first_place", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False, comment="The seal of the last row that was purged."),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("purged_at", sa.BigInteger(), nullable=False),
        sa.Column("purged_by", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False, comment="A JWS over all of it, by a key of signing_keys."),
        sa.PrimaryKeyConstraint("last_place", name=op.f("pk_audit_stubs")),
        comment="What is left of purged parts of the chain.",
    )
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
        "configuration",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_configuration")),
        comment="Settings that administrators changed in the running system.",
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="`model.event.EventName`"),
        sa.Column("actor", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("through", sa.Text(), nullable=False, comment="`model.grant.Proof`"),
        sa.Column(
            "address", sa.Text(), nullable=False, comment="Where the request came from; empty if it was no request."
        ),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("repository", sa.Text(), nullable=True),
        sa.Column("resource", sa.Text(), nullable=False, comment="What it was done to, as people name it."),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON"),
        sa.Column(
            "place",
            sa.BigInteger(),
            nullable=True,
            comment="Its place in the chain, in the order of commits; NULL: not yet.",
        ),
        sa.Column(
            "seal",
            sa.LargeBinary(),
            nullable=True,
            comment="SHA-256 over the row and the seal before it; NULL: not yet.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("place", name=op.f("uq_events_place")),
        comment="What happened: the outbox that jobs and pages follow, and the audit.",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_events_actor_id"), "events", ["actor", "id"], unique=False)
    op.create_index(op.f("ix_events_name_id"), "events", ["name", "id"], unique=False)
    op.create_index(op.f("ix_events_project_id_id"), "events", ["project_id", "id"], unique=False)
    op.create_index(
        "ix_events_unsealed",
        "events",
        ["id"],
        unique=False,
        sqlite_where=sa.text("place IS NULL"),
        postgresql_where=sa.text("place IS NULL"),
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
        sa.Column("owner_id", sa.BigInteger(), nullable=False, comment="The user who made it; 0: nobody who signs in."),
        sa.Column("owner_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("name", name=op.f("uq_projects_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_projects_owner_name"), "projects", ["owner_name"], unique=False)
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
        "user_groups",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False, comment="Harbor's numbers: 1 LDAP, 2 HTTP, 3 OIDC."),
        sa.Column("ldap_dn", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_groups")),
        sa.UniqueConstraint("name", "kind", name=op.f("uq_user_groups_name_kind")),
        comment="Groups that other systems put people in; who is in one is learnt at sign-in.",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column(
            "email",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=True,
            comment="NULL: none was given.",
        ),
        sa.Column("realname", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
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
        "cve_allowlists",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("items", sa.Text(), nullable=False, comment="Ids of vulnerabilities, as a JSON list."),
        sa.Column("expires_at", sa.BigInteger(), nullable=True, comment="Seconds since 1970; NULL: never."),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_cve_allowlists_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cve_allowlists")),
        sa.UniqueConstraint("project_id", name=op.f("uq_cve_allowlists_project_id")),
        comment="Vulnerabilities that a project puts up with; the one without a project is the system's.",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "group_members",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["user_groups.id"], name=op.f("fk_group_members_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_group_members_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "group_id", name=op.f("pk_group_members")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_group_members_group_id"), "group_members", ["group_id"], unique=False)
    op.create_table(
        "labels",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True, comment="NULL: of all projects."),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("color", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_labels_project_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_labels_project_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_labels_name",
        "labels",
        ["name"],
        unique=True,
        sqlite_where=sa.text("project_id IS NULL"),
        postgresql_where=sa.text("project_id IS NULL"),
    )
    op.create_table(
        "members",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.SmallInteger(), nullable=False, comment="`model.project.Role`"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(user_id IS NULL) <> (group_id IS NULL)", name="ck_members_entity"),
        sa.ForeignKeyConstraint(["group_id"], ["user_groups.id"], name=op.f("fk_members_group_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_members_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_members_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("project_id", "group_id", name=op.f("uq_members_project_id_group_id")),
        sa.UniqueConstraint("project_id", "user_id", name=op.f("uq_members_project_id_user_id")),
        comment="The role of a user or of a group in a project.",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_members_group_id"), "members", ["group_id"], unique=False)
    op.create_index(op.f("ix_members_user_id"), "members", ["user_id"], unique=False)
    op.create_table(
        "project_blobs",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("blob_id", sa.BigInteger(), nullable=False),
        sa.Column("links", sa.Integer(), nullable=False, comment="How many of the project's repositories hold it."),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name=op.f("fk_project_blobs_blob_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_blobs_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "blob_id", name=op.f("pk_project_blobs")),
        comment="What a project's quota counts, each blob once. Moved with repository_blobs, in the same transaction.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_project_blobs_blob_id"), "project_blobs", ["blob_id"], unique=False)
    op.create_table(
        "project_metadata",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_metadata_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "name", name=op.f("pk_project_metadata")),
        comment="Harbor's metadata, but for what is a column of the project.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quotas",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("hard", sa.BigInteger(), nullable=False, comment="Bytes; -1: no limit."),
        sa.Column("used", sa.BigInteger(), nullable=False, comment="Bytes of all blobs that project_blobs lists."),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_quotas_project_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quotas")),
        sa.UniqueConstraint("project_id", name=op.f("uq_quotas_project_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_quotas_hard_id"), "quotas", ["hard", "id"], unique=False)
    op.create_index(op.f("ix_quotas_used_id"), "quotas", ["used", "id"], unique=False)
    op.create_table(
        "repositories",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True, comment="NULL: the project was deleted."),
        sa.Column(
            "name",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
            comment="The whole name, its project's first; with `#` and the id behind it once the project is gone.",
        ),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("pull_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "live",
            sa.Boolean(),
            nullable=False,
            comment="It holds a live manifest; kept so by `repositories.show` and `hide`.",
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_repositories_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repositories")),
        sa.UniqueConstraint("name", name=op.f("uq_repositories_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_repositories_live",
        "repositories",
        ["created_at", "id"],
        unique=False,
        sqlite_where=sa.text("live"),
        postgresql_where=sa.text("live"),
    )
    op.create_index(op.f("ix_repositories_project_id_name"), "repositories", ["project_id", "name"], unique=False)
    op.create_table(
        "robots",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "name",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
            comment="Without the prefix; of a project: project+name.",
        ),
        sa.Column("project_id", sa.BigInteger(), nullable=True, comment="NULL: of the system."),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=False, comment="Days; -1: for ever."),
        sa.Column("expires_at", sa.BigInteger(), nullable=True, comment="NULL: never."),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("creator_kind", sa.Text(), nullable=False, comment="local or robot"),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_robots_project_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_robots")),
        sa.UniqueConstraint("name", name=op.f("uq_robots_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_robots_project_id_name"), "robots", ["project_id", "name"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False, comment="A hash of what the cookie holds."),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "stamp", sa.Text(), nullable=False, comment="Of the password it was begun with; another one ends it."
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
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
        sa.Column("kind", sa.Text(), nullable=False, comment="Harbor's type: IMAGE, CHART and so on."),
        sa.Column(
            "config_type", sa.Text(), nullable=False, comment="The media type of the config; empty if there is none."
        ),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="Bytes of the manifest and of what it refers to."),
        sa.Column("attributes", sa.Text(), nullable=False, comment="What its config says of it, as JSON."),
        sa.Column(
            "accessory",
            sa.Text(),
            nullable=True,
            comment="What it is to another artifact, such as signature.cosign; NULL: nothing.",
        ),
        sa.Column(
            "accessory_of",
            sa.LargeBinary(),
            nullable=True,
            comment="The digest of that artifact, its subject or named by its tag.",
        ),
        sa.Column(
            "icon",
            sa.LargeBinary(),
            nullable=True,
            comment="The digest of the icon it brings along; NULL: that of its kind.",
        ),
        sa.Column("pushed_at", sa.BigInteger(), nullable=False),
        sa.Column("pulled_at", sa.BigInteger(), nullable=True, comment="NULL: never."),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True, comment="In the trash since then; NULL: live."),
        sa.Column(
            "listed",
            sa.Boolean(),
            nullable=False,
            comment="Neither an accessory, nor named by a live index without having a tag; kept so by `manifests.relist`.",
        ),
        sa.ForeignKeyConstraint(["repository_id"], ["repositories.id"], name=op.f("fk_manifests_repository_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manifests")),
        sa.UniqueConstraint("repository_id", "digest", name=op.f("uq_manifests_repository_id_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_manifests_accessory_of",
        "manifests",
        ["repository_id", "accessory_of"],
        unique=False,
        sqlite_where=sa.text("accessory_of IS NOT NULL"),
        postgresql_where=sa.text("accessory_of IS NOT NULL"),
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
        "ix_manifests_icon",
        "manifests",
        ["icon"],
        unique=False,
        sqlite_where=sa.text("icon IS NOT NULL"),
        postgresql_where=sa.text("icon IS NOT NULL"),
    )
    op.create_index(
        "ix_manifests_listed",
        "manifests",
        ["repository_id", "pushed_at", "id"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL AND listed"),
        postgresql_where=sa.text("deleted_at IS NULL AND listed"),
    )
    op.create_index(
        "ix_manifests_live",
        "manifests",
        ["repository_id", "pushed_at", "id"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
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
        "robot_permissions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("robot_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="system or project"),
        sa.Column("project_id", sa.BigInteger(), nullable=True, comment="NULL: every project."),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.CheckConstraint("kind = 'project' OR project_id IS NULL", name="ck_robot_permissions_kind"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_robot_permissions_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["robot_id"], ["robots.id"], name=op.f("fk_robot_permissions_robot_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_robot_permissions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_robot_permissions_project_id"), "robot_permissions", ["project_id"], unique=False)
    op.create_index(
        op.f("ix_robot_permissions_robot_id_kind_project_id"),
        "robot_permissions",
        ["robot_id", "kind", "project_id"],
        unique=False,
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
        "artifact_labels",
        sa.Column("manifest_id", sa.BigInteger(), nullable=False),
        sa.Column("label_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["label_id"], ["labels.id"], name=op.f("fk_artifact_labels_label_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["manifest_id"], ["manifests.id"], name=op.f("fk_artifact_labels_manifest_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("manifest_id", "label_id", name=op.f("pk_artifact_labels")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_artifact_labels_label_id"), "artifact_labels", ["label_id"], unique=False)
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
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("manifest_id", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("pulled_at", sa.BigInteger(), nullable=True, comment="NULL: never."),
        sa.ForeignKeyConstraint(["manifest_id"], ["manifests.id"], name=op.f("fk_tags_manifest_id")),
        sa.ForeignKeyConstraint(["repository_id"], ["repositories.id"], name=op.f("fk_tags_repository_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("repository_id", "name", name=op.f("uq_tags_repository_id_name")),
        sqlite_autoincrement=True,
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
