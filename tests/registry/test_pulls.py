"""Pulls are counted, in batches, and never stand in a pull's way."""

import asyncio
from typing import Any

import pytest

from contracts.place import Place
from entrepot.db.contract import Database
from entrepot.model.digest import Digest
from entrepot.model.errors import DatabaseFailed
from entrepot.model.reference import Tag
from entrepot.registry.pulls import Pulls


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

    async def write(self, change: Any) -> Any:
        if self.failing:
            raise DatabaseFailed("gone")
        return await self._database.write(change)


async def test_counts_outlive_a_database_that_is_away(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.registry.pulls.WRITE_AFTER", 0.01)
    body = await place.push_image(b"x", tag="latest")
    [(repository_id, manifest_id)] = await place.rows("SELECT repository_id, id FROM manifests")
    away = Failing(place.db)
    pulls = Pulls(away)  # type: ignore[arg-type]
    for _ in range(5):
        pulls.note(repository_id, manifest_id, "latest")
        await asyncio.sleep(0.02)
    assert (await _seen(place))[0] == 0
    away.failing = False
    pulls.note(repository_id, manifest_id, None)
    await pulls.close()
    assert await _seen(place) == (6, True, True)
    assert body


async def test_what_is_gone_meanwhile_is_passed_over(place: Place) -> None:
    body = await place.push_image(b"x", tag="latest")
    await place.manifests.get(await place.grant(), Tag("latest"), pull=True)
    await place.delete(body)
    await place.manifests._pulls.close()
    assert await place.rows("SELECT pull_count FROM repositories") == [(1,)]


async def test_what_is_remembered_is_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.registry.pulls.MOST_WAITING", 10)
    away = Failing(place.db)
    pulls = Pulls(away)  # type: ignore[arg-type]
    for number in range(100):
        pulls.note(1, number, "x")
    assert len(pulls._manifests) == 10
    await pulls.close()
