"""Projects and their members."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from entrepot.db import events, members, projects, users
from entrepot.db.contract import Database, Transaction
from entrepot.db.members import Member
from entrepot.db.users import User
from entrepot.model.errors import AlreadyExists, ProjectUnknown, UserUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import SystemGrant
from entrepot.model.project import Project, Role
from entrepot.model.reference import parse_project_name
from entrepot.registry.people import check_count
from entrepot.registry.project_deletion import remove_project
from entrepot.registry.rules import DEFAULT_RULES, Rules

T = TypeVar("T")


class Keep(Enum):
    """In the place of a value: leave it as it is."""

    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """Projects in byte order of their names."""

    projects: list[Project]
    more: bool
    """Whether there are projects after the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPage:
    """Members in byte order of their names."""

    members: list[Member]
    more: bool
    """Whether there are members after the last one."""


class Projects:
    """What an administrator does with projects. Every change is told as an event in the same transaction."""

    def __init__(self, db: Database, rules: Rules = DEFAULT_RULES) -> None:
        self._db = db
        self._rules = rules

    async def create(
        self, grant: SystemGrant, name: str, *, public: bool = False, sparse_indexes: bool | None = None
    ) -> Project:
        """The project, now there and empty. Raises NameInvalid, AlreadyExists."""
        parse_project_name(name)

        def change(tx: Transaction) -> Project:
            project = projects.insert(
                tx, name, public, sparse_indexes, grant.principal.user_id or 0, grant.principal.name
            )
            if project is None:
                raise AlreadyExists(f"there is a project {name} already")
            _tell(tx, EventName.PROJECT_CREATED, grant, project, public=public)
            return project

        return await self._db.write(change)

    async def delete(self, grant: SystemGrant, name: str, *, force: bool = False) -> None:
        """Puts the project into the trash, with all that it holds and that is told of it.

        What is being pushed to it at this moment is not accepted any more. Raises ProjectUnknown, Protected; InUse
        while a repository holds an artifact, unless with `force`.
        """

        def change(tx: Transaction, project: Project) -> None:
            remove_project(tx, self._rules, grant.principal, project, force=force)
            _tell(tx, EventName.PROJECT_DELETED, grant, project)

        await self._in_project(name, change)

    async def change(
        self,
        grant: SystemGrant,
        name: str,
        *,
        public: bool | Keep = Keep.KEEP,
        sparse_indexes: bool | Keep | None = Keep.KEEP,
    ) -> Project:
        """The project with the settings given; None for sparse indexes leaves them to the instance.

        Nothing happens if they are so already. Raises ProjectUnknown.
        """

        def change(tx: Transaction, project: Project) -> Project:
            now_public = project.public if isinstance(public, Keep) else public
            now_sparse = project.sparse_indexes if isinstance(sparse_indexes, Keep) else sparse_indexes
            if (now_public, now_sparse) == (project.public, project.sparse_indexes):
                return project
            projects.update(tx, project.id, now_public, now_sparse)
            _tell(tx, EventName.PROJECT_CHANGED, grant, project, public=now_public, sparse_indexes=now_sparse)
            return Project(
                id=project.id,
                name=project.name,
                public=now_public,
                sparse_indexes=now_sparse,
                created_at=project.created_at,
            )

        return await self._in_project(name, change)

    async def list_projects(
        self,
        grant: SystemGrant,  # noqa: ARG002 - to hold it is the permission
        after: str = "",
        count: int = 100,
    ) -> ProjectPage:
        """The next `count` projects whose names come after `after`. Raises PageInvalid unless count is 1 to 1000."""
        check_count(count)
        found = await self._db.read(lambda tx: projects.page(tx, after, count + 1))
        return ProjectPage(projects=found[:count], more=len(found) > count)

    async def add_member(self, grant: SystemGrant, project: str, user: str, role: Role) -> None:
        """Gives the user a role in the project, at once. Raises ProjectUnknown, UserUnknown, AlreadyExists."""

        def change(tx: Transaction, found: Project, member: User) -> None:
            if not members.insert(tx, found.id, member.id, role):
                raise AlreadyExists(f"{user} is a member of {project} already; change their role instead")
            _tell(tx, EventName.MEMBER_ADDED, grant, found, user=user, role=_role_name(role))

        await self._with_member(project, user, change)

    async def change_member(self, grant: SystemGrant, project: str, user: str, role: Role) -> None:
        """Gives the member another role, at once. Raises ProjectUnknown, UserUnknown (also if they are no member)."""

        def change(tx: Transaction, found: Project, member: User) -> None:
            if members.find(tx, found.id, member.id) == role:
                return
            if not members.set_role(tx, found.id, member.id, role):
                raise _no_member(project, user)
            _tell(tx, EventName.MEMBER_CHANGED, grant, found, user=user, role=_role_name(role))

        await self._with_member(project, user, change)

    async def remove_member(self, grant: SystemGrant, project: str, user: str) -> None:
        """Takes the member's role away, at once. Raises ProjectUnknown, UserUnknown (also if they are no member)."""

        def change(tx: Transaction, found: Project, member: User) -> None:
            if not members.delete(tx, found.id, member.id):
                raise _no_member(project, user)
            _tell(tx, EventName.MEMBER_REMOVED, grant, found, user=user)

        await self._with_member(project, user, change)

    async def list_members(
        self,
        grant: SystemGrant,  # noqa: ARG002 - to hold it is the permission
        project: str,
        after: str = "",
        count: int = 100,
    ) -> MemberPage:
        """The next `count` members whose names come after `after`.

        Raises ProjectUnknown, PageInvalid unless count is 1 to 1000.
        """
        check_count(count)

        def question(tx: Transaction) -> list[Member]:
            found = projects.find(tx, project)
            if found is None:
                raise _no_project(project)
            return members.page(tx, found.id, after, count + 1)

        page = await self._db.read(question)
        return MemberPage(members=page[:count], more=len(page) > count)

    async def _in_project(self, name: str, change: Callable[[Transaction, Project], T]) -> T:
        """What `change` returns, with the project locked. Raises ProjectUnknown, and what `change` raises."""

        def found(tx: Transaction) -> T:
            project = projects.lock(tx, name)
            if project is None:
                raise _no_project(name)
            return change(tx, project)

        return await self._db.write(found)

    async def _with_member(self, project: str, user: str, change: Callable[[Transaction, Project, User], None]) -> None:
        """Returns once `change` was done. Raises ProjectUnknown, UserUnknown, and what `change` raises."""

        def found(tx: Transaction, in_project: Project) -> None:
            member = users.find(tx, user)
            if member is None:
                raise UserUnknown(f"there is no user {user}")
            change(tx, in_project, member)

        await self._in_project(project, found)


def _no_project(name: str) -> ProjectUnknown:
    return ProjectUnknown(f"there is no project {name}")


def _no_member(project: str, user: str) -> UserUnknown:
    return UserUnknown(f"{user} is not a member of {project}")


def _role_name(role: Role) -> str:
    return role.name.lower().replace("_", "-")


def _tell(
    tx: Transaction, name: EventName, grant: SystemGrant, project: Project, **detail: str | int | bool | None
) -> None:
    event = Event(
        name=name,
        by=grant.principal,
        resource=str(detail.get("user", project.name)),
        project_id=project.id,
        detail={"project": project.name, **detail},
    )
    events.record(tx, event)
