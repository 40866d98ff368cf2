"""Users: created, changed and removed, with an event of each change, and never without an administrator."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from contracts.access_house import CHEAP, PASSWORD
from entrepot.access.local import shell_grant
from entrepot.access.passwords import Passwords
from entrepot.db import members, users
from entrepot.db.contract import Database
from entrepot.db.open import open_database
from entrepot.model.errors import AlreadyExists, EntrepotError, InUse, Invalid, NameInvalid, PageInvalid, UserUnknown
from entrepot.model.project import Role
from entrepot.registry.people import People
from entrepot.registry.projects import Projects

SHELL = shell_grant()


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    made = Passwords(CHEAP)
    yield made
    await made.close()


@pytest.fixture
def people(database: Database, passwords: Passwords) -> People:
    return People(database, passwords)


async def _events(db: Database) -> list[tuple[str, dict[str, object]]]:
    rows = await db.read(lambda tx: tx.all("SELECT name, actor, detail FROM events ORDER BY id"))
    assert {row[1] for row in rows} <= {"shell"}
    return [(row[0], json.loads(row[2])) for row in rows]


async def test_a_user_is_created(people: People, database: Database, passwords: Passwords) -> None:
    user = await people.create_user(SHELL, "maker", PASSWORD)
    assert (user.name, user.admin, user.disabled) == ("maker", False, False)
    assert user.created_at > 1_700_000_000_000_000
    found = await database.read(lambda tx: users.find_with_password(tx, "maker"))
    assert found is not None
    assert found[0] == user
    assert await passwords.verify(found[1], PASSWORD)
    assert (await people.create_user(SHELL, "boss", PASSWORD, admin=True)).admin
    assert await _events(database) == [
        ("user:created", {"user": "maker", "admin": False}),
        ("user:created", {"user": "boss", "admin": True}),
    ]


async def test_a_user_that_cannot_be_created(people: People, database: Database) -> None:
    await people.create_user(SHELL, "maker", PASSWORD)
    with pytest.raises(AlreadyExists, match="maker"):
        await people.create_user(SHELL, "maker", PASSWORD)
    with pytest.raises(NameInvalid):
        await people.create_user(SHELL, "a:b", PASSWORD)
    with pytest.raises(Invalid):
        await people.create_user(SHELL, "other", "weak")
    assert len(await _events(database)) == 1


async def test_names_differ_by_case(people: People) -> None:
    await people.create_user(SHELL, "maker", PASSWORD)
    await people.create_user(SHELL, "Maker", PASSWORD)
    assert [user.name for user in (await people.list_users(SHELL)).users] == ["Maker", "maker"]


async def test_two_creations_at_once(people: People, database: Database) -> None:
    results = await asyncio.gather(
        *(people.create_user(SHELL, "maker", PASSWORD) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(result, AlreadyExists) for result in results) == 5
    assert len(await _events(database)) == 1


async def test_passwords_change_and_no_event_tells_them(
    people: People, database: Database, passwords: Passwords
) -> None:
    await people.create_user(SHELL, "maker", PASSWORD)
    await people.set_password(SHELL, "maker", "Another-Horse-8")
    found = await database.read(lambda tx: users.find_with_password(tx, "maker"))
    assert found is not None
    assert await passwords.verify(found[1], "Another-Horse-8")
    with pytest.raises(Invalid):
        await people.set_password(SHELL, "maker", "weak")
    events = await _events(database)
    assert events[-1] == ("user:changed", {"user": "maker", "password": True})
    for secret in ("Horse", "argon2"):
        assert secret not in json.dumps(events)


async def test_changes_are_told_once(people: People, database: Database) -> None:
    await people.create_user(SHELL, "maker", PASSWORD)
    for _ in range(2):
        await people.set_disabled(SHELL, "maker", True)
        await people.set_admin(SHELL, "maker", True)
    (user,) = (await people.list_users(SHELL)).users
    assert (user.disabled, user.admin) == (True, True)
    assert (await _events(database))[1:] == [
        ("user:changed", {"user": "maker", "disabled": True}),
        ("user:changed", {"user": "maker", "admin": True}),
    ]


async def test_a_user_that_is_not_there(people: People) -> None:
    actions: list[Awaitable[None]] = [
        people.delete_user(SHELL, "nobody"),
        people.set_password(SHELL, "nobody", PASSWORD),
        people.set_disabled(SHELL, "nobody", True),
        people.set_admin(SHELL, "nobody", True),
    ]
    for action in actions:
        with pytest.raises(UserUnknown, match="nobody"):
            await action


async def test_a_deleted_user_leaves_no_role_and_no_id(people: People, database: Database) -> None:
    projects = Projects(database)
    first = await people.create_user(SHELL, "maker", PASSWORD)
    project = await projects.create(SHELL, "own")
    await projects.add_member(SHELL, "own", "maker", Role.DEVELOPER)
    await people.delete_user(SHELL, "maker")
    assert (await _events(database))[-1] == ("user:deleted", {"user": "maker"})
    second = await people.create_user(SHELL, "maker", PASSWORD)
    assert second.id > first.id
    assert await database.read(lambda tx: members.find(tx, project.id, second.id)) is None


Way = Callable[[People, str], Awaitable[None]]
WAYS: list[Way] = [
    lambda people, name: people.delete_user(SHELL, name),
    lambda people, name: people.set_disabled(SHELL, name, True),
    lambda people, name: people.set_admin(SHELL, name, False),
]


@pytest.mark.parametrize("way", WAYS)
async def test_the_last_administrator_stays(people: People, database: Database, way: Way) -> None:
    await people.create_user(SHELL, "boss", PASSWORD, admin=True)
    await people.create_user(SHELL, "away", PASSWORD, admin=True)
    await people.set_disabled(SHELL, "away", True)
    await people.create_user(SHELL, "maker", PASSWORD)
    before = await _events(database)
    with pytest.raises(InUse, match="boss"):
        await way(people, "boss")
    assert await _events(database) == before
    await way(people, "away")
    await way(people, "maker")
    await people.create_user(SHELL, "second", PASSWORD, admin=True)
    await way(people, "boss")


@pytest.mark.parametrize("way", WAYS)
async def test_of_two_administrators_removed_at_once_one_stays(
    database_url: str, tmp_path: Path, passwords: Passwords, way: Way
) -> None:
    databases = [open_database(database_url, tmp_path) for _ in range(2)]
    both = [People(each, passwords) for each in databases]
    for name in ("one", "two"):
        await both[0].create_user(SHELL, name, PASSWORD, admin=True)
    results = await asyncio.gather(way(both[0], "one"), way(both[1], "two"), return_exceptions=True)
    assert sorted(type(result) for result in results if isinstance(result, EntrepotError)) == [InUse]
    await asyncio.gather(*(each.close() for each in databases))


async def test_a_list_in_pages(people: People, database: Database) -> None:
    for number in range(7):
        await database.write(lambda tx, number=number: users.insert(tx, f"user-{number}", "x", False))
    first = await people.list_users(SHELL, count=3)
    assert ([user.name for user in first.users], first.more) == (["user-0", "user-1", "user-2"], True)
    second = await people.list_users(SHELL, after="user-2", count=4)
    assert ([user.name for user in second.users], second.more) == ([f"user-{n}" for n in range(3, 7)], False)
    assert (await people.list_users(SHELL, after="zzz")).users == []
    for count in (0, -1, 1001):
        with pytest.raises(PageInvalid):
            await people.list_users(SHELL, count=count)
