"""The version that is read from shared memory changes whenever SQLite's own says that something was committed."""

import fcntl
import gc
import os
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.db.sqlite import SqliteDatabase, connect
from entrepot.db.wal_index import WalIndex

OTHER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
for line in sys.stdin:
    connection.execute(line)
    print("done", flush=True)
"""
STATEMENTS = (
    "INSERT INTO t VALUES (1)",
    "DELETE FROM t",
    "UPDATE t SET a = a + 1",
    "SELECT count(*) FROM t",
    "BEGIN IMMEDIATE; INSERT INTO t VALUES (2); ROLLBACK",
    "BEGIN IMMEDIATE; INSERT INTO t SELECT value FROM big; COMMIT",
    "PRAGMA wal_checkpoint(PASSIVE)",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA wal_checkpoint(RESTART)",
    "CREATE TABLE IF NOT EXISTS u (b)",
    "DROP TABLE IF EXISTS u",
    "VACUUM",
)
AGAIN, KILL = "again", "kill"


class Other:
    """Another process that has the database open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER, self._path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, statements: str) -> None:
        """Returns when all of them were done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        for statement in statements.split("; "):
            self.process.stdin.write(f"{statement}\n")
            self.process.stdin.flush()
            assert self.process.stdout.readline() == "done\n"

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, sqlite3.Connection, Other]]:
    path = tmp_path_factory.mktemp("wal") / "a.db"
    ours = connect(path)
    ours.execute("CREATE TABLE t (a)")
    ours.execute("CREATE TABLE big AS SELECT value FROM json_each('[1,2,3,4,5,6,7,8,9]')")
    other = Other(path)
    yield path, ours, other
    other.end()
    ours.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from([*STATEMENTS, AGAIN, KILL]), st.booleans()), min_size=1, max_size=12))
def test_it_changes_with_every_commit(
    place: tuple[Path, sqlite3.Connection, Other], steps: list[tuple[str, bool]]
) -> None:
    path, ours, other = place
    reader = connect(path)
    index = WalIndex(path)
    versions = reader.execute("PRAGMA data_version").fetchone(), index.version()
    for step, by_other in steps:
        if step in (AGAIN, KILL):
            if step == KILL:  # In the middle of a change that is in the log already, and was not committed.
                other.run("PRAGMA cache_size = 1; BEGIN IMMEDIATE")
                other.run("INSERT INTO t SELECT 1 FROM big, big AS b, big AS c, big AS d, big AS e")
            other.end()
            other.start()
        elif by_other:
            other.run(step)
        else:
            for statement in step.split("; "):
                ours.execute(statement).fetchall()
        theirs, shared = reader.execute("PRAGMA data_version").fetchone(), index.version()
        if theirs != versions[0]:
            assert shared is None or shared != versions[1]
        versions = theirs, shared
        assert index.version() == shared
    other.run("INSERT INTO t VALUES (3)")
    assert index.version() != versions[1]
    reader.close()


def test_it_is_there_and_rests_while_nothing_is_committed(
    place: tuple[Path, sqlite3.Connection, Other],
) -> None:
    path, ours, other = place
    other.run("INSERT INTO t VALUES (4)")
    index = WalIndex(path)
    before = index.version()
    assert before is not None
    for _ in range(100):
        ours.execute("SELECT count(*) FROM t").fetchall()
        other.run("SELECT count(*) FROM t")
        other.run("BEGIN IMMEDIATE; ROLLBACK")
    assert index.version() == before


def test_no_lock_is_lost_with_it(tmp_path: Path) -> None:
    """SQLite locks the file while it has a connection; without that another process would begin the file anew."""
    path = tmp_path / "a.db"
    ours = connect(path)
    ours.execute("CREATE TABLE t (a)")
    index = WalIndex(path)
    del index
    gc.collect()
    code = f"""
import fcntl, os, struct
file = os.open({str(path) + "-shm"!r}, os.O_RDWR)
asked = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 128, 1, 0)
print(struct.unpack("hhqqi", fcntl.fcntl(file, fcntl.F_GETLK, asked))[0])
"""
    held = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(held.stdout) == fcntl.F_RDLCK
    assert struct.calcsize("hhqqi") >= 28
    ours.close()


async def test_a_database_that_drew_near_tells_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with connect(path) as made:
        made.execute("CREATE TABLE t (a)")
    one, two = SqliteDatabase(path), SqliteDatabase(path)
    usual = one.version()
    one.draw_near()
    before = one.version()
    assert isinstance(before, bytes)
    assert before != usual
    await two.write(lambda tx: tx.run("INSERT INTO t VALUES (1)"))
    assert one.version() != before
    await one.close()
    await two.close()
    made.close()


def test_where_there_is_no_index_nothing_is_mapped(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"a\.db-shm"):
        WalIndex(tmp_path / "a.db")
    (tmp_path / "b.db-shm").write_bytes(bytes(os.sysconf("SC_PAGE_SIZE")))
    assert WalIndex(tmp_path / "b.db").version() is None
