"""What is told of the store as a whole: the reading again of everything, and what was freed."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from entrepot.db.schema.base import NEVER_REUSED, Number, metadata

scrubs = Table(
    "scrubs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, comment="NULL: under way."),
    Column("last_blob", BigInteger, nullable=False, comment="The id of the last blob that was read: it goes on there."),
    Column("blobs", BigInteger, nullable=False, comment="How many were read."),
    Column("bytes", BigInteger, nullable=False),
    Column("faults", BigInteger, nullable=False, comment="How many of them were not whole."),
    Column("worker", Text, nullable=False, comment="Who is at it."),
    Column("worker_until", BigInteger, nullable=False, comment="When another worker may go on."),
    comment="The walks over all blobs, each by one worker at a time.",
    **NEVER_REUSED,
)
Index(
    "ix_scrubs_under_way",
    scrubs.c.id,
    sqlite_where=scrubs.c.finished_at.is_(None),
    postgresql_where=scrubs.c.finished_at.is_(None),
)

suspected_blobs = Table(
    "suspected_blobs",
    metadata,
    Column("blob_id", Number, primary_key=True, autoincrement=False),
    Column("suspected_at", BigInteger, nullable=False),
    comment="Blobs that could not be read when somebody asked for them: looked at before all others.",
)

freed = Table(
    "freed",
    metadata,
    Column("day", Number, primary_key=True, autoincrement=False, comment="When it began, in UTC."),
    Column("blobs", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    comment="What collection let go of, day by day.",
)
