"""What there is, as far as an asker may know: projects found, listed and summarised, and things counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.access.roles import permissions_of, strongest
from entrepot.db import cve_allowlists, memberships, project_lists, project_metadata, quotas, repository_lists
from entrepot.db.contract import Database, Transaction
from entrepot.db.cve_allowlists import CveAllowlist
from entrepot.db.project_lists import ProjectRow, Visibility
from entrepot.db.quotas import Quota
from entrepot.db.repository_lists import FoundRepository
from entrepot.model.errors import ProjectUnknown
from entrepot.model.grant import CatalogGrant, Principal, ProjectGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.project import Role
from entrepot.model.query import ListQuery

MOST_FOUND = 1000
"""Projects, and repositories, that one search gives at most."""

READ = Permission(Resource.PROJECT, Verb.READ)
READ_QUOTA = Permission(Resource.QUOTA, Verb.READ)
LIST_MEMBERS = Permission(Resource.MEMBER, Verb.LIST)
_SEE_MEMBERS = frozenset(
    role for role in Role if LIST_MEMBERS in permissions_of(roles=frozenset({role}), public=False, admin=False)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectView:
    """A project with what belongs to it."""

    row: ProjectRow
    repositories: int
    metadata: dict[str, str]
    allowlist: CveAllowlist | None
    """None until it was set."""
    roles: frozenset[Role]
    """Of the asker."""

    @property
    def role(self) -> Role | None:
        """The strongest of the roles."""
        return strongest(self.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A project in figures; None for what the asker may not know."""

    repositories: int
    quota: Quota | None
    members: dict[Role, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """How much there is that the asker may know of; of the totals, nothing to who is no administrator."""

    projects: dict[bool, int]
    """By whether they are public."""
    repositories: dict[bool, int]
    total_bytes: int


class Directory:
    """Questions about projects. Each answer is of one committed state."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def list_projects(
        self, grant: CatalogGrant, query: ListQuery, *, member: str | None = None, detailed: bool = True
    ) -> tuple[list[ProjectView], int]:
        """A page of the projects that the asker may know of, and how many there are.

        Those in which the user named `member` has a role, as far as the asker may list members.
        """
        visible = [_visible(grant)]
        if member is not None:
            principal, everything = grant.principal, grant.everything
            visible.append(project_lists.of_members(principal, member, _SEE_MEMBERS, everything=everything))

        def question(tx: Transaction) -> tuple[list[ProjectView], int]:
            found, total = project_lists.page(tx, query, *visible)
            return _views(tx, grant.principal, found, detailed=detailed), total

        return await self._db.read(question)

    async def get(self, grant: ProjectGrant) -> ProjectView:
        """The project. Raises ProjectUnknown if it is gone since the grant was made."""
        grant.require(READ)

        def question(tx: Transaction) -> ProjectView:
            row = project_lists.find(tx, grant.project.id)
            if row is None:
                raise ProjectUnknown(f"there is no project {grant.project.name}")
            return _views(tx, grant.principal, [row], detailed=True)[0]

        return await self._db.read(question)

    async def summary(self, grant: ProjectGrant) -> Summary:
        """The project in figures."""
        grant.require(READ)
        project_id = grant.project.id

        def question(tx: Transaction) -> Summary:
            return Summary(
                repositories=repository_lists.count_by_project(tx, [project_id]).get(project_id, 0),
                quota=quotas.of_project(tx, project_id) if READ_QUOTA in grant.permissions else None,
                members=memberships.count_by_role(tx, project_id) if LIST_MEMBERS in grant.permissions else None,
            )

        return await self._db.read(question)

    async def search(self, grant: CatalogGrant, text: str) -> tuple[list[ProjectView], list[FoundRepository]]:
        """Projects and repositories whose names hold the text, `MOST_FOUND` of each at most, by name."""
        visible = _visible(grant)

        def question(tx: Transaction) -> tuple[list[ProjectView], list[FoundRepository]]:
            rows = project_lists.search(tx, visible, text, MOST_FOUND)
            found = repository_lists.search(tx, visible, text, MOST_FOUND)
            return _views(tx, grant.principal, rows, detailed=True), found

        return await self._db.read(question)

    async def artifact_counts(self, grant: CatalogGrant, repository_ids: Sequence[int]) -> dict[int, int]:  # noqa: ARG002
        """How many artifacts each of the repositories holds, which the grant has let be found."""
        return await self._db.read(lambda tx: repository_lists.artifact_counts(tx, repository_ids))

    async def statistics(self, grant: CatalogGrant) -> Statistics:
        """How much there is that the asker may know of."""
        visible = _visible(grant)

        def question(tx: Transaction) -> Statistics:
            return Statistics(
                projects=project_lists.count_by_publicity(tx, visible),
                repositories=repository_lists.count_by_publicity(tx, visible),
                total_bytes=quotas.total_used(tx) if grant.everything else 0,
            )

        return await self._db.read(question)


def _visible(grant: CatalogGrant) -> Visibility:
    return project_lists.visible_to(grant.principal, everything=grant.everything)


def _views(tx: Transaction, principal: Principal, rows: Sequence[ProjectRow], *, detailed: bool) -> list[ProjectView]:
    ids = [row.id for row in rows]
    metadata = project_metadata.of_projects(tx, ids)
    counts = repository_lists.count_by_project(tx, ids) if detailed else {}
    allowlists = cve_allowlists.of_projects(tx, ids) if detailed else {}
    roles = project_lists.roles_of(tx, principal.user_id, ids) if detailed and principal.user_id is not None else {}
    return [
        ProjectView(
            row=row,
            repositories=counts.get(row.id, 0),
            metadata=metadata[row.id],
            allowlist=allowlists.get(row.id),
            roles=roles.get(row.id, frozenset()),
        )
        for row in rows
    ]
