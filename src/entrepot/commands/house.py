"""The operations that commands call, as far as commands need them."""

import importlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Protocol, cast

from entrepot.config import Settings
from entrepot.model.grant import SystemGrant
from entrepot.model.project import Project, Role
from entrepot.server.service import Service


class User(Protocol):
    """Somebody who can sign in."""

    @property
    def name(self) -> str: ...

    @property
    def admin(self) -> bool: ...

    @property
    def disabled(self) -> bool: ...

    @property
    def created_at(self) -> int: ...


class Member(Protocol):
    """Somebody's role in a project."""

    @property
    def user(self) -> str: ...

    @property
    def role(self) -> Role: ...


class People(Protocol):
    """Operations on users."""

    async def create_user(self, grant: SystemGrant, name: str, password: str, admin: bool = False) -> object: ...

    async def delete_user(self, grant: SystemGrant, name: str) -> object: ...

    async def set_password(self, grant: SystemGrant, name: str, password: str) -> object: ...

    async def set_disabled(self, grant: SystemGrant, name: str, disabled: bool) -> object: ...

    async def list_users(self, grant: SystemGrant) -> Sequence[User]: ...


class Projects(Protocol):
    """Operations on projects and their members."""

    async def create(self, grant: SystemGrant, name: str, public: bool) -> object: ...

    async def delete(self, grant: SystemGrant, name: str) -> object: ...

    async def change(self, grant: SystemGrant, name: str, **changes: bool | None) -> object:
        """`public` and `sparse_indexes`, as far as they are given."""

    async def list(self, grant: SystemGrant) -> Sequence[Project]: ...

    async def add_member(self, grant: SystemGrant, project: str, user: str, role: Role) -> object: ...

    async def remove_member(self, grant: SystemGrant, project: str, user: str) -> object: ...

    async def list_members(self, grant: SystemGrant, project: str) -> Sequence[Member]: ...


class Tokens(Protocol):
    """Bearer tokens."""

    async def issue(
        self, grant: SystemGrant, name: str, scopes: Sequence[str], lifetime: timedelta | None = None
    ) -> str:
        """A token for that user, covering of the scopes what the user may do."""


class FirstStart(Protocol):
    """What the first start made; at later starts everything is None."""

    @property
    def password(self) -> str | None: ...

    @property
    def password_file(self) -> Path | None: ...


class Step(Protocol):
    """One step of proving the store: how far it is, and what it found broken, if anything."""

    @property
    def part(self) -> str:
        """What is looked at, as in `blobs`."""

    @property
    def done(self) -> int: ...

    @property
    def total(self) -> int: ...

    @property
    def finding(self) -> str | None:
        """A sentence about something broken; None if this step only tells how far it is."""


class House(Protocol):
    """A registry that was opened."""

    @property
    def people(self) -> People: ...

    @property
    def projects(self) -> Projects: ...

    @property
    def tokens(self) -> Tokens: ...

    @property
    def first_start(self) -> FirstStart: ...

    def check(self) -> AsyncIterator[Step]: ...


def open_house(settings: Settings) -> AbstractAsyncContextManager[House]:
    """The registry that the settings name, opened; it is closed on leaving. Raises EntrepotError."""
    app = importlib.import_module("entrepot.app")
    return cast(AbstractAsyncContextManager[House], app.open_house(settings))


def build(settings: Settings, number: int) -> Service:
    """What the worker of that number serves."""
    return cast(Service, importlib.import_module("entrepot.app").build(settings, number))


def shell_grant() -> SystemGrant:
    """The grant of somebody who can run commands on the machine."""
    return cast(SystemGrant, importlib.import_module("entrepot.access.local").shell_grant())
