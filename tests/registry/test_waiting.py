"""Operations at once on PostgreSQL lock in one order: if two waited for one another, one would lose a second."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
import pytest

from contracts.databases import PostgresqlServer
from contracts.place import Place
from entrepot.db import blobs, manifests, tags
from entrepot.db.contract import Transaction
from entrepot.db.postgresql import PostgresqlDatabase
from entrepot.model.digest import Digest
from entrepot.model.errors import EntrepotError
from entrepot.model.reference import Tag
from entrepot.registry.artifacts import Artifacts
from entrepot.registry.rules import Rules
from entrepot.storage.memory import MemoryStorage


@pytest.fixture
async def place(postgresql_server: PostgresqlServer) -> AsyncIterator[Place]:
    name = postgresql_server.create(migrated=True)
    url = postgresql_server.url(name)
    made = Place(PostgresqlDatabase(url), MemoryStorage(), Rules())
    yield made
    await made.assert_whole()
    await made.db.close()
    # Each connection tells its figures when it ends.
    with psycopg.connect(url) as server:
        found = server.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert found == (0,)
    postgresql_server.drop(name)


def slowly(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step, begun so late that others come in between."""

    def late(*arguments: Any, **options: Any) -> Any:
        time.sleep(0.2)
        return step(*arguments, **options)

    return late


async def both(first: Awaitable[object], then: Awaitable[object]) -> None:
    async def alone(trial: Awaitable[object]) -> None:
        with contextlib.suppress(EntrepotError):
            await trial

    task = asyncio.create_task(alone(first))
    await asyncio.sleep(0.1)
    await asyncio.gather(task, alone(then))


