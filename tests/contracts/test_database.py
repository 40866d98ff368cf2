"""What every Database does: one suite, run on SQLite and on PostgreSQL."""

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from contracts.instance_rows import increase, insert, names, outside, value
from entrepot.db.contract import Again, Database, Transaction
from entrepot.db.open import open_database
from entrepot.model.errors import DatabaseFailed, InUse, Invalid


async def test_what_a_change_returns_is_given_once_it_is_committed(database: Database, database_url: str) -> None:
    def change(tx: Transaction) -> str:
        insert(tx, "a")
        return "done"

    assert await database.write(change) == "done"
    assert outside(database_url, "SELECT name FROM instance") == [("a",)]
    assert await database.read(names) == ["a"]


async def test_rows_and_counts_are_told(database: Database) -> None:
    def change(tx: Transaction) -> None:
        for name in ("a", "b", "c"):
            insert(tx, name)
        assert tx.run("UPDATE instance SET value = ? WHERE name > ?", "1", "a") == 2
        assert tx.run("DELETE FROM instance WHERE name = ?", "nobody") == 0
        assert tx.one("SELECT name, value FROM instance WHERE name = ?", "b") == ("b", "1")
        assert tx.one("SELECT 1 FROM instance WHERE name = ?", "nobody") is None
        assert tx.all("SELECT name, value FROM instance ORDER BY name") == [("a", "0"), ("b", "1"), ("c", "1")]
        assert tx.one("INSERT INTO instance (name, value) VALUES (?, ?) RETURNING value", "d", "2") == ("2",)

    await database.write(change)


async def test_a_change_that_raises_did_nothing(database: Database) -> None:
    def change(tx: Transaction) -> None:
        insert(tx, "a")
        raise InUse("no")

    with pytest.raises(InUse, match="no"):
        await database.write(change)
    assert await database.read(names) == []
    await database.write(lambda tx: insert(tx, "a"))


async def test_a_question_cannot_change_anything(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)read-?only|failed"):
        await database.read(lambda tx: insert(tx, "a"))
    assert await database.read(names) == []
    await database.write(lambda tx: insert(tx, "b"))


async def test_a_question_that_raises_leaves_the_next_one_alone(database: Database) -> None:
    def question(tx: Transaction) -> None:
        names(tx)
        raise InUse("no")

    for _ in range(3):
        with pytest.raises(InUse):
            await database.read(question)
    await database.write(lambda tx: insert(tx, "a"))
    assert await database.read(names) == ["a"]


async def test_a_question_sees_nothing_that_is_not_committed(database: Database) -> None:
    written, go_on = threading.Event(), threading.Event()

    def change(tx: Transaction) -> None:
        insert(tx, "a")
        written.set()
        assert go_on.wait(20)

    writing = asyncio.create_task(database.write(change))
    assert await asyncio.to_thread(written.wait, 20)
    assert await database.read(names) == []
    go_on.set()
    await writing
    assert await database.read(names) == ["a"]


async def test_a_question_is_answered_from_one_state(database: Database, database_url: str) -> None:
    def question(tx: Transaction) -> tuple[list[str], list[str]]:
        before = names(tx)
        outside(database_url, "INSERT INTO instance (name, value) VALUES ('later', '')")
        return before, names(tx)

    assert await database.read(question) == ([], [])
    assert await database.read(names) == ["later"]


