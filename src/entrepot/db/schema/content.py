"""Repositories and what they hold."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from entrepot.db.schema.base import BY_KEY, NEVER_REUSED, Name, Number, metadata

repositories = Table(
    "repositories",
    metadata,
    Column("id", Number, primary_key=True),
    Column("project_id", BigInteger, ForeignKey("projects.id"), comment="NULL: the project was deleted."),
    Column(
        "name",
        Name,
        nullable=False,
        unique=True,
        comment="The whole name, its project's first; with `#` and the id behind it once the project is gone.",
    ),
    Column("description", Text, nullable=False),
    Column("pull_count", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column(
        "live", Boolean, nullable=False, comment="It holds a live manifest; kept so by `repositories.show` and `hide`."
    ),
    Column(
        "moving",
        BigInteger,
        comment="The deletion that its contents are being moved into or out of: nothing of it is shown; NULL: none.",
    ),
    Index(None, "project_id", "name"),
    **NEVER_REUSED,
)
Index(
    "ix_repositories_moving",
    repositories.c.moving,
    sqlite_where=repositories.c.moving.isnot(None),
    postgresql_where=repositories.c.moving.isnot(None),
)
Index(
    "ix_repositories_live",
    repositories.c.created_at,
    repositories.c.id,
    sqlite_where=text("live"),
    postgresql_where=text("live"),
)

blobs = Table(
    "blobs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("key", Text, nullable=False, unique=True, comment="The object that holds it, or the first part of it."),
    Column("parts", Integer, nullable=False, comment="In how many objects it lies; those after the first: blob_parts."),
    Column("created_at", BigInteger, nullable=False),
    Column("quarantined_at", BigInteger, comment="Its objects do not hold it: set aside since then; NULL: good."),
    Column("fault", Text, comment="Of one that is set aside: `model.fault.Fault`."),
    Column("examined_at", BigInteger, comment="Of one that is set aside: when its objects were last read."),
    comment="Content that is held. It is visible in a repository only through repository_blobs.",
    **NEVER_REUSED,
)

Index(
    "ix_blobs_quarantined_at",
    blobs.c.quarantined_at,
    blobs.c.id,
    sqlite_where=blobs.c.quarantined_at.isnot(None),
    postgresql_where=blobs.c.quarantined_at.isnot(None),
)

Index("ix_blobs_size", blobs.c.size)

blob_parts = Table(
    "blob_parts",
    metadata,
    Column("blob_id", BigInteger, ForeignKey("blobs.id"), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    PrimaryKeyConstraint("blob_id", "start"),
    comment="The objects after the first one of a blob that came in several requests.",
    **BY_KEY,
)

repository_blobs = Table(
    "repository_blobs",
    metadata,
    Column("repository_id", BigInteger, ForeignKey("repositories.id"), nullable=False),
    Column("blob_id", BigInteger, ForeignKey("blobs.id"), nullable=False),
    Column("visible", Boolean, nullable=False, comment="FALSE: deleted, and kept for a manifest in the trash."),
    Column("leased_until", BigInteger, nullable=False, comment="A pusher counts on it until then."),
    Column("review_after", BigInteger, comment="When to look whether it is still needed; NULL: while referenced."),
    PrimaryKeyConstraint("repository_id", "blob_id"),
    Index(None, "blob_id"),
    comment="Which blobs a repository shows: what was pushed or mounted there. A blob without any is collected.",
    **BY_KEY,
)
Index(
    "ix_repository_blobs_review_after",
    repository_blobs.c.review_after,
    sqlite_where=repository_blobs.c.review_after.isnot(None),
    postgresql_where=repository_blobs.c.review_after.isnot(None),
)

manifests = Table(
    "manifests",
    metadata,
    Column("id", Number, primary_key=True),
    Column("repository_id", BigInteger, ForeignKey("repositories.id"), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("artifact_type", Text),
    Column("subject", LargeBinary, comment="The digest it refers to, if it is a referrer."),
    Column("annotations", Text, comment="Of a referrer, as JSON, for listing it without its body."),
    Column("body", LargeBinary, nullable=False, comment="The bytes as pushed, at most 4 MiB."),
    Column("kind", Text, nullable=False, comment="Harbor's type: IMAGE, CHART and so on."),
    Column("config_type", Text, nullable=False, comment="The media type of the config; empty if there is none."),
    Column("size", BigInteger, nullable=False, comment="Bytes of the manifest and of what it refers to."),
    Column("attributes", Text, nullable=False, comment="What its config says of it, as JSON."),
    Column("accessory", Text, comment="What it is to another artifact, such as signature.cosign; NULL: nothing."),
    Column("accessory_of", LargeBinary, comment="The digest of that artifact, its subject or named by its tag."),
    Column("icon", LargeBinary, comment="The digest of the icon it brings along; NULL: that of its kind."),
    Column("pushed_at", BigInteger, nullable=False),
    Column("pulled_at", BigInteger, comment="NULL: never."),
    Column("deleted_at", BigInteger, comment="In the trash since then; NULL: live."),
    Column(
        "listed",
        Boolean,
        nullable=False,
        comment="Neither an accessory, nor named by a live index without having a tag; kept so by `manifests.relist`.",
    ),
    Column("trash_id", BigInteger, comment="The deletion that it is in; NULL: live, or going for good."),
    UniqueConstraint("repository_id", "digest"),
    **NEVER_REUSED,
)
Index(None, manifests.c.digest)
Index(
    "ix_manifests_subject",
    manifests.c.repository_id,
    manifests.c.subject,
    manifests.c.digest,
    sqlite_where=manifests.c.subject.isnot(None),
    postgresql_where=manifests.c.subject.isnot(None),
)
Index(
    "ix_manifests_accessory_of",
    manifests.c.repository_id,
    manifests.c.accessory_of,
    sqlite_where=manifests.c.accessory_of.isnot(None),
    postgresql_where=manifests.c.accessory_of.isnot(None),
)
Index(
    "ix_manifests_live",
    manifests.c.repository_id,
    manifests.c.pushed_at,
    manifests.c.id,
    manifests.c.listed,  # So that a list counts and passes over without reading rows, which are large.
    sqlite_where=manifests.c.deleted_at.is_(None),
    postgresql_where=manifests.c.deleted_at.is_(None),
)
Index(
    "ix_manifests_icon",
    manifests.c.icon,
    sqlite_where=manifests.c.icon.isnot(None),
    postgresql_where=manifests.c.icon.isnot(None),
)
Index(
    "ix_manifests_trash_id",
    manifests.c.trash_id,
    sqlite_where=manifests.c.trash_id.isnot(None),
    postgresql_where=manifests.c.trash_id.isnot(None),
)
Index(
    "ix_manifests_deleted",
    manifests.c.repository_id,
    manifests.c.deleted_at,
    sqlite_where=text("deleted_at IS NOT NULL"),
    postgresql_where=text("deleted_at IS NOT NULL"),
)
Index(
    "ix_manifests_going",
    manifests.c.deleted_at,
    sqlite_where=text("deleted_at IS NOT NULL AND trash_id IS NULL"),
    postgresql_where=text("deleted_at IS NOT NULL AND trash_id IS NULL"),
)

manifest_blobs = Table(
    "manifest_blobs",
    metadata,
    Column("manifest_id", BigInteger, ForeignKey("manifests.id"), nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("blob_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("manifest_id", "blob_id"),
    ForeignKeyConstraint(["repository_id", "blob_id"], ["repository_blobs.repository_id", "repository_blobs.blob_id"]),
    Index(None, "repository_id", "blob_id"),
    comment="What a manifest, live or in the trash, needs. The foreign key keeps it from being collected.",
    **BY_KEY,
)

missing_blobs = Table(
    "missing_blobs",
    metadata,
    Column("repository_id", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("manifest_id", BigInteger, ForeignKey("manifests.id"), nullable=False),
    PrimaryKeyConstraint("repository_id", "digest", "manifest_id"),
    Index(None, "manifest_id"),
    comment="What sparse manifests lack; turned into manifest_blobs when it comes. Empty where they are refused.",
    **BY_KEY,
)

manifest_children = Table(
    "manifest_children",
    metadata,
    Column("parent_id", BigInteger, ForeignKey("manifests.id"), nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    PrimaryKeyConstraint("parent_id", "digest"),
    Index(None, "repository_id", "digest"),
    comment="Which manifests an index names. The child may be absent where sparse indexes are allowed.",
    **BY_KEY,
)

tags = Table(
    "tags",
    metadata,
    Column("id", Number, primary_key=True),
    Column("repository_id", BigInteger, ForeignKey("repositories.id"), nullable=False),
    Column("name", Name, nullable=False),
    Column("manifest_id", BigInteger, ForeignKey("manifests.id"), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("pulled_at", BigInteger, comment="NULL: never."),
    UniqueConstraint("repository_id", "name"),
    Index(None, "manifest_id"),
    Index(None, "name"),
    **NEVER_REUSED,
)

artifact_labels = Table(
    "artifact_labels",
    metadata,
    Column("manifest_id", BigInteger, ForeignKey("manifests.id", ondelete="CASCADE"), nullable=False),
    Column("label_id", BigInteger, ForeignKey("labels.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("manifest_id", "label_id"),
    Index(None, "label_id"),
    **BY_KEY,
)

project_blobs = Table(
    "project_blobs",
    metadata,
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("blob_id", BigInteger, ForeignKey("blobs.id"), nullable=False),
    Column("links", Integer, nullable=False, comment="How many of the project's repositories hold it."),
    Column(
        "holders",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="The sum of the ids of those repositories: of a single one, its id.",
    ),
    PrimaryKeyConstraint("project_id", "blob_id"),
    Index(None, "blob_id"),
    comment="What a project's quota counts, each blob once. Moved with repository_blobs, in the same transaction.",
    **BY_KEY,
)

repository_use = Table(
    "repository_use",
    metadata,
    Column(
        "repository_id",
        Number,
        ForeignKey("repositories.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("held", BigInteger, nullable=False, comment="Bytes of all blobs that it has links to."),
    Column("own", BigInteger, nullable=False, comment="Of those, that no other repository of the project has."),
    Column("bodies", BigInteger, nullable=False, comment="Bytes of its manifests, in the trash or not."),
    comment="What a repository holds. Moved with the quota of its project, in the same transaction.",
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("repository_id", BigInteger, ForeignKey("repositories.id"), nullable=False),
    Column("owner", Text, nullable=False, comment="The principal that started it; nobody else sees it."),
    Column("size", BigInteger, nullable=False, comment="How many bytes have arrived: the sum of its parts."),
    Column("finished", LargeBinary, comment="The digest it was closed with, so that a repeated close is answered."),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Index(None, "repository_id"),
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("id", Text, primary_key=True, comment="Of the upload session, or of the one request."),
    Column("project_id", BigInteger, nullable=False),
    Column("repository", Name, nullable=False, comment="Its whole name; it may not be made yet."),
    Column("who", Name, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False, comment="Bytes so far."),
    Column("expected", BigInteger, comment="Bytes at its end; NULL: the client does not say."),
    Column("speed", BigInteger, nullable=False, comment="Bytes a second, lately."),
    Column("told_at", BigInteger, nullable=False, comment="Its process tells of it every second; long ago: it died."),
    comment="Uploads that run and take longer than a second, for pages to show. Nothing counts on it.",
)

upload_parts = Table(
    "upload_parts",
    metadata,
    Column("upload_id", Text, ForeignKey("uploads.id"), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("digest", LargeBinary, comment="Of everything up to its end; NULL if that was not at hand."),
    PrimaryKeyConstraint("upload_id", "start"),
    comment="What each request brought, as an object of its own; they become the blob as they lie.",
    **BY_KEY,
)

objects_to_remove = Table(
    "objects_to_remove",
    metadata,
    Column("key", Text, primary_key=True),
    Column("remove_after", BigInteger, nullable=False, index=True),
    Column("taken", Boolean, nullable=False, comment="A remover has begun: the object must not be used any more."),
    comment="Objects that nothing counts on: given up, replaced, collected, or being written (then the time is far).",
)
