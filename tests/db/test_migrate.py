"""Bringing databases to the newest schema: once, all of it or nothing, whoever comes at the same time."""

import asyncio
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import entrepot.db.migrate as migrate_module
from entrepot.db.migrate import HEAD, migrate_postgresql, migrate_sqlite
from entrepot.db.open import open_database
from entrepot.model.errors import DatabaseFailed

OPENING = """
import asyncio, sys
from pathlib import Path
from entrepot.db.open import open_database

async def main():
    database = open_database(sys.argv[1], Path())
    await database.write(lambda tx: tx.run("INSERT INTO instance (name, value) VALUES (?, '')", sys.argv[2]))
    await database.close()

asyncio.run(main())
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'entrepot.db'}"
    url: str = request.getfixturevalue("empty_postgresql_url")
    return url


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            with connection:
                return connection.execute(statement).fetchall()
        finally:
            connection.close()
    with psycopg.connect(url, autocommit=True) as server:
        cursor = server.execute(statement)
        return cursor.fetchall() if cursor.description else []


def migrate(url: str) -> None:
    if url.startswith("sqlite"):
        migrate_sqlite(Path(url.removeprefix("sqlite:///")))
    else:
        migrate_postgresql(url)


def test_a_second_migration_changes_nothing(empty_url: str) -> None:
    migrate(empty_url)
    run(empty_url, "INSERT INTO instance (name, value) VALUES ('kept', '')")
    migrate(empty_url)
    assert run(empty_url, "SELECT name FROM instance") == [("kept",)]
    assert run(empty_url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_processes_that_start_at_once_all_find_the_newest_schema(empty_url: str) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", OPENING, empty_url, f"process {number}"], stderr=subprocess.PIPE)
        for number in range(3)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert len(run(empty_url, "SELECT name FROM instance")) == 3


def test_a_newer_schema_is_refused_with_a_sentence_and_left_alone(empty_url: str) -> None:
    migrate(empty_url)
    run(empty_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseFailed, match="newer than this program"):
        migrate(empty_url)
    assert run(empty_url, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_a_database_of_another_program_is_refused_and_left_alone(empty_url: str) -> None:
    run(empty_url, "CREATE TABLE tags (name TEXT)")
    with pytest.raises(DatabaseFailed) as caught:
        migrate(empty_url)
    assert "Background on this error" not in str(caught.value)
    assert len(str(caught.value)) < 400
    tables = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if empty_url.startswith("sqlite")
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    assert run(empty_url, tables) == [("tags",)], "a part of a schema is worse than none"


def test_nobody_else_on_the_machine_can_read_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "entrepot.db"
    database = open_database("", tmp_path)
    try:
        for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    finally:
        asyncio.run(database.close())


@pytest.mark.parametrize("name", ["a b", "what?x=1", "50%20#1", "\u00e9t\u00e9", "'\""])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    asyncio.run(open_database("", folder).close())
    assert (folder / "entrepot.db").stat().st_size > 10_000
    assert list(tmp_path.iterdir()) == [folder]


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "entrepot.db"
    path.write_bytes(b"something else entirely, of some length " * 100)
    with pytest.raises(DatabaseFailed, match="is not a database"):
        migrate_sqlite(path)
    assert path.read_bytes() == b"something else entirely, of some length " * 100


def test_a_file_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseFailed, match="entrepot"):
        migrate_sqlite(tmp_path / "absent" / "entrepot.db")
    with pytest.raises(DatabaseFailed, match=tmp_path.name):
        migrate_sqlite(tmp_path)


def test_a_server_that_does_not_answer_is_told() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(DatabaseFailed, match="could not be reached") as caught:
        migrate_postgresql(f"postgresql://somebody:geheim@127.0.0.1:{port}/entrepot")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_both_schemes_of_postgresql_urls_are_known(empty_postgresql_url: str, scheme: str, tmp_path: Path) -> None:
    url = empty_postgresql_url.replace("postgresql://", f"{scheme}://")
    asyncio.run(open_database(url, tmp_path).close())
    assert run(empty_postgresql_url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://x", "entrepot.db", "postgresql+psycopg://host/name"])
def test_another_url_is_refused_with_what_would_be_right(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="postgresql://user@host/name or sqlite:///path"):
        open_database(url, tmp_path)


def test_a_copy_of_the_file_is_a_whole_database(tmp_path: Path, migrated_sqlite: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "entrepot.db")
    asyncio.run(open_database("", tmp_path).close())


def upgrade(url: str, revision: str) -> None:
    """Makes the schema as it was at that revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate_module.__file__).parent / "migrations"))
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_what_repositories_hold_is_counted_when_the_counters_are_made(empty_url: str) -> None:
    upgrade(empty_url, "0014")
    run(
        empty_url,
        "INSERT INTO projects (id, name, public, owner_id, owner_name, created_at, updated_at)"
        " VALUES (1, 'a', TRUE, 0, '', 0, 0)",
    )
    for number, project in ((2, "1"), (3, "1"), (4, "NULL")):
        run(
            empty_url,
            "INSERT INTO repositories (id, project_id, name, description, pull_count, created_at, updated_at, live)"
            f" VALUES ({number}, {project}, 'a/{number}', '', 0, 0, 0, TRUE)",
        )
    bytes_of = "X'{}'" if empty_url.startswith("sqlite") else "'\\x{}'"
    for number in (1, 2, 3):
        run(
            empty_url,
            "INSERT INTO blobs (id, digest, size, key, parts, created_at)"
            f" VALUES ({number}, {bytes_of.format(f'{number:066x}')}, {10**number}, '{number}', 1, 0)",
        )
    run(
        empty_url,
        "INSERT INTO repository_blobs (repository_id, blob_id, visible, leased_until)"
        " VALUES (2, 1, TRUE, 0), (2, 2, TRUE, 0), (3, 1, TRUE, 0), (4, 3, TRUE, 0)",
    )
    run(empty_url, "INSERT INTO project_blobs (project_id, blob_id, links) VALUES (1, 1, 2), (1, 2, 1)")
    run(
        empty_url,
        "INSERT INTO manifests (repository_id, digest, media_type, body, kind, config_type, size, attributes,"
        f" pushed_at, listed) VALUES (2, {bytes_of.format('01' * 33)}, 'm', {bytes_of.format('00' * 7)},"
        " 'IMAGE', '', 0, '{}', 0, TRUE)",
    )
    migrate(empty_url)
    held = run(empty_url, "SELECT repository_id, held, own, bodies FROM repository_use ORDER BY repository_id")
    assert held == [(2, 110, 100, 7), (3, 10, 0, 0)]
    assert run(empty_url, "SELECT blob_id, holders FROM project_blobs ORDER BY blob_id") == [(1, 5), (2, 2)]
