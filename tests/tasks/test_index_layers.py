"""Reading layers as a job: once for each blob, whoever is at it, and nothing is left over."""

import asyncio
import gzip
import os
import resource
import time
import zlib
from functools import cache

import pytest

from contracts.archives import Member, header, member, tar
from contracts.layers import TAG, Reading, ReadingJob
from contracts.place import Place
from entrepot.jobs.task import JobFailed, Stopped
from entrepot.model.digest import Digest
from entrepot.model.errors import BeingRead, StorageFailed
from entrepot.model.layer_index import VERSION
from entrepot.model.layer_scan import ScanLimits
from entrepot.registry.layer_reading import ReadingLimits
from entrepot.registry.layer_views import LayerState
from entrepot.registry.rules import SECOND
from entrepot.storage.contract import Key
from entrepot.tasks.prove import Finding

FILES: list[Member] = [("etc/hosts", b"one\n"), ("bin/sh", b"\x7fELF" * 1000)]
GRACE = 16 * 60 * SECOND


@pytest.fixture
def reading(place: Place) -> Reading:
    return Reading(place)


async def index_keys(place: Place) -> list[str]:
    return [row[0] for row in await place.rows("SELECT key FROM layer_indexes WHERE key IS NOT NULL ORDER BY key")]


async def test_an_index_is_an_object_that_a_row_answers_for(reading: Reading) -> None:
    await reading.push_files(FILES)
    await reading.read()
    (key,) = await index_keys(reading.place)
    assert key in await reading.place.stored()
    assert key not in await reading.place.leaving()
    await reading.place.assert_whole()


async def test_a_layer_is_read_once_for_all_images_that_have_it(reading: Reading) -> None:
    await reading.push_files(FILES, [("a", b"1")])
    await reading.read()
    await reading.push_files(FILES, [("b", b"2")], name="other/hello")
    view = await reading.layers.image(await reading.place.grant("other/hello"), TAG)
    assert [layer.state for layer in view.layers] == [LayerState.READ, LayerState.WAITING]
    (done,) = await reading.work()
    assert len([line for line in done.lines if line.startswith("layer ")]) == 1
    assert len(await index_keys(reading.place)) == 3


async def test_the_index_goes_with_its_blob(reading: Reading) -> None:
    place = reading.place
    await reading.push_files(FILES)
    await reading.push_files([("only", b"here")], name="other/hello")
    await reading.read()
    await reading.read("other/hello")
    kept, gone = (row[0] for row in await place.rows("SELECT key FROM layer_indexes ORDER BY blob_id"))
    await place.delete(TAG, "other/hello")
    body = (await place.rows("SELECT digest FROM manifests ORDER BY id DESC LIMIT 1"))[0][0]
    await place.delete(Digest(bytes(body)), "other/hello")
    await place.let_time_pass(2 * 24 * 3600 * SECOND)
    await place.collect()
    assert await index_keys(place) == [kept]
    assert gone in await place.leaving(), "for whoever reads it just now"
    await place.let_time_pass(GRACE)
    await place.collect()
    assert gone not in await place.stored()
    assert kept in await place.stored()


async def test_two_at_one_layer_leave_one_index(reading: Reading) -> None:
    await reading.push_files(FILES)
    await reading.layers.image(await reading.place.grant(), TAG)
    (job,) = await reading.waiting()
    results = await asyncio.gather(*(reading.task.run(ReadingJob(job)) for _ in range(3)))
    assert sum(result["indexed"] for result in results) == 1
    assert len(await index_keys(reading.place)) == 1
    await reading.place.assert_whole()
    await reading.place.collect()
    assert len(await reading.place.stored()) == 3, "the configuration, the layer, the index"


