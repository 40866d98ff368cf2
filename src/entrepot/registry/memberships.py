"""Who has which role in a project, as its administrators change it."""

from collections.abc import Callable
from dataclasses import dataclass

from entrepot.db import events, memberships, projects, user_groups, users
from entrepot.db.contract import Database, Transaction
from entrepot.db.memberships import Membership
from entrepot.model.errors import AlreadyExists, Invalid, MemberUnknown, ProjectUnknown, UserUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import ProjectGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.project import Role

CREATE = Permission(Resource.MEMBER, Verb.CREATE)
READ = Permission(Resource.MEMBER, Verb.READ)
LIST = Permission(Resource.MEMBER, Verb.LIST)
UPDATE = Permission(Resource.MEMBER, Verb.UPDATE)
DELETE = Permission(Resource.MEMBER, Verb.DELETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A user or a group, by whatever of these is given; the id counts first."""

    user_id: int = 0
    user_name: str = ""
    group_id: int = 0
    group_name: str = ""
    group_kind: int = 0
    ldap_dn: str = ""


class Memberships:
    """Operations on the members of projects. Every change is told as an event in the same transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def list_members(
        self, grant: ProjectGrant, part: str, offset: int, count: int
    ) -> tuple[list[Membership], int]:
        """Members by name, those whose names hold `part`; and how many the project has in all (as Harbor counts)."""
        grant.require(LIST)

        def question(tx: Transaction) -> tuple[list[Membership], int]:
            found = memberships.page(tx, grant.project.id, part, offset, count)
            return found, memberships.count(tx, grant.project.id)

        return await self._db.read(question)

    async def search(self, grant: ProjectGrant, part: str, offset: int, count: int) -> tuple[list[Membership], int]:
        """As `list_members`, and how many there are whose names hold `part`."""
        grant.require(LIST)

        def question(tx: Transaction) -> tuple[list[Membership], int]:
            found = memberships.page(tx, grant.project.id, part, offset, count)
            return found, memberships.count(tx, grant.project.id, part)

        return await self._db.read(question)

    async def get(self, grant: ProjectGrant, member_id: int) -> Membership:
        """The member. Raises MemberUnknown."""
        grant.require(READ)
        found = await self._db.read(lambda tx: memberships.find(tx, grant.project.id, member_id))
        if found is None:
            raise _unknown(member_id)
        return found

    async def add(self, grant: ProjectGrant, entity: Entity, role: Role) -> int:
        """The id of the new membership. A group that is named and not known yet is made known.

        Raises UserUnknown, Invalid if nobody is named, AlreadyExists.
        """
        grant.require(CREATE)

        def change(tx: Transaction) -> int:
            _lock(tx, grant)
            user_id, group_id, name = _find(tx, entity)
            member_id = memberships.insert(tx, grant.project.id, user_id, group_id, role)
            if member_id is None:
                raise AlreadyExists(f"{name} is a member of {grant.project.name} already; change their role instead")
            _tell(tx, EventName.MEMBER_ADDED, grant, name, role)
            return member_id

        return await self._db.write(change)

    async def change(self, grant: ProjectGrant, member_id: int, role: Role) -> None:
        """Gives the member another role, at once. Nothing happens if they have it. Raises MemberUnknown."""
        grant.require(UPDATE)

        def change(tx: Transaction, member: Membership) -> None:
            if member.role is not role:
                memberships.set_role(tx, member_id, role)
                _tell(tx, EventName.MEMBER_CHANGED, grant, member.entity_name, role)

        await self._with(grant, member_id, change)

    async def remove(self, grant: ProjectGrant, member_id: int) -> None:
        """Takes the member's role away, at once. Raises MemberUnknown."""
        grant.require(DELETE)

        def change(tx: Transaction, member: Membership) -> None:
            memberships.delete(tx, member_id)
            _tell(tx, EventName.MEMBER_REMOVED, grant, member.entity_name, None)

        await self._with(grant, member_id, change)

    async def _with(
        self, grant: ProjectGrant, member_id: int, change: Callable[[Transaction, Membership], None]
    ) -> None:
        def found(tx: Transaction) -> None:
            _lock(tx, grant)
            member = memberships.find(tx, grant.project.id, member_id)
            if member is None:
                raise _unknown(member_id)
            change(tx, member)

        await self._db.write(found)


def _lock(tx: Transaction, grant: ProjectGrant) -> None:
    """Changes to one project's members come one after the other. Raises ProjectUnknown if it is gone."""
    if projects.lock(tx, grant.project.name) is None:
        raise ProjectUnknown(f"there is no project {grant.project.name}")


def _find(tx: Transaction, entity: Entity) -> tuple[int | None, int | None, str]:
    """The id of the user or that of the group, and its name. Raises UserUnknown, Invalid."""
    if entity.user_id or entity.user_name:
        by_id = users.standing(tx, entity.user_id) if entity.user_id else None
        user = by_id[0] if by_id else users.find(tx, entity.user_name) if not entity.user_id else None
        if user is None:
            raise UserUnknown("there is no such user")
        return user.id, None, user.name
    if entity.group_id:
        group = user_groups.find(tx, entity.group_id)
        if group is None:
            raise Invalid(f"there is no group with the id {entity.group_id}")
        return None, group.id, group.name
    name = entity.group_name or entity.ldap_dn
    if not name or entity.group_kind not in (1, 2, 3) or (entity.group_kind == 1 and not entity.ldap_dn):
        raise Invalid("say who: member_user with a user_id or username, or member_group with an id, or a name and type")
    known = (
        user_groups.find_ldap(tx, entity.ldap_dn)
        if entity.group_kind == 1
        else user_groups.find_named(tx, name, entity.group_kind)
    )
    if known is not None:
        return None, known.id, known.name
    made = user_groups.insert(tx, name, entity.group_kind, entity.ldap_dn)
    if made is None:
        raise AlreadyExists(f"there is a group {name} already")
    return None, made, name


def _unknown(member_id: int) -> MemberUnknown:
    return MemberUnknown(f"the project has no member with the id {member_id}")


def _tell(tx: Transaction, name: EventName, grant: ProjectGrant, entity: str, role: Role | None) -> None:
    detail: dict[str, str | int | bool | None] = {"project": grant.project.name, "user": entity}
    if role is not None:
        detail["role"] = role.name.lower().replace("_", "-")
    events.record(tx, Event(name=name, by=grant.principal, resource=entity, project_id=grant.project.id, detail=detail))
