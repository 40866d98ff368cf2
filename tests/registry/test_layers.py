"""Opening images: what their layers did, and the files in them."""

import gzip
import re

import pytest

from contracts.archives import tar
from contracts.layers import TAG, Reading
from contracts.place import Place, image, index
from entrepot.model.errors import BeingRead, BlobUnknown, Denied, Invalid, ManifestUnknown, Unknown
from entrepot.model.image_difference import Change
from entrepot.model.job import JobState
from entrepot.model.project import Action
from entrepot.model.reference import Tag
from entrepot.registry.layer_views import Did, LayerState
from entrepot.registry.unpacking import zstd

BASE = [("etc", None), ("etc/hosts", b"one\ntwo\n"), ("bin", None), ("bin/sh", b"\x7fELF" * 100), ("old", b"o" * 50)]
UPPER = [("etc/hosts", b"one\nTWO\n"), (".wh.old", b""), ("app/run.py", b"print()\n"), ("bin/bash", "=> bin/sh")]


@pytest.fixture
def reading(place: Place) -> Reading:
    return Reading(place)


async def test_an_image_is_read_when_somebody_opens_it(reading: Reading) -> None:
    await reading.push_files(BASE, UPPER[:3])
    grant = await reading.place.grant()
    view = await reading.layers.image(grant, TAG)
    assert not view.ready
    assert view.job is not None
    assert view.job.state is JobState.PENDING
    assert [layer.state for layer in view.layers] == [LayerState.WAITING] * 2
    again = (await reading.layers.image(grant, TAG)).job
    assert again is not None
    assert again.id == view.job.id, "one job, however often it is asked for"
    with pytest.raises(BeingRead, match=f"job {view.job.id}"):
        await reading.layers.folder(grant, TAG)
    (done,) = await reading.work()
    total = sum(layer.size for layer in view.layers)
    assert done.told[-1] == (total, total)
    view = await reading.layers.image(grant, TAG)
    assert view.ready
    assert view.job is None
    assert [layer.state for layer in view.layers] == [LayerState.READ] * 2
    second = view.layers[1].summary
    assert second is not None
    assert (second.added, second.changed, second.removed) == (2, 1, 1)
    assert view.wasted == 58
    assert [(gone.path, gone.bytes) for gone in view.gone] == [(b"old", 50), (b"etc/hosts", 8)]
    assert await reading.waiting() == []


async def test_directories_are_listed_page_by_page(reading: Reading) -> None:
    await reading.push_files(BASE, UPPER)
    await reading.read()
    grant = await reading.place.grant()
    assert await reading.paths() == ["app", "bin", "etc"]
    assert await reading.paths("/bin/") == ["bash", "sh"]
    assert await reading.paths(layer=1) == ["app", "bin", "etc", "old"]
    view = await reading.layers.folder(grant, TAG, layer=1)
    assert [entry.did for entry in view.entries] == [Did.ADDED, None, None, Did.REMOVED]
    seen: list[str] = []
    after = None
    for _ in range(3):
        page = await reading.layers.folder(grant, TAG, after=after, count=1)
        seen += [entry.name for entry in page.entries]
        assert page.total == 3
        after = page.after
    assert (seen, after) == (["app", "bin", "etc"], None)
    for path in ("nowhere", "etc/hosts", "etc/hosts/x"):
        with pytest.raises(Unknown):
            await reading.layers.folder(grant, TAG, path)
    with pytest.raises(Unknown, match="no layer 2"):
        await reading.layers.folder(grant, TAG, layer=2)
    with pytest.raises(Invalid):
        await reading.layers.folder(grant, TAG, count=0)


async def test_a_path_tells_its_history(reading: Reading) -> None:
    await reading.push_files(BASE, UPPER, [("old", b"again")])
    await reading.read()
    grant = await reading.place.grant()
    detail = await reading.layers.detail(grant, TAG, "old")
    assert [(version.layer, version.did) for version in detail.versions] == [
        (2, Did.ADDED),
        (1, Did.REMOVED),
        (0, Did.ADDED),
    ]
    assert detail.file is not None
    assert detail.file.size == 5
    with pytest.raises(Unknown):
        await reading.layers.detail(grant, TAG, "never")


