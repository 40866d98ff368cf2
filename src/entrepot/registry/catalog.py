"""Listing repositories."""

from dataclasses import dataclass

from entrepot.db import repositories
from entrepot.db.contract import Database, Transaction
from entrepot.model.grant import CatalogGrant


@dataclass(frozen=True, slots=True)
class CatalogPage:
    """Repository names in byte order, and whether more follow."""

    names: list[str]
    more: bool


class Catalog:
    """The repositories that hold something."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, grant: CatalogGrant, after: str, count: int) -> CatalogPage:
        """Up to `count` names that the grant's principal may know, those greater than `after`."""

        def question(tx: Transaction) -> list[str]:
            if grant.everything:
                return repositories.page_of_all(tx, after, count + 1)
            user_id = grant.principal.user_id
            if user_id is None:
                return repositories.page_of_public(tx, after, count + 1)
            return repositories.page_of_member(tx, user_id, after, count + 1)

        names = await self._db.read(question)
        return CatalogPage(names[:count], len(names) > count)
