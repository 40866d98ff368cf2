"""What rules of retention would do now, found out at once and written down nowhere."""

from collections.abc import AsyncIterator
from functools import partial

from entrepot.db import repositories
from entrepot.db.candidates import NEWEST
from entrepot.db.contract import Database
from entrepot.db.retention_runs import Result
from entrepot.model.grant import ProjectGrant
from entrepot.registry.retaining import Retaining
from entrepot.registry.retention import READ, Retention
from entrepot.registry.rules import Rules

REPOSITORIES_AT_ONCE = 100


class Previews:
    """Looks at what policies would do."""

    def __init__(self, db: Database, rules: Rules) -> None:
        self._db = db
        self._policies = Retention(db)
        self._retaining = Retaining(db, rules)

    async def of_project(self, grant: ProjectGrant) -> AsyncIterator[tuple[str, list[Result]]]:
        """What the project's rules would do, repository by repository, some artifacts at a time.

        Nothing if it has no rules. Raises Denied if they are changed meanwhile.
        """
        grant.require(READ)
        view = await self._policies.of_project(grant)
        if view is None:
            return
        page_of = partial(repositories.page_of_project, project_id=grant.project.id, count=REPOSITORIES_AT_ONCE)
        some = await self._db.read(partial(page_of, after=0))
        while some:
            for repository_id, whole in some:
                name = whole.partition("/")[2]
                if not view.row.policy.concerns(name):
                    continue
                place, last = await self._retaining.begin(view.row, repository_id, name), NEWEST
                while page := await self._retaining.look(place, last):
                    yield name, page.results
                    last = page.after
            some = await self._db.read(partial(page_of, after=some[-1][0]))
