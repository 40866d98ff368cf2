"""A scrub as a job: everything is read, what is damaged is set aside, what cannot be read is told and let be."""

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.damaging import damage, flipped, replace
from contracts.layers import ReadingJob
from contracts.place import Place
from entrepot.access.local import SHELL
from entrepot.db import jobs, scrubs
from entrepot.db.contract import Database
from entrepot.jobs.task import JobFailed, Stopped
from entrepot.model.digest import Digest
from entrepot.model.errors import StorageFailed
from entrepot.model.fault import Fault
from entrepot.model.job import Job, JobKind, JobRequest
from entrepot.registry.rules import Rules
from entrepot.storage.contract import Key, Storage
from entrepot.storage.filesystem import FileStorage
from entrepot.storage.systemcalls import SystemCalls
from entrepot.tasks import scrub_job
from entrepot.tasks.repair import Repair
from entrepot.tasks.scrub import Pace, Scrubber
from entrepot.tasks.scrub_job import ScrubJob

LAYER = b"a layer " * 500
LARGE = os.urandom(1 << 20) * 3


class BadSectors(SystemCalls):
    """A disk of which some files cannot be read from a byte on."""

    def __init__(self) -> None:
        self.bad: dict[str, int] = {}
        """The first byte that cannot be read, by the end of the file's name."""
        self._paths: dict[int, str] = {}

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        fd = super().open(path, flags, mode)
        self._paths[fd] = path
        return fd

    def pread(self, fd: int, length: int, offset: int) -> bytes:
        self._fail(fd, length, offset)
        return super().pread(fd, length, offset)

    def pread_cached(self, fd: int, length: int, offset: int) -> bytes:
        return b""

    def _fail(self, fd: int, length: int, offset: int) -> None:
        for end, first in self.bad.items():
            if self._paths[fd].endswith(end) and offset + length > first:
                raise OSError(errno.EIO, os.strerror(errno.EIO))


async def asked(place: Place, checks: int = 1_000_000) -> ReadingJob:
    def ask(tx: object) -> Job:
        made = jobs.get(tx, jobs.request(tx, JobRequest(kind=JobKind.SCRUB, by=SHELL.name)).id)  # type: ignore[arg-type]
        assert made is not None
        return made

    return ReadingJob(await place.db.write(ask), checks)


async def aside(place: Place) -> dict[Digest, str]:
    rows = await place.rows("SELECT digest, fault FROM blobs WHERE quarantined_at IS NOT NULL")
    return {Digest(bytes(row[0])): row[1] for row in rows}


async def key_of(place: Place, content: bytes) -> str:
    [(key,)] = await place.rows("SELECT key FROM blobs WHERE digest = ?", Digest.of(content).packed)
    return str(key)


async def test_everything_is_read_and_what_is_damaged_set_aside_until_it_is_good(place: Place) -> None:
    await place.push_image(LAYER, b"other", tag="latest")
    key = await damage(place, LAYER, flipped)
    job = await asked(place)
    told = await ScrubJob(place.db, place.storage).run(job)
    size = sum(row[0] for row in await place.rows("SELECT size FROM blobs"))
    assert told == {"blobs": 3, "bytes": size, "set_aside": 1, "healed": 0, "unreadable": 0}
    assert await aside(place) == {Digest.of(LAYER): Fault.BLOB_CORRUPT}
    assert job.told[-1] == (3, 3)
    assert [line for line in job.lines if str(Digest.of(LAYER)) in line and "library/hello:latest" in line]
    assert await place.db.read(scrubs.latest) is None, "the walk is another matter"
    await replace(place.storage, key, LAYER)
    told = await ScrubJob(place.db, place.storage).run(await asked(place))
    assert (told["set_aside"], told["healed"]) == (0, 1)
    assert await place.read(LAYER) == LAYER


