"""The gate of the management API: from an identity to a grant for a project, an account or the whole system.

As with the registry's own gate, everything that gives a right is read as of the moment the grant is made, and nobody
learns from a refusal whether what they may not know of exists.
"""

from dataclasses import dataclass, replace

from entrepot.access.gate import account_standing, as_of_now, roles_of_bits
from entrepot.access.identity import Identity
from entrepot.access.local import SHELL
from entrepot.access.roles import SYSTEM_ADMIN, permissions_of
from entrepot.db import repositories, standings, trash
from entrepot.db.contract import Database, Transaction
from entrepot.db.standings import ProjectStanding
from entrepot.model.errors import Denied, EntrepotError, ProjectUnknown, RecordUnknown, Unauthenticated
from entrepot.model.grant import (
    NOWHERE,
    AccountGrant,
    CatalogGrant,
    Origin,
    Principal,
    ProjectGrant,
    RepositoryGrant,
    SystemGrant,
    TrashGrant,
)
from entrepot.model.permission import Permission, Resource, Verb, permissions
from entrepot.model.project import Action, Project, Role
from entrepot.model.reference import RepositoryName

SIGN_IN = "sign in to do this"
_LONGEST_ID = 18
"""Digits."""

_ACTIONS = {
    **dict.fromkeys(
        permissions(
            {
                Resource.REPOSITORY: "read pull",
                Resource.ARTIFACT: "read list",
                Resource.TAG: "list",
                Resource.ACCESSORY: "list",
                Resource.ARTIFACT_ADDITION: "read",
            }
        ),
        Action.PULL,
    ),
    **dict.fromkeys(
        permissions(
            {
                Resource.REPOSITORY: "update push",
                Resource.ARTIFACT: "create",
                Resource.TAG: "create",
                Resource.ARTIFACT_LABEL: "create delete",
            }
        ),
        Action.PUSH,
    ),
    **dict.fromkeys(
        permissions({Resource.REPOSITORY: "delete", Resource.ARTIFACT: "delete", Resource.TAG: "delete"}), Action.DELETE
    ),
}
"""What of a repository's own API each permission on what it holds comes down to."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who a request of the management API comes from, and from where."""

    identity: Identity
    origin: Origin


AT_THE_MACHINE = Asker(Identity(principal=SHELL), NOWHERE)
"""Somebody who can read the data folder, and so could change anything anyway."""


