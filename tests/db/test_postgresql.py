"""What PostgreSQL alone can do to us: connections that break, and transactions that wait for one another."""

import asyncio
import threading

import pytest

from contracts.instance_rows import increase, insert, names, outside, value
from entrepot.db.contract import Database, Transaction
from entrepot.model.errors import DatabaseFailed

END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'entrepot'"
)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_broken_connections_are_replaced(database: Database, database_url: str) -> None:
    await database.write(lambda tx: insert(tx, "count"))
    for _ in range(3):
        await asyncio.gather(*(database.read(names) for _ in range(20)))
        assert outside(database_url, END_OTHERS)
        await asyncio.gather(*(database.write(lambda tx: increase(tx, "count")) for _ in range(10)))
    assert await database.read(lambda tx: value(tx, "count")) == "30"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_change_whose_connection_broke_is_applied_once(database: Database, database_url: str) -> None:
    await database.write(lambda tx: insert(tx, "count"))
    runs: list[int] = []

    def change(tx: Transaction) -> None:
        runs.append(increase(tx, "count"))
        if len(runs) == 1:
            outside(database_url, END_OTHERS)
        increase(tx, "count")

    await database.write(change)
    assert runs == [1, 1]
    assert await database.read(lambda tx: value(tx, "count")) == "2"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_change_whose_commit_broke_is_not_run_again(database: Database, database_url: str) -> None:
    """It may have been committed; only who asked for it can know whether to ask again."""
    outside(
        database_url,
        "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$",
    )
    outside(
        database_url,
        "CREATE CONSTRAINT TRIGGER stop AFTER INSERT ON instance DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION stop()",
    )
    runs: list[None] = []

    def change(tx: Transaction) -> None:
        runs.append(None)
        insert(tx, "a")

    with pytest.raises(DatabaseFailed):
        await database.write(change)
    assert len(runs) == 1
    assert await database.read(names) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_changes_that_wait_for_one_another_both_succeed(database: Database) -> None:
    for name in ("a", "b"):
        await database.write(lambda tx, name=name: insert(tx, name))  # type: ignore[misc]
    meeting = threading.Barrier(2)
    tried: list[str] = []

    def change(tx: Transaction, first: str, then: str) -> None:
        increase(tx, first)
        if first not in tried:
            tried.append(first)
            meeting.wait(20)
        increase(tx, then)

    await asyncio.gather(
        database.write(lambda tx: change(tx, "a", "b")), database.write(lambda tx: change(tx, "b", "a"))
    )
    assert await database.read(lambda tx: [value(tx, "a"), value(tx, "b")]) == ["2", "2"]
