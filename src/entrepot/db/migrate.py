"""Brings a database to the schema this program expects: all of it or nothing, by one process at a time."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from entrepot.model.errors import DatabaseFailed

if TYPE_CHECKING:
    from sqlalchemy import URL

HEAD = "0015"
_VERSION = "SELECT version_num FROM alembic_version"
_LOCK = 7_310_579_004_112  # An arbitrary number that other programs are unlikely to lock.


def migrate_sqlite(path: Path) -> None:
    """Returns when the file holds the newest schema, having made it if need be. Raises DatabaseFailed."""
    try:
        # Before SQLite makes it, which would let everybody read it; the files beside it take their mode from it.
        path.touch(mode=0o600)
    except OSError as error:
        raise DatabaseFailed(f"{path} cannot be opened for writing: {error.strerror}") from error
    try:
        connection = sqlite3.connect(path)
        try:
            row = connection.execute(_VERSION).fetchone()
        except sqlite3.OperationalError:
            row = None
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DatabaseFailed(f"{path} is not a database of this program: {error}") from error
    if row is None or row[0] != HEAD:
        from sqlalchemy import URL

        _upgrade(URL.create("sqlite", database=str(path)), row[0] if row else None)


def migrate_postgresql(url: str) -> None:
    """Returns when the database holds the newest schema, having made it if need be. Raises DatabaseFailed."""
    import psycopg  # Here, so that registries on SQLite do without its 9 MiB in every process.

    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            try:
                row = connection.execute(_VERSION).fetchone()
            except psycopg.errors.UndefinedTable:
                row = None
    except psycopg.Error as error:
        raise DatabaseFailed(f"the database could not be reached: {str(error).splitlines()[0]}") from error
    if row is None or row[0] != HEAD:
        scheme, _, rest = url.partition("://")
        _upgrade(
            f"{scheme.partition('+')[0].replace('postgres', 'postgresql', scheme == 'postgres')}+psycopg://{rest}",
            row[0] if row else None,
        )


def _upgrade(url: "str | URL", found: str | None) -> None:
    # Imported here: it takes half a second, which only a first start and an upgrade should pay.
    from alembic import command, script
    from alembic.config import Config
    from sqlalchemy import create_engine, event, text
    from sqlalchemy.exc import DBAPIError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    known = {revision.revision for revision in script.ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise DatabaseFailed(
            f"the database has schema {found}, which is newer than this program; use the newer program"
        )
    engine = create_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            # The driver would open its transactions late and end them before DDL; ours must hold everything.
            event.listen(engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise DatabaseFailed(f"the newest schema could not be made, and nothing was changed: {reason}") from error
    finally:
        engine.dispose()
