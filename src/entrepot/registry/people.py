"""People: creating and removing users, their passwords, who administers the instance."""

from collections.abc import Callable
from dataclasses import dataclass

from entrepot.access.names import parse_user_name
from entrepot.access.passwords import Passwords, check_password
from entrepot.db import events, users
from entrepot.db.contract import Database, Transaction
from entrepot.db.users import User
from entrepot.model.errors import AlreadyExists, InUse, PageInvalid, UserUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import SystemGrant

LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPage:
    """Users in byte order of their names."""

    users: list[User]
    more: bool
    """Whether there are users after the last one."""


class People:
    """What an administrator does with users. Every change is told as an event in the same transaction."""

    def __init__(self, db: Database, passwords: Passwords) -> None:
        self._db = db
        self._passwords = passwords

    async def create_user(self, grant: SystemGrant, name: str, password: str, *, admin: bool = False) -> User:
        """The user, now there. Raises NameInvalid, Invalid (for the password), AlreadyExists."""
        parse_user_name(name)
        check_password(password)
        password_hash = await self._passwords.hash(password)

        def change(tx: Transaction) -> User:
            user = users.insert(tx, name, password_hash, admin)
            if user is None:
                raise AlreadyExists(f"there is a user {name} already")
            _tell(tx, EventName.USER_CREATED, grant, user, admin=admin)
            return user

        return await self._db.write(change)

    async def delete_user(self, grant: SystemGrant, name: str) -> None:
        """Removes the user, their roles and, at once, the use of their tokens and password.

        Raises UserUnknown, InUse for the last administrator who can sign in.
        """

        def change(tx: Transaction, user: User) -> None:
            keep_an_admin(tx, user)
            users.delete(tx, user.id)
            _tell(tx, EventName.USER_DELETED, grant, user)

        await self._change(name, change)

    async def set_password(self, grant: SystemGrant, name: str, password: str) -> None:
        """Gives the user another password; tokens got with the one before, and a secret for clients, end.

        Raises UserUnknown, Invalid if the password may not be chosen.
        """
        check_password(password)
        password_hash = await self._passwords.hash(password)

        def change(tx: Transaction, user: User) -> None:
            users.set_password_hash(tx, user.id, password_hash)
            users.set_cli_secret_hash(tx, user.id, None)
            _tell(tx, EventName.USER_CHANGED, grant, user, password=True)

        await self._change(name, change)

    async def set_disabled(self, grant: SystemGrant, name: str, disabled: bool) -> None:
        """Keeps the user out at once, or lets them in again. Nothing happens if it is so already.

        Raises UserUnknown, InUse for the last administrator who can sign in.
        """

        def change(tx: Transaction, user: User) -> None:
            if user.disabled == disabled:
                return
            if disabled:
                keep_an_admin(tx, user)
            users.set_disabled(tx, user.id, disabled)
            _tell(tx, EventName.USER_CHANGED, grant, user, disabled=disabled)

        await self._change(name, change)

    async def set_admin(self, grant: SystemGrant, name: str, admin: bool) -> None:
        """Makes the user an administrator, or no longer one, at once. Nothing happens if it is so already.

        Raises UserUnknown, InUse for the last administrator who can sign in.
        """

        def change(tx: Transaction, user: User) -> None:
            if user.admin == admin:
                return
            if not admin:
                keep_an_admin(tx, user)
            users.set_admin(tx, user.id, admin)
            _tell(tx, EventName.USER_CHANGED, grant, user, admin=admin)

        await self._change(name, change)

    async def list_users(
        self,
        grant: SystemGrant,  # noqa: ARG002 - to hold it is the permission
        after: str = "",
        count: int = 100,
    ) -> UserPage:
        """The next `count` users whose names come after `after`. Raises PageInvalid unless count is 1 to 1000."""
        check_count(count)
        found = await self._db.read(lambda tx: users.page(tx, after, count + 1))
        return UserPage(users=found[:count], more=len(found) > count)

    async def _change(self, name: str, change: Callable[[Transaction, User], None]) -> None:
        """Returns once `change` was done to the user of that name. Raises UserUnknown, and what `change` raises."""

        def found(tx: Transaction) -> None:
            # Always in this order, or two changes to administrators could wait for each other.
            users.lock_enabled_admins(tx)
            user = users.lock(tx, name)
            if user is None:
                raise UserUnknown(f"there is no user {name}")
            change(tx, user)

        await self._db.write(found)


def check_count(count: int) -> None:
    """Returns if a page may hold that many. Raises PageInvalid."""
    if not 1 <= count <= LARGEST_PAGE:
        raise PageInvalid(f"a page holds 1 to {LARGEST_PAGE} entries")


def keep_an_admin(tx: Transaction, user: User) -> None:
    """Returns if somebody can administer the instance without that user. Raises InUse."""
    if users.lock_enabled_admins(tx) == [user.id]:
        raise InUse(f"{user.name} is the last administrator who can sign in; make somebody else one first")


def _tell(tx: Transaction, name: EventName, grant: SystemGrant, user: User, **detail: bool) -> None:
    events.record(tx, Event(name=name, by=grant.principal, resource=user.name, detail={"user": user.name, **detail}))