async def test_a_blob_that_goes_meanwhile_gets_no_index(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    place = reading.place
    await reading.push_files(FILES)
    await reading.layers.image(await place.grant(), TAG)
    (job,) = await reading.waiting()
    keep = reading.task._keep

    async def late(blob_id: int, read: object) -> bool:
        await place.delete(TAG)
        body = (await place.rows("SELECT digest FROM manifests ORDER BY id DESC LIMIT 1"))[0][0]
        await place.delete(Digest(bytes(body)))
        await place.let_time_pass(2 * 24 * 3600 * SECOND)
        await place.collect()
        return await keep(blob_id, read)  # type: ignore[arg-type]

    monkeypatch.setattr(reading.task, "_keep", late)
    assert (await reading.task.run(ReadingJob(job)))["indexed"] == 0
    assert await index_keys(place) == []
    await place.assert_whole()
    with pytest.raises(JobFailed, match="deleted"):
        await reading.task.run(ReadingJob(job))


async def test_who_dies_before_the_row_leaves_what_will_be_removed(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reading.push_files(FILES)
    await reading.layers.image(await reading.place.grant(), TAG)
    (job,) = await reading.waiting()

    class Died(BaseException):
        """As if the process were gone."""

    def die(*_: object) -> None:
        raise Died

    monkeypatch.setattr("entrepot.tasks.index_layers.layer_indexes.put", die)
    with pytest.raises(Died):
        await reading.task.run(ReadingJob(job))
    monkeypatch.undo()
    left = await reading.place.stored() - await reading.place.owned()
    assert len(left) == 1
    assert left <= await reading.place.leaving()
    await reading.place.let_time_pass(2 * 24 * 3600 * SECOND)
    await reading.place.collect()
    assert await reading.place.stored() == await reading.place.owned()
    assert (await reading.task.run(ReadingJob(job)))["indexed"] == 1


async def test_a_stopped_job_ends_soon_and_leaves_nothing(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.tasks.index_layers.LOOK_SECONDS", 0.01)
    await reading.push(gzip.compress(tar(*((f"f{number}", os.urandom(40_000)) for number in range(400))), 1))
    await reading.layers.image(await reading.place.grant(), TAG)
    (job,) = await reading.waiting()
    context = ReadingJob(job, checks=2)
    with pytest.raises(Stopped):
        await reading.task.run(context)
    assert await index_keys(reading.place) == []
    assert not (await reading.place.rows("SELECT * FROM layer_indexes"))


async def test_an_index_of_another_version_is_made_again(reading: Reading) -> None:
    place = reading.place
    await reading.push_files(FILES)
    await reading.read()
    (old,) = await index_keys(place)
    await place.run("UPDATE layer_indexes SET version = ?", VERSION + 1)
    with pytest.raises(BeingRead):
        await reading.paths()
    await reading.work()
    (new,) = await index_keys(place)
    assert new != old
    assert old in await place.leaving()
    assert await reading.paths("etc") == ["hosts"]


async def damage(place: Place, key: str, content: bytes | None) -> None:
    """The object holds something else, or is gone."""
    await place.storage.remove(Key(key))
    if content is not None:
        writer = await place.storage.create(Key(key))
        await writer.write([content])
        await writer.finish()


@pytest.mark.parametrize("content", [b"rubbish", None, bytes(5000)])
async def test_a_damaged_index_is_found_and_made_again(reading: Reading, content: bytes | None) -> None:
    place = reading.place
    await reading.push_files(FILES)
    await reading.read()
    (key,) = await index_keys(place)
    await damage(place, key, content)
    found = await place.findings()
    assert [(finding.fault.value, finding.subject) for finding in found] == [("index-broken", key)]
    with pytest.raises(BeingRead):
        await reading.paths()
    await reading.read()
    assert await reading.paths("etc") == ["hosts"]
    await place.assert_whole()


async def test_a_check_that_repairs_forgets_broken_indexes(reading: Reading) -> None:
    place = reading.place
    await reading.push_files(FILES)
    await reading.read()
    (key,) = await index_keys(place)
    await damage(place, key, None)
    found = [step async for step in place.prover.prove(place.repairer) if isinstance(step, Finding)]
    assert [finding.fault.value for finding in found] == ["index-broken"]
    assert await place.findings() == []
    assert await index_keys(place) == []


async def test_a_content_that_comes_out_otherwise_is_an_error(reading: Reading) -> None:
    """Whatever is wrong with an index, nobody is given bytes that are not the file's."""
    await reading.push_files(FILES)
    await reading.read()
    view = await reading.layers.image(await reading.place.grant(), TAG)
    assert view.ready
    key = (await index_keys(reading.place))[0]
    [(size,)] = await reading.place.rows("SELECT tree_size FROM layer_indexes")
    index = await reading.layered._load(key, size)
    entry = index.find(b"etc/hosts")
    assert entry is not None
    index._content = index._content.replace(entry.about.digest, bytes(31) + b"x")

    reading.layered.cache.indexes._held[key] = index
    with pytest.raises(StorageFailed, match="otherwise"):
        await reading.content("etc/hosts")


@cache
def zeros(count: int) -> bytes:
    """A file of that many zero bytes in an archive, gzipped, without ever being held whole."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    made = [packer.compress(header(b"zeros", count))]
    block = bytes(1 << 20)
    made += [packer.compress(block) for _ in range(count >> 20)]
    return b"".join([*made, packer.flush()])


async def test_a_bomb_ends_soon_in_little_memory(reading: Reading) -> None:
    bomb = zeros(700 << 20)
    assert len(bomb) < 1 << 20
    await reading.push(bomb)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    await reading.read()
    assert time.process_time() - began < 15
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    view = await reading.layers.image(await reading.place.grant(), TAG)
    assert view.layers[0].reason == "it unpacks to more than 200 times its size"
    assert await index_keys(reading.place) == []


async def test_limits_are_reasons_that_are_kept(place: Place) -> None:
    many = b"".join(member(b"f%d" % number) for number in range(50)) + bytes(1024)
    reading = Reading(place, ReadingLimits(scan=ScanLimits(entries=20)))
    await reading.push(gzip.compress(many))
    await reading.read()
    view = await reading.layers.image(await place.grant(), TAG)
    assert "more than 20 files" in view.layers[0].reason
    large = Reading(place, ReadingLimits(unpacked=1 << 27, free=1 << 40))
    await large.push(zeros(130 << 20), tag="2")
    await large.read()
    assert await reading.waiting() == []
