"""Uploads are told of while they run: across processes, and never in the way of an upload."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from contracts.place import Place
from entrepot.access.roles import EVERY_PERMISSION
from entrepot.db import arrivals as rows
from entrepot.db.arrivals import STALE, ArrivalRow
from entrepot.model.digest import Digest
from entrepot.model.errors import DatabaseFailed
from entrepot.model.grant import ProjectGrant
from entrepot.registry import arrivals
from entrepot.registry.arrivals import Arrivals
from entrepot.registry.uploads import Uploads


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "EVERY", 0.05)
    monkeypatch.setattr(arrivals, "IDLE", 0.3)


class Slow:
    """A body that goes on when it is told to."""

    def __init__(self) -> None:
        self.further = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"a" * 1000
        await self.further.wait()
        yield b"b" * 500


CONTENT = b"a" * 1000 + b"b" * 500


async def _seen(place: Place, count: int) -> list[ArrivalRow]:
    """What another process sees, once it is that many."""
    grant = ProjectGrant(
        principal=(await place.grant()).principal,
        project=await place.project("library"),
        permissions=EVERY_PERMISSION,
        roles=frozenset(),
    )
    async with asyncio.timeout(10):
        while len(found := await Arrivals(place.db).of_project(grant)) != count:
            await asyncio.sleep(0.02)
    there = await Arrivals(place.db).of_repository(await place.grant())
    assert [one.id for one in there] == [one.id for one in found]
    return found


async def _with_bytes(place: Place, received: int) -> ArrivalRow:
    """The one upload that is seen, once that many of its bytes are."""
    async with asyncio.timeout(10):
        while (seen := (await _seen(place, 1))[0]).received != received:
            await asyncio.sleep(0.02)
    return seen


async def test_an_upload_is_seen_while_it_runs_and_not_after(place: Place) -> None:
    body = Slow()
    grant = await place.grant()
    pushing = asyncio.create_task(place.uploads.put(grant, aiter(body), Digest.of(CONTENT), length=1500))
    seen = await _with_bytes(place, 1000)
    assert (seen.repository, seen.who, seen.expected) == ("library/hello", "ada", 1500)
    assert await place.db.read(rows.places) == ((grant.project.id, "library/hello", 1, 1000),)
    body.further.set()
    await pushing
    await _seen(place, 0)


async def test_a_session_of_several_requests_is_one_upload(place: Place) -> None:
    grant = await place.grant()
    upload = await place.uploads.start(grant)
    grant = await place.grant()
    first, second = Slow(), Slow()
    first.further.set()
    await place.uploads.append(grant, upload.id, aiter(first))
    assert (await _with_bytes(place, 1500)).expected is None
    pushing = asyncio.create_task(place.uploads.append(grant, upload.id, aiter(second)))
    await _with_bytes(place, 2500)
    second.further.set()
    await pushing
    await place.uploads.finish(grant, upload.id, None, Digest.of(CONTENT + CONTENT))
    await _seen(place, 0)


async def test_a_session_that_another_process_finishes_is_over_at_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "IDLE", 60)
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    body = Slow()
    body.further.set()
    await place.uploads.append(grant, upload.id, aiter(body))
    await _seen(place, 1)
    other = Uploads(place.db, place.storage, place.rules)
    await other.finish(grant, upload.id, None, Digest.of(CONTENT))
    await _seen(place, 0)


async def test_a_session_that_nobody_goes_on_with_is_not_seen_for_long(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    body = Slow()
    body.further.set()
    await place.uploads.append(await place.grant(), upload.id, aiter(body))
    await _seen(place, 1)
    await _seen(place, 0)


async def test_what_a_dead_process_left_is_not_seen_and_swept(place: Place) -> None:
    project = await place.project("library")
    row = ArrivalRow("x", project.id, "library/hello", "ada", 1, 10, None, 5)
    await place.db.write(lambda tx: rows.tell(tx, [row], ()))
    await _seen(place, 1)
    await place.db.write(lambda tx: tx.run("UPDATE arrivals SET told_at = ?", tx.now - STALE - 1))
    await _seen(place, 0)
    assert await place.db.read(rows.places) != ()
    await place.collector.round()
    assert await place.db.read(rows.places) == ()


async def test_an_upload_goes_on_while_nobody_can_be_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise DatabaseFailed("gone")

    monkeypatch.setattr(rows, "tell", fail)
    body = Slow()
    told = Arrivals(place.db)
    uploads = Uploads(place.db, place.storage, place.rules, told)
    pushing = asyncio.create_task(uploads.put(await place.grant(), aiter(body), Digest.of(CONTENT)))
    await asyncio.sleep(0.3)
    body.further.set()
    assert (await pushing).size == 1500
    await told.close()
