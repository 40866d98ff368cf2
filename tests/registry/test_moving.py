"""Large repositories vanish and come back at once, though what they hold is moved some artifacts at a time."""

import asyncio
from typing import Any

import pytest

from contracts.place import DAY, Place, image, index, principal
from entrepot.access.local import shell_project_grant
from entrepot.db import artifact_lists, moving, project_contents, quotas, repository_use
from entrepot.db.contract import Transaction
from entrepot.model.digest import Digest
from entrepot.model.errors import Conflict, ManifestUnknown, RepositoryUnknown
from entrepot.model.grant import TrashGrant
from entrepot.model.query import ListQuery
from entrepot.model.reference import Tag
from entrepot.registry import moving as moves
from entrepot.registry.moving import Moves
from entrepot.registry.repositories import Repositories
from entrepot.registry.restorations import Restored, Wish
from registry.test_restored import entries, whole

HELLO = "library/hello"
EVERYTHING = (
    "SELECT id, repository_id, digest, media_type, listed, deleted_at, trash_id FROM manifests ORDER BY id",
    "SELECT id, repository_id, name, manifest_id, updated_at, pulled_at FROM tags ORDER BY id",
    "SELECT manifest_id, repository_id, blob_id FROM manifest_blobs ORDER BY manifest_id, blob_id",
    "SELECT parent_id, repository_id, digest FROM manifest_children ORDER BY parent_id, digest",
    "SELECT id, live, moving, description FROM repositories ORDER BY id",
    "SELECT project_id, used FROM quotas ORDER BY project_id",
)


