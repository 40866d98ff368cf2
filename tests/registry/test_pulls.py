"""Pulls are counted, in batches, and never stand in a pull's way."""

import asyncio
from typing import Any

import pytest

from contracts.place import Place
from entrepot.db import configuration
from entrepot.db.contract import Database
from entrepot.model.digest import Digest
from entrepot.model.errors import DatabaseFailed
from entrepot.model.reference import Tag
from entrepot.registry.pulls import Pull, Pulls


async def _seen(place: Place) -> tuple[int, bool, bool]:
    """How often the repository was pulled, and whether its manifest and its tag ever were."""
    [row] = await place.rows(
        "SELECT r.pull_count, m.pulled_at IS NOT NULL, t.pulled_at IS NOT NULL FROM repositories r"
        " JOIN manifests m ON m.repository_id = r.id JOIN tags t ON t.manifest_id = m.id"
    )
    return row[0], bool(row[1]), bool(row[2])


async def test_a_pull_counts_a_look_does_not(place: Place) -> None:
    pulls = place.manifests._pulls
    body = await place.push_image(b"x", tag="latest")
    grant = await place.grant()
    await place.manifests.get(grant, Tag("latest"))
    await pulls.close()
    assert await _seen(place) == (0, False, False)
    for _ in range(3):
        await place.manifests.get(grant, Digest.of(body), pull=True)
    await pulls.close()
    assert await _seen(place) == (3, True, False)
    await place.manifests.get(grant, Tag("latest"), pull=True)
    await pulls.close()
    assert await _seen(place) == (4, True, True)


async def test_what_waits_is_written_without_being_asked(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.registry.pulls.WRITE_AFTER", 0.01)
    await place.push_image(b"x", tag="latest")
    for count in (1, 2):
        await place.manifests.get(await place.grant(), Tag("latest"), pull=True)
        for _ in range(100):
            if (await _seen(place))[0] == count:
                break
            await asyncio.sleep(0.02)
        assert (await _seen(place))[0] == count
    await place.manifests._pulls.close()


class Failing:
    """A database that cannot be written to until it is told so."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.failing = True

    async def write(self, change: Any, *, durable: bool = True) -> Any:
        if self.failing:
            raise DatabaseFailed("gone")
        return await self._database.write(change, durable=durable)

    write_along = write


async def test_counts_outlive_a_database_that_is_away(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.registry.pulls.WRITE_AFTER", 0.01)
    body = await place.push_image(b"x", tag="latest")
    [(manifest_id,)] = await place.rows("SELECT id FROM manifests")
    grant, digest = await place.grant(), Digest.of(body)
    away = Failing(place.db)
    pulls = Pulls(away)  # type: ignore[arg-type]
    for _ in range(5):
        pulls.note(Pull(grant, manifest_id, digest, "latest"))
        await asyncio.sleep(0.02)
    assert (await _seen(place))[0] == 0
    away.failing = False
    pulls.note(Pull(grant, manifest_id, digest, None))
    await pulls.close()
    assert await _seen(place) == (6, True, True)


async def test_what_is_gone_meanwhile_is_passed_over(place: Place) -> None:
    body = await place.push_image(b"x", tag="latest")
    await place.manifests.get(await place.grant(), Tag("latest"), pull=True)
    await place.delete(body)
    await place.manifests._pulls.close()
    assert await place.rows("SELECT pull_count FROM repositories") == [(1,)]


async def test_what_is_remembered_is_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.registry.pulls.MOST_WAITING", 10)
    digest = Digest.of(await place.push_image(b"x"))
    grant = await place.grant()
    away = Failing(place.db)
    pulls = Pulls(away)  # type: ignore[arg-type]
    for number in range(100):
        pulls.note(Pull(grant, number, digest, "x"))
    assert len(pulls._manifests) == len(pulls._events) == 10
    await pulls.close()


async def _set(place: Place, **settings: bool) -> None:
    await place.db.write(lambda tx: configuration.put(tx, settings))


async def _pull(place: Place, reference: Digest | Tag) -> None:
    await place.manifests.get(await place.grant(), reference, pull=True)
    await place.manifests._pulls.close()


async def test_pulls_are_events_once_that_is_asked_for_and_no_longer(place: Place) -> None:
    digest = Digest.of(await place.push_image(b"x", tag="latest"))
    await _pull(place, digest)
    assert "artifact:pulled" not in [name for name, _ in await place.events()]
    await _set(place, pull_audit_log_disable=False)
    await _pull(place, digest)  # Not known yet in this process: the batch that follows learns it.
    before = len(await place.events())
    await _pull(place, Tag("latest"))
    await _pull(place, digest)
    told = (await place.events())[before:]
    assert told == [
        ("artifact:pulled", {"digest": str(digest), "tag": "latest"}),
        ("artifact:pulled", {"digest": str(digest), "tag": None}),
    ]
    rows = await place.rows("SELECT actor, repository, resource FROM events ORDER BY id DESC LIMIT 1")
    assert rows == [((await place.grant()).principal.name, "library/hello", f"library/hello@{digest}")]
    await _set(place, pull_audit_log_disable=True)
    await _pull(place, digest)
    await _pull(place, digest)
    assert len(await place.events()) == before + 2


async def test_counts_and_times_can_be_switched_off(place: Place) -> None:
    digest = Digest.of(await place.push_image(b"x", tag="latest"))
    await _set(place, pull_count_update_disable=True)
    await _pull(place, digest)
    assert await _seen(place) == (0, True, False)
    await _set(place, pull_count_update_disable=False, pull_time_update_disable=True)
    await _pull(place, Tag("latest"))
    assert await _seen(place) == (1, True, False)
