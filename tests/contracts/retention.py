"""Rules of retention, and a job that carries them out in the test's own process."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from contracts.place import DAY, Place, principal
from entrepot.db import jobs, retention_runs
from entrepot.db.contract import Database, Transaction
from entrepot.db.retention_runs import Result
from entrepot.jobs.task import Stopped
from entrepot.model.digest import Digest
from entrepot.model.grant import ProjectGrant
from entrepot.model.job import JobRequest, Json
from entrepot.model.project import Role
from entrepot.model.query import ListQuery
from entrepot.model.retention import RetentionPolicy, RetentionRule, Template
from entrepot.model.selector import SelectorText, parse_repository_selectors, parse_tag_selectors
from entrepot.registry.configuration import Configuration
from entrepot.registry.retention import CREATE, DELETE, LIST, READ, UPDATE, Retention
from entrepot.tasks.retain import Retain

T = TypeVar("T")
EVERYTHING = frozenset({CREATE, READ, LIST, UPDATE, DELETE})
HOUR = 3600_000_000


class Interrupted:
    """A database of which something is asked for before each change."""

    def __init__(self, db: Database, before: Callable[[], Awaitable[None]]) -> None:
        self._db = db
        self._before = before

    async def read(self, question: Callable[[Transaction], T], *, key: Hashable | None = None) -> T:
        return await self._db.read(question, key=key)

    async def write(self, change: Callable[[Transaction], T], *, durable: bool = True) -> T:
        await self._before()
        return await self._db.write(change, durable=durable)

    write_along = write

    async def close(self) -> None:
        await self._db.close()


class Job:
    """A job as its task sees it; it is stopped when it has told of its progress so many times."""

    def __init__(self, job_id: int, policy_id: int, *, dry_run: bool = False, checks: int = 10_000) -> None:
        self.job_id = job_id
        self.subject_id = policy_id
        self.project_id = None
        self.parameters: dict[str, Json] = {"dry_run": dry_run}
        self.requested_by = "ada"
        self.attempt = 1
        self.lines: list[str] = []
        self._checks = checks

    async def step(self, name: str, function: Callable[[], Awaitable[T]]) -> T:
        return await function()

    def progress(self, done: int, total: int | None = None, bytes: int = 0) -> None:  # noqa: A002
        pass

    def log(self, line: str, level: str = "info") -> None:
        self.lines.append(line)

    def check(self) -> None:
        self._checks -= 1
        if self._checks < 0:
            raise Stopped


def rule(
    template: str, number: int = 0, pattern: str = "**", *, untagged: bool = True, repositories: str = "**"
) -> RetentionRule:
    flag = f'{{"untagged":{str(untagged).lower()}}}'
    tags = SelectorText(kind="doublestar", decoration="matches", pattern=pattern, extras=flag)
    where = SelectorText(kind="doublestar", decoration="repoMatches", pattern=repositories)
    return RetentionRule(
        id=0,
        priority=0,
        disabled=False,
        template=Template(template),
        number=number,
        tags=parse_tag_selectors([tags]),
        repositories=parse_repository_selectors([where]),
    )


async def granted(place: Place, name: str = "library") -> ProjectGrant:
    project = await place.project(name)
    roles = frozenset({Role.MAINTAINER})
    return ProjectGrant(principal=principal("ada"), project=project, permissions=EVERYTHING, roles=roles)


async def policy(place: Place, *rules: RetentionRule, cron: str = "") -> int:
    """The id of the project's policy, which has these rules."""
    grant = await granted(place)
    found = await Retention(place.db).of_project(grant)
    wanted = RetentionPolicy(rules=rules, cron=cron)
    if found is None:
        return await Retention(place.db).create(grant, wanted)
    await Retention(place.db).update(grant, found.row.id, wanted)
    return found.row.id


def doing(place: Place) -> Retain:
    return Retain(place.db, place.rules, Configuration(place.db))


async def asked(place: Place, policy_id: int, *, dry_run: bool = False) -> int:
    """The id of a job that was asked for."""
    wanted = JobRequest(kind="retention", by="ada", subject_id=policy_id, parameters={"dry_run": dry_run})
    return (await place.db.write(lambda tx: jobs.request(tx, wanted))).id


async def run(place: Place, *rules: RetentionRule, dry_run: bool = False) -> dict[str, dict[str, Result]]:
    """What became of each tag of each repository, by the tag's name; of what has none, by its digest."""
    policy_id = await policy(place, *rules)
    job_id = await asked(place, policy_id, dry_run=dry_run)
    await doing(place).run(Job(job_id, policy_id, dry_run=dry_run))
    return await told(place, job_id)


async def told(place: Place, job_id: int) -> dict[str, dict[str, Result]]:
    tasks, _ = await place.db.read(lambda tx: retention_runs.page(tx, job_id, ListQuery(page_size=0)))
    found = {}
    for task in tasks:
        results = await place.db.read(lambda tx, task=task: retention_runs.results(tx, task.id, 0, 100_000))
        found[task.repository] = {one.tag or str(one.digest): one for _, one in results}
    return found


async def both(place: Place, *rules: RetentionRule) -> dict[str, Result]:
    """What became of `library/hello`, which a dry run had told before, word for word."""
    before = await everything(place)
    dry = await run(place, *rules, dry_run=True)
    assert await everything(place) == before, "a dry run takes nothing"
    real = await run(place, *rules)
    assert dry == real
    return real["hello"]


async def everything(place: Place) -> list[tuple[Any, ...]]:
    tags = await place.rows("SELECT repository_id, name, manifest_id FROM tags ORDER BY id")
    return tags + await place.rows("SELECT id, digest, deleted_at FROM manifests ORDER BY id")


async def live(place: Place) -> set[Digest]:
    rows = await place.rows("SELECT digest FROM manifests WHERE deleted_at IS NULL")
    return {Digest(bytes(row[0])) for row in rows}


async def aged(place: Place, days: int) -> None:
    """Makes all that is there that much older."""
    await place.run("UPDATE manifests SET pushed_at = pushed_at - ?, pulled_at = pulled_at - ?", days * DAY, days * DAY)
    await place.run("UPDATE tags SET updated_at = updated_at - ?, pulled_at = pulled_at - ?", days * DAY, days * DAY)


async def pushed_daily(place: Place, count: int, name: str = "library/hello") -> list[bytes]:
    """Images v1 and so on, each pushed a day after the one before, the last one a day ago."""
    bodies = []
    for number in range(1, count + 1):
        bodies.append(await place.push_image(f"image {number} of {name}".encode(), tag=f"v{number}", name=name))
        await aged(place, 1)
    return bodies
