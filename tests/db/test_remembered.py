"""Answers are remembered while nothing was committed, by anybody, and within a bound."""

import multiprocessing
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.db.contract import Transaction
from entrepot.db.remembered import MISSING, Remembered
from entrepot.db.sqlite import SqliteDatabase, connect

SET = "INSERT INTO t VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v"


class Answer(NamedTuple):
    text: str
    body: bytes


def test_a_new_version_forgets_everything() -> None:
    remembered = Remembered()
    assert remembered.get(1, "a") is MISSING
    remembered.keep("a", None)
    assert remembered.get(1, "a") is None
    assert remembered.get(2, "a") is MISSING
    assert remembered.get(1, "a") is MISSING


def test_what_is_remembered_is_bounded_in_bytes() -> None:
    remembered = Remembered(most_bytes=100_000)
    remembered.get(1, 0)
    for number in range(1000):
        remembered.keep(number, Answer("x", b"y" * 1000))
    held = [number for number in range(1000) if remembered.get(1, number) is not MISSING]
    assert 0 < len(held) < 90
    remembered.keep("large", Answer("x", b"y" * 20_000))
    assert remembered.get(1, "large") is MISSING


def _database(path: Path) -> SqliteDatabase:
    return SqliteDatabase(path)


def _make(path: Path) -> None:
    connection = connect(path)
    connection.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v INTEGER NOT NULL)")
    connection.close()


def _set(path: Path, key: int, value: int) -> None:
    connection = connect(path)
    connection.execute(SET, (key, value))
    connection.close()


def _asked(tx: Transaction, key: int) -> tuple[int, ...] | None:
    return tx.one("SELECT v FROM t WHERE k = ?", key)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from(["here", "beside", "elsewhere", "read"]), st.integers(0, 3)), max_size=40)
)
async def test_no_answer_is_older_than_the_last_commit(steps: list[tuple[str, int]], tmp_path: Path) -> None:
    """`here` writes through the same object, `beside` through another one, `elsewhere` through a bare connection."""
    path = tmp_path / f"{abs(hash(tuple(steps)))}.db"
    if not path.exists():
        _make(path)
    here, beside = _database(path), _database(path)
    truth: dict[int, int] = {}
    for row in await here.read(lambda tx: tx.all("SELECT k, v FROM t")):
        truth[row[0]] = row[1]
    try:
        for number, (step, key) in enumerate(steps):
            if step == "read":
                for database in (here, beside):
                    found = await database.read(lambda tx, key=key: _asked(tx, key), key=key)
                    assert found == ((truth[key],) if key in truth else None)
                continue
            truth[key] = number
            if step == "elsewhere":
                _set(path, key, number)
            else:
                database = here if step == "here" else beside
                await database.write(lambda tx, key=key, number=number: tx.run(SET, key, number))
    finally:
        await here.close()
        await beside.close()


async def test_another_process_s_commit_is_seen_at_the_next_read(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    _make(path)
    database = _database(path)
    asked = 0

    def question(tx: Transaction) -> tuple[int, ...] | None:
        nonlocal asked
        asked += 1
        return _asked(tx, 1)

    for value in range(3):
        process = multiprocessing.get_context("spawn").Process(target=_set, args=(path, 1, value))
        process.start()
        process.join()
        assert process.exitcode == 0
        for _ in range(5):
            assert await database.read(question, key="one") == (value,)
    assert asked == 3  # that is, it was remembered in between
    await database.close()