async def test_a_worker_that_stops_has_another_go_on_where_it_was(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrub_job, "SOME", 2)
    for number in range(9):
        await place.push(b"%d" % number)
    steps: dict[str, object] = {}

    class Remembering(ReadingJob):
        async def step(self, name, function):  # type: ignore[no-untyped-def]
            if name not in steps:
                steps[name] = await function()
            return steps[name]

    asked_for = (await asked(place)).job_id
    row = await place.db.read(lambda tx: jobs.get(tx, asked_for))
    assert row is not None
    with pytest.raises(Stopped):
        await ScrubJob(place.db, place.storage).run(Remembering(row, 12))
    done = len(steps)
    assert 0 < done < 5
    second = Remembering(row)
    told = await ScrubJob(place.db, place.storage).run(second)
    assert told["blobs"] == 9
    assert second.told[0][0] == 2 * done


async def test_a_store_that_is_not_there_fails_the_job_and_nothing_is_set_aside(place: Place) -> None:
    await place.push_image(LAYER, tag="latest")
    kept = {key: await _content(place.storage, key) for key in await place.stored()}
    for key in kept:
        await replace(place.storage, key, None)
    with pytest.raises(StorageFailed, match="mounted"):
        await ScrubJob(place.db, place.storage).run(await asked(place))
    assert await aside(place) == {}
    for key, content in kept.items():
        await replace(place.storage, key, content)


@pytest.fixture
async def ailing(database: Database, tmp_path: Path) -> AsyncIterator[tuple[Place, BadSectors]]:
    """A place on a disk that may get bad sectors."""
    disk = BadSectors()
    storage = FileStorage(tmp_path / "ailing", threads=4, calls=disk)
    yield Place(database, storage, Rules()), disk
    await storage.close()


@pytest.mark.parametrize("first", [0, 1, 2_000_000, len(LARGE) - 1])
async def test_a_bad_sector_is_told_and_the_rest_is_read(ailing: tuple[Place, BadSectors], first: int) -> None:
    place, disk = ailing
    await place.push_image(LARGE, LAYER, b"other", tag="latest")
    await damage(place, LAYER, flipped)
    disk.bad[Path(await key_of(place, LARGE)).name] = first
    job = await asked(place)
    with pytest.raises(JobFailed, match="1 of 4 blobs could not be read"):
        await ScrubJob(place.db, place.storage).run(job)
    assert await aside(place) == {Digest.of(LAYER): Fault.BLOB_CORRUPT}, "what is damaged is, the unread is not"
    assert [line for line in job.lines if str(Digest.of(LARGE)) in line and "could not be read" in line]
    await place.run("UPDATE blobs SET quarantined_at = NULL, fault = NULL, examined_at = NULL")
    assert await Scrubber(place.db, place.storage, Pace(rate=None, every=1)).walk()
    walk = await place.db.read(scrubs.latest)
    assert walk is not None
    assert (walk.blobs, walk.faults, walk.finished_at is None) == (4, 2, False)
    assert await aside(place) == {Digest.of(LAYER): Fault.BLOB_CORRUPT}
    [found] = [one for one in await place.repaired() if str(Digest.of(LARGE)) in one.subject]
    assert (found.fault, found.repair) == (Fault.BLOB_UNREADABLE, Repair.QUARANTINED), "as check --repair says"
    disk.bad.clear()
    told = await ScrubJob(place.db, place.storage).run(await asked(place))
    assert (told["healed"], told["unreadable"]) == (1, 0)
    assert await place.read(LARGE) == LARGE


async def test_of_a_disk_that_reads_nothing_only_so_much_is_told(
    ailing: tuple[Place, BadSectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrub_job, "MOST_TOLD", 3)
    place, disk = ailing
    for number in range(8):
        await place.push(b"%d" % number)
    disk.bad[""] = 0
    job = await asked(place)
    with pytest.raises(JobFailed, match="8 of 8"):
        await ScrubJob(place.db, place.storage).run(job)
    assert len([line for line in job.lines if "could not be read" in line]) == 3
    assert await aside(place) == {}


async def _content(storage: Storage, key: str) -> bytes:
    size = await storage.size(Key(key))
    assert size is not None
    return b"".join([piece async for piece in storage.read(Key(key), 0, size)])
