"""Every table, as it should be after all migrations; a test compares the two.

Conventions: times are whole microseconds since 1970 by the database's clock; digests are packed (`model/digest.py`);
names compare byte by byte on both databases. Lists are paged by the columns of an index, never by offset.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

Number = BigInteger().with_variant(Integer(), "sqlite")
Name = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite would otherwise give the id of a deleted last row to the next one, and an id must never come to mean another.
NEVER_REUSED: dict[str, Any] = {"sqlite_autoincrement": True}
# The rows of these tables are little more than their key: SQLite then keeps them in the key's own tree.
BY_KEY: dict[str, Any] = {"sqlite_with_rowid": False}

instance = Table(
    "instance",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="What is known of this installation as a whole, such as whether its first start was completed.",
)

users = Table(
    "users",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("admin", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    **NEVER_REUSED,
)

projects = Table(
    "projects",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("public", Boolean, nullable=False),
    Column("sparse_indexes", Boolean, comment="NULL leaves it to the instance's setting."),
    Column("created_at", BigInteger, nullable=False),
    **NEVER_REUSED,
)

members = Table(
    "members",
    metadata,
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("role", SmallInteger, nullable=False, comment="`model.project.Role`"),
    PrimaryKeyConstraint("project_id", "user_id"),
    Index(None, "user_id"),
    **BY_KEY,
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("subject", Text, primary_key=True, comment="A keyed hash of the account, or of the address, that failed."),
    Column("failures", Integer, nullable=False),
    Column("blocked_until", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False, index=True),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Text, primary_key=True, comment="The `kid` of tokens signed with it."),
    Column("private_key", Text, nullable=False, comment="PEM"),
    Column("created_at", BigInteger, nullable=False),
)

repositories = Table(
    "repositories",
    metadata,
    Column("id", Number, primary_key=True),
    Column("project_id", BigInteger, ForeignKey("projects.id"), nullable=False),
    Column("name", Name, nullable=False, unique=True, comment="The whole name, its project's first."),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "project_id", "name"),
    **NEVER_REUSED,
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
    comment="Content that is held. It is visible in a repository only through repository_blobs.",
    **NEVER_REUSED,
)

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
    Column("pushed_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger, comment="In the trash since then; NULL: live."),
    UniqueConstraint("repository_id", "digest"),
    **NEVER_REUSED,
)
Index(
    "ix_manifests_subject",
    manifests.c.repository_id,
    manifests.c.subject,
    manifests.c.digest,
    sqlite_where=manifests.c.subject.isnot(None),
    postgresql_where=manifests.c.subject.isnot(None),
)
Index(
    "ix_manifests_deleted_at",
    manifests.c.deleted_at,
    sqlite_where=manifests.c.deleted_at.isnot(None),
    postgresql_where=manifests.c.deleted_at.isnot(None),
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
    Column("repository_id", BigInteger, ForeignKey("repositories.id"), nullable=False),
    Column("name", Name, nullable=False),
    Column("manifest_id", BigInteger, ForeignKey("manifests.id"), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("repository_id", "name"),
    Index(None, "manifest_id"),
    **BY_KEY,
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

events = Table(
    "events",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("name", Text, nullable=False, comment="`model.event.EventName`"),
    Column("actor", Text, nullable=False),
    Column("project_id", BigInteger),
    Column("repository", Text),
    Column("detail", Text, nullable=False, comment="JSON"),
    **NEVER_REUSED,
)
