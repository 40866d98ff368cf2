"""Who signs in, and as what."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from entrepot.db.schema.base import BY_KEY, NEVER_REUSED, Name, Number, metadata

users = Table(
    "users",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("email", Name, unique=True, comment="NULL: none was given."),
    Column("realname", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("admin", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("cli_secret_hash", Text, comment="Of the secret for clients, beside the password; NULL: there is none."),
    **NEVER_REUSED,
)

user_groups = Table(
    "user_groups",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Name, nullable=False),
    Column("kind", SmallInteger, nullable=False, comment="Harbor's numbers: 1 LDAP, 2 HTTP, 3 OIDC."),
    Column("ldap_dn", Name, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("name", "kind"),
    comment="Groups that other systems put people in; who is in one is learnt at sign-in.",
    **NEVER_REUSED,
)

group_members = Table(
    "group_members",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("group_id", BigInteger, ForeignKey("user_groups.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("user_id", "group_id"),
    Index(None, "group_id"),
    **BY_KEY,
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True, comment="A hash of what the cookie holds."),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("stamp", Text, nullable=False, comment="Of the password it was begun with; another one ends it."),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Index(None, "user_id"),
)

robots = Table(
    "robots",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Name, nullable=False, unique=True, comment="Without the prefix; of a project: project+name."),
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), comment="NULL: of the system."),
    Column("description", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("duration", Integer, nullable=False, comment="Days; -1: for ever."),
    Column("expires_at", BigInteger, comment="NULL: never."),
    Column("disabled", Boolean, nullable=False),
    Column("creator_kind", Text, nullable=False, comment="local or robot"),
    Column("creator_id", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "project_id", "name"),
    **NEVER_REUSED,
)

robot_permissions = Table(
    "robot_permissions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("robot_id", BigInteger, ForeignKey("robots.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False, comment="system or project"),
    Column("project_id", BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), comment="NULL: every project."),
    Column("resource", Text, nullable=False),
    Column("action", Text, nullable=False),
    CheckConstraint("kind = 'project' OR project_id IS NULL", name="ck_robot_permissions_kind"),
    Index(None, "robot_id", "kind", "project_id"),
    Index(None, "project_id"),
    **NEVER_REUSED,
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
