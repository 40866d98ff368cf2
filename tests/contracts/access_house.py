"""A small organisation: users, projects and a gate to them."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from entrepot.access.gate import Gate
from entrepot.access.keys import Keys
from entrepot.access.local import shell_grant
from entrepot.access.passwords import Cost, Passwords
from entrepot.access.tokens import Tokens
from entrepot.db import users
from entrepot.db.contract import Database, Transaction
from entrepot.model.project import Role
from entrepot.registry.people import People
from entrepot.registry.projects import Projects

CHEAP = Cost(passes=1, memory=64)
PASSWORD = "Right-Horse-7"
ADDRESS = "192.0.2.1"

BY_ROLE = {
    "owner": Role.PROJECT_ADMIN,
    "keeper": Role.MAINTAINER,
    "maker": Role.DEVELOPER,
    "visitor": Role.GUEST,
    "peeker": Role.LIMITED_GUEST,
}


def basic(name: str, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@dataclass(kw_only=True)
class House:
    """Projects `own` (private, a member of each role in it) and `public`; besides, an administrator and a stranger."""

    db: Database
    passwords: Passwords
    keys: Keys
    tokens: Tokens
    gate: Gate
    people: People
    projects: Projects


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    passwords = Passwords(CHEAP)
    keys = Keys(database)
    tokens = Tokens(keys)
    people, projects = People(database, passwords), Projects(database)
    grant = shell_grant()
    # One hash for all of them: they have the same password, and what it costs is not what is tested.
    password_hash = await passwords.hash(PASSWORD)

    def come(tx: Transaction) -> None:
        for name in ("admin", "stranger", *BY_ROLE):
            users.insert(tx, name, password_hash, name == "admin")

    await database.write(come)
    await projects.create(grant, "own")
    await projects.create(grant, "public", public=True)
    for name, role in BY_ROLE.items():
        await projects.add_member(grant, "own", name, role)
    yield House(
        db=database,
        passwords=passwords,
        keys=keys,
        tokens=tokens,
        gate=Gate(database, passwords, tokens),
        people=people,
        projects=projects,
    )
    await passwords.close()
