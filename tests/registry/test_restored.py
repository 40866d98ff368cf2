"""What was deleted comes back as it was, for as long as its project says; and what cannot is explained."""

from typing import Any

import pytest

from contracts.place import DAY, Place, image, index, principal, subject
from entrepot.db import quotas, repository_use, trash
from entrepot.db.trash import Entry
from entrepot.model.digest import Digest
from entrepot.model.errors import (
    Conflict,
    InUse,
    ManifestReferencesUnknown,
    ManifestUnknown,
    NameTaken,
    RecordUnknown,
    RepositoryUnknown,
)
from entrepot.model.grant import TrashGrant
from entrepot.model.query import ListQuery
from entrepot.model.reference import Tag
from entrepot.registry.artifacts import Artifacts
from entrepot.registry.repositories import Repositories
from entrepot.registry.restorations import Restored, Wish


@pytest.fixture
async def kept(place: Place) -> Place:
    """Where deletions can be undone for a week."""
    return place.ruled(trash=7 * DAY)


async def entries(place: Place) -> list[Entry]:
    """What can be restored, the newest first."""
    found, total = await place.db.read(lambda tx: trash.page(tx, ListQuery(page_size=0), [], []))
    assert len(found) == total
    return found


async def restore(place: Place, entry: Entry | None = None, **wish: Any) -> Restored:
    """Restores the deletion, or the newest one."""
    found = entry or (await entries(place))[0]
    grant = TrashGrant(principal=principal("ada"), trash_id=found.id)
    restored = await place.trash.restore(grant, Wish(**wish))
    await whole(place)
    return restored


async def whole(place: Place) -> None:
    """Nothing is half there, and every quota counts what its project holds."""
    await place.assert_whole()
    for project in place.projects.values():
        quota = await place.db.read(lambda tx, project=project: quotas.of_project(tx, project.id))
        assert quota is not None
        assert quota.used == await place.db.read(lambda tx, project=project: quotas.recomputed(tx, project.id))
    assert await place.db.read(repository_use.miscounted) == []


async def tags_with_times(place: Place) -> list[tuple[Any, ...]]:
    return await place.rows("SELECT id, name, manifest_id, updated_at, pulled_at FROM tags ORDER BY name")


async def delete_artifact(place: Place, body: bytes) -> None:
    artifacts = Artifacts(place.db, place.manifests, place.blobs)
    await artifacts.delete(await place.grant(), Digest.of(body))


async def delete_repository(place: Place, name: str = "library/hello") -> None:
    await Repositories(place.db, place.rules).delete(await place.grant(name))


async def test_a_tag_comes_back_with_its_times(kept: Place) -> None:
    await kept.push_image(b"one", tag="latest")
    await kept.run("UPDATE tags SET pulled_at = 17")
    before = await tags_with_times(kept)
    await kept.delete(Tag("latest"))
    (entry,) = await entries(kept)
    assert (entry.kind, entry.name, entry.size, entry.contents) == ("tag", "latest", 0, {"tags": 1})
    assert await kept.tag_names() == []
    assert (await restore(kept)).name == "latest"
    assert await tags_with_times(kept) == before
    assert await entries(kept) == []
    assert [name for name, _ in await kept.events()][-2:] == ["tag:deleted", "tag:restored"]


