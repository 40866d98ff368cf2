"""Images whose layers are read, on a place of tests."""

import gzip
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from contracts.archives import Member, tar
from contracts.place import Place, image
from entrepot.db import jobs
from entrepot.db.contract import Transaction
from entrepot.jobs.task import Stopped
from entrepot.model.digest import Digest
from entrepot.model.job import Job, JobState, Json
from entrepot.model.reference import Tag
from entrepot.registry.image_comparison import ImageComparison
from entrepot.registry.layer_cache import LayerCache
from entrepot.registry.layer_files import LayerFiles
from entrepot.registry.layer_reading import ReadingLimits
from entrepot.registry.layered import Layered
from entrepot.registry.layers import ImageLayers
from entrepot.tasks.index_layers import IndexLayers

T = TypeVar("T")
TAG = Tag("1")


class ReadingJob:
    """A job as its task sees it; stopped when it has told of its progress so many times."""

    def __init__(self, job: Job, checks: int = 1_000_000) -> None:
        self.job_id = job.id
        self.parameters = job.parameters
        self.project_id = job.project_id
        self.subject_id = None
        self.requested_by = job.requested_by
        self.attempt = 1
        self.lines: list[str] = []
        self.told: list[tuple[int, int | None]] = []
        self._checks = checks

    async def step(self, name: str, function: Callable[[], Awaitable[T]]) -> T:
        return await function()

    def progress(self, done: int, total: int | None = None, bytes: int = 0) -> None:  # noqa: A002
        self.told.append((done, total))
        self.check()

    def log(self, line: str, level: str = "info") -> None:
        self.lines.append(line)

    def check(self) -> None:
        self._checks -= 1
        if self._checks < 0:
            raise Stopped


class Reading:
    """The operations on layers, and the work that they wait for."""

    def __init__(self, place: Place, limits: ReadingLimits | None = None) -> None:
        self.place = place
        self.layered = Layered(place.db, place.storage, LayerCache())
        self.layers = ImageLayers(place.blobs, self.layered)
        self.files = LayerFiles(place.blobs, self.layered)
        self.comparison = ImageComparison(place.blobs, self.layered)
        self.task = IndexLayers(place.db, place.storage, place.rules, limits)

    async def push(self, *layers: bytes, name: str = "library/hello", tag: str = "1", **config: Json) -> bytes:
        """The manifest of an image of these layers, pushed."""
        body = json.dumps({"of": [str(Digest.of(layer)) for layer in layers], **config}).encode()
        for content in (body, *layers):
            await self.place.push(content, name)
        manifest = image(body, *layers)
        await self.place.put(manifest, tag, name)
        return manifest

    async def push_files(self, *layers: list[Member], name: str = "library/hello", tag: str = "1") -> list[bytes]:
        """The layers, gzipped archives of these members, of an image that was pushed."""
        packed = [gzip.compress(tar(*members), mtime=0) for members in layers]
        await self.push(*packed, name=name, tag=tag)
        return packed

    async def waiting(self) -> list[Job]:
        """The jobs that were requested and not done yet."""

        def question(tx: Transaction) -> list[Job]:
            rows = tx.all(f"SELECT {jobs.COLUMNS} FROM jobs WHERE ended_at IS NULL ORDER BY id")
            return [jobs.job_of(row, tx.now) for row in rows]

        return await self.place.db.read(question)

    async def work(self) -> list[ReadingJob]:
        """Does every job that waits, as a worker would."""
        done = []
        for job in await self.waiting():
            context = ReadingJob(job)
            await self.task.run(context)
            await self.ended(job.id)
            done.append(context)
        return done

    async def ended(self, job_id: int, state: JobState = JobState.SUCCEEDED, reason: str = "") -> None:
        await self.place.run(
            "UPDATE jobs SET state = ?, ended_at = ?, reason = ? WHERE id = ?",
            state.value,
            await self.place.db.read(lambda tx: tx.now),
            reason,
            job_id,
        )

    async def read(self, name: str = "library/hello", tag: Tag = TAG) -> None:
        """Opens the image, and has its layers read."""
        view = await self.layers.image(await self.place.grant(name), tag)
        if not view.ready:
            await self.work()

    async def paths(self, folder: str = "", *, layer: int | None = None, name: str = "library/hello") -> list[str]:
        view = await self.layers.folder(await self.place.grant(name), TAG, folder, layer=layer)
        return [entry.name for entry in view.entries]

    async def content(self, path: str, *, layer: int | None = None, name: str = "library/hello") -> bytes:
        opened = await self.files.open(await self.place.grant(name), TAG, path, layer=layer)
        return b"".join([piece async for piece in opened.content])
