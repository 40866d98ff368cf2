"""What is known of the installation, and what happened in it."""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text

from entrepot.db.schema.base import NEVER_REUSED, Name, Number, metadata

instance = Table(
    "instance",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="What is known of this installation as a whole, such as whether its first start was completed.",
)

configuration = Table(
    "configuration",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False, comment="JSON"),
    Column("updated_at", BigInteger, nullable=False),
    comment="Settings that administrators changed in the running system.",
)

events = Table(
    "events",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("name", Text, nullable=False, comment="`model.event.EventName`"),
    Column("actor", Name, nullable=False),
    Column("through", Text, nullable=False, comment="`model.grant.Proof`"),
    Column("address", Text, nullable=False, comment="Where the request came from; empty if it was no request."),
    Column("request_id", Text, nullable=False),
    Column("project_id", BigInteger),
    Column("repository", Text),
    Column("resource", Text, nullable=False, comment="What it was done to, as people name it."),
    Column("succeeded", Boolean, nullable=False),
    Column("detail", Text, nullable=False, comment="JSON"),
    Column("place", BigInteger, unique=True, comment="Its place in the chain, in the order of commits; NULL: not yet."),
    Column("seal", LargeBinary, comment="SHA-256 over the row and the seal before it; NULL: not yet."),
    Index(None, "project_id", "id"),
    Index(None, "actor", "id"),
    Index(None, "name", "id"),
    Index(None, "resource", "id"),
    Index(None, "at", "id"),
    comment="What happened: the outbox that jobs and pages follow, and the audit.",
    **NEVER_REUSED,
)

audit_stubs = Table(
    "audit_stubs",
    metadata,
    Column("last_place", BigInteger, primary_key=True, comment="The last place that was purged."),
    Column("first_place", BigInteger, nullable=False),
    Column("seal", LargeBinary, nullable=False, comment="The seal of the last row that was purged."),
    Column("rows", BigInteger, nullable=False),
    Column("purged_at", BigInteger, nullable=False),
    Column("purged_by", Text, nullable=False),
    Column("signature", Text, nullable=False, comment="A JWS over all of it, by a key of signing_keys."),
    comment="What is left of purged parts of the chain.",
)
Index(
    "ix_events_unsealed",
    events.c.id,
    sqlite_where=events.c.place.is_(None),
    postgresql_where=events.c.place.is_(None),
)
