"""Listing tags."""

from dataclasses import dataclass

from entrepot.db import repositories, tags
from entrepot.db.contract import Database, Transaction
from entrepot.model.errors import RepositoryUnknown
from entrepot.model.grant import RepositoryGrant
from entrepot.model.project import Action


@dataclass(frozen=True, slots=True)
class TagPage:
    """Tags in byte order, and whether more follow."""

    tags: list[str]
    more: bool


class Tags:
    """The tags of repositories."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, grant: RepositoryGrant, after: str, count: int) -> TagPage:
        """Up to `count` tags, those greater than `after`. Raises RepositoryUnknown if nothing was ever pushed there."""
        grant.require(Action.PULL)
        repository_id = grant.repository_id
        if repository_id is None:
            raise RepositoryUnknown(f"there is no repository {grant.name}")

        def question(tx: Transaction) -> list[str] | None:
            if repositories.is_empty(tx, repository_id):
                return None
            return tags.page(tx, repository_id, after, count + 1)

        names = await self._db.read(question)
        if names is None:
            raise RepositoryUnknown(f"repository {grant.name} holds nothing any more")
        return TagPage(names[:count], len(names) > count)