async def test_an_artifact_comes_back_with_its_tags_its_labels_and_what_belonged_to_it(kept: Place) -> None:
    body = await kept.push_image(b"one", tag="latest")
    await kept.put(body, "v1")
    signature = await kept.push_image(b"signature", subject=subject(body))
    note = await kept.push_image(b"note", subject=subject(signature))
    await kept.run("INSERT INTO labels VALUES (7, NULL, 'good', '', '', 0, 0)")
    await kept.run("INSERT INTO artifact_labels SELECT id, 7 FROM manifests WHERE digest = ?", Digest.of(body).packed)
    await kept.run("UPDATE manifests SET pulled_at = 23")
    everything = "SELECT * FROM manifests ORDER BY id", "SELECT * FROM artifact_labels"
    before = [await kept.rows(question) for question in everything], await tags_with_times(kept)
    await delete_artifact(kept, body)
    for gone in (body, signature, note):
        with pytest.raises(ManifestUnknown):
            await kept.manifests.get(await kept.grant(), Digest.of(gone))
    assert await kept.names() == []
    (entry,) = await entries(kept)
    assert entry.contents == {"artifacts": 3, "tags": 2, "accessories": 2}
    await kept.let_time_pass(6 * DAY)
    await kept.collect()
    await restore(kept)
    after = [await kept.rows(question) for question in everything], await tags_with_times(kept)
    assert after == before
    assert await kept.referrers(body) == [str(Digest.of(signature))]
    assert [await kept.read(layer) for layer in (b"one", b"signature", b"note")] == [b"one", b"signature", b"note"]
    assert await kept.names() == ["library/hello"]


async def test_its_time_is_over_after_the_window(kept: Place) -> None:
    body = await kept.push_image(b"one", tag="latest")
    await kept.delete(Tag("latest"))
    await kept.delete(body)
    assert len(await entries(kept)) == 2
    found = (await entries(kept))[0]
    await kept.let_time_pass(8 * DAY)
    await kept.collect()
    assert await entries(kept) == []
    with pytest.raises(RecordUnknown):
        await restore(kept, found)
    for table in ("trash", "trash_tags", "manifests", "tags"):
        assert await kept.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert [name for name, _ in await kept.events()].count("trash:purged") == 2


async def test_a_project_has_a_window_of_its_own(kept: Place) -> None:
    project = await kept.project("library")
    await kept.db.write(lambda tx: trash.set_window(tx, project.id, 0))
    body = await kept.push_image(b"one", tag="latest")
    await kept.delete(body)
    assert await entries(kept) == []
    assert await kept.rows("SELECT count(*) FROM manifests") == [(0,)]
    await kept.db.write(lambda tx: trash.set_window(tx, project.id, 30 * DAY))
    await kept.put(body, "latest")
    await kept.delete(body)
    await kept.let_time_pass(20 * DAY)
    await kept.collect()
    await restore(kept)
    assert await kept.tag_names() == ["latest"]


async def test_what_was_purged_is_gone_for_good(kept: Place) -> None:
    body = await kept.push_image(b"one", tag="latest")
    await kept.delete(body)
    (entry,) = await entries(kept)
    grant = TrashGrant(principal=principal("ada"), trash_id=entry.id)
    await kept.trash.purge(grant)
    for again in (kept.trash.purge(grant), kept.trash.restore(grant, Wish()), kept.trash.get(grant)):
        with pytest.raises(RecordUnknown):
            await again
    await kept.let_time_pass(2 * DAY)
    await kept.collect()
    await kept.let_time_pass(2 * DAY)
    await kept.collect()
    assert await kept.stored() == set()
    assert [name for name, _ in await kept.events()].count("trash:purged") == 1


async def test_a_tag_whose_name_is_taken_is_explained_and_comes_back_under_another(kept: Place) -> None:
    first = await kept.push_image(b"one", tag="latest")
    await kept.delete(first)
    second = await kept.push_image(b"two", tag="latest")
    with pytest.raises(NameTaken, match="latest-restored") as taken:
        await restore(kept)
    assert taken.value.free == "latest-restored"
    assert len(await entries(kept)) == 1
    with pytest.raises(ManifestUnknown):
        await kept.manifests.get(await kept.grant(), Digest.of(first))
    restored = await restore(kept, rename_tags=True)
    assert restored.renamed == {"latest": "latest-restored"}
    for tag, body in (("latest", second), ("latest-restored", first)):
        assert (await kept.manifests.get(await kept.grant(), Tag(tag))).body == body
    await kept.delete(Tag("latest-restored"))
    await restore(kept, name="again")
    assert await kept.tag_names() == ["again", "latest"]


