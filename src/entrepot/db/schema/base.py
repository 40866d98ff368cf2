"""What all tables are made with."""

from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData, Text

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
