"""The question every request asks, and the small changes that others are made of."""

import asyncio
import re

import pytest

from entrepot.db import instance, members, projects, sign_in_failures, signing_keys, users
from entrepot.db.contract import Database, Transaction
from entrepot.model.project import Role


@pytest.fixture
async def maker(database: Database) -> users.User:
    def change(tx: Transaction) -> users.User:
        user = users.insert(tx, "maker", "hash", False)
        project = projects.insert(tx, "own", public=False, sparse_indexes=None, owner_id=0, owner_name="")
        other = projects.insert(tx, "open", public=True, sparse_indexes=True, owner_id=0, owner_name="")
        assert user is not None
        assert project is not None
        assert other is not None
        assert members.insert(tx, project.id, user.id, Role.DEVELOPER)
        for owner, name in ((project, "own/app"), (other, "open/app")):
            tx.run(
                "INSERT INTO repositories (project_id, name, description, pull_count, created_at, updated_at, live)"
                " VALUES (?, ?, '', 0, 1, 1, TRUE)",
                owner.id,
                name,
            )
        return user

    return await database.write(change)


async def test_standing_tells_all_in_one_row(database: Database, maker: users.User) -> None:
    def ask(user_id: int | None, project: str, repository: str):
        return database.read(lambda tx: members.standing(tx, user_id, project, repository))

    full = await ask(maker.id, "own", "own/app")
    assert (full.password_hash, full.user_name, bool(full.admin), bool(full.disabled)) == (
        "hash",
        "maker",
        False,
        False,
    )
    assert (bool(full.public), full.sparse_indexes, full.roles) == (False, None, 1 << Role.DEVELOPER)
    assert full.repository_id is not None
    assert full.project_id is not None
    assert full.created_at is not None

    stranger = await ask(None, "open", "open/app")
    assert (stranger.password_hash, stranger.roles, bool(stranger.public)) == (None, None, True)
    assert bool(stranger.sparse_indexes)
    assert stranger.repository_id is not None

    nothing = await ask(maker.id, "absent", "absent/app")
    assert nothing.password_hash == "hash"
    assert set(nothing[4:]) == {None}
    assert (await ask(maker.id + 1, "own", "own/app"))[:4] == (None, None, None, None)
    assert (await ask(maker.id, "own", "own/other")).repository_id is None
    # A repository is only found in its own project.
    assert (await ask(maker.id, "open", "own/app")).repository_id is None


async def test_standing_reads_indexes_only(database: Database, maker: users.User) -> None:
    """The hot path must not slow down as tables grow."""
    if type(database).__name__ != "SqliteDatabase":
        return

    class Explaining:
        def __init__(self, tx: Transaction) -> None:
            self.tx = tx
            self.now = 0
            self.plan: list[str] = []

        def one(self, statement: str, *parameters: object):
            self.plan = [row[3] for row in self.tx.all("EXPLAIN QUERY PLAN " + statement, *parameters)]
            return self.tx.one(statement, *parameters)

    def question(tx: Transaction) -> list[str]:
        explaining = Explaining(tx)
        members.standing(explaining, maker.id, "own", "own/app")  # type: ignore[arg-type]
        return explaining.plan

    plan = await database.read(question)
    assert sum(line.startswith("SEARCH") for line in plan) >= 6
    assert not [line for line in plan if line.startswith("SCAN") and not re.search("always|held|CONSTANT", line)]


async def test_the_first_value_stays(database: Database) -> None:
    assert await database.write(lambda tx: instance.put_first(tx, "a", "1"))
    assert not await database.write(lambda tx: instance.put_first(tx, "a", "2"))
    assert await database.read(lambda tx: instance.get(tx, "a")) == "1"
    assert await database.read(lambda tx: instance.get(tx, "b")) is None
    await database.write(instance.lock)


async def test_a_hash_is_replaced_only_if_it_is_still_the_old_one(database: Database, maker: users.User) -> None:
    assert await database.write(lambda tx: users.replace_password_hash(tx, maker.id, "hash", "new"))
    assert not await database.write(lambda tx: users.replace_password_hash(tx, maker.id, "hash", "newer"))
    found = await database.read(lambda tx: users.standing(tx, maker.id))
    assert found is not None
    assert found[1] == "new"
    assert "new" not in repr(found[0])


async def test_counting_at_once_loses_nothing(database: Database) -> None:
    counts = await asyncio.gather(
        *(database.write(lambda tx: sign_in_failures.count_one(tx, "s", 0)) for _ in range(40))
    )
    assert sorted(counts) == list(range(1, 41))


async def test_forgotten_failures_count_from_one(database: Database) -> None:
    def change(tx: Transaction) -> tuple[int, int, int]:
        first = sign_in_failures.count_one(tx, "s", 0)
        second = sign_in_failures.count_one(tx, "s", 0)
        return first, second, sign_in_failures.count_one(tx, "s", tx.now + 1)

    assert await database.write(change) == (1, 2, 1)


async def test_old_keys_are_removed(database: Database) -> None:
    def change(tx: Transaction) -> list[str]:
        signing_keys.insert(tx, "old", "pem")
        tx.run("UPDATE signing_keys SET created_at = 5")
        signing_keys.insert(tx, "new", "pem")
        assert [key.id for key in signing_keys.newest_first(tx)] == ["new", "old"]
        signing_keys.delete_older(tx, 6)
        return [key.id for key in signing_keys.newest_first(tx)]

    assert await database.write(change) == ["new"]


async def test_a_member_is_one_once(database: Database, maker: users.User) -> None:
    project = await database.read(lambda tx: projects.find(tx, "own"))
    assert project is not None
    assert not await database.write(lambda tx: members.insert(tx, project.id, maker.id, Role.GUEST))
    assert await database.read(lambda tx: members.find(tx, project.id, maker.id)) is Role.DEVELOPER
    assert await database.write(lambda tx: members.set_role(tx, project.id, maker.id, Role.GUEST))
    assert await database.write(lambda tx: members.delete(tx, project.id, maker.id))
    assert not await database.write(lambda tx: members.delete(tx, project.id, maker.id))
    assert not await database.write(lambda tx: members.set_role(tx, project.id, maker.id, Role.GUEST))
