"""Garbage collection as a job, for when it is asked for: Harbor's, with its parameters and its report.

Collection goes on by itself all the time (`tasks.collect`). This does at once what is due, and with
`delete_untagged` first deletes artifacts that nothing names. `workers` of the job do it side by side.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from entrepot.access.local import repository_grant_of_itself
from entrepot.db import garbage
from entrepot.db.contract import Database
from entrepot.db.garbage import Untagged
from entrepot.jobs.task import ALONE, Context, Task
from entrepot.model.errors import Conflict, Refused, Unknown
from entrepot.model.job import JobKind, Json
from entrepot.model.project import Action
from entrepot.model.reference import RepositoryName
from entrepot.registry.artifacts import Artifacts
from entrepot.tasks.collect import Collector

TIME_WINDOW_HOURS = 2
"""As in Harbor: what was pushed since is left, as somebody may be about to tag it."""
MOST_WORKERS = 10
AT_ONCE = 100
LINKS_AT_ONCE = 500
_HOUR = 3_600_000_000


@dataclass(slots=True)
class Report:
    """What was freed, or would be."""

    manifests: int = 0
    left: int = 0
    """Artifacts that something holds."""
    blobs: int = 0
    bytes: int = 0

    def told(self) -> dict[str, Json]:
        """In Harbor's words."""
        return {
            "time_window": TIME_WINDOW_HOURS,
            "purged_manifests": self.manifests,
            "purged_blobs": self.blobs,
            "freed_space": self.bytes,
        }


async def side_by_side(count: int, work: Callable[[], Awaitable[None]]) -> None:
    """Returns when as many of the same have ended. What one raises is raised, once the others have been ended."""
    running = [asyncio.ensure_future(work()) for _ in range(count)]
    try:
        await asyncio.gather(*running)
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _workers(parameters: Mapping[str, Json]) -> int:
    wanted = parameters.get("workers", 1)
    return max(1, min(wanted, MOST_WORKERS)) if isinstance(wanted, int) else 1


class GarbageCollection:
    """Collects on demand."""

    def __init__(self, db: Database, collector: Collector, artifacts: Artifacts) -> None:
        self._db = db
        self._collector = collector
        self._artifacts = artifacts

    @property
    def task(self) -> Task:
        """As the workers know it."""
        return Task(kind=JobKind.GARBAGE_COLLECTION, run=self.run, queue=ALONE, attempts=3)

    async def run(self, job: Context) -> Json:
        """Does one collection. Whatever it deletes is gone for whoever begins it again, so that needs no steps."""
        report = Report()
        dry = bool(job.parameters.get("dry_run"))
        job.log("nothing is deleted: this only tells what would be" if dry else "collecting garbage")
        workers = _workers(job.parameters)
        if job.parameters.get("delete_untagged"):
            await self._delete_untagged(job, report, workers, dry=dry)
        if dry:
            await self._look(job, report)
        else:
            await side_by_side(workers, lambda: self._collect(job, report))
        went = report.manifests, report.blobs, report.bytes
        job.log(
            f"{went[0]} artifacts and {went[1]} blobs would go, which would free {went[2]} bytes"
            if dry
            else f"{went[0]} artifacts and {went[1]} blobs went, which freed {went[2]} bytes"
        )
        return report.told()

    async def _delete_untagged(self, job: Context, report: Report, workers: int, *, dry: bool) -> None:
        after = 0
        while True:
            found = await self._db.read(
                partial(garbage.untagged, after=after, age=TIME_WINDOW_HOURS * _HOUR, count=AT_ONCE)
            )
            if not found:
                return
            after = found[-1].id
            if dry:
                await self._count(found, report)
            else:
                waiting = iter(found)
                await side_by_side(workers, partial(self._delete_some, job, waiting, report))
            self._tell(job, report)

    async def _count(self, found: list[Untagged], report: Report) -> None:
        for _, some in groupby(sorted(found, key=lambda each: each.repository_id), lambda each: each.repository_id):
            ids = [each.id for each in some]
            blobs, size = await self._db.read(partial(garbage.only_of, manifest_ids=ids))
            report.manifests += len(ids)
            report.blobs += blobs
            report.bytes += size

    async def _delete_some(self, job: Context, waiting: Iterator[Untagged], report: Report) -> None:
        for artifact in waiting:
            await self._delete(job, artifact, report)
            self._tell(job, report)

    async def _delete(self, job: Context, artifact: Untagged, report: Report) -> None:
        name = RepositoryName.parse(artifact.repository)
        grant = repository_grant_of_itself(artifact.project, name, artifact.repository_id, (Action.PULL, Action.DELETE))
        try:
            await self._artifacts.delete(grant, artifact.digest, unnamed=True)
            report.manifests += 1
        except (Conflict, Refused, Unknown) as error:
            report.left += 1
            job.log(f"{name}@{artifact.digest} stays:")
            job.log(str(error))

    async def _collect(self, job: Context, report: Report) -> None:
        while True:
            done = await self._collector.round()
            report.blobs += done.blobs
            report.bytes += done.bytes
            self._tell(job, report)
            if done.idle:
                return

    async def _look(self, job: Context, report: Report) -> None:
        after: tuple[int, int] | None = (0, 0)
        while after is not None:
            sizes, after = await self._db.read(partial(garbage.due, after=after, count=LINKS_AT_ONCE))
            report.blobs += len(sizes)
            report.bytes += sum(sizes)
            self._tell(job, report)

    def _tell(self, job: Context, report: Report) -> None:
        job.progress(report.manifests + report.blobs, None, report.bytes)