async def test_the_clock_stands_still_in_a_transaction_and_goes_on_between_them(database: Database) -> None:
    def change(tx: Transaction) -> tuple[int, int]:
        first = tx.now
        time.sleep(0.01)
        return first, tx.now

    first, again = await database.write(change)
    later, _ = await database.read(change)
    assert first == again
    assert first + 5_000 < later
    assert abs(later - time.time_ns() // 1000) < 60_000_000


async def test_a_change_that_asks_for_it_is_run_again_from_the_start(database: Database) -> None:
    seen: list[list[str]] = []

    def change(tx: Transaction) -> str:
        seen.append(names(tx))
        insert(tx, "a")
        if len(seen) == 1:
            raise Again
        return "done"

    assert await database.write(change) == "done"
    assert seen == [[], []]
    assert await database.read(names) == ["a"]


async def test_a_change_that_met_a_row_of_another_is_run_again(database: Database) -> None:
    await database.write(lambda tx: insert(tx, "taken"))
    tried: list[str] = []

    def change(tx: Transaction) -> str:
        insert(tx, "mine")
        tried.append("free" if tried else "taken")
        insert(tx, tried[-1])
        return tried[-1]

    assert await database.write(change) == "free"
    assert await database.read(names) == ["free", "mine", "taken"]


async def test_a_change_that_never_fits_fails(database: Database) -> None:
    def again(tx: Transaction) -> None:
        raise Again

    await database.write(lambda tx: insert(tx, "a"))
    with pytest.raises(DatabaseFailed):
        await database.write(again)
    with pytest.raises(DatabaseFailed):
        await database.write(lambda tx: insert(tx, "a", "another"))
    assert await database.read(lambda tx: value(tx, "a")) == "0"


async def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(DatabaseFailed):
        await database.write(
            lambda tx: tx.run("INSERT INTO repositories VALUES (1, 77, 'a/b', '', 0, 0, 0, TRUE, NULL)")
        )


async def test_of_many_changes_at_once_each_meets_its_own_fate(database: Database) -> None:
    await database.write(lambda tx: insert(tx, "count"))
    await database.write(lambda tx: insert(tx, "taken"))
    first_runs: set[int] = set()

    def change(tx: Transaction, number: int) -> int:
        counted = increase(tx, "count")
        insert(tx, f"row {number:03}")
        if number % 10 == 3:
            raise InUse(str(number))
        if number % 50 == 7:
            insert(tx, "taken")
        if number % 25 == 9 and number not in first_runs:
            first_runs.add(number)
            raise Again
        return counted

    outcomes = await asyncio.gather(
        *(database.write(lambda tx, number=number: change(tx, number)) for number in range(200)),  # type: ignore[misc]
        return_exceptions=True,
    )
    refused = {number for number, outcome in enumerate(outcomes) if isinstance(outcome, InUse)}
    failed = {number for number, outcome in enumerate(outcomes) if isinstance(outcome, DatabaseFailed)}
    assert refused == {number for number in range(200) if number % 10 == 3}
    assert failed == {7, 57, 107, 157}
    kept = set(range(200)) - refused - failed
    assert sorted(outcomes[number] for number in kept) == list(range(1, len(kept) + 1))  # type: ignore[type-var]
    assert await database.read(names) == sorted(["count", "taken", *(f"row {number:03}" for number in kept)])
    assert await database.read(lambda tx: value(tx, "count")) == str(len(kept))


async def test_who_gives_up_waiting_disturbs_nobody(database: Database) -> None:
    go_on = threading.Event()
    held = [asyncio.create_task(database.write(lambda tx: go_on.wait(20))) for _ in range(8)]
    waiting = [asyncio.create_task(database.write(lambda tx, n=n: insert(tx, f"row {n}"))) for n in range(6)]  # type: ignore[misc]
    await asyncio.sleep(0.05)
    waiting[2].cancel()
    go_on.set()
    outcomes = await asyncio.gather(*held, *waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(asyncio.CancelledError) == 1
    assert set(await database.read(names)) >= {f"row {n}" for n in (0, 1, 3, 4, 5)}
    await database.write(lambda tx: insert(tx, "after"))


async def test_two_databases_on_one_never_lose_a_change(database: Database, database_url: str, tmp_path: Path) -> None:
    other = open_database(database_url, tmp_path)
    try:
        await database.write(lambda tx: insert(tx, "count"))
        await asyncio.gather(*((database, other)[n % 2].write(lambda tx: increase(tx, "count")) for n in range(100)))
        assert await database.read(lambda tx: value(tx, "count")) == "100"
        assert await other.read(lambda tx: value(tx, "count")) == "100"
    finally:
        await other.close()


PROCESS = """
import asyncio, sys
from pathlib import Path
from entrepot.db.open import open_database

def increase(tx):
    number = int(tx.one("SELECT value FROM instance WHERE name = 'count' FOR UPDATE")[0]) + 1
    tx.run("UPDATE instance SET value = ? WHERE name = 'count'", str(number))

async def main():
    database = open_database(sys.argv[1], Path())
    for _ in range(10):
        await asyncio.gather(*(database.write(increase) for _ in range(10)))
        await database.read(lambda tx: tx.one("SELECT value FROM instance WHERE name = 'count'"))
    await database.close()

asyncio.run(main())
"""


async def test_two_processes_never_lose_a_change(database: Database, database_url: str) -> None:
    await database.write(lambda tx: insert(tx, "count"))
    others = [subprocess.Popen([sys.executable, "-c", PROCESS, database_url]) for _ in range(2)]
    for _ in range(50):
        await database.write(lambda tx: increase(tx, "count"))
    assert [await asyncio.to_thread(other.wait, 60) for other in others] == [0, 0]
    assert await database.read(lambda tx: value(tx, "count")) == "250"


async def test_bytes_numbers_truths_and_nothing_come_back_as_they_went(database: Database) -> None:
    def change(tx: Transaction) -> tuple[object, ...] | None:
        tx.run(
            "INSERT INTO projects (name, public, sparse_indexes, owner_id, owner_name, created_at, updated_at)"
            " VALUES (?, ?, ?, 1, '', 1, 1)",
            "a",
            True,
            None,
        )
        project = tx.one("SELECT id FROM projects")
        assert project is not None
        tx.run("INSERT INTO repositories VALUES (1, ?, 'a/b', '', 0, ?, 0, TRUE, NULL)", project[0], 2**62)
        tx.run(
            "INSERT INTO manifests"
            " (repository_id, digest, media_type, body, kind, config_type, size, attributes, pushed_at, listed)"
            " SELECT id, ?, ?, ?, '', '', 0, '', created_at, TRUE FROM repositories",
            b"\0\xff",
            "100 % \u00e9 \U0001f433 ' \\",
            bytes(range(256)) * 1000,
        )
        return tx.one("SELECT digest, media_type, artifact_type, body, pushed_at FROM manifests")

    row = await database.write(change)
    assert row == (b"\0\xff", "100 % \u00e9 \U0001f433 ' \\", None, bytes(range(256)) * 1000, 2**62)
    assert await database.read(lambda tx: bool((tx.one("SELECT public FROM projects WHERE public") or [0])[0]))


async def test_names_compare_byte_by_byte(database: Database) -> None:
    mixed = ["a-b", "a.b", "a/b", "a0", "a_b", "aa", "ab"]
    for name in reversed(mixed):
        await database.write(
            lambda tx, name=name: tx.run(  # type: ignore[misc]
                "INSERT INTO users (name, password_hash, realname, comment, admin, disabled, created_at, updated_at)"
                " VALUES (?, '', '', '', FALSE, FALSE, 0, 0)",
                name,
            )
        )
    assert await database.read(lambda tx: [r[0] for r in tx.all("SELECT name FROM users ORDER BY name")]) == mixed
    assert await database.read(
        lambda tx: [r[0] for r in tx.all("SELECT name FROM users WHERE name > 'a/b' ORDER BY name LIMIT 2")]
    ) == ["a0", "a_b"]


async def test_what_cannot_be_kept_is_refused_or_kept_whole(database: Database, database_url: str) -> None:
    try:
        await database.write(lambda tx: insert(tx, "a\0b"))
    except Invalid:
        assert database_url.startswith("postgresql")
    else:
        assert await database.read(names) == ["a\0b"]
    await database.write(lambda tx: insert(tx, "after"))


async def test_a_mistake_in_a_statement_is_not_taken_for_a_failing_database(database: Database) -> None:
    with pytest.raises(Exception, match="nowhere"):
        await database.read(lambda tx: tx.one("SELECT 1 FROM nowhere"))
    await database.write(lambda tx: insert(tx, "after"))


async def test_what_need_not_be_durable_yet_is_seen_by_everybody(database: Database, database_url: str) -> None:
    await database.write(lambda tx: insert(tx, "a"), durable=False)
    assert outside(database_url, "SELECT name FROM instance") == [("a",)]
    assert await database.read(names) == ["a"]


async def test_only_what_need_not_be_durable_does_not_wait_for_the_disk(database: Database, database_url: str) -> None:
    """As the databases say of themselves, within each transaction."""
    sqlite = database_url.startswith("sqlite:")
    question = "PRAGMA synchronous" if sqlite else "SHOW synchronous_commit"
    waits = {2: True, "on": True, 1: False, "off": False}

    def change(tx: Transaction) -> bool:
        row = tx.one(question)
        assert row is not None
        return waits[row[0]]

    async def waited(*, durable: bool) -> bool:
        return await database.write(change, durable=durable)

    each = [True, False, False, True, True, False, True]
    assert [await waited(durable=durable) for durable in each] == each
    # Of many at once, which may be committed together, every one that has to be durable is.
    go_on = threading.Event()
    held = [asyncio.create_task(database.write(lambda tx: go_on.wait(20))) for _ in range(8)]
    many = [asyncio.create_task(waited(durable=number % 5 == 0)) for number in range(20)]
    await asyncio.sleep(0.05)
    go_on.set()
    found = await asyncio.gather(*many)
    await asyncio.gather(*held)
    assert [found[number] for number in range(0, 20, 5)] == [True] * 4
