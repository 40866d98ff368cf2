"""What `furnish` makes, made once for each kind of database and then copied into the database of every test.

Making it takes a hundred requests, and longer than most tests that look at it. A copy is the same in every row,
sequence and object, and as old as what was made.
"""

import copy
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from furnish import Made, furnish
from house import Harbor
from psycopg.sql import SQL, Identifier

from contracts.databases import EMPTYING
from entrepot.db.schema import metadata
from entrepot.storage.contract import Key, Storage

TABLES = [table.name for table in metadata.sorted_tables]


class Furnished:
    """Keeps what was made, below a folder, by the kind of database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, tuple[Made, dict[Key, bytes], Any]] = {}

    async def into(self, harbor: Harbor, url: str) -> Made:
        """What is there now in the harbor, whose database is at that URL and new."""
        kind = url.partition(":")[0]
        if kind not in self._made:
            made = await furnish(harbor("admin"))
            await harbor.whole.pulls.close()
            rows = _sqlite_rows(url, self._folder) if kind == "sqlite" else _postgresql_rows(url)
            self._made[kind] = copy.deepcopy(made), await _objects(harbor.whole.storage), rows
            return made
        made, objects, rows = self._made[kind]
        if kind == "sqlite":
            _copy(rows, _file(url))
        else:
            _fill_postgresql(url, rows)
        for key, content in objects.items():
            writer = await harbor.whole.storage.create(key)
            await writer.write([content])
            await writer.finish()
        return copy.deepcopy(made)


async def _objects(storage: Storage) -> dict[Key, bytes]:
    found = {}
    for key in [key async for key in storage.keys()]:  # noqa: SIM118 - not a dict
        size = await storage.size(key)
        assert size is not None
        found[key] = b"".join([piece async for piece in storage.read(key, 0, size)])
    return found


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _sqlite_rows(url: str, folder: Path) -> Path:
    kept = folder / "furnished.db"
    _copy(_file(url), kept)
    return kept


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)


def _postgresql_rows(url: str) -> tuple[dict[str, bytes], list[tuple[str, int]]]:
    """The rows of every table in PostgreSQL's own format, and where the sequences are."""
    rows = {}
    with psycopg.connect(url, autocommit=True) as connection:
        for table in TABLES:
            with connection.cursor().copy(SQL("COPY {} TO STDOUT (FORMAT binary)").format(Identifier(table))) as copied:
                rows[table] = b"".join(bytes(piece) for piece in copied)
        sequences = connection.execute(
            "SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences"
            " WHERE schemaname = 'public' AND last_value IS NOT NULL"
        ).fetchall()
    empty = min(len(content) for content in rows.values())
    return {table: content for table, content in rows.items() if len(content) > empty}, sequences


def _fill_postgresql(url: str, kept: tuple[dict[str, bytes], list[tuple[str, int]]]) -> None:
    rows, sequences = kept
    with psycopg.connect(url) as connection:
        # They were whole where they come from: no row needs to be looked at for what it refers to.
        connection.execute("SET session_replication_role = replica")
        connection.execute("; ".join(EMPTYING))
        for table, content in rows.items():
            with connection.cursor().copy(SQL("COPY {} FROM STDIN (FORMAT binary)").format(Identifier(table))) as into:
                into.write(content)
        for name, last in sequences:
            connection.execute("SELECT setval(%s::regclass, %s)", (name, last))
