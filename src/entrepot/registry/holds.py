"""Holds: placed on what nobody may delete, listed, and lifted."""

from entrepot.db import artifact_lists, events, holds, manifests, repositories
from entrepot.db.contract import Database, Transaction
from entrepot.db.holds import Hold, NewHold
from entrepot.model.digest import Digest
from entrepot.model.errors import AlreadyExists, Invalid, ManifestUnknown, RecordUnknown, RepositoryUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import ProjectGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import ListQuery
from entrepot.model.reference import Reference, RepositoryName, Tag

LIST = Permission(Resource.ARTIFACT, Verb.LIST)
PLACE = Permission(Resource.PROJECT, Verb.UPDATE)
"""To place a hold and to lift it: an administrator of the project."""
LONGEST_REASON = 1024


class Holds:
    """Operations on holds of one project. Every change is told as an event in the same transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, grant: ProjectGrant, query: ListQuery) -> tuple[list[Hold], int]:
        """A page of the project's holds, the newest first, and how many there are."""
        grant.require(LIST)
        return await self._db.read(lambda tx: holds.page(tx, grant.project.id, query))

    async def place(
        self, grant: ProjectGrant, repository: RepositoryName | None, reference: Reference | None, reason: str
    ) -> Hold:
        """The hold: on an artifact, and with it on the tag if one names it; on a repository; or on the project.

        Raises Invalid, RepositoryUnknown, ManifestUnknown, AlreadyExists.
        """
        grant.require(PLACE)
        if len(reason) > LONGEST_REASON or "\0" in reason:
            raise Invalid(f"a reason has at most {LONGEST_REASON} characters")
        if repository is not None and repository.project != grant.project.name:
            raise Invalid(f"{repository} is not in project {grant.project.name}")
        if repository is None and reference is not None:
            raise Invalid("name the repository that the artifact is in")

        def change(tx: Transaction) -> Hold:
            place, digest = _target(tx, grant, repository, reference)
            tag = reference.text if isinstance(reference, Tag) else None
            new = NewHold(grant.project.id, place, digest, tag, reason, grant.principal.name)
            if holds.is_placed(tx, new):
                raise AlreadyExists("that is held already")
            hold = holds.insert(tx, new)
            _tell(tx, EventName.HOLD_PLACED, grant, hold)
            return hold

        return await self._db.write(change)

    async def lift(self, grant: ProjectGrant, hold_id: int) -> Hold:
        """The hold, which does not count any more. Raises RecordUnknown."""
        grant.require(PLACE)

        def change(tx: Transaction) -> Hold:
            hold = holds.find(tx, hold_id)
            if hold is None or hold.project_id != grant.project.id or not holds.delete(tx, hold_id):
                raise RecordUnknown(f"there is no hold {hold_id} in project {grant.project.name}")
            _tell(tx, EventName.HOLD_LIFTED, grant, hold)
            return hold

        return await self._db.write(change)


def _target(
    tx: Transaction, grant: ProjectGrant, repository: RepositoryName | None, reference: Reference | None
) -> tuple[int | None, Digest | None]:
    """The repository and the artifact that are meant, locked so that they are not deleted meanwhile."""
    if repository is None:
        return None, None
    place = repositories.find_in(tx, grant.project.id, repository.text)
    if place is None or repositories.is_empty(tx, place):
        raise RepositoryUnknown(f"there is no repository {repository}")
    if reference is None:
        repositories.lock(tx, place)
        return place, None
    row = artifact_lists.find(tx, place, reference if isinstance(reference, Digest) else reference.text)
    if row is None or manifests.lock_live(tx, place, row.digest) is None:
        raise ManifestUnknown(f"there is no artifact {reference} in {repository}")
    return place, row.digest


def _tell(tx: Transaction, name: EventName, grant: ProjectGrant, hold: Hold) -> None:
    event = Event(
        name=name,
        by=grant.principal,
        resource=hold.resource or grant.project.name,
        project_id=grant.project.id,
        repository=hold.repository,
        detail={"hold": hold.id, "digest": None if hold.digest is None else str(hold.digest), "reason": hold.reason},
    )
    events.record(tx, event)