async def test_a_tag_that_names_the_same_again_is_no_conflict(kept: Place) -> None:
    body = await kept.push_image(b"one", tag="latest")
    await kept.delete(Tag("latest"))
    await kept.put(body, "latest")
    await restore(kept)
    assert await kept.tag_names() == ["latest"]
    assert await entries(kept) == []


async def test_a_tag_brings_back_what_it_named(kept: Place) -> None:
    body = await kept.push_image(b"one", tag="latest")
    await kept.delete(Tag("latest"))
    await kept.delete(body)
    by_tag = (await entries(kept))[1]
    await restore(kept, by_tag)
    assert (await kept.manifests.get(await kept.grant(), Tag("latest"))).body == body
    # The artifact's own deletion had nothing else in it.
    assert await entries(kept) == []


async def test_an_index_brings_back_its_children_wherever_they_are(kept: Place) -> None:
    one, two = await kept.push_image(b"one", tag="one"), await kept.push_image(b"two")
    parent = index(one, two)
    await kept.put(parent, "both")
    for body in (parent, one, two):
        await kept.delete(body)
    of_index = next(entry for entry in await entries(kept) if entry.digest == Digest.of(parent))
    await restore(kept, of_index)
    for body in (parent, one, two):
        assert (await kept.manifests.get(await kept.grant(), Digest.of(body))).body == body
    with pytest.raises(InUse):
        await kept.delete(one)
    # The tag of a child waits for itself.
    assert [(entry.name, entry.contents["tags"]) for entry in await entries(kept)] == [(str(Digest.of(one)), 1)]
    await restore(kept)
    assert await kept.tag_names() == ["both", "one"]


async def test_a_child_comes_back_without_its_index_which_stays_in_the_trash(kept: Place) -> None:
    child = await kept.push_image(b"one")
    parent = index(child)
    await kept.put(parent, "latest")
    await kept.delete(parent)
    await kept.delete(child)
    await restore(kept)
    assert (await kept.manifests.get(await kept.grant(), Digest.of(child))).body == child
    with pytest.raises(ManifestUnknown):
        await kept.manifests.get(await kept.grant(), Digest.of(parent))
    await restore(kept)
    with pytest.raises(InUse):
        await kept.delete(child)


async def test_an_index_whose_child_is_gone_for_good_is_not_restored(kept: Place) -> None:
    child = await kept.push_image(b"one")
    parent = index(child)
    await kept.put(parent, "latest")
    await kept.delete(parent)
    await kept.ruled(trash=0).delete(child)
    with pytest.raises(Conflict, match=str(Digest.of(child))):
        await restore(kept)
    await kept.push_image(b"one")
    await restore(kept)
    assert await kept.tag_names() == ["latest"]


async def test_pushing_it_again_leaves_its_tags_and_signatures_to_be_restored(kept: Place) -> None:
    body = await kept.push_image(b"one", tag="old")
    signature = await kept.push_image(b"signature", subject=subject(body))
    await delete_artifact(kept, body)
    await kept.put(body, "new")
    assert await kept.tag_names() == ["new"]
    assert await kept.referrers(body) == []
    restored = await restore(kept)
    assert (restored.artifacts, restored.tags) == (1, 1)
    assert await kept.tag_names() == ["new", "old"]
    assert await kept.referrers(body) == [str(Digest.of(signature))]


async def test_pushing_all_of_it_again_leaves_nothing_to_be_restored(kept: Place) -> None:
    body = await kept.push_image(b"one")
    await kept.delete(body)
    await kept.put(body)
    assert await entries(kept) == []


async def test_a_blob_deleted_meanwhile_comes_back_with_the_artifact(kept: Place) -> None:
    body = await kept.push_image(b"one", tag="latest")
    await kept.delete(body)
    await kept.delete_blob(b"one")
    with pytest.raises(ManifestReferencesUnknown):
        await kept.put(body, "latest")
    await restore(kept)
    assert await kept.read(b"one") == b"one"


