"""One account: what is known of it, and changing it, by its owner or by an administrator."""

from collections.abc import Callable
from dataclasses import dataclass

from entrepot.access.names import parse_user_name
from entrepot.access.passwords import Passwords, check_password
from entrepot.db import events, users
from entrepot.db.contract import Database, Transaction
from entrepot.db.users import User
from entrepot.model.account import check_comment, check_email, check_realname
from entrepot.model.errors import AlreadyExists, Denied, Invalid, UserUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import AccountGrant, CatalogGrant, Principal, SystemGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import ListQuery
from entrepot.registry.people import keep_an_admin

CREATE, READ, LIST, UPDATE, DELETE = (
    Permission(Resource.USER, verb) for verb in (Verb.CREATE, Verb.READ, Verb.LIST, Verb.UPDATE, Verb.DELETE)
)
FIRST_USER = 1
"""The administrator of the first start, who can always sign in with a password and is never deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What people say of themselves."""

    email: str
    """Empty for none."""
    realname: str
    comment: str


class Accounts:
    """Operations on accounts. Every change is told as an event in the same transaction."""

    def __init__(self, db: Database, passwords: Passwords) -> None:
        self._db = db
        self._passwords = passwords

    async def create(self, grant: SystemGrant, name: str, password: str, profile: Profile) -> User:
        """The user, now there.

        Raises NameInvalid, Invalid, AlreadyExists, also for the e-mail address, or for a name that is another's.
        """
        grant.require(CREATE)
        parse_user_name(name)
        check_password(password)
        _check(profile)
        password_hash = await self._passwords.hash(password)

        def change(tx: Transaction) -> User:
            # Who signs in by an address must not be taken for somebody who has it as a name.
            if users.has_email(tx, name):
                raise AlreadyExists(f"there is a user {name} already")
            user = users.insert(tx, name, password_hash, admin=False)
            if user is None:
                raise AlreadyExists(f"there is a user {name} already")
            _set_profile(tx, user, profile)
            _tell(tx, EventName.USER_CREATED, grant.principal, user, admin=False)
            return user

        return await self._db.write(change)

    async def list_users(self, grant: SystemGrant, query: ListQuery) -> tuple[list[User], int]:
        """A page of the users, and how many there are, both without the first administrator (as Harbor hides it)."""
        grant.require(LIST)
        return await self._db.read(lambda tx: users.listed(tx, query, but=FIRST_USER))

    async def named(self, grant: SystemGrant, part: str, count: int) -> list[User]:
        """Up to `count` of the users whose names hold that, by name, as `list_users` lists them."""
        grant.require(LIST)
        return await self._db.read(lambda tx: users.named(tx, part, count, but=FIRST_USER))

    async def search(self, grant: CatalogGrant, query: ListQuery) -> tuple[list[User], int]:  # noqa: ARG002
        """As `list_users`, for everybody who is signed in: who adds a member has to find them."""
        return await self._db.read(lambda tx: users.listed(tx, query, but=FIRST_USER))

    async def exists(self, target: str, value: str) -> bool:
        """Whether a user has that name (`username`), or else that e-mail address."""
        if not value:
            return False
        if target == "username":
            return await self._db.read(lambda tx: users.find(tx, value) is not None)
        return await self._db.read(lambda tx: users.has_email(tx, value))

    async def get(self, grant: AccountGrant) -> User:
        """The account. Raises UserUnknown."""
        found = await self._db.read(lambda tx: users.standing(tx, grant.user_id))
        if found is None:
            raise _unknown(grant.user_id)
        return found[0]

    async def set_profile(self, grant: AccountGrant, profile: Profile) -> None:
        """Returns when the account has that profile. Raises UserUnknown, Invalid, AlreadyExists for the address."""
        _check(profile)

        def change(tx: Transaction, user: User) -> None:
            _set_profile(tx, user, profile)
            _tell(tx, EventName.USER_CHANGED, grant.principal, user, profile=True)

        await self._change(grant.user_id, change)

    async def set_password(self, grant: AccountGrant, old: str, new: str) -> None:
        """Returns when the account has the new password; sessions and tokens begun with the one before end.

        Who changes their own gives the old one; an administrator need not for somebody else's, which ends the secret
        for clients too, as nobody knows who has it. Raises UserUnknown,
        Denied if the old one is wrong, Invalid if the new one may not be chosen, or is the old one.
        """
        check_password(new)
        own = grant.principal.user_id == grant.user_id
        found = await self._db.read(lambda tx: users.standing(tx, grant.user_id))
        if found is None:
            raise _unknown(grant.user_id)
        if own and not await self._passwords.verify(found[1], old):
            raise Denied("the old password is wrong")
        if await self._passwords.verify(found[1], new):
            raise Invalid("the new password is the old one")
        password_hash = await self._passwords.hash(new)

        def change(tx: Transaction, user: User) -> None:
            if not users.replace_password_hash(tx, user.id, found[1], password_hash):
                raise Denied("the password was changed by somebody else just now")
            if not own:
                users.set_cli_secret_hash(tx, user.id, None)
            _tell(tx, EventName.USER_CHANGED, grant.principal, user, password=True)

        await self._change(grant.user_id, change)

    async def set_cli_secret(self, grant: AccountGrant, secret: str) -> None:
        """Returns when clients can use the secret in the password's place; one that there was before has ended.

        It signs in to the APIs and to the registry, not to the pages. Raises UserUnknown, Invalid if it may not be
        chosen, or is the password.
        """
        check_password(secret)
        found = await self._db.read(lambda tx: users.standing(tx, grant.user_id))
        if found is None:
            raise _unknown(grant.user_id)
        if await self._passwords.verify(found[1], secret):
            raise Invalid("the secret is the password; choose another, so that each can be changed alone")
        secret_hash = await self._passwords.hash(secret)

        def change(tx: Transaction, user: User) -> None:
            users.set_cli_secret_hash(tx, user.id, secret_hash)
            _tell(tx, EventName.USER_CHANGED, grant.principal, user, cli_secret=True)

        await self._change(grant.user_id, change)

    async def set_admin(self, grant: SystemGrant, user_id: int, admin: bool) -> None:
        """Makes the user an administrator, or no longer one. Nothing happens if it is so already.

        Raises UserUnknown, InUse for the last administrator who can sign in.
        """

        grant.require(UPDATE)

        def change(tx: Transaction, user: User) -> None:
            if user.admin == admin:
                return
            if not admin:
                keep_an_admin(tx, user)
            users.set_admin(tx, user.id, admin)
            _tell(tx, EventName.USER_CHANGED, grant.principal, user, admin=admin)

        await self._change(user_id, change)

    async def delete(self, grant: SystemGrant, user_id: int) -> None:
        """Removes the user, their roles, sessions and, at once, the use of their tokens and password.

        Raises UserUnknown, Denied for one's own account and that of the first administrator, InUse for the last
        administrator who can sign in.
        """
        grant.require(DELETE)
        if user_id in (FIRST_USER, grant.principal.user_id):
            raise Denied("neither one's own account nor the first administrator's can be deleted")

        def change(tx: Transaction, user: User) -> None:
            keep_an_admin(tx, user)
            users.delete(tx, user.id)
            _tell(tx, EventName.USER_DELETED, grant.principal, user)

        await self._change(user_id, change)

    async def _change(self, user_id: int, change: Callable[[Transaction, User], None]) -> None:
        def found(tx: Transaction) -> None:
            users.lock_enabled_admins(tx)  # Always in this order, as in `People`.
            user = users.lock_by_id(tx, user_id)
            if user is None:
                raise _unknown(user_id)
            change(tx, user[0])

        await self._db.write(found)


def _check(profile: Profile) -> None:
    check_email(profile.email)
    check_realname(profile.realname)
    check_comment(profile.comment)


def _set_profile(tx: Transaction, user: User, profile: Profile) -> None:
    if profile.email:
        namesake = users.find(tx, profile.email)
        if users.has_email(tx, profile.email, but=user.id) or (namesake is not None and namesake.id != user.id):
            raise AlreadyExists("that e-mail address belongs to another user")
    users.set_profile(tx, user.id, profile.email, profile.realname, profile.comment)


def _unknown(user_id: int) -> UserUnknown:
    return UserUnknown(f"there is no user with the id {user_id}")


def _tell(tx: Transaction, name: EventName, by: Principal, user: User, **detail: bool) -> None:
    events.record(tx, Event(name=name, by=by, resource=user.name, detail={"user": user.name, **detail}))
