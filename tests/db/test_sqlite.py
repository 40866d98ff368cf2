"""What SQLite alone needs: its settings, its one writer, and statements without row locks."""

import ast
import asyncio
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import entrepot.db
from contracts.instance_rows import insert, names
from entrepot.db.contract import Database, Transaction
from entrepot.db.sqlite import SqliteDatabase, _in_sqlite_style, connect
from entrepot.model.errors import DatabaseFailed


def test_sqlite_is_opened_durable_and_with_its_foreign_keys(tmp_path: Path) -> None:
    connection = connect(tmp_path / "entrepot.db")
    told = [
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")
    ]
    connection.close()
    assert told == ["wal", 2, 1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sqlite_waits_for_another_process_that_writes(database: Database, database_url: str) -> None:
    other = connect(Path(database_url.removeprefix("sqlite:///")))
    other.execute("BEGIN IMMEDIATE")
    writing = [asyncio.create_task(database.write(lambda tx, n=n: insert(tx, f"row {n}"))) for n in range(3)]  # type: ignore[misc]
    await asyncio.sleep(0.3)
    assert not any(task.done() for task in writing)
    assert await database.read(names) == []
    other.execute("INSERT INTO instance (name, value) VALUES ('other', '')")
    other.execute("COMMIT")
    other.close()
    await asyncio.gather(*writing)
    assert await database.read(names) == ["other", "row 0", "row 1", "row 2"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sqlite_tries_often_while_another_process_writes(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = connect(Path(database_url.removeprefix("sqlite:///")))
    other.execute("BEGIN IMMEDIATE")
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 40:
            other.execute("COMMIT")

    monkeypatch.setattr("entrepot.db.sqlite.time.sleep", pause)
    await database.write(lambda tx: insert(tx, "row"))
    other.close()
    assert len(pauses) == 40
    assert max(pauses) < 0.001


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sqlite_does_not_wait_for_ever(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrepot.db.sqlite.BUSY_SECONDS", 0.05)
    other = connect(Path(database_url.removeprefix("sqlite:///")))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseFailed, match="nothing was changed"):
        await database.write(lambda tx: insert(tx, "late"))
    other.execute("COMMIT")
    other.close()
    await database.write(lambda tx: insert(tx, "row"))
    assert await database.read(names) == ["row"]


LOCKING = re.compile(r"\bFOR (?:UPDATE|SHARE|NO KEY UPDATE|KEY SHARE)\b")


def statements(source: Path) -> Iterator[str]:
    """The texts of a module that lock rows, with every way that they can be put together."""
    tree = ast.parse(source.read_text())
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)} - {
        id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
    }
    for node in ast.walk(tree):
        texts: list[str] = []
        if isinstance(node, ast.JoinedStr):
            texts = [""]
            for piece in node.values:
                texts = [text + way for text in texts for way in ways(piece)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            texts = [node.value]
        yield from (text for text in texts if LOCKING.search(text) and not text.strip().count("\n"))


def ways(piece: ast.expr) -> list[str]:
    if isinstance(piece, ast.Constant):
        return [str(piece.value)]
    if isinstance(piece, ast.FormattedValue) and isinstance(piece.value, ast.IfExp):
        return [part for branch in (piece.value.body, piece.value.orelse) for part in ways(branch)]
    return ["?"]


def test_sqlite_leaves_out_every_row_lock_that_is_written_here() -> None:
    found = 0
    for source in sorted(Path(entrepot.db.__file__).parent.glob("*.py")):
        if source.name in ("sqlite.py", "contract.py"):
            continue
        for statement in statements(source):
            found += 1
            stripped = _in_sqlite_style(statement)
            assert not LOCKING.search(stripped), f"{source.name}: {statement}"
            assert statement.startswith(stripped), "nothing but the end was left out"
            assert "SKIP LOCKED" not in stripped
    assert found > 10


@pytest.mark.parametrize(
    "statement", ["SELECT ' FOR UPDATE' AS a", "SELECT a FROM b WHERE c = 'FOR SHARE x'", "UPDATE a SET b = 1"]
)
def test_sqlite_leaves_everything_else_as_it_is(statement: str) -> None:
    assert _in_sqlite_style(statement) == statement
    connection = sqlite3.connect(":memory:")
    assert connection.execute(_in_sqlite_style("SELECT 1 WHERE 1 IN (SELECT 1 FOR UPDATE)")).fetchone() == (1,)
    connection.close()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds that a change in no hurry waits."""
    monkeypatch.setattr("entrepot.db.sqlite.ALONG_WITHIN", 0.05)
    return 0.05


class Commits:
    """Counts the transactions that the database commits."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.count = 0
        database._writer.set_trace_callback(self._see)

    def _see(self, statement: str) -> None:
        self.count += statement == "COMMIT"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_in_no_hurry_shares_the_commit_of_what_is(database: Database, patience: float) -> None:
    assert isinstance(database, SqliteDatabase)
    commits = Commits(database)
    patient = asyncio.create_task(database.write_along(lambda tx: insert(tx, "patient")))
    await asyncio.sleep(0)
    await database.write(lambda tx: insert(tx, "in a hurry"))
    await patient
    assert commits.count == 1
    assert await database.read(names) == ["in a hurry", "patient"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_in_no_hurry_is_committed_though_nothing_else_is(database: Database, patience: float) -> None:
    for number in range(10):
        began = time.monotonic()
        await asyncio.wait_for(database.write_along(lambda tx, n=number: insert(tx, f"row {n:02}")), 10)  # type: ignore[misc]
        assert time.monotonic() - began >= patience
    assert len(await database.read(names)) == 10


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_faults_of_what_is_in_no_hurry_are_its_own(database: Database, patience: float) -> None:
    def fails(tx: Transaction) -> None:
        insert(tx, "half")
        raise RuntimeError("no")

    patient = asyncio.create_task(database.write_along(fails))
    await asyncio.sleep(0)
    await database.write(lambda tx: insert(tx, "whole"))
    with pytest.raises(RuntimeError):
        await patient
    assert await database.read(names) == ["whole"]
