"""Groups of users that other systems know: kept here so that they can have roles."""

from entrepot.db import events, user_groups
from entrepot.db.contract import Database, Transaction
from entrepot.db.user_groups import UserGroup
from entrepot.model.errors import AlreadyExists, Invalid, RecordUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import CatalogGrant, Principal, SystemGrant
from entrepot.model.permission import Permission, Resource, Verb

CREATE = Permission(Resource.USER_GROUP, Verb.CREATE)
READ = Permission(Resource.USER_GROUP, Verb.READ)
LIST = Permission(Resource.USER_GROUP, Verb.LIST)
UPDATE = Permission(Resource.USER_GROUP, Verb.UPDATE)
DELETE = Permission(Resource.USER_GROUP, Verb.DELETE)
LDAP, HTTP, OIDC = 1, 2, 3
LONGEST_NAME = 255


class Groups:
    """Operations on groups. Every change is told as an event in the same transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(
        self, grant: SystemGrant, part: str, ldap_dn: str, offset: int, count: int
    ) -> tuple[list[UserGroup], int]:
        """A page of the groups whose names hold `part`, by name, and how many there are."""
        grant.require(LIST)
        return await self._db.read(lambda tx: user_groups.page(tx, part, ldap_dn, offset, count))

    async def search(self, grant: CatalogGrant, part: str, offset: int, count: int) -> tuple[list[UserGroup], int]:  # noqa: ARG002
        """As `page`, for everybody who is signed in: who adds a group as a member has to find it."""
        return await self._db.read(lambda tx: user_groups.page(tx, part, "", offset, count))

    async def get(self, grant: SystemGrant, group_id: int) -> UserGroup:
        """The group. Raises RecordUnknown."""
        grant.require(READ)
        return await self._db.read(lambda tx: _find(tx, group_id))

    async def create(self, grant: SystemGrant, name: str, kind: int, ldap_dn: str) -> int:
        """The id of the new group. Raises Invalid, AlreadyExists."""
        grant.require(CREATE)
        _check(name)
        if kind not in (LDAP, HTTP, OIDC):
            raise Invalid("group_type is 1 (LDAP), 2 (HTTP) or 3 (OIDC)")
        if kind == LDAP and not 1 <= len(ldap_dn) <= LONGEST_NAME * 2:
            raise Invalid("an LDAP group needs its distinguished name: ldap_group_dn")

        def change(tx: Transaction) -> int:
            if kind == LDAP and user_groups.find_ldap(tx, ldap_dn) is not None:
                raise AlreadyExists(f"there is a group of {ldap_dn} already")
            group_id = user_groups.insert(tx, name, kind, ldap_dn if kind == LDAP else "")
            if group_id is None:
                raise AlreadyExists(f"there is a group {name} already")
            _tell(tx, EventName.GROUP_CREATED, grant.principal, name)
            return group_id

        return await self._db.write(change)

    async def rename(self, grant: SystemGrant, group_id: int, name: str) -> None:
        """Gives the group another name. Raises RecordUnknown, Invalid, AlreadyExists."""
        grant.require(UPDATE)
        _check(name)

        def change(tx: Transaction) -> None:
            group = _find(tx, group_id)
            other = user_groups.find_named(tx, name, group.kind)
            if other is not None and other.id != group_id:
                raise AlreadyExists(f"there is a group {name} already")
            user_groups.rename(tx, group_id, name)
            _tell(tx, EventName.GROUP_CHANGED, grant.principal, name)

        await self._db.write(change)

    async def delete(self, grant: SystemGrant, group_id: int) -> None:
        """Removes the group and the roles people have through it. Raises RecordUnknown."""
        grant.require(DELETE)

        def change(tx: Transaction) -> None:
            group = _find(tx, group_id)
            user_groups.delete(tx, group_id)
            _tell(tx, EventName.GROUP_DELETED, grant.principal, group.name)

        await self._db.write(change)


def _find(tx: Transaction, group_id: int) -> UserGroup:
    found = user_groups.find(tx, group_id)
    if found is None:
        raise RecordUnknown(f"there is no group with the id {group_id}")
    return found


def _check(name: str) -> None:
    if not 1 <= len(name.strip()) <= LONGEST_NAME or any(ord(character) < 32 for character in name):
        raise Invalid(f"a group's name has 1 to {LONGEST_NAME} characters, none of them a control character")


def _tell(tx: Transaction, name: EventName, by: Principal, group: str) -> None:
    events.record(tx, Event(name=name, by=by, resource=group, detail={"group": group}))
