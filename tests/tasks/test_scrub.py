"""Scrubbing: damage is found, never given out, told to who has to know, and healed by whoever brings the content."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlencode

import boto3
import pytest
from moto.server import ThreadedMotoServer

from contracts.damaging import DAMAGES, damage, flipped, replace
from contracts.place import DAY, Place, image, index, stream
from entrepot.db import quarantine
from entrepot.model.digest import Digest
from entrepot.model.errors import BlobQuarantined, BlobUploadUnknown, ManifestReferencesUnknown, StorageFailed
from entrepot.model.fault import Fault
from entrepot.model.project import Action
from entrepot.registry.rules import SECOND
from entrepot.storage.contract import Key, Storage
from entrepot.storage.filesystem import FileStorage
from entrepot.storage.memory import MemoryStorage
from entrepot.storage.objectstore import ObjectStorage
from entrepot.tasks.examine import examine
from entrepot.tasks.repair import Repair
from entrepot.tasks.scrub import STALE, Pace, Scrubber

KEYS = {"region": "us-east-1", "access_key_id": "somebody", "secret_access_key": "secret"}
LAYER = b"a layer " * 500


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id=KEYS["access_key_id"],
        aws_secret_access_key=KEYS["secret_access_key"],
        region_name=KEYS["region"],
    )
    client.create_bucket(Bucket="objects")
    client.close()
    yield address
    server.stop()


@pytest.fixture(params=["memory", "filesystem", "s3"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    made: Storage
    if request.param == "s3":
        options = {"endpoint": request.getfixturevalue("endpoint"), **KEYS}
        made = ObjectStorage.from_url(f"s3://objects/{uuid.uuid4().hex}?{urlencode(options)}")
    else:
        made = MemoryStorage() if request.param == "memory" else FileStorage(tmp_path / "objects", threads=4)
    yield made
    await made.close()


async def quarantined(place: Place) -> dict[Digest, str]:
    """What is set aside, and why."""
    rows = await place.rows("SELECT digest, fault FROM blobs WHERE quarantined_at IS NOT NULL")
    return {Digest(bytes(row[0])): row[1] for row in rows}


async def assert_not_given(place: Place, content: bytes) -> None:
    digest = Digest.of(content)
    for for_push in (False, True):
        with pytest.raises(BlobQuarantined, match="push it again"):
            await place.blobs.find(await place.grant(), digest, for_push=for_push)


@pytest.mark.parametrize("how", DAMAGES)
async def test_damage_is_found_never_given_out_and_healed_by_a_push(place: Place, how: str) -> None:
    body = await place.push_image(LAYER, b"other", tag="latest")
    await place.put(index(body), "all")
    key = await damage(place, LAYER, DAMAGES[how])
    assert await place.scrubber.walk()
    fault = Fault.BLOB_MISSING if how == "removed" else Fault.BLOB_CORRUPT
    assert await quarantined(place) == {Digest.of(LAYER): fault}
    await assert_not_given(place, LAYER)
    assert await place.read(b"other") == b"other"
    told = [detail for name, detail in await place.events() if name == "blob:quarantined"]
    assert told == [
        {
            "digest": str(Digest.of(LAYER)),
            "fault": fault,
            "images": 2,
            "named": "library/hello:latest library/hello:all",
        }
    ]
    assert await place.push(LAYER, "other/place")
    assert await quarantined(place) == {}
    assert await place.read(LAYER) == LAYER
    assert key not in await place.owned()
    assert key in await place.leaving()
    assert ("blob:healed", {"digest": str(Digest.of(LAYER)), "how": "pushed"}) in await place.events()
    await place.let_time_pass(place.rules.reader_grace + SECOND)
    await place.collect()
    assert key not in await place.stored()


async def test_a_blob_that_is_set_aside_is_neither_mounted_nor_counted_on(place: Place) -> None:
    body = await place.push_image(LAYER, b"other", tag="latest")
    await damage(place, LAYER, flipped)
    await place.scrubber.walk()
    source, target = await place.grant(), await place.grant("library/else")
    assert await place.blobs.mount(target, source, Digest.of(LAYER)) is None
    assert await place.blobs.mount(target, None, Digest.of(LAYER)) is None
    with pytest.raises(ManifestReferencesUnknown, match=str(Digest.of(LAYER))):
        await place.put(body, "again")
    upload = await place.uploads.start(target)
    target = await place.grant("library/else")
    await place.uploads.finish(target, upload.id, stream(LAYER), Digest.of(LAYER))
    assert await place.blobs.mount(await place.grant("library/third"), source, Digest.of(LAYER))
    assert await place.read(LAYER) == await place.read(LAYER, "library/third") == LAYER
    await place.put(body, "again")


async def test_a_close_that_is_repeated_is_no_promise_for_what_was_lost_meanwhile(place: Place) -> None:
    await place.push(b"other")
    grant = await place.grant()
    upload = await place.uploads.start(grant)
    await place.uploads.finish(grant, upload.id, stream(LAYER), Digest.of(LAYER))
    await damage(place, LAYER, flipped)
    await place.scrubber.walk()
    with pytest.raises(BlobUploadUnknown, match="no such upload"):
        await place.uploads.finish(grant, upload.id, None, Digest.of(LAYER))
    await place.push(LAYER)


async def test_sparse_manifests_may_lack_what_was_lost_and_have_it_again_when_it_comes(place: Place) -> None:
    await place.project("sparse", sparse_indexes=True)
    body = await place.push_image(LAYER, b"other", name="sparse/hello")
    await damage(place, LAYER, flipped)
    await place.scrubber.walk()
    await place.put(body, "again", "sparse/hello")
    await place.put(image(b"other", LAYER), "new", "sparse/hello")
    await place.push(LAYER, "other/place")
    assert await place.read(LAYER, "sparse/hello") == LAYER
    await place.let_time_pass(3 * DAY)
    await place.collect()
    assert await place.read(LAYER, "sparse/hello") == LAYER


async def test_parts_take_the_place_of_one_object_and_one_of_parts(place: Place) -> None:
    await place.push(b"other")
    whole = b"onetwothree"
    grant = await place.grant()

    async def in_parts() -> None:
        upload = await place.uploads.start(grant)
        for part in (b"one", b"two", b"three"):
            await place.uploads.append(grant, upload.id, stream(part))
        await place.uploads.finish(grant, upload.id, None, Digest.of(whole))

    await place.push(whole)
    await damage(place, whole, flipped)
    await place.scrubber.walk()
    await in_parts()
    assert await place.read(whole) == whole
    [(last,)] = await place.rows("SELECT key FROM blob_parts ORDER BY start DESC LIMIT 1")
    await replace(place.storage, last, None)
    await _fresh(place).walk()
    await assert_not_given(place, whole)
    await in_parts()
    assert await place.read(whole) == whole
    await replace(place.storage, (await place.rows("SELECT key FROM blob_parts ORDER BY start"))[0][0], b"TWO")
    await _fresh(place).walk()
    await place.push(whole)
    assert await place.read(whole) == whole
    assert await place.rows("SELECT * FROM blob_parts") == []


async def test_two_who_bring_it_at_once_both_succeed(place: Place) -> None:
    await place.push_image(LAYER, b"other", tag="latest")
    await damage(place, LAYER, flipped)
    await place.scrubber.walk()
    await asyncio.gather(*(place.push(LAYER, f"other/place-{number}") for number in range(4)))
    assert await place.read(LAYER) == LAYER
    assert [name for name, _ in await place.events()].count("blob:healed") == 1


async def test_what_was_healed_or_collected_meanwhile_is_let_be(place: Place) -> None:
    await place.push(b"other")
    await place.push(LAYER)
    [before] = [one for one in await place.db.read(lambda tx: quarantine.others(tx, 0, 9)) if one.size == len(LAYER)]
    await damage(place, LAYER, flipped)
    found = await examine(place.storage, before)
    assert found is not None
    await place.repairer.settle(before, found)
    await place.push(LAYER)
    assert (await place.repairer.settle(before, found)).repair is Repair.NONE
    assert await place.read(LAYER) == LAYER
    await place.delete_blob(LAYER)
    assert (await place.repairer.settle(before, found)).repair is Repair.NONE
    assert [name for name, _ in await place.events()].count("blob:quarantined") == 1


async def test_check_repairs_when_told_to_and_releases_what_was_brought_back(place: Place) -> None:
    await place.push_image(LAYER, b"other", tag="latest")
    key = await damage(place, LAYER, lambda _: None)
    [found] = await place.findings()
    assert (found.fault, found.repair, found.images) == (Fault.BLOB_MISSING, Repair.NONE, ("library/hello:latest",))
    assert await quarantined(place) == {}
    [found] = await place.repaired()
    assert (found.fault, found.repair) == (Fault.BLOB_MISSING, Repair.QUARANTINED)
    await assert_not_given(place, LAYER)
    [found] = await place.repaired()
    assert (found.repair, "set aside" in found.sentence) == (Repair.NONE, True)
    await replace(place.storage, key, LAYER)
    [found] = await place.findings()
    assert (found.fault, found.repair) == (Fault.BLOB_QUARANTINED, Repair.NONE)
    [found] = await place.repaired()
    assert found.repair is Repair.HEALED
    assert await place.read(LAYER) == LAYER
    assert ("blob:healed", {"digest": str(Digest.of(LAYER)), "how": "found"}) in await place.events()


async def test_what_was_brought_back_is_found_by_itself(place: Place) -> None:
    await place.push_image(LAYER, b"other", tag="latest")
    key = await damage(place, LAYER, lambda _: None)
    await place.scrubber.walk()
    await replace(place.storage, key, LAYER)
    assert not await place.scrubber.look()
    await place.run("UPDATE blobs SET examined_at = examined_at - ? WHERE quarantined_at IS NOT NULL", STALE + SECOND)
    assert await place.scrubber.look()
    assert await place.read(LAYER) == LAYER


async def test_a_store_that_is_not_there_has_not_lost_everything(place: Place) -> None:
    await place.push_image(LAYER, b"other", tag="latest")
    kept = [(key, await _content(place, key)) for key in await place.stored()]
    for key, _ in kept:
        await replace(place.storage, key, None)
    with pytest.raises(StorageFailed, match="mounted"):
        await place.scrubber.walk()
    with pytest.raises(StorageFailed, match="mounted"):
        await place.repaired()
    assert await quarantined(place) == {}
    for key, content in kept:
        await replace(place.storage, key, content)
    assert await _fresh(place).walk()


async def test_who_cannot_read_a_blob_has_it_looked_at(place: Place) -> None:
    await place.push_image(LAYER, b"other", tag="latest")
    await place.blobs.suspect(await place.grant(actions=[Action.PULL]), Digest.of(LAYER))
    assert await place.scrubber.look()
    assert await place.read(LAYER) == LAYER
    assert not await place.scrubber.look()
    await damage(place, LAYER, lambda _: None)
    await place.blobs.suspect(await place.grant(actions=[Action.PULL]), Digest.of(LAYER))
    assert await place.scrubber.look()
    await assert_not_given(place, LAYER)
    await place.push(LAYER)


async def test_a_blob_that_was_set_aside_is_collected_like_any_other(place: Place) -> None:
    body = await place.push_image(LAYER, b"other", tag="latest")
    await damage(place, LAYER, flipped)
    await place.scrubber.walk()
    await place.delete(body)
    await place.let_time_pass(3 * DAY)
    await place.collect()
    assert await place.rows("SELECT count(*) FROM blobs") == [(0,)]
    await place.let_time_pass(DAY)
    await place.collect()
    assert await place.stored() == set()


def _fresh(place: Place) -> Scrubber:
    """Another worker, for which it is time to walk again."""
    return Scrubber(place.db, place.storage, Pace(rate=None, every=1))


async def _content(place: Place, key: str) -> bytes:
    size = await place.storage.size(Key(key))
    assert size is not None
    return b"".join([piece async for piece in place.storage.read(Key(key), 0, size)])
