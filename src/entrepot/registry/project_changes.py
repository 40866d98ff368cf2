"""Making, changing and removing a project, as whoever may: an administrator, its own ones, or anybody who makes one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from entrepot.db import cve_allowlists, events, members, project_metadata, projects, quotas
from entrepot.db.contract import Database, Transaction
from entrepot.model import metadata
from entrepot.model.errors import AlreadyExists, Invalid, ProjectUnknown, RecordUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import Principal, ProjectGrant, SystemGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.project import Project, Role
from entrepot.model.reference import parse_project_name
from entrepot.registry.project_deletion import remove_project
from entrepot.registry.rules import Rules

T = TypeVar("T")
CREATE = Permission(Resource.PROJECT, Verb.CREATE)
UPDATE = Permission(Resource.PROJECT, Verb.UPDATE)
DELETE = Permission(Resource.PROJECT, Verb.DELETE)
READ_METADATA = Permission(Resource.METADATA, Verb.READ)
CREATE_METADATA = Permission(Resource.METADATA, Verb.CREATE)
UPDATE_METADATA = Permission(Resource.METADATA, Verb.UPDATE)
DELETE_METADATA = Permission(Resource.METADATA, Verb.DELETE)
LARGEST_LIMIT = 1 << 50
"""Bytes: 1024 TiB, Harbor's bound."""
MOST_ALLOWED = 10_000
LONGEST_CVE = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowlist:
    """Vulnerabilities that a project puts up with, as it was asked for."""

    items: tuple[str, ...]
    expires_at: int | None
    """Seconds since 1970; None: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; None leaves it as it is, or to what new projects have."""

    metadata: Mapping[str, str]
    allowlist: Allowlist | None
    limit: int | None = None
    """Bytes; -1 for any number."""

    def check(self) -> dict[str, str]:
        """The metadata as it is kept. Raises Invalid."""
        allowlist = self.allowlist
        if allowlist is not None and len(allowlist.items) > MOST_ALLOWED:
            raise Invalid(f"an allowlist has at most {MOST_ALLOWED} entries")
        if allowlist is not None and any(not 1 <= len(item) <= LONGEST_CVE for item in allowlist.items):
            raise Invalid(f"the id of a vulnerability has 1 to {LONGEST_CVE} characters, such as CVE-2026-1234")
        if self.limit is not None and self.limit != quotas.UNLIMITED and not 0 < self.limit <= LARGEST_LIMIT:
            raise Invalid(f"a project may hold 1 to {LARGEST_LIMIT} bytes, or -1 for any number")
        return {name: metadata.parse(name, value) for name, value in self.metadata.items()}


