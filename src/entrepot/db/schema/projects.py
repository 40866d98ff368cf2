"""Projects, and what is kept of each."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from entrepot.db.schema.base import BY_KEY, NEVER_REUSED, Name, Number, metadata

projects = Table(
    "projects",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("public", Boolean, nullable=False),
    Column("sparse_indexes", Boolean, comment="NULL leaves it to the instance's setting."),
    Column("owner_id", BigInteger, nullable=False, comment="The user who made it; 0: nobody who signs in."),
    Column("owner_name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("trash_window", BigInteger, comment="Microseconds; NULL leaves it to the instance's setting."),
    Column(
        "deleted_at", BigInteger, comment="In the trash since then, its name with `#` and its id behind it; NULL: live."
    ),
    Index(None, "owner_name"),
    **NEVER_REUSED,
)

project_metadata = Table(
    "project_metadata",
    metadata,
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("project_id", "name"),
    comment="Harbor's metadata, but for what is a column of the project.",
    **BY_KEY,
)

members = Table(
    "members",
    metadata,
    Column("id", Number, primary_key=True),
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE")),
    Column("group_id", BigInteger, ForeignKey("user_groups.id", ondelete="CASCADE")),
    Column("role", SmallInteger, nullable=False, comment="`model.project.Role`"),
    Column("created_at", BigInteger, nullable=False),
    CheckConstraint("(user_id IS NULL) <> (group_id IS NULL)", name="ck_members_entity"),
    UniqueConstraint("project_id", "user_id"),
    UniqueConstraint("project_id", "group_id"),
    Index(None, "user_id"),
    Index(None, "group_id"),
    comment="The role of a user or of a group in a project.",
    **NEVER_REUSED,
)

labels = Table(
    "labels",
    metadata,
    Column("id", Number, primary_key=True),
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), comment="NULL: of all projects."),
    Column("name", Name, nullable=False),
    Column("description", Text, nullable=False),
    Column("color", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("project_id", "name"),
    **NEVER_REUSED,
)
Index(
    "ix_labels_name",
    labels.c.name,
    unique=True,
    sqlite_where=labels.c.project_id.is_(None),
    postgresql_where=labels.c.project_id.is_(None),
)

quotas = Table(
    "quotas",
    metadata,
    Column("id", Number, primary_key=True),
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("hard", BigInteger, nullable=False, comment="Bytes; -1: no limit."),
    Column("used", BigInteger, nullable=False, comment="Bytes of all blobs that project_blobs lists."),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "used", "id"),
    Index(None, "hard", "id"),
    **NEVER_REUSED,
)

cve_allowlists = Table(
    "cve_allowlists",
    metadata,
    Column("id", Number, primary_key=True),
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), unique=True),
    Column("items", Text, nullable=False, comment="Ids of vulnerabilities, as a JSON list."),
    Column("expires_at", BigInteger, comment="Seconds since 1970; NULL: never."),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    comment="Vulnerabilities that a project puts up with; the one without a project is the system's.",
    **NEVER_REUSED,
)
