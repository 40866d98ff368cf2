"""What rules would do now, found out at once and written down nowhere: those that are saved, and those that may be."""

from collections.abc import AsyncIterator
from functools import partial

from entrepot.db import repositories, tags
from entrepot.db.candidates import NEWEST
from entrepot.db.contract import Database
from entrepot.db.retention import PolicyRow
from entrepot.db.retention_runs import Result
from entrepot.model.grant import ProjectGrant
from entrepot.model.immutability import ImmutableRule
from entrepot.model.retention import RetentionPolicy, check_rules
from entrepot.registry.immutable_rules import LIST as LIST_IMMUTABLE
from entrepot.registry.retaining import UNSAVED, Retaining
from entrepot.registry.retention import READ, Retention
from entrepot.registry.rules import Rules

REPOSITORIES_AT_ONCE = 100
TAGS_AT_ONCE = 500


class Previews:
    """Looks at what rules would do."""

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
        if view is not None:
            async for some in self._look(grant, view.row):
                yield some

    async def of_policy(self, grant: ProjectGrant, policy: RetentionPolicy) -> AsyncIterator[tuple[str, list[Result]]]:
        """As `of_project`, of rules that are not saved. Raises also Invalid, AlreadyExists as saving them would."""
        grant.require(READ)
        check_rules(policy.rules)
        view = await self._policies.of_project(grant)
        row = (
            PolicyRow(UNSAVED, grant.project.id, policy, 0, 0, 0) if view is None else view.row._replace(policy=policy)
        )
        async for some in self._look(grant, row):
            yield some

    async def immutable(self, grant: ProjectGrant, rule: ImmutableRule) -> AsyncIterator[tuple[str, list[str], int]]:
        """Which tags that are there a rule would keep from changing: some of a repository, and of how many looked at.

        Repositories are named without the project.
        """
        grant.require(LIST_IMMUTABLE)
        async for repository_id, name in self._repositories(grant):
            if not rule.concerns(name):
                continue
            after = ""
            while found := await self._db.read(
                partial(tags.page, repository_id=repository_id, after=after, count=TAGS_AT_ONCE)
            ):
                yield name, [tag for tag in found if rule.tags.selects(tag)], len(found)
                after = found[-1]

    async def _look(self, grant: ProjectGrant, row: PolicyRow) -> AsyncIterator[tuple[str, list[Result]]]:
        async for repository_id, name in self._repositories(grant):
            if not row.policy.concerns(name):
                continue
            place, last = await self._retaining.begin(row, repository_id, name), NEWEST
            while page := await self._retaining.look(place, last):
                yield name, page.results
                last = page.after

    async def _repositories(self, grant: ProjectGrant) -> AsyncIterator[tuple[int, str]]:
        """The ids of the project's repositories, and their names without the project's."""
        page_of = partial(repositories.page_of_project, project_id=grant.project.id, count=REPOSITORIES_AT_ONCE)
        some = await self._db.read(partial(page_of, after=0))
        while some:
            for repository_id, whole in some:
                yield repository_id, whole.partition("/")[2]
            some = await self._db.read(partial(page_of, after=some[-1][0]))