class ProjectChanges:
    """Operations on one project. Every change is told as an event in the same transaction."""

    def __init__(self, db: Database, rules: Rules) -> None:
        self._db = db
        self._rules = rules

    async def create(self, grant: SystemGrant, name: str, wanted: Wanted, default_limit: int) -> int:
        """The id of the new project, of which the user who makes it is an administrator.

        A limit of its own counts only from who may make projects for others, else it is `default_limit`.
        Raises NameInvalid, Invalid, AlreadyExists.
        """
        grant.require(CREATE)
        parse_project_name(name)
        settings = wanted.check()
        if metadata.RETENTION in settings:
            raise Invalid("retention_id is given to a project when rules are made for it")
        principal = grant.principal
        public = settings.pop(metadata.PUBLIC, "false") == "true"
        own_limit = wanted.limit if principal.admin or principal.robot_id is not None else None

        def change(tx: Transaction) -> int:
            project = projects.insert(tx, name, public, None, principal.user_id or 0, principal.name)
            if project is None:
                raise AlreadyExists(f"there is a project {name} already")
            quotas.limit(tx, project.id, default_limit if own_limit is None else own_limit)
            if principal.user_id is not None:
                members.insert(tx, project.id, principal.user_id, Role.PROJECT_ADMIN)
            project_metadata.put(tx, project.id, settings)
            if wanted.allowlist is not None:
                cve_allowlists.put(tx, project.id, wanted.allowlist.items, wanted.allowlist.expires_at)
            _tell(tx, EventName.PROJECT_CREATED, principal, project, public=public)
            return project.id

        return await self._db.write(change)

    async def update(self, grant: ProjectGrant, wanted: Wanted) -> None:
        """Returns when the project has these settings beside those it had. Raises Invalid, ProjectUnknown."""
        grant.require(UPDATE)
        settings = wanted.check()

        def change(tx: Transaction, project: Project) -> None:
            before = project_metadata.of_projects(tx, [project.id])[project.id]
            if settings.get(metadata.RETENTION, before.get(metadata.RETENTION)) != before.get(metadata.RETENTION):
                raise Invalid("retention_id is changed by changing the project's rules")
            _put(tx, grant, project, settings)
            if wanted.allowlist is not None:
                cve_allowlists.put(tx, project.id, wanted.allowlist.items, wanted.allowlist.expires_at)
                _tell(tx, EventName.ALLOWLIST_CHANGED, grant.principal, project, entries=len(wanted.allowlist.items))

        await self._with(grant, change)

    async def set_sparse(self, grant: ProjectGrant, sparse: bool | None) -> None:
        """Has manifests in the project lack what they refer to, or not; None leaves it to the instance.

        Raises ProjectUnknown.
        """
        grant.require(UPDATE)

        def change(tx: Transaction, project: Project) -> None:
            if project.sparse_indexes != sparse:
                projects.update(tx, project.id, project.public, sparse)
                _tell(tx, EventName.PROJECT_CHANGED, grant.principal, project, sparse_indexes=sparse)

        await self._with(grant, change)

    async def delete(self, grant: ProjectGrant, *, force: bool = False) -> int | None:
        """Puts the project into the trash, with all that it holds and that is told of it.

        The number by which it can be restored; None if nothing is kept there.

        Raises ProjectUnknown, Protected; InUse while a repository of it holds an artifact, unless with `force`.
        """
        grant.require(DELETE)

        def change(tx: Transaction, project: Project) -> int | None:
            entry = remove_project(tx, self._rules, grant.principal, project, force=force)
            _tell(tx, EventName.PROJECT_DELETED, grant.principal, project)
            return entry

        return await self._with(grant, change)

    async def obstacle(self, grant: ProjectGrant) -> str:
        """Why the project cannot be deleted now; empty if it can."""
        grant.require(DELETE)
        full = await self._db.read(lambda tx: projects.repository_with_content(tx, grant.project.id))
        return "" if full is None else "the project contains repositories, can not be deleted"

    async def metadata(self, grant: ProjectGrant, needed: Permission = READ_METADATA) -> dict[str, str]:
        """The project's metadata. Raises ProjectUnknown."""
        grant.require(needed)

        def question(tx: Transaction) -> dict[str, str]:
            project = projects.find(tx, grant.project.name)
            if project is None or project.id != grant.project.id:
                raise _gone(grant)
            found = project_metadata.of_projects(tx, [project.id])[project.id]
            return {metadata.PUBLIC: str(project.public).lower(), **found}

        return await self._db.read(question)

    async def put_metadata(self, grant: ProjectGrant, values: Mapping[str, str], *, fresh: bool) -> None:
        """Sets the one value, which must not be set before if it is to be `fresh`, and must be if not.

        Raises Invalid, AlreadyExists, RecordUnknown, ProjectUnknown.
        """
        grant.require(CREATE_METADATA if fresh else UPDATE_METADATA)
        if len(values) != 1:
            raise Invalid("send one setting at a time")
        settings = Wanted(metadata=values, allowlist=None).check()
        (name,) = settings

        def change(tx: Transaction, project: Project) -> None:
            before = project_metadata.of_projects(tx, [project.id])[project.id]
            there = name in before or name == metadata.PUBLIC
            if fresh and there:
                raise AlreadyExists(f"the project's {name} is set already")
            if not fresh and not there:
                raise RecordUnknown(f"the project's {name} is not set")
            if name == metadata.RETENTION:
                raise Invalid("retention_id is changed by changing the project's rules")
            _put(tx, grant, project, settings)

        await self._with(grant, change)

    async def delete_metadata(self, grant: ProjectGrant, name: str) -> None:
        """Forgets the value. Raises RecordUnknown if it was not set, Invalid for what every project has."""
        grant.require(DELETE_METADATA)
        if name in (metadata.PUBLIC, metadata.RETENTION):
            raise Invalid(f"{name} cannot be removed")

        def change(tx: Transaction, project: Project) -> None:
            if not project_metadata.delete(tx, project.id, name):
                raise RecordUnknown(f"the project's {name[:64]} is not set")
            _tell(tx, EventName.PROJECT_CHANGED, grant.principal, project, **{name: None})

        await self._with(grant, change)

    async def _with(self, grant: ProjectGrant, change: Callable[[Transaction, Project], T]) -> T:
        def found(tx: Transaction) -> T:
            project = projects.lock(tx, grant.project.name)
            if project is None or project.id != grant.project.id:
                raise _gone(grant)
            return change(tx, project)

        return await self._db.write(found)


def _put(tx: Transaction, grant: ProjectGrant, project: Project, settings: Mapping[str, str]) -> None:
    """Sets these. Told only if something changes by it."""
    before = project_metadata.of_projects(tx, [project.id])[project.id]
    before[metadata.PUBLIC] = str(project.public).lower()
    new = {name: value for name, value in settings.items() if before.get(name) != value}
    if not new:
        return
    if metadata.PUBLIC in new:
        projects.update(tx, project.id, new[metadata.PUBLIC] == "true", project.sparse_indexes)
    project_metadata.put(tx, project.id, {name: value for name, value in new.items() if name != metadata.PUBLIC})
    _tell(tx, EventName.PROJECT_CHANGED, grant.principal, project, **new)


def _gone(grant: ProjectGrant) -> ProjectUnknown:
    return ProjectUnknown(f"there is no project {grant.project.name}")


def _tell(tx: Transaction, name: EventName, by: Principal, project: Project, **detail: str | int | bool | None) -> None:
    event = Event(
        name=name,
        by=by,
        resource=project.name,
        project_id=project.id,
        detail={"project": project.name, **detail},
    )
    events.record(tx, event)


def allowed(items: Sequence[str]) -> tuple[str, ...]:
    """The ids of vulnerabilities, each once, in the order given."""
    return tuple(dict.fromkeys(items))