class ManagementGate:
    """Grants for everything but the registry's own API."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def project(self, asker: Asker, project: int | str, *needed: Permission) -> ProjectGrant:
        """A grant of everything the asker may do with the project of that id or name, if it covers `needed`.

        Raises Unauthenticated (nobody said who asks), Denied to a user alike whether the project does not exist or
        may not be known, ProjectUnknown to an administrator.
        """
        return await self._db.read(lambda tx: self.project_within(tx, asker, project, *needed))

    def project_within(self, tx: Transaction, asker: Asker, project: int | str, *needed: Permission) -> ProjectGrant:
        """As `project`, within a transaction of the caller's."""
        principal = _principal(tx, asker)
        found = standings.to_project(tx, principal, project)
        if found.project_id is None:
            raise _hidden(principal, project, needed, known=False)
        roles = roles_of_bits(found.roles)
        granted = permissions_of(roles=roles, public=bool(found.public), admin=principal.admin) | found.permissions
        if not granted.issuperset(needed):
            raise _hidden(principal, project, needed, known=bool(granted))
        return ProjectGrant(principal=principal, project=_project(found), permissions=granted, roles=roles)

    async def repository(self, asker: Asker, name: RepositoryName, *needed: Permission) -> RepositoryGrant:
        """A grant of one repository, in a project of which it covers `needed`: of no more than they need.

        The repository may not exist. Raises as `project`; ValueError if a permission is none on what a repository
        holds.
        """
        actions = frozenset(_ACTIONS[permission] for permission in needed)

        def question(tx: Transaction) -> RepositoryGrant:
            grant = self.project_within(tx, asker, name.project, *needed)
            return RepositoryGrant(
                principal=grant.principal,
                project=grant.project,
                name=name,
                repository_id=repositories.find_in(tx, grant.project.id, name.text),
                actions=actions,
            )

        return await self._db.read(question)

    async def system(self, asker: Asker, permission: Permission) -> SystemGrant:
        """A grant of the permission in the system as a whole. Raises Unauthenticated, Denied."""

        def question(tx: Transaction) -> SystemGrant:
            principal = _principal(tx, asker)
            if principal.admin:
                return SystemGrant(principal=principal)
            granted = standings.to_system(tx, principal)
            if permission not in granted:
                raise _refusal(principal, permission)
            return SystemGrant(principal=principal, permissions=granted)

        return await self._db.read(question)

    async def account(self, asker: Asker, user_id: int, permission: Permission) -> AccountGrant:
        """A grant of one user's account: one's own, or any with the system's permission.

        Raises Unauthenticated, Denied.
        """

        def question(tx: Transaction) -> AccountGrant:
            principal = _principal(tx, asker)
            own = principal.user_id is not None and principal.user_id == user_id
            if not own and not principal.admin and permission not in standings.to_system(tx, principal):
                raise _refusal(principal, permission)
            return AccountGrant(principal=principal, user_id=user_id)

        return await self._db.read(question)

    async def trashed(self, asker: Asker, trash_id: int) -> TrashGrant:
        """A grant of one deletion, to whoever may delete the like of it there.

        Raises Unauthenticated, Denied alike whether there is no such deletion or it may not be known, RecordUnknown to
        an administrator.
        """

        def question(tx: Transaction) -> TrashGrant:
            principal = _principal(tx, asker)
            if principal.anonymous:
                raise Unauthenticated(SIGN_IN)
            entry = trash.find(tx, trash_id)
            if principal.admin:
                if entry is None:
                    raise RecordUnknown(f"there is no deletion {trash_id} in the trash")
                return TrashGrant(principal=principal, trash_id=trash_id)
            granted: frozenset[Permission] = frozenset()
            if entry is not None:
                found = standings.to_project(tx, principal, entry.project_id, trashed=True)
                granted = permissions_of(roles=roles_of_bits(found.roles), public=False, admin=False)
                granted |= found.permissions
            if entry is None or entry.kind.permission not in granted:
                raise Denied(f"there is no deletion {trash_id} in the trash, or {principal.name} may not undo it")
            return TrashGrant(principal=principal, trash_id=trash_id)

        return await self._db.read(question)

    async def permissions(self, asker: Asker, scope: str, *, relative: bool) -> list[tuple[str, str]]:
        """What the asker may do, as pairs of resource and action: in `/system`, or in `/project/<id>`; else nothing.

        A resource is written with the scope before it, or with `relative` without; a project itself is its scope.
        Raises Unauthenticated.
        """
        place = scope.strip("/")

        def question(tx: Transaction) -> tuple[Principal, frozenset[Permission]]:
            principal = _principal(tx, asker)
            if place == "system":
                return principal, SYSTEM_ADMIN if principal.admin else standings.to_system(tx, principal)
            word, _, number = place.partition("/")
            if word != "project" or not (number.isascii() and number.isdigit()) or len(number) > _LONGEST_ID:
                return principal, frozenset()
            found = standings.to_project(tx, principal, int(number))
            if found.project_id is None:
                return principal, frozenset()
            # Harbor tells an administrator what a project's own administrator may do.
            roles = frozenset({Role.PROJECT_ADMIN}) if principal.admin else roles_of_bits(found.roles)
            return principal, permissions_of(roles=roles, public=bool(found.public), admin=False) | found.permissions

        principal, granted = await self._db.read(question)
        if principal.anonymous:
            raise Unauthenticated(SIGN_IN)
        start = [] if relative else ["", *place.split("/")]
        told = []
        for resource, action in sorted(granted):
            itself = resource is Resource.PROJECT and place != "system"
            told.append(("/".join([*start, *([] if itself else [resource.value])]), action.value))
        return told

    def registering(self, asker: Asker) -> SystemGrant:
        """A grant for somebody who is nobody yet to make an account for themselves, and nothing else.

        Whether that is allowed here at all is the caller's to know. Raises Denied for who is signed in.
        """
        principal = asker.identity.principal
        if not principal.anonymous:
            raise Denied("sign out to make another account for yourself")
        create = Permission(Resource.USER, Verb.CREATE)
        return SystemGrant(principal=replace(principal, origin=asker.origin), permissions=frozenset({create}))

    async def making_projects(self, asker: Asker, *, anyone: bool) -> SystemGrant:
        """A grant to make projects; with `anyone` whoever is a user may. Raises Unauthenticated, Denied."""
        create = Permission(Resource.PROJECT, Verb.CREATE)

        def question(tx: Transaction) -> SystemGrant:
            principal = _principal(tx, asker)
            if principal.admin:
                return SystemGrant(principal=principal)
            if create in standings.to_system(tx, principal) or (anyone and principal.user_id is not None):
                return SystemGrant(principal=principal, permissions=frozenset({create}))
            raise _refusal(principal, create)

        return await self._db.read(question)

    async def making_robots(self, asker: Asker) -> Principal:
        """Who asks, if they administer the system or any project. Raises Unauthenticated, Denied."""

        def question(tx: Transaction) -> Principal:
            principal = _principal(tx, asker)
            if principal.anonymous:
                raise Unauthenticated(SIGN_IN)
            user_id = principal.user_id
            of_project = user_id is not None and standings.is_project_admin(tx, user_id, int(Role.PROJECT_ADMIN))
            if not principal.admin and not of_project:
                raise Denied("only who administers the system or a project makes robots")
            return principal

        return await self._db.read(question)

    async def visible(self, asker: Asker) -> CatalogGrant:
        """A grant to list what the asker may know of: everything, or public projects and those of their own."""
        every = Permission(Resource.PROJECT, Verb.LIST)

        def question(tx: Transaction) -> CatalogGrant:
            principal = _principal(tx, asker)
            everything = principal.admin or every in standings.to_system(tx, principal)
            return CatalogGrant(principal=principal, everything=everything)

        return await self._db.read(question)

    async def signed_in(self, asker: Asker) -> CatalogGrant:
        """As `visible`, but not for the anonymous. Raises Unauthenticated."""
        grant = await self.visible(asker)
        if grant.principal.anonymous:
            raise Unauthenticated(SIGN_IN)
        return grant