async def test_names_are_searched_over_all_layers(reading: Reading) -> None:
    await reading.push_files(BASE, UPPER)
    await reading.read()
    grant = await reading.place.grant()
    found = await reading.layers.search(grant, TAG, "HOSTS")
    assert [(each.file.layer, each.file.path, each.visible) for each in found.found] == [
        (1, "etc/hosts", True),
        (0, "etc/hosts", False),
    ]
    assert not found.more
    assert (await reading.layers.search(grant, TAG, "hosts", count=1)).more
    old = await reading.layers.search(grant, TAG, "old")
    assert [(each.file.did, each.visible) for each in old.found] == [(Did.REMOVED, False), (Did.ADDED, False)]
    with pytest.raises(Invalid):
        await reading.layers.search(grant, TAG, "")


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (b'{"json": true}' * 100, "not a tar archive"),
        (gzip.compress(b"text" * 1000), "not a tar archive"),
        (gzip.compress(tar(*BASE))[:-40], "ends too early"),
        (zstd.compress(tar(*BASE))[:-9], "ends too early"),
        (b"BZh91AY" + bytes(500), "bzip2"),
        (gzip.compress(b""), "it is empty"),
    ],
)
async def test_a_layer_that_cannot_be_read_says_why(reading: Reading, layer: bytes, reason: str) -> None:
    await reading.push(gzip.compress(tar(*BASE)), layer)
    await reading.read()
    view = await reading.layers.image(await reading.place.grant(), TAG)
    assert view.ready
    assert [layer.state for layer in view.layers] == [LayerState.READ, LayerState.REFUSED]
    assert re.search(reason, view.layers[1].reason), view.layers[1].reason
    assert await reading.paths() == ["bin", "etc", "old"]
    folder = await reading.layers.folder(await reading.place.grant(), TAG)
    assert folder.unread == (1,)
    with pytest.raises(Unknown, match="cannot be shown"):
        await reading.paths(layer=1)
    assert await reading.waiting() == []


async def test_rights_and_repositories_are_kept_apart(reading: Reading) -> None:
    (layer,) = await reading.push_files(BASE)
    await reading.read()
    place = reading.place
    nothing = await place.grant(actions=[Action.PUSH])
    for ask in (
        lambda: reading.layers.image(nothing, TAG),
        lambda: reading.layers.folder(nothing, TAG),
        lambda: reading.layers.detail(nothing, TAG, "etc"),
        lambda: reading.layers.search(nothing, TAG, "a"),
        lambda: reading.files.open(nothing, TAG, "etc/hosts"),
        lambda: reading.files.preview(nothing, TAG, "etc/hosts"),
        lambda: reading.files.difference(nothing, TAG, "etc/hosts", 0),
        lambda: reading.comparison.compare(nothing, TAG, nothing, TAG),
    ):
        with pytest.raises(Denied):
            await ask()
    # A manifest of another repository that only names the layer: sparse, so it may.
    sparse = place.ruled(sparse_indexes=True)
    config = b"{}"
    await sparse.push(config, "other/thief")
    await sparse.put(image(config, layer), "1", "other/thief")
    theirs = await sparse.grant("other/thief")
    view = await reading.layers.image(theirs, TAG)
    assert view.ready
    assert view.layers[0].state is LayerState.REFUSED
    assert "elsewhere" in view.layers[0].reason
    assert (await reading.layers.folder(theirs, TAG)).entries == ()
    with pytest.raises(Unknown):
        await reading.files.open(theirs, TAG, "etc/hosts")
    await place.run("DELETE FROM missing_blobs")
    await sparse.delete(image(config, layer), "other/thief")


async def test_what_is_no_image_says_so(reading: Reading) -> None:
    await reading.push_files(BASE)
    grant = await reading.place.grant()
    with pytest.raises(ManifestUnknown):
        await reading.layers.image(grant, Tag("none"))
    body = (await reading.place.manifests.get(grant, TAG)).body
    await reading.place.put(index(body), "all")
    with pytest.raises(Invalid, match="several platforms"):
        await reading.layers.image(grant, Tag("all"))
    await reading.place.push(b"{}")
    await reading.place.put(image(b"{}"), "empty")
    with pytest.raises(Invalid, match="no layers"):
        await reading.layers.image(grant, Tag("empty"))


