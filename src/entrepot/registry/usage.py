"""Where the room has gone: a project's quota, explained, and the store as a whole."""

from dataclasses import dataclass

from entrepot.db import project_lists, quarantine, quotas, scrubs, usage
from entrepot.db.contract import Database, Transaction
from entrepot.db.quarantine import Total
from entrepot.db.quotas import Quota
from entrepot.db.scrubs import Scrub
from entrepot.db.usage import BlobUse, Freed, LargeBlob, RepositoryUse, Stored
from entrepot.model.errors import Invalid
from entrepot.model.grant import CatalogGrant, ProjectGrant, SystemGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import ListQuery

READ = Permission(Resource.QUOTA, Verb.READ)
LIST = Permission(Resource.REPOSITORY, Verb.LIST)
READ_STORE = Permission(Resource.SYSTEM_VOLUMES, Verb.READ)
NAMED = 20
"""Repositories and projects that are named for one blob."""
LARGEST = 20
DAYS = 30


@dataclass(frozen=True, slots=True)
class ProjectUse:
    """A project's quota, and what of it would be given back by emptying its trash."""

    quota: Quota
    trash: int
    uploads: int = 0
    """Bytes of uploads under way, which count only when they are done."""


@dataclass(frozen=True, slots=True)
class SharedBlob:
    """A blob that a project holds, and who holds it: of other projects, those that the asker may know of."""

    blob: BlobUse
    repositories: tuple[str, ...]
    projects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoreUse:
    """The store as a whole."""

    stored: Stored
    quarantined: Total
    largest: tuple[LargeBlob, ...]
    freed: tuple[Freed, ...]
    scrub: Scrub | None


class Usage:
    """Explains room. Reads, and changes nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def project(self, grant: ProjectGrant) -> ProjectUse:
        """The project's figures."""
        grant.require(READ)
        project_id = grant.project.id

        def question(tx: Transaction) -> ProjectUse:
            quota = quotas.of_project(tx, project_id)
            assert quota is not None, "every project has one"
            return ProjectUse(quota, quotas.in_trash(tx, project_id), usage.under_way(tx, project_id))

        return await self._db.read(question)

    async def repositories(self, grant: ProjectGrant, query: ListQuery) -> tuple[list[RepositoryUse], int]:
        """A page of the project's repositories by name, with what each holds, and how many there are. Raises Invalid.

        Each is as of a moment of its own: what is worked out from thousands of rows does not hold up pushes.
        """
        grant.require(READ)
        grant.require(LIST)
        _require_pages(query)
        project_id = grant.project.id
        page, total = await self._db.read(lambda tx: usage.repositories(tx, project_id, query))
        return [await self._of(repository) for repository in page], total

    async def _of(self, repository: usage.RepositoryName) -> RepositoryUse:
        return await self._db.read(lambda tx: usage.of_repository(tx, repository))

    async def blobs(self, grant: ProjectGrant, catalog: CatalogGrant, query: ListQuery) -> tuple[list[SharedBlob], int]:
        """A page of what the project holds, the largest first, with who holds it, and how many there are.

        `catalog` says which other projects the asker may know of. Raises Invalid.
        """
        grant.require(READ)
        grant.require(LIST)
        _require_pages(query)
        project_id = grant.project.id
        visible = project_lists.visible_to(catalog.principal, everything=catalog.everything)

        def question(tx: Transaction) -> tuple[list[SharedBlob], int]:
            page, total = usage.blobs(tx, project_id, query)
            return [
                SharedBlob(
                    blob,
                    tuple(usage.holders(tx, project_id, blob.id, NAMED)),
                    tuple(usage.other_projects(tx, project_id, blob.id, visible, NAMED)),
                )
                for blob in page
            ], total

        return await self._db.read(question)

    async def store(self, grant: SystemGrant) -> StoreUse:
        """The store as a whole."""
        grant.require(READ_STORE)
        return await self._db.read(
            lambda tx: StoreUse(
                stored=usage.stored(tx),
                quarantined=quarantine.total(tx),
                largest=tuple(usage.largest(tx, LARGEST)),
                freed=tuple(usage.freed(tx, DAYS)),
                scrub=scrubs.latest(tx),
            )
        )


def _require_pages(query: ListQuery) -> None:
    """Returns if it is a page that is asked for. Raises Invalid: each entry is worked out from many rows."""
    if not query.page_size:
        raise Invalid("this list is given by pages of 1 to 100 entries: ask with page_size")