def _principal(tx: Transaction, asker: Asker) -> Principal:
    """Who asks, as of now. Raises Unauthenticated if what they proved is no longer so."""
    who = asker.identity.principal
    return as_of_now(asker.identity, account_standing(tx, who), asker.origin)


def _project(found: ProjectStanding) -> Project:
    assert found.project_id is not None
    return Project(
        id=found.project_id,
        name=found.name,
        public=bool(found.public),
        sparse_indexes=None if found.sparse_indexes is None else bool(found.sparse_indexes),
        created_at=found.created_at,
    )


def _hidden(principal: Principal, project: int | str, needed: tuple[Permission, ...], *, known: bool) -> EntrepotError:
    """The error for what may not be done in a project, which the principal may or may not know of."""
    if principal.admin:
        return ProjectUnknown(f"there is no project {project}")
    if principal.anonymous:
        return Unauthenticated(SIGN_IN)
    what = ", ".join(f"{permission.action} its {permission.resource}" for permission in needed)
    if known:
        return Denied(f"{principal.name} may not {what} in project {project}")
    return Denied(f"there is no project {project}, or {principal.name} may not {what}")


def _refusal(principal: Principal, permission: Permission) -> EntrepotError:
    if principal.anonymous:
        return Unauthenticated(SIGN_IN)
    what = f"{permission.action} its {permission.resource}"
    return Denied(f"{principal.name} may not {what} in the whole registry")