async def test_steps_of_the_build_are_told_with_their_layers(reading: Reading) -> None:
    history = [
        {"created_by": "ADD base", "created": "2024-01-01T00:00:00Z"},
        {"created_by": "ENV A=1", "empty_layer": True},
        {"created_by": "COPY app", "comment": "buildkit"},
        {"created_by": "CMD run", "empty_layer": True},
    ]
    packed = [gzip.compress(tar(*members)) for members in (BASE, UPPER)]
    await reading.push(*packed, history=history)
    view = await reading.layers.image(await reading.place.grant(), TAG)
    assert [(step.created_by, step.layer) for step in view.steps] == [
        ("ADD base", 0),
        ("ENV A=1", None),
        ("COPY app", 1),
        ("CMD run", None),
    ]


async def test_images_are_compared(reading: Reading) -> None:
    await reading.push_files(BASE)
    await reading.push_files(BASE, UPPER, tag="2", name="other/hello")
    place = reading.place
    mine, theirs = await place.grant(), await place.grant("other/hello")
    with pytest.raises(BeingRead):
        await reading.comparison.compare(mine, TAG, theirs, Tag("2"))
    assert len(await reading.work()) == 2, "both are requested at once"
    found = await reading.comparison.compare(mine, TAG, theirs, Tag("2"))
    assert [(file.path, file.change, file.size_before, file.size_after) for file in found.files] == [
        ("app", Change.ADDED, None, 0),
        ("old", Change.REMOVED, 50, None),
        ("app/run.py", Change.ADDED, None, 8),
        ("bin/bash", Change.ADDED, None, 400),
        ("etc/hosts", Change.CHANGED, 8, 8),
    ]
    assert (found.tally.added, found.tally.removed, found.tally.changed) == (3, 1, 1)
    assert [layer.same for layer in found.layers] == [True, False]
    page = await reading.comparison.compare(mine, TAG, theirs, Tag("2"), start=4, count=1)
    assert ([file.path for file in page.files], page.next) == (["etc/hosts"], None)
    inside = await reading.comparison.compare(mine, TAG, theirs, Tag("2"), folder="etc")
    assert [file.path for file in inside.files] == ["etc/hosts"]


async def test_configurations_are_compared(reading: Reading) -> None:
    layer = gzip.compress(tar(*BASE))
    one = {"config": {"Env": ["A=1", "B=2"], "Cmd": ["a"], "Labels": {"v": "1"}}, "architecture": "amd64"}
    other = {"config": {"Env": ["A=1", "B=3"], "Cmd": ["b"], "Labels": {}}, "architecture": "amd64"}
    await reading.push(layer, **one)
    await reading.push(layer, tag="2", **other)
    await reading.read()
    grant = await reading.place.grant()
    found = await reading.comparison.compare(grant, TAG, grant, Tag("2"))
    assert [(change.name, change.before, change.after) for change in found.config] == [
        ("Cmd", ["a"], ["b"]),
        ("Env.B", "2", "3"),
        ("Labels.v", "1", None),
    ]
    assert found.files == ()


async def test_a_layer_that_is_set_aside_is_not_given_out(reading: Reading) -> None:
    await reading.push_files(BASE)
    await reading.read()
    await reading.place.run("UPDATE blobs SET quarantined_at = 1, fault = 'blob-corrupt'")
    view = await reading.layers.image(await reading.place.grant(), TAG)
    assert "damaged or lost" in view.layers[0].reason
    with pytest.raises((Unknown, BlobUnknown)):
        await reading.content("etc/hosts")
    await reading.place.run("UPDATE blobs SET quarantined_at = NULL, fault = NULL")
    assert await reading.content("etc/hosts") == b"one\ntwo\n"


async def test_a_failed_reading_is_told_and_begun_again_when_asked(reading: Reading) -> None:
    await reading.push_files(BASE)
    grant = await reading.place.grant()
    job = (await reading.layers.image(grant, TAG)).job
    assert job is not None
    await reading.ended(job.id, JobState.FAILED, "the store was away")
    view = await reading.layers.image(grant, TAG)
    assert view.job is not None
    assert (view.job.id, view.job.state) == (job.id, JobState.FAILED)
    with pytest.raises(BeingRead, match="the store was away"):
        await reading.paths()
    view = await reading.layers.image(grant, TAG, again=True)
    assert view.job is not None
    assert view.job.id > job.id
    await reading.work()
    assert await reading.paths("etc") == ["hosts"]


async def test_pushed_images_are_read_at_once_if_so_set(place: Place) -> None:
    reading = Reading(place.ruled(index_pushed=True))
    await reading.push_files(BASE)
    (job,) = await reading.waiting()
    assert job.trigger.value == "EVENT"
    await reading.work()
    assert (await reading.layers.image(await place.grant(), TAG)).ready
