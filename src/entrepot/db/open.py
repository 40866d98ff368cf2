"""The database that a URL names, ready to use."""

from pathlib import Path

from entrepot.db.contract import Database
from entrepot.db.migrate import migrate_postgresql, migrate_sqlite
from entrepot.db.sqlite import SqliteDatabase


def open_database(url: str, data: Path) -> Database:
    """A database with the newest schema: SQLite in the folder `data` for an empty URL, else what the URL names.

    Accepts `sqlite:///path` and `postgresql://…`. Raises ValueError for another URL, DatabaseFailed if it cannot be
    opened or brought to the newest schema.
    """
    if url.startswith(("postgresql://", "postgres://")):
        # Here, so that registries on SQLite do without the driver's 9 MiB in every process.
        from entrepot.db.postgresql import PostgresqlDatabase

        migrate_postgresql(url)
        return PostgresqlDatabase(url)
    if url == "":
        path = data / "entrepot.db"
    elif url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
    else:
        raise ValueError("a database is named as postgresql://user@host/name or sqlite:///path")
    migrate_sqlite(path)
    return SqliteDatabase(path)