async def test_a_repository_comes_back_with_all_that_was_told_of_it(kept: Place) -> None:
    body = await kept.push_image(b"one", tag="latest")
    await kept.put(body, "v1")
    await kept.push_image(b"two", tag="two")
    repositories = Repositories(kept.db, kept.rules)
    await repositories.describe(await kept.grant(), "It greets.")
    await kept.run("UPDATE repositories SET pull_count = 40")
    before = await tags_with_times(kept)
    await delete_repository(kept)
    assert await kept.names() == []
    with pytest.raises(RepositoryUnknown):
        await repositories.get(await kept.grant())
    (entry,) = await entries(kept)
    assert (entry.name, entry.contents) == ("library/hello", {"artifacts": 2, "tags": 3})
    await restore(kept)
    assert await tags_with_times(kept) == before
    row, count = await repositories.get(await kept.grant())
    assert (row.description, row.pull_count, count) == ("It greets.", 40, 2)
    assert [await kept.read(layer) for layer in (b"one", b"two")] == [b"one", b"two"]


async def test_a_repository_pushed_to_since_begins_anew_and_keeps_what_was_pushed(kept: Place) -> None:
    old = await kept.push_image(b"one", tag="latest")
    repositories = Repositories(kept.db, kept.rules)
    await repositories.describe(await kept.grant(), "old")
    await delete_repository(kept)
    new = await kept.push_image(b"two", tag="latest")
    assert (await repositories.get(await kept.grant()))[0].description == ""
    with pytest.raises(NameTaken, match="library/hello-restored") as taken:
        await restore(kept)
    with pytest.raises(NameTaken, match="latest-restored"):
        await restore(kept, merge=True)
    restored = await restore(kept, name=taken.value.free)
    assert (restored.repository, restored.artifacts, restored.tags) == ("library/hello-restored", 1, 1)
    for name, body, layer in (("library/hello", new, b"two"), ("library/hello-restored", old, b"one")):
        assert (await kept.manifests.get(await kept.grant(name), Tag("latest"))).body == body
        assert await kept.read(layer, name) == layer
    await kept.let_time_pass(30 * DAY)
    await kept.collect()
    assert await kept.read(b"one", "library/hello-restored") == b"one"
    await whole(kept)


async def test_a_repository_is_merged_with_what_was_pushed_since(kept: Place) -> None:
    await kept.push_image(b"one", tag="latest")
    await delete_repository(kept)
    await kept.push_image(b"two", tag="latest")
    restored = await restore(kept, merge=True, rename_tags=True)
    assert restored.renamed == {"latest": "latest-restored"}
    assert await kept.tag_names() == ["latest", "latest-restored"]


async def test_an_artifact_deleted_before_its_repository_comes_back_alone(kept: Place) -> None:
    first = await kept.push_image(b"one", tag="one")
    await kept.push_image(b"two", tag="two")
    await kept.delete(first)
    await delete_repository(kept)
    await restore(kept, (await entries(kept))[1])
    assert await kept.tag_names() == ["one"]
    await restore(kept, merge=True)
    assert await kept.tag_names() == ["one", "two"]


async def test_a_large_repository_without_a_window_goes_piece_by_piece(place: Place) -> None:
    for number in range(4):
        await place.push_image(b"content %d" % number, tag=f"v{number}")
    await delete_repository(place)
    assert await place.names() == []
    await place.let_time_pass(2 * DAY)
    await place.collect()
    await place.let_time_pass(2 * DAY)
    await place.collect()
    assert await place.stored() == set()


async def test_restoring_keeps_a_sparse_index_sparse(place: Place) -> None:
    await place.project("library", sparse_indexes=True)
    kept = place.ruled(trash=7 * DAY)
    await kept.push(b"{}")
    body = index(image(b"{}", b"absent"))
    await kept.put(body, "latest")
    await kept.delete(body)
    await restore(kept)
    assert await kept.tag_names() == ["latest"]
