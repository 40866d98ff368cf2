"""Repositories as people see them: listed, described, and removed with all they hold."""

from entrepot.db import events, project_lists, quotas, repositories, repository_lists
from entrepot.db.contract import Database, Transaction
from entrepot.db.repository_lists import RepositoryRow
from entrepot.model.errors import Invalid, RepositoryUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import CatalogGrant, ProjectGrant, RepositoryGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.project import Action
from entrepot.model.query import ListQuery
from entrepot.registry.deletions import Deletions
from entrepot.registry.moving import Moves
from entrepot.registry.rules import Rules

LIST = Permission(Resource.REPOSITORY, Verb.LIST)
READ = Permission(Resource.REPOSITORY, Verb.READ)
UPDATE = Permission(Resource.REPOSITORY, Verb.UPDATE)
DELETE = Permission(Resource.REPOSITORY, Verb.DELETE)
LONGEST_DESCRIPTION = 16_384

Counted = tuple[RepositoryRow, int]
"""A repository, and how many artifacts it holds."""


class Repositories:
    """Operations on repositories that hold something; those that hold nothing are not told of."""

    def __init__(self, db: Database, rules: Rules) -> None:
        self._db = db
        self._deletions = Deletions(rules)
        self._moves = Moves(db, rules)

    async def list_visible(self, grant: CatalogGrant, query: ListQuery) -> tuple[list[Counted], int]:
        """A page of the repositories that the asker may know of, the newest first, and how many there are."""
        visible = project_lists.visible_to(grant.principal, everything=grant.everything)

        def question(tx: Transaction) -> tuple[list[Counted], int]:
            found, total = repository_lists.page(tx, visible, query)
            return _counted(tx, found), total

        return await self._db.read(question)

    async def list_of_project(self, grant: ProjectGrant, query: ListQuery) -> tuple[list[Counted], int]:
        """A page of the project's repositories, the newest first, and how many there are."""
        grant.require(LIST)

        def question(tx: Transaction) -> tuple[list[Counted], int]:
            found, total = repository_lists.page_of_project(tx, grant.project.id, query)
            return _counted(tx, found), total

        return await self._db.read(question)

    async def get(self, grant: RepositoryGrant) -> Counted:
        """The repository. Raises RepositoryUnknown."""
        grant.require(Action.PULL)
        repository_id = _id(grant)

        def question(tx: Transaction) -> list[Counted]:
            found = repository_lists.find(tx, repository_id)
            return _counted(tx, [found] if found else [])

        counted = await self._db.read(question)
        if not counted:
            raise _unknown(grant)
        return counted[0]

    async def describe(self, grant: RepositoryGrant, description: str) -> None:
        """Returns when the repository has that description. Raises RepositoryUnknown, Invalid."""
        grant.require(Action.PUSH)
        repository_id = _id(grant)
        if len(description) > LONGEST_DESCRIPTION or "\0" in description:
            raise Invalid(f"a description has at most {LONGEST_DESCRIPTION} characters")

        def change(tx: Transaction) -> None:
            if repository_lists.find(tx, repository_id) is None:
                raise _unknown(grant)
            repositories.describe(tx, repository_id, description)
            _tell(tx, EventName.REPOSITORY_CHANGED, grant)

        await self._db.write(change)

    async def delete(self, grant: RepositoryGrant) -> None:
        """Takes everything out of the repository at once: its tags are gone, its artifacts in the trash.

        In one transaction for every view. What a large one holds is moved after that, which is waited for. Raises
        RepositoryUnknown, Protected.
        """
        grant.require(Action.DELETE)
        repository_id = _id(grant)

        def change(tx: Transaction) -> int | None:
            gone = self._deletions.repository(tx, grant, repository_id)
            if not gone.artifacts:
                raise _unknown(grant)
            _tell(tx, EventName.REPOSITORY_DELETED, grant, artifacts=gone.artifacts)
            repositories.hide(tx, repository_id)
            quotas.free(tx, *gone.freed)
            return gone.moving

        moving = await self._db.write(change)
        if moving is not None:
            await self._moves.finish(moving)


def _counted(tx: Transaction, found: list[RepositoryRow]) -> list[Counted]:
    counts = repository_lists.artifact_counts(tx, [row.id for row in found])
    return [(row, counts.get(row.id, 0)) for row in found]


def _id(grant: RepositoryGrant) -> int:
    if grant.repository_id is None:
        raise _unknown(grant)
    return grant.repository_id


def _unknown(grant: RepositoryGrant) -> RepositoryUnknown:
    return RepositoryUnknown(f"there is no repository {grant.name}")


def _tell(tx: Transaction, name: EventName, grant: RepositoryGrant, **detail: int) -> None:
    event = Event(
        name=name,
        by=grant.principal,
        resource=grant.name.text,
        project_id=grant.project.id,
        repository=grant.name.text,
        detail={**detail},
    )
    events.record(tx, event)