async def test_a_push_of_a_manifest_and_its_deletion(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    body = await place.push_image(b"one", b"two", tag="latest")
    monkeypatch.setattr(manifests, "store", slowly(manifests.store))
    await both(place.put(body, "latest"), place.delete(body))


async def test_a_push_of_a_blob_and_its_deletion(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    await place.push(b"one")
    monkeypatch.setattr(blobs, "link", slowly(blobs.link))
    await both(place.push(b"one"), place.delete_blob(b"one"))


async def test_a_push_of_a_blob_and_its_collection(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    await place.push(b"one")
    await place.let_time_pass(2 * place.rules.lease)
    monkeypatch.setattr(blobs, "link", slowly(blobs.link))
    await both(place.push(b"one"), place.collect())
    assert await place.read(b"one") == b"one"


async def test_a_blob_that_is_mounted_while_collection_takes_it_away(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.push(b"one", "library/here")
    await place.let_time_pass(2 * place.rules.lease)
    await place.push(b"one", "library/there")  # Its lease is new, and that of the other link over.
    monkeypatch.setattr(blobs, "unlink", slowly(blobs.unlink))
    here, there = await place.grant("library/here"), await place.grant("library/there")
    await both(place.collector.round(), place.blobs.mount(here, there, Digest.of(b"one")))
    assert await place.read(b"one", "library/here") == b"one"


async def test_who_waited_does_not_cut_short_the_lease_of_who_came_later(place: Place) -> None:
    await place.push(b"one")
    repository_id = (await place.grant()).repository_id
    assert repository_id is not None
    blob_id = (await place.rows("SELECT id FROM blobs"))[0][0]
    waiting = 0.3

    def waited(tx: Transaction) -> None:
        assert tx.now
        time.sleep(waiting)
        assert blobs.renew_lease(tx, repository_id, blob_id, place.rules.lease)

    def at_once(tx: Transaction) -> int:
        assert blobs.renew_lease(tx, repository_id, blob_id, place.rules.lease)
        return tx.now

    late = asyncio.create_task(place.db.write(waited))
    await asyncio.sleep(waiting / 3)
    promised = await place.db.write(at_once) + place.rules.lease
    await late
    assert await place.rows("SELECT leased_until, review_after FROM repository_blobs") == [(promised, promised)]


async def test_a_tag_that_two_create_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [await place.push_image(b"one"), await place.push_image(b"two")]
    artifacts = Artifacts(place.db, place.manifests, place.blobs)
    grant = await place.grant()
    monkeypatch.setattr(manifests, "relist", slowly(manifests.relist))
    came = await asyncio.gather(
        *(artifacts.create_tag(grant, Digest.of(body), Tag("latest")) for body in bodies), return_exceptions=True
    )
    assert sorted(type(error).__name__ for error in came) == ["AlreadyExists", "NoneType"]
    named = (await place.manifests.get(grant, Tag("latest"))).digest
    assert named == Digest.of(bodies[came.index(None)])


async def test_a_tag_that_moves_while_it_is_deleted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    await place.push_image(b"one", tag="latest")
    body = await place.push_image(b"two")
    monkeypatch.setattr(manifests, "relist", slowly(manifests.relist))
    moving = asyncio.create_task(place.put(body, "latest"))
    await asyncio.sleep(0.1)
    await place.delete(Tag("latest"))  # It waits for the push, and then there is a tag to delete, if another one.
    await moving
    assert await place.tag_names() == []


async def test_tags_that_are_moved_crosswise(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [await place.push_image(b"one", tag="first"), await place.push_image(b"two", tag="second")]
    monkeypatch.setattr(tags, "move", slowly(tags.move))
    await both(place.put(bodies[0], "second"), place.put(bodies[1], "first"))
    assert await place.tag_names() == ["first", "second"]


async def _after(seconds: float, doing: Awaitable[object]) -> None:
    await asyncio.sleep(seconds)
    with contextlib.suppress(EntrepotError):
        await doing


@pytest.mark.parametrize("there", [True, False])
async def test_a_tag_that_moved_or_came_while_it_was_waited_for(
    place: Place, monkeypatch: pytest.MonkeyPatch, *, there: bool
) -> None:
    await place.push_image(b"old", tag="latest" if there else "other")
    bodies = [await place.push_image(b"one"), await place.push_image(b"two")]
    monkeypatch.setattr(tags, "move", slowly(tags.move))
    monkeypatch.setattr(tags, "delete_of_manifest", slowly(tags.delete_of_manifest))
    # The second waits for what the tag named, and finds that the tag names the first's, which is being deleted.
    await asyncio.gather(
        place.put(bodies[0], "latest"),
        _after(0.1, place.put(bodies[1], "latest")),
        _after(0.25, place.delete(bodies[0])),
    )
    assert (await place.manifests.get(await place.grant(), Tag("latest"))).digest == Digest.of(bodies[1])


async def test_a_tag_that_is_deleted_after_it_moved(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    await place.push_image(b"old", tag="latest")
    body = await place.push_image(b"one")
    monkeypatch.setattr(tags, "move", slowly(tags.move))
    monkeypatch.setattr(tags, "delete", slowly(tags.delete))
    monkeypatch.setattr(tags, "delete_of_manifest", slowly(tags.delete_of_manifest))
    await asyncio.gather(
        place.put(body, "latest"),
        _after(0.1, place.delete(Tag("latest"))),
        _after(0.25, place.delete(body)),
    )
    assert await place.tag_names() == []


async def test_a_push_that_names_a_tag_twice(place: Place) -> None:
    body = await place.push_image(b"one", tag="latest")
    other = await place.push_image(b"two")
    await place.manifests.put(await place.grant(), Tag("latest"), None, other, [Tag("latest")])
    assert body != other
    assert (await place.manifests.get(await place.grant(), Tag("latest"))).digest == Digest.of(other)


async def test_room_that_is_given_back_to_several_projects(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for layer, names in ((b"one", ("a/a", "b/b")), (b"two", ("b/b", "a/a"))):
        for name in names:  # So that each of two collectors would come to the projects in another order.
            await place.push(layer, name)
    await place.let_time_pass(2 * place.rules.lease)
    monkeypatch.setattr(blobs, "unlink", slowly(blobs.unlink))
    await asyncio.gather(place.collector.round(2), place.collector.round(2))
    assert await place.rows("SELECT used FROM quotas") == [(0,), (0,)]
