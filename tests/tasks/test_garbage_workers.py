"""Garbage collection with several workers: they are seen at work at the same time, and take everything once."""

import asyncio

import pytest

from contracts.place import Place
from contracts.retention import Job
from entrepot.jobs.task import Stopped
from entrepot.model.grant import RepositoryGrant
from entrepot.model.reference import Reference
from entrepot.registry.artifacts import Artifacts
from entrepot.storage.contract import Storage
from entrepot.storage.memory import MemoryStorage
from entrepot.tasks.collect import Collector, Round
from entrepot.tasks.garbage import GarbageCollection


@pytest.fixture
def storage() -> Storage:
    """One kind is enough: the workers are above it."""
    return MemoryStorage()


def asked(workers: int) -> Job:
    """A collection that was asked for."""
    job = Job(1, 0)
    job.parameters = {"workers": workers, "delete_untagged": True}
    return job


class Meeting:
    """Where so many have to be at the same time before any goes on, the first time they come."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.here = self.most = 0
        self._all = asyncio.Event()

    async def __aenter__(self) -> None:
        self.here += 1
        self.most = max(self.most, self.here)
        if self.here == self._count:
            self._all.set()
        async with asyncio.timeout(10):
            await self._all.wait()

    async def __aexit__(self, *_: object) -> None:
        self.here -= 1


@pytest.mark.parametrize("workers", [1, 3, 5])
async def test_as_many_workers_as_were_asked_for_are_at_work_at_once(
    place: Place, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        await place.push_image(bytes([number]))
    await place.run("UPDATE manifests SET pushed_at = 0")
    await place.run("UPDATE repository_blobs SET leased_until = 0, review_after = 1")
    rounds, deletions = Meeting(workers), Meeting(workers)
    one_round, delete = Collector.round, Artifacts.delete

    async def met_round(self: Collector) -> Round:
        async with rounds:
            return await one_round(self)

    async def met_delete(
        self: Artifacts, grant: RepositoryGrant, reference: Reference, *, unnamed: bool = False
    ) -> None:
        async with deletions:
            await delete(self, grant, reference, unnamed=unnamed)

    monkeypatch.setattr(Collector, "round", met_round)
    monkeypatch.setattr(Artifacts, "delete", met_delete)
    artifacts = Artifacts(place.db, place.manifests, place.blobs)
    done = await GarbageCollection(place.db, place.collector, artifacts).run(asked(workers))
    assert (rounds.most, deletions.most) == (workers, workers)
    assert isinstance(done, dict)
    assert (done["purged_manifests"], done["purged_blobs"]) == (7, 14)
    assert await place.rows("SELECT count(*) FROM blobs") == [(0,)]


async def test_a_stop_ends_all_workers(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    working = 0

    async def endless(_: Collector) -> Round:
        nonlocal working
        working += 1
        try:
            await asyncio.sleep(0 if working == 3 else 60)
        finally:
            working -= 1
        raise Stopped

    monkeypatch.setattr(Collector, "round", endless)
    artifacts = Artifacts(place.db, place.manifests, place.blobs)
    with pytest.raises(Stopped):
        await GarbageCollection(place.db, place.collector, artifacts).run(asked(3))
    assert working == 0
