"""Collection: what is counted on stays, what is not goes, whoever works and dies at the same time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from contracts.place import DAY, Place, image, stream
from entrepot.db import collection
from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUnknown, DatabaseFailed, ManifestReferencesUnknown, ObjectMissing
from entrepot.registry.rules import SECOND
from entrepot.storage.contract import Storage
from entrepot.tasks.collect import Collector, Round
from entrepot.tasks.stride import LARGEST, SLOWEST, STEPS


async def test_where_nothing_is_due_nothing_is_done(place: Place) -> None:
    await place.push_image(b"one", tag="latest")
    await place.collect()
    done = await place.collector.round()
    assert done == Round()
    assert done.idle


async def test_a_lease_is_honoured_to_its_end(place: Place) -> None:
    await place.push(b"one")
    await place.let_time_pass(DAY - 30 * SECOND)
    await place.collect()
    assert await place.read(b"one") == b"one"
    await place.let_time_pass(31 * SECOND)
    await place.collect()
    with pytest.raises(BlobUnknown):
        await place.read(b"one")


async def test_a_review_that_comes_before_the_lease_s_end_comes_again_after_it(place: Place) -> None:
    await place.push(b"one")
    await place.run("UPDATE repository_blobs SET review_after = 0")
    done = await place.collector.round()
    assert (done.reviewed, done.unlinked) == (1, 0)
    assert await place.rows("SELECT count(*) FROM repository_blobs WHERE review_after = leased_until") == [(1,)]
    await place.let_time_pass(DAY)
    await place.collect()
    assert await place.rows("SELECT count(*) FROM blobs") == [(0,)]


async def test_an_object_outlives_its_blob_by_the_readers_grace(place: Place) -> None:
    blob = await place.push(b"one")
    await place.let_time_pass(DAY)
    await place.collect()
    assert await place.rows("SELECT count(*) FROM blobs") == [(0,)]
    await place.let_time_pass(place.rules.reader_grace - 30 * SECOND)
    await place.collect()
    assert await place.read_blob(blob) == b"one"
    await place.let_time_pass(31 * SECOND)
    await place.collect()
    assert await place.stored() == await place.leaving() == set()


async def test_what_a_manifest_needs_stays_and_is_not_looked_at_again(place: Place) -> None:
    body = await place.push_image(b"one", b"two", tag="latest")
    await place.let_time_pass(40 * DAY)
    await place.collect()
    assert [await place.read(content) for content in (b"one", b"two")] == [b"one", b"two"]
    assert await place.rows("SELECT count(*) FROM repository_blobs WHERE review_after IS NOT NULL") == [(0,)]
    await place.delete(body)
    await place.collect()
    await place.let_time_pass(DAY)
    await place.collect()
    assert await place.stored() == set()


async def test_a_deleted_image_s_blobs_are_still_leased_to_who_just_asked_for_them(place: Place) -> None:
    body = await place.push_image(b"one", tag="latest")
    await place.let_time_pass(40 * DAY)
    await place.collect()
    await place.blobs.find(await place.grant(), Digest.of(b"one"), for_push=True)
    await place.delete(body)
    await place.collect()
    assert await place.read(b"one") == b"one"
    await place.push(b"{}")
    await place.put(image(b"{}", b"one"), "latest")
    await place.let_time_pass(3 * DAY)
    await place.collect()
    assert await place.read(b"one") == b"one"


async def test_what_two_images_share_stays_until_the_last_has_gone(place: Place) -> None:
    first, second = await place.push_image(b"base", b"one"), await place.push_image(b"base", b"two")
    for body, kept in ((first, True), (second, False)):
        await place.delete(body)
        await place.let_time_pass(DAY)
        await place.collect()
        if kept:
            assert await place.read(b"base") == b"base"
            with pytest.raises(BlobUnknown):
                await place.read(b"one")
    await place.let_time_pass(DAY)
    await place.collect()
    assert await place.stored() == set()


async def test_what_two_repositories_share_stays_until_the_last_has_let_it_go(place: Place) -> None:
    first = await place.push_image(b"base", name="library/a")
    second = await place.push_image(b"base", name="other/b")
    await place.delete(first, "library/a")
    await place.let_time_pass(2 * DAY)
    await place.collect()
    with pytest.raises(BlobUnknown):
        await place.read(b"base", "library/a")
    assert await place.read(b"base", "other/b") == b"base"
    await place.delete(second, "other/b")
    await place.let_time_pass(2 * DAY)
    await place.collect()
    await place.let_time_pass(2 * DAY)
    await place.collect()
    assert await place.stored() == set()


async def test_uploads_that_rested_too_long_go_with_their_parts(place: Place) -> None:
    grant = await place.grant()
    for _ in range(3):
        upload = await place.uploads.start(grant)
        grant = await place.grant()
        for part in (b"con", b"tent"):
            await place.uploads.append(grant, upload.id, stream(part))
    closed = await place.uploads.start(grant)
    await place.uploads.finish(grant, closed.id, stream(b"kept"), Digest.of(b"kept"))
    assert (await place.collector.round()).expired == 0
    await place.let_time_pass(DAY)
    done = await place.collector.round()
    assert done.expired == 4
    await place.let_time_pass(DAY)
    await place.collect()
    assert await place.stored() == set()
    assert await place.rows("SELECT count(*) FROM uploads") == [(0,)]


async def test_the_trash_is_emptied_when_its_time_has_come(place: Place) -> None:
    keeping = place.ruled(trash=7 * DAY)
    body = await keeping.push_image(b"one", tag="latest")
    await keeping.delete(body)
    await keeping.let_time_pass(7 * DAY - 30 * SECOND)
    assert (await keeping.collector.round()).released == 0
    await keeping.let_time_pass(31 * SECOND)
    assert (await keeping.collector.round()).released == 1
    await keeping.collect()
    assert await place.rows("SELECT count(*) FROM manifests") == [(0,)]


async def test_more_than_one_round_s_worth_goes_in_several(place: Place) -> None:
    count = LARGEST + 5
    grant = await place.grant()
    await asyncio.gather(*(place.uploads.put(grant, stream(b"%d" % n), Digest.of(b"%d" % n)) for n in range(count)))
    await place.let_time_pass(DAY)
    first, second = await place.collector.round(), await place.collector.round()
    assert (first.unlinked, second.unlinked) == (LARGEST, 5)
    await place.let_time_pass(place.rules.reader_grace)
    await place.collect()
    assert await place.stored() == set()


async def test_two_collectors_at_once_do_the_work_once(place: Place) -> None:
    grant = await place.grant()
    contents = [b"%d" % number for number in range(80)]
    await asyncio.gather(*(place.uploads.put(grant, stream(content), Digest.of(content)) for content in contents))
    await place.let_time_pass(DAY)
    others = [Collector(place.db, place.storage, place.rules) for _ in range(3)]
    unlinked = 0
    while sum(rounds := [done.unlinked for done in await asyncio.gather(*(each.round() for each in others))]):
        unlinked += sum(rounds)
    assert unlinked == 80
    await place.let_time_pass(place.rules.reader_grace)
    await asyncio.gather(*(Place(place.db, place.storage, place.rules).collect() for _ in range(3)))
    assert await place.stored() == await place.leaving() == set()


async def test_collectors_and_pushers_of_the_same_never_lose_an_acknowledged_image(place: Place) -> None:
    """Leases are ended under way, so that collection wants some of what is being pushed."""
    short = place.ruled(reader_grace=0)
    contents = [b"layer %d" % number for number in range(4)]

    async def push(name: str, number: int) -> bytes | None:
        for _ in range(20):
            # Nobody is given time to read either, so a configuration may go while it is looked at.
            with contextlib.suppress(ManifestReferencesUnknown, ObjectMissing):
                return await short.push_image(
                    contents[number % 4],
                    contents[(number + 1) % 4],
                    tag=f"v{number}",
                    name=name,
                    annotations={"n": str(number)},
                )
        return None

    stop = asyncio.Event()

    async def collecting() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            ended = "UPDATE repository_blobs SET leased_until = 0, review_after = 0 WHERE blob_id % 4 = ?"
            await short.run(ended, turn % 4)
            await short.collector.round()
            await asyncio.sleep(0.005)

    workers = [asyncio.create_task(collecting()) for _ in range(2)]
    acknowledged: list[tuple[str, bytes]] = []
    total = 0
    for number in range(8):
        names = [f"library/r{n}" for n in range(3)]
        bodies = await asyncio.gather(*(push(name, number) for name in names))
        acknowledged += [(name, body) for name, body in zip(names, bodies, strict=True) if body is not None]
        total += sum(body is not None for body in bodies)
        if number % 2:
            for name, body in acknowledged[::2]:
                await short.delete(body, name)
            acknowledged = acknowledged[1::2]
    stop.set()
    await asyncio.gather(*workers)
    await short.collect()
    await short.assert_whole()
    for name, body in acknowledged:
        assert (await short.manifests.get(await short.grant(name), Digest.of(body))).body == body
    assert total > 0, "some must have come between two rounds"


async def running(place: Place, every: float) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(place.collector.run(stop, every))
    yield stop
    stop.set()
    await asyncio.wait_for(task, 10)


async def test_it_works_until_it_is_told_to_stop(place: Place) -> None:
    await place.push(b"one")
    async for _ in running(place, 0.02):
        await place.let_time_pass(DAY)
        await place.let_time_pass(place.rules.reader_grace)
        for _ in range(200):
            if await place.stored() == set():
                break
            await place.let_time_pass(place.rules.reader_grace)
            await asyncio.sleep(0.02)
    assert await place.stored() == set()


async def test_told_to_stop_it_does_not_wait_for_its_next_turn(place: Place) -> None:
    async for _ in running(place, 3600):
        await asyncio.sleep(0.1)


class Unreachable:
    """A database that fails some times before it answers."""

    def __init__(self, place: Place, times: int) -> None:
        self.db, self.left = place.db, times

    async def read(self, question):  # type: ignore[no-untyped-def]
        if self.left:
            self.left -= 1
            raise DatabaseFailed("gone")
        return await self.db.read(question)

    async def write(self, change):  # type: ignore[no-untyped-def]
        return await self.db.write(change)

    write_along = write

    async def close(self) -> None:
        raise AssertionError("it is not the collector's")


async def test_a_round_that_failed_is_followed_by_another(place: Place) -> None:
    storage: Storage = place.storage
    away = Unreachable(place, 2)
    await place.push(b"one")
    await place.let_time_pass(DAY)
    stop = asyncio.Event()
    task = asyncio.create_task(Collector(away, storage, place.rules).run(stop, 0.01))
    for _ in range(500):
        if await place.rows("SELECT count(*) FROM blobs") == [(0,)]:
            break
        await asyncio.sleep(0.01)
    stop.set()
    await task
    assert away.left == 0
    assert await place.rows("SELECT count(*) FROM blobs") == [(0,)]


class Watched(Collector):
    """Notes how many rows each step may take."""

    steps: list[int]

    async def _blobs(self, rows: int) -> Round:
        done = await super()._blobs(rows)
        self.steps.append(done.reviewed)
        return done


async def test_what_little_is_due_goes_in_small_steps_so_that_pushes_do_not_wait(place: Place) -> None:
    grant = await place.grant()
    await asyncio.gather(*(place.uploads.put(grant, stream(b"%d" % n), Digest.of(b"%d" % n)) for n in range(12)))
    await place.let_time_pass(DAY)
    collector, stop = Watched(place.db, place.storage, place.rules), asyncio.Event()
    collector.steps = []
    task = asyncio.create_task(collector.run(stop, 3600))
    while await place.rows("SELECT count(*) FROM blobs") != [(0,)]:
        await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(task, 10)
    assert sum(collector.steps) == 12
    assert collector.steps[0] == SLOWEST / STEPS, "those after it are larger where one takes long"


async def test_all_that_is_due_is_counted_up_to_a_bound(place: Place) -> None:
    async def waiting(most: int = 100) -> int:
        return await place.db.read(lambda tx: collection.waiting(tx, most))

    keeping = place.ruled(trash=7 * DAY, lease=0)
    body = await keeping.push_image(b"one", b"two", tag="latest")
    await keeping.collect()
    assert await waiting() == 0
    await keeping.delete(body)
    assert await waiting() == 0, "it can be undone"
    await place.let_time_pass(7 * DAY)
    assert await waiting() == 1, "the artifact, whose deletion is over"
    await keeping.collector.round()
    assert await waiting() >= 1, "the artifact, which is going"
    await keeping.collector.round()
    links = await place.rows("SELECT count(*) FROM repository_blobs")
    while await place.rows("SELECT count(*) FROM manifests") != [(0,)]:
        await keeping.collector.round()
    await place.run("UPDATE repository_blobs SET review_after = 1")
    assert await waiting() == links[0][0] + len(
        await place.rows("SELECT 1 FROM objects_to_remove WHERE remove_after <= 1")
    )


async def test_the_artifacts_of_a_project_whose_deletion_is_over_are_counted(place: Place) -> None:
    await place.push_image(b"one", tag="latest")
    await place.run(
        "INSERT INTO trash (kind, project_id, project, name, deleted_at, deleted_by, expires_at, size, contents, kept,"
        " purging) SELECT 'project', id, name, name, 1, 'ada', 1, 0, '{}', '{}', FALSE FROM projects"
    )
    assert await place.db.read(lambda tx: collection.waiting(tx, 100)) == 1
    assert await place.db.read(lambda tx: collection.waiting(tx, 0)) == 0
