"""The main ways through the registry with objects in an S3 store (moto's server)."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlencode

import boto3
import pytest
from moto.server import ThreadedMotoServer

from contracts.place import DAY, Place, stream
from entrepot.db.contract import AtHand, Database
from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUnknown, BodyCut, DigestInvalid
from entrepot.registry.blobs import Blob, Blobs
from entrepot.registry.readings import Readings
from entrepot.registry.rules import Rules
from entrepot.registry.small_blobs import LARGEST, SmallBlobs
from entrepot.storage.contract import Key
from entrepot.storage.objectstore import ObjectStorage

KEYS = {"region": "us-east-1", "access_key_id": "somebody", "secret_access_key": "secret"}


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


@pytest.fixture
async def place(database: Database, endpoint: str) -> AsyncIterator[Place]:
    url = f"s3://objects/{uuid.uuid4().hex}?{urlencode({'endpoint': endpoint, **KEYS})}"
    storage = ObjectStorage.from_url(url)
    made = Place(database, storage, Rules())
    yield made
    await made.assert_whole()
    await storage.close()


async def test_an_image_is_pushed_pulled_deleted_and_collected(place: Place) -> None:
    layer = bytes(range(256)) * 40_000
    body = await place.push_image(layer, b"", tag="latest")
    assert await place.read(layer) == layer
    assert await place.read(b"") == b""
    await place.delete(body)
    await place.let_time_pass(DAY)
    await place.collect()
    with pytest.raises(BlobUnknown):
        await place.read(layer)
    await place.let_time_pass(place.rules.reader_grace)
    await place.collect()
    assert await place.stored() == set()


async def test_a_session_of_several_parts_becomes_a_blob(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant, whole = await place.grant(), b""
    for part in (b"a" * 100_000, b"b", b"c" * 3_000_000):
        await place.uploads.append(grant, upload.id, stream(part), start=len(whole))
        whole += part
    blob = await place.uploads.finish(grant, upload.id, None, Digest.of(whole))
    assert await place.read(whole) == whole
    assert await place.read_blob(blob, 99_999, 100_005) == whole[99_999:100_005]
    assert await place.uploads.finish(grant, upload.id, None, Digest.of(whole)) == blob


async def test_what_is_refused_or_broken_off_leaves_nothing_behind(place: Place) -> None:
    with pytest.raises(DigestInvalid):
        await place.uploads.put(await place.grant(), stream(b"x" * 9_000_000), Digest.of(b"other"))
    with pytest.raises(BodyCut):
        await place.uploads.put(await place.grant(), stream(b"content", cut=True), Digest.of(b"content"))
    await place.collect()
    assert await place.stored() == set()


async def test_two_pushes_of_one_content_at_once_keep_one_object(place: Place) -> None:
    await asyncio.gather(*(place.push(b"content", f"library/{number}") for number in range(4)))
    for number in range(4):
        assert await place.read(b"content", f"library/{number}") == b"content"
    await place.collect()
    assert len(await place.stored()) == 1


class Fetched(ObjectStorage):
    """Notes what is fetched."""

    def __init__(self, inner: ObjectStorage) -> None:
        self.__dict__ = inner.__dict__
        self.fetched: list[tuple[int, int]] = []

    def read(self, key: Key, start: int, end: int) -> AsyncIterator[bytes]:
        self.fetched.append((start, end))
        return super().read(key, start, end)


async def test_a_small_blob_is_fetched_once_and_given_at_once_from_then_on(place: Place) -> None:
    assert isinstance(place.storage, ObjectStorage)
    assert isinstance(place.db, AtHand)
    storage, small = Fetched(place.storage), SmallBlobs()
    blobs = Blobs(place.db, storage, place.rules, small)
    readings = Readings(place.db, storage, place.rules, small)
    content, large = bytes(range(256)) * 16, b"x" * (LARGEST + 1)
    blob, larger = await place.push(content), await place.push(large)

    async def given(which: Blob, start: int, end: int) -> bytes:
        return b"".join([piece async for piece in blobs.open(which, start, end)])

    assert readings.content(blob) is None
    assert await given(blob, 5, 9) == content[5:9]
    assert await given(blob, 0, len(content)) == content
    assert readings.content(blob) == content
    assert storage.fetched == [(0, len(content))]
    for _ in range(2):
        assert await given(larger, 0, len(large)) == large
    assert readings.content(larger) is None
    assert len(storage.fetched) == 3