@pytest.fixture
async def kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Where deletions can be undone, and a repository of more than three artifacts is a large one."""
    monkeypatch.setattr(moves, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(moves, "SOME", 2)
    return place.ruled(trash=7 * DAY)


async def _fill(place: Place, name: str = HELLO) -> list[bytes]:
    """Five images, with a layer that all share, two of them parts of an index, and all tagged but the parts."""
    bodies = [await place.push_image(b"shared", bytes([number]), name=name) for number in range(5)]
    for number, body in enumerate(bodies[2:]):
        await place.put(body, f"v{number}", name)
    together = index(*bodies[:2])
    await place.put(together, "all", name, ["latest"])
    await place.run("UPDATE repositories SET description = 'greets', pull_count = 5 WHERE name = ?", name)
    return [*bodies, together]


async def _delete(place: Place, name: str = HELLO) -> None:
    await Repositories(place.db, place.rules).delete(await place.grant(name))


async def _restore(place: Place, **wish: Any) -> Restored:
    (entry,) = await entries(place)
    return await place.trash.restore(TrashGrant(principal=principal("ada"), trash_id=entry.id), Wish(**wish))


async def _state(place: Place) -> list[list[tuple[Any, ...]]]:
    return [await place.rows(question) for question in EVERYTHING]


class Stopped(BaseException):
    """The process dies here."""


def _die_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """Whoever moves something dies after so many steps, each committed."""
    done, step = 0, Moves._step

    def count(self: Moves, tx: Transaction, trash_id: int | None) -> bool:
        nonlocal done
        if done == steps:
            raise Stopped
        done += 1
        return step(self, tx, trash_id)

    monkeypatch.setattr(Moves, "_step", count)


async def _nothing_is_shown(place: Place, bodies: list[bytes]) -> None:
    grant = await place.grant()
    assert await place.names() == []
    for reference in (Tag("latest"), *map(Digest.of, bodies)):
        with pytest.raises(ManifestUnknown):
            await place.manifests.get(grant, reference)
    project = await shell_project_grant(place.db, "library")
    query = ListQuery(page=1, page_size=10)
    assert await Repositories(place.db, place.rules).list_of_project(project, query) == ([], 0)
    assert await place.db.read(lambda tx: artifact_lists.page_of_project(tx, project.project.id, query)) == ([], 0)
    counts, _ = await place.db.read(lambda tx: project_contents.counted(tx, project.project.id))
    assert (counts["repositories"], counts["artifacts"], counts["tags"]) == (0, 0, 0)
    with pytest.raises(RepositoryUnknown):
        await _delete(place)


async def _quota_is_exact(place: Place) -> None:
    for project in place.projects.values():
        quota = await place.db.read(lambda tx, project=project: quotas.of_project(tx, project.id))
        assert quota is not None
        assert quota.used == await place.db.read(lambda tx, project=project: quotas.recomputed(tx, project.id))
    assert await place.db.read(repository_use.miscounted) == []


async def test_a_large_repository_goes_and_comes_back_as_it_was(kept: Place) -> None:
    bodies = await _fill(kept)
    before = await _state(kept)
    await _delete(kept)
    await _nothing_is_shown(kept, bodies)
    assert await kept.rows("SELECT count(*) FROM manifests WHERE trash_id IS NULL") == [(0,)]
    (entry,) = await entries(kept)
    held = await kept.rows(
        "SELECT (SELECT SUM(size) FROM blobs) + (SELECT SUM(length(body)) FROM manifests WHERE trash_id IS NOT NULL)"
    )
    assert (entry.size, entry.moving, entry.contents) == (int(held[0][0]), None, {"artifacts": 6, "tags": 5})
    restored = await _restore(kept)
    assert (restored.artifacts, restored.tags, restored.name) == (6, 5, HELLO)
    assert await _state(kept) == before
    assert await entries(kept) == []
    names = [name for name, _ in await kept.events()]
    assert names[-2:] == ["repository:deleted", "repository:restored"]
    moves = await kept.rows("SELECT tag, kind FROM tag_moves WHERE kind <> 'moved' ORDER BY tag, id")
    assert moves == [(tag, kind) for tag in ("all", "latest", "v0", "v1", "v2") for kind in ("deleted", "restored")]
    await whole(kept)


@pytest.mark.parametrize("steps", [0, 1, 2])
async def test_what_a_dead_process_left_is_done_by_the_collector(
    kept: Place, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = await _fill(kept)
    before = await _state(kept)
    with monkeypatch.context() as dying:
        _die_after(dying, steps)
        with pytest.raises(Stopped):
            await _delete(kept)
    await _nothing_is_shown(kept, bodies)
    await _quota_is_exact(kept)
    with pytest.raises(Conflict, match="try again"):
        await kept.put(bodies[0], "latest")
    with pytest.raises(Conflict, match="try again"):
        await kept.push(b"new")
    with pytest.raises(Conflict, match="try again"):
        await _restore(kept)
    await kept.collect()
    assert await kept.rows("SELECT count(*) FROM manifests WHERE trash_id IS NULL") == [(0,)]
    with monkeypatch.context() as dying:
        _die_after(dying, steps)
        with pytest.raises(Stopped):
            await _restore(kept)
    await _nothing_is_shown(kept, bodies)
    await _quota_is_exact(kept)
    (entry,) = await entries(kept)
    grant = TrashGrant(principal=principal("ada"), trash_id=entry.id)
    with pytest.raises(Conflict, match="try again"):
        await kept.trash.purge(grant)
    await kept.let_time_pass(8 * DAY)  # What is being restored does not go meanwhile.
    await kept.run("UPDATE manifests SET deleted_at = deleted_at + ?", 8 * DAY)
    await kept.run("UPDATE tag_moves SET at = at + ?", 8 * DAY)
    await kept.collect()
    assert await _state(kept) == before
    await whole(kept)


async def test_under_another_name_it_leaves_what_was_pushed_since(kept: Place) -> None:
    bodies = await _fill(kept)
    await _delete(kept)
    await kept.push_image(b"since", tag="latest")
    restored = await _restore(kept, name="library/again")
    assert (restored.artifacts, restored.repository) == (6, "library/again")
    assert sorted(await kept.tag_names("library/again")) == ["all", "latest", "v0", "v1", "v2"]
    assert await kept.tag_names() == ["latest"]
    found = await kept.manifests.get(await kept.grant("library/again"), Tag("all"))
    assert found.body == bodies[-1]
    await kept.let_time_pass(30 * DAY)
    await kept.collect()
    assert await kept.read(b"shared", "library/again") == b"shared"
    await whole(kept)


async def test_what_is_on_its_way_to_another_name_cannot_be_pushed_back(
    kept: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = await _fill(kept)
    await _delete(kept)
    await kept.push_image(b"since", tag="latest")
    with monkeypatch.context() as dying:
        _die_after(dying, 1)
        with pytest.raises(Stopped):
            await _restore(kept, name="library/again")
    assert await kept.names() == [HELLO]
    refused = 0
    for number, body in enumerate(bodies[:-1]):
        for content in (b"shared", bytes([number])):
            await kept.push(content)
        try:
            await kept.put(body)
        except Conflict:
            refused += 1
    assert 0 < refused < 5
    await kept.collect()
    assert (
        len(
            await kept.rows(
                "SELECT 1 FROM tags t JOIN repositories r ON r.id = t.repository_id WHERE r.name = 'library/again'"
            )
        )
        == 5
    )
    await whole(kept)


async def test_an_index_whose_part_is_gone_keeps_all_of_it_in_the_trash(kept: Place) -> None:
    bodies = await _fill(kept)
    await _delete(kept)
    await kept.put(bodies[0])  # A part comes back alone, and goes for good.
    await kept.delete(bodies[0])
    (of_part, of_repository) = await entries(kept)
    await kept.trash.purge(TrashGrant(principal=principal("ada"), trash_id=of_part.id))
    with pytest.raises(Conflict, match="push it, then restore the index"):
        await _restore(kept)
    assert await kept.names() == []
    assert [entry.id for entry in await entries(kept)] == [of_repository.id]
    await kept.put(bodies[0])
    assert (await _restore(kept, merge=True)).artifacts == 5
    await whole(kept)


async def test_what_cannot_be_restored_after_all_goes_back_as_a_whole(
    kept: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = await _fill(kept)
    await _delete(kept)
    before = await _state(kept)

    def forgotten(*_: object, **__: object) -> None:
        """As if all parts were there when it began."""

    await kept.put(bodies[0])
    await kept.delete(bodies[0])
    of_part = (await entries(kept))[0]
    await kept.trash.purge(TrashGrant(principal=principal("ada"), trash_id=of_part.id))
    await kept.collect()
    before = await _state(kept)
    monkeypatch.setattr(moving, "lacking_part", forgotten)
    with pytest.raises(Conflict, match="push it, then restore the index"):
        await _restore(kept)
    after = await _state(kept)
    assert after[1:] == before[1:]
    (entry,) = await entries(kept)
    assert (entry.moving, await kept.rows("SELECT count(*) FROM manifests WHERE trash_id = ?", entry.id)) == (
        None,
        [(5,)],
    )
    assert await kept.names() == []
    await whole(kept)


async def test_without_a_window_it_goes_for_good(kept: Place) -> None:
    at_once = kept.ruled(trash=0)
    bodies = await _fill(at_once)
    await _delete(at_once)
    await _nothing_is_shown(at_once, bodies)
    assert await entries(at_once) == []
    await at_once.collect()
    for table in ("manifests", "tags", "trash", "trash_tags"):
        assert await at_once.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    await whole(at_once)


async def test_two_who_delete_it_and_one_who_pushes_at_once(kept: Place) -> None:
    bodies = await _fill(kept)
    pushed = image(b"{}", b"late")
    for content in (b"{}", b"late"):
        await kept.push(content)
    outcomes = await asyncio.gather(_delete(kept), _delete(kept), kept.put(pushed, "late"), return_exceptions=True)
    assert outcomes[:2].count(None) == 1, outcomes
    assert {type(one) for one in outcomes if isinstance(one, BaseException)} <= {RepositoryUnknown, Conflict}
    live = await kept.rows("SELECT digest FROM manifests WHERE deleted_at IS NULL")
    assert len(live) <= 1
    assert await kept.names() == ([HELLO] if live else [])
    assert len(bodies) == 6
    await whole(kept)
