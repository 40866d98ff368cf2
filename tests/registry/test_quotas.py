"""A project holds no more than it may; what it holds is counted once, in the transaction that holds it."""

import asyncio
import json

import pytest

from contracts.place import DAY, Place, image
from entrepot.db import quotas, repository_use
from entrepot.model.digest import Digest
from entrepot.model.errors import Denied, QuotaExceeded


async def _used(place: Place, name: str = "library") -> int:
    project = await place.project(name)
    quota = await place.db.read(lambda tx: quotas.of_project(tx, project.id))
    assert quota is not None
    assert quota.used == await place.db.read(lambda tx: quotas.recomputed(tx, project.id))
    assert await place.db.read(repository_use.miscounted) == []
    return quota.used


async def _limit(place: Place, hard: int, name: str = "library") -> None:
    project = await place.project(name)
    assert await place.run("UPDATE quotas SET hard = ? WHERE project_id = ?", hard, project.id) == 1


async def test_a_blob_counts_once_in_a_project_and_once_in_each(place: Place) -> None:
    await place.push(b"x" * 100, "library/a")
    await place.push(b"x" * 100, "library/a")
    await place.push(b"x" * 100, "library/b")
    assert await _used(place) == 100
    await place.push(b"x" * 100, "other/c")
    assert await _used(place, "other") == 100
    await place.delete_blob(b"x" * 100, "library/a")
    assert await _used(place) == 100
    await place.delete_blob(b"x" * 100, "library/b")
    assert await _used(place) == 0
    assert await _used(place, "other") == 100


async def test_a_wrong_sum_of_holders_stops_neither_a_push_nor_collection(place: Place) -> None:
    await place.push(b"x" * 100, "library/a")
    # As a program leaves it that does not know of the column, if it was not stopped before the upgrade.
    await place.run("UPDATE project_blobs SET holders = 0")
    await place.push(b"x" * 100, "library/b")
    await place.delete_blob(b"x" * 100, "library/a")
    await place.let_time_pass(30 * DAY)
    await place.collect()
    project = await place.project("library")
    quota = await place.db.read(lambda tx: quotas.of_project(tx, project.id))
    assert quota is not None
    assert quota.used == await place.db.read(lambda tx: quotas.recomputed(tx, project.id)) == 0


async def test_what_is_in_the_trash_counts_until_it_is_let_go(place: Place) -> None:
    place = place.ruled(trash=7 * DAY)
    body = await place.push_image(b"x" * 100, tag="latest")
    full = await _used(place)
    assert full > 100 + len(body)
    await place.delete(body)
    assert await _used(place) == full
    await place.let_time_pass(30 * DAY)
    await place.collect()
    assert await _used(place) == 0


async def test_to_the_byte(place: Place) -> None:
    await place.push(b"x" * 60)
    await _limit(place, 100)
    with pytest.raises(QuotaExceeded, match="no room for 41 more"):
        await place.push(b"y" * 41)
    await place.push(b"y" * 40)
    assert await _used(place) == 100
    # What is there already takes no more room, nor does what is mounted from another repository of the project.
    await place.push(b"x" * 60, "library/other")
    mounted = await place.blobs.mount(await place.grant("library/third"), None, Digest.of(b"y" * 40))
    assert mounted is not None
    assert await _used(place) == 100
    with pytest.raises(Denied):
        await place.put(image(b"x" * 60, b"y" * 40))
    assert await place.rows("SELECT 1 FROM manifests") == []


async def test_a_refused_push_leaves_nothing(place: Place) -> None:
    await _limit(place, 10)
    with pytest.raises(QuotaExceeded):
        await place.push(b"x" * 11)
    assert await place.rows("SELECT 1 FROM blobs") == []
    assert await place.rows("SELECT 1 FROM repository_blobs") == []
    await place.let_time_pass(DAY)
    await place.collect()
    assert [key async for key in place.storage.keys()] == []  # noqa: SIM118


async def test_a_mount_from_another_project_is_counted(place: Place) -> None:
    await place.push(b"x" * 50, "other/c")
    await _limit(place, 49)
    with pytest.raises(QuotaExceeded):
        await place.blobs.mount(await place.grant(), await place.grant("other/c"), Digest.of(b"x" * 50))
    await _limit(place, 50)
    assert await place.blobs.mount(await place.grant(), await place.grant("other/c"), Digest.of(b"x" * 50)) is not None


async def test_pushes_at_once_never_hold_more_than_may_be(place: Place) -> None:
    await _limit(place, 500)
    outcomes = await asyncio.gather(
        *(place.push(bytes([number]) * 100, f"library/{number % 3}") for number in range(12)), return_exceptions=True
    )
    assert sum(isinstance(outcome, QuotaExceeded) for outcome in outcomes) == 7
    assert await _used(place) == 500


async def test_a_refusal_is_told_once_however_often_it_is_tried_again(place: Place) -> None:
    told = "SELECT name, actor, resource, succeeded, detail FROM events WHERE name = 'push:refused' ORDER BY id"
    await _limit(place, 10)
    for _ in range(5):
        with pytest.raises(QuotaExceeded):
            await place.push(b"x" * 11)
    [(_, actor, resource, succeeded, detail)] = await place.rows(told)
    assert (actor, resource, bool(succeeded)) == ((await place.grant()).principal.name, "library/hello", False)
    assert json.loads(detail) == {"bytes": 11, "limit": 10, "used": 0}
    with pytest.raises(QuotaExceeded):
        await place.push(b"x" * 11, "library/other")
    await place.run("UPDATE events SET at = at - 600000001")
    with pytest.raises(QuotaExceeded):
        await place.push(b"x" * 12)
    assert [row[2] for row in await place.rows(told)] == ["library/hello", "library/other", "library/hello"]


async def test_refusals_at_once_are_told_once(place: Place) -> None:
    await _limit(place, 10)
    refused = await asyncio.gather(*(place.push(bytes([n]) * 11) for n in range(8)), return_exceptions=True)
    assert all(isinstance(one, QuotaExceeded) for one in refused)
    assert len(await place.rows("SELECT 1 FROM events WHERE name = 'push:refused'")) == 1


async def test_a_mount_and_a_manifest_that_are_refused_are_told(place: Place) -> None:
    await place.push(b"x" * 50, "other/c")
    await _limit(place, 49)
    with pytest.raises(QuotaExceeded):
        await place.blobs.mount(await place.grant(), await place.grant("other/c"), Digest.of(b"x" * 50))
    await _limit(place, 50)
    await place.push(b"x" * 50, "library/manifest")
    with pytest.raises(QuotaExceeded):
        await place.put(image(b"x" * 50, b"x" * 50), name="library/manifest")
    told = await place.rows("SELECT resource FROM events WHERE name = 'push:refused' ORDER BY id")
    assert [row[0] for row in told] == ["library/hello", "library/manifest"]
