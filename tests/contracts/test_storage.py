"""What every Storage does: one suite, run on memory, on a folder, and on S3 (moto's server)."""

import asyncio
import hashlib
import tracemalloc
import urllib.request
import uuid
import weakref
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from moto.server import ThreadedMotoServer

from entrepot.model.errors import ObjectMissing, StorageFailed
from entrepot.storage import filesystem
from entrepot.storage.contract import Key, LocalFiles, SignedUrls, Storage, fresh_key
from entrepot.storage.filesystem import FileStorage
from entrepot.storage.memory import MemoryStorage
from entrepot.storage.objectstore import ObjectStorage

MIB = 1 << 20
SECRET = "a secret that no message may show"


@dataclass(frozen=True)
class Bucket:
    """A bucket of a running S3 server."""

    endpoint: str
    client: Any

    def url(self, prefix: str, bucket: str = "objects", **options: str) -> str:
        query = {"endpoint": self.endpoint, "region": "us-east-1", "access_key_id": "somebody", **options}
        return f"s3://{bucket}/{prefix}?{urlencode({'secret_access_key': SECRET, **query})}"

    def uploads(self, key: Key) -> list[str]:
        """The uploads in parts that are not complete."""
        found = self.client.list_multipart_uploads(Bucket="objects").get("Uploads", [])
        return [upload["Key"] for upload in found if upload["Key"].endswith(key)]


@pytest.fixture(scope="session")
def bucket() -> Iterator[Bucket]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="somebody",
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="objects")
    yield Bucket(endpoint, client)
    client.close()
    server.stop()


@pytest.fixture
async def s3(bucket: Bucket) -> AsyncIterator[ObjectStorage]:
    storage = ObjectStorage.from_url(bucket.url(uuid.uuid4().hex))
    yield storage
    await storage.close()


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[FileStorage]:
    storage = FileStorage(tmp_path / "objects")
    yield storage
    await storage.close()


@pytest.fixture(params=["memory", "files", "s3"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    kind: Storage
    if request.param == "s3":
        kind = ObjectStorage.from_url(request.getfixturevalue("bucket").url(uuid.uuid4().hex))
    else:
        kind = MemoryStorage() if request.param == "memory" else FileStorage(tmp_path / "objects")
    yield kind
    await kind.close()


async def put(storage: Storage, content: bytes, piece: int = 64 << 10) -> Key:
    key = fresh_key()
    writer = await storage.create(key)
    for offset in range(0, len(content), piece):
        await writer.write([content[offset : offset + piece]])
    await writer.finish()
    return key


async def get(storage: Storage, key: Key, start: int, end: int) -> bytes:
    pieces = [piece async for piece in storage.read(key, start, end)]
    assert all(isinstance(piece, bytes) and 0 < len(piece) <= MIB for piece in pieces)
    return b"".join(pieces)


async def listed(storage: Storage) -> list[Key]:
    return sorted([key async for key in storage.keys()])  # noqa: SIM118 - not a dict


def pattern(size: int, seed: int = 0) -> bytes:
    """Bytes of which no two neighbouring pieces are equal."""
    line = b"".join((seed + number).to_bytes(8, "big") for number in range(-(-size // 8)))
    return line[:size]


@pytest.mark.parametrize("size", [1, 64 << 10, (64 << 10) + 1, MIB, 3 * MIB + 7])
async def test_an_object_is_read_as_it_was_written(storage: Storage, size: int) -> None:
    content = pattern(size)
    key = await put(storage, content, piece=50_001)
    assert await get(storage, key, 0, size) == content
    assert await storage.size(key) == size


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 10), (5, 9), (MIB - 3, MIB + 3), (MIB, 2 * MIB + 5), (7, 7)])
async def test_a_range_is_exactly_what_was_asked(storage: Storage, start: int, end: int) -> None:
    content = pattern(2 * MIB + 5)
    key = await put(storage, content)
    assert await get(storage, key, start, end) == content[start:end]


async def test_an_object_of_no_bytes_is_an_object(storage: Storage) -> None:
    key = await put(storage, b"")
    assert await storage.size(key) == 0
    assert [piece async for piece in storage.read(key, 0, 0)] == []
    assert await listed(storage) == [key]


async def test_chunks_of_every_kind_and_size_keep_their_order(storage: Storage) -> None:
    key = fresh_key()
    writer = await storage.create(key)
    await writer.write([])
    await writer.write([b"", b"a", bytearray(b"bc"), memoryview(b"xdefx")[1:4], b""])
    await writer.write([bytes([number % 251]) for number in range(5000)])
    await writer.finish()
    expected = b"abcdef" + bytes(number % 251 for number in range(5000))
    assert await get(storage, key, 0, len(expected)) == expected


async def test_what_is_not_there_is_missing(storage: Storage) -> None:
    key = fresh_key()
    assert await storage.size(key) is None
    for start, end in [(0, 1), (0, 0), (0, 5 * MIB)]:
        with pytest.raises(ObjectMissing):
            await get(storage, key, start, end)


@pytest.mark.parametrize("end", [101, 200_000, 5 * MIB])
@pytest.mark.parametrize("start", [0, 100, 150_000])
async def test_an_object_too_short_for_the_range_is_missing(storage: Storage, start: int, end: int) -> None:
    key = await put(storage, pattern(100))
    if start <= end:
        with pytest.raises(ObjectMissing):
            await get(storage, key, start, end)
    with pytest.raises(ObjectMissing):
        await get(storage, key, end, end)


async def test_removing_is_repeatable(storage: Storage) -> None:
    key, other = await put(storage, b"gone"), await put(storage, b"stays")
    for _ in range(3):
        await storage.remove(key)
        assert await storage.size(key) is None
        with pytest.raises(ObjectMissing):
            await get(storage, key, 0, 4)
    await storage.remove(fresh_key())
    await storage.remove()
    assert await listed(storage) == [other]
    assert await get(storage, other, 0, 5) == b"stays"


async def test_many_are_removed_at_once_whether_they_are_there_or_not(storage: Storage) -> None:
    keys = [await put(storage, b"%d" % number) for number in range(32)]
    unfinished = fresh_key()
    writer = await storage.create(unfinished)
    await writer.write([b"more"])
    await storage.remove(*keys[:30:2], unfinished, fresh_key(), *keys[1:30:2], fresh_key())
    await writer.abort()
    assert sorted(await listed(storage)) == sorted(keys[30:])
    await storage.remove(*keys)
    assert await listed(storage) == []


@pytest.mark.parametrize("size", [0, 10, 20 * MIB])
async def test_an_object_given_up_is_cleared_by_remove(storage: Storage, size: int) -> None:
    key = fresh_key()
    writer = await storage.create(key)
    for offset in range(0, size, MIB):
        await writer.write([pattern(min(MIB, size - offset), offset)])
    await writer.abort()
    await writer.abort()
    with pytest.raises(StorageFailed):
        await writer.write([b"more"])
    with pytest.raises(StorageFailed):
        await writer.finish()
    await storage.remove(key)
    assert await storage.size(key) is None
    assert await listed(storage) == []
    with pytest.raises(ObjectMissing):
        await get(storage, key, 0, 1)


async def test_removing_an_object_that_is_being_written_leaves_nothing(storage: Storage) -> None:
    key = fresh_key()
    writer = await storage.create(key)
    await writer.write([pattern(2 * MIB)])
    await storage.remove(key)
    await writer.abort()
    assert await storage.size(key) is None
    assert await listed(storage) == []


@pytest.mark.parametrize("size", [5, 9 * MIB])
async def test_a_key_is_used_once(storage: Storage, size: int) -> None:
    content = pattern(20)
    key = await put(storage, content)
    with pytest.raises(StorageFailed):
        await write_again(storage, key, size)
    assert await get(storage, key, 0, 20) == content
    assert await storage.size(key) == 20


async def write_again(storage: Storage, key: Key, size: int) -> None:
    writer = await storage.create(key)
    try:
        await writer.write([b"x" * size])
        await writer.finish()
    finally:
        await writer.abort()


async def test_a_writer_is_spent_when_it_has_finished(storage: Storage) -> None:
    key = fresh_key()
    writer = await storage.create(key)
    await writer.write([b"all"])
    await writer.finish()
    with pytest.raises(StorageFailed):
        await writer.write([b"more"])
    with pytest.raises(StorageFailed):
        await writer.finish()
    await writer.abort()
    assert await storage.size(key) == 3
    assert await get(storage, key, 0, 3) == b"all"


async def test_many_write_and_read_at_once(storage: Storage) -> None:
    contents = [pattern(size * 37_003, size) for size in range(40)]
    keys = await asyncio.gather(*(put(storage, content) for content in contents))
    read = await asyncio.gather(
        *(get(storage, key, 0, len(content)) for key, content in zip(keys, contents, strict=True))
    )
    assert read == contents
    assert await listed(storage) == sorted(keys)
    await asyncio.gather(*(storage.remove(key) for key in keys))
    assert await listed(storage) == []


async def test_a_reader_may_leave_in_the_middle(storage: Storage) -> None:
    content = pattern(3 * MIB)
    key = await put(storage, content)
    pieces = storage.read(key, 0, len(content))
    first = await anext(pieces)
    assert content.startswith(first)
    await pieces.aclose()  # type: ignore[attr-defined]
    assert await get(storage, key, 1, len(content)) == content[1:]


async def test_a_cancelled_write_can_only_be_given_up(storage: Storage) -> None:
    key = fresh_key()
    writer = await storage.create(key)

    async def push() -> None:
        for number in range(40):
            await writer.write([pattern(MIB, number)])
            await asyncio.sleep(0)
        await asyncio.Event().wait()

    pushing = asyncio.create_task(push())
    await asyncio.sleep(0.02)
    pushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pushing
    await writer.abort()
    with pytest.raises(StorageFailed):
        await writer.finish()
    await storage.remove(key)
    assert await listed(storage) == []


class Received(bytearray):
    """A chunk that can be counted while somebody holds it."""

    __hash__ = object.__hash__  # type: ignore[assignment]


@pytest.mark.parametrize(("storage", "bound"), [("files", 10), ("s3", 40)], indirect=["storage"])
async def test_a_large_object_is_never_held_whole(storage: Storage, bound: int) -> None:
    size, piece = 96 * MIB, 256 << 10
    key, most = fresh_key(), 0
    held: weakref.WeakSet[Received] = weakref.WeakSet()
    only_the_store = [tracemalloc.Filter(True, "*/entrepot/storage/*")]
    tracemalloc.start()
    try:
        writer = await storage.create(key)
        for offset in range(0, size, piece):
            chunk = Received(offset.to_bytes(8, "big") * (piece // 8))
            held.add(chunk)
            await writer.write([chunk])
            del chunk
            if offset % (3 * MIB) == 0:
                snapshot = tracemalloc.take_snapshot().filter_traces(only_the_store)
                copies = sum(trace.size for trace in snapshot.traces)
                most = max(most, copies + len(held) * piece)
        await writer.finish()
    finally:
        tracemalloc.stop()
    assert 0 < most <= bound * MIB
    assert len(held) == 0
    expected, received = hashlib.sha256(), hashlib.sha256()
    for offset in range(0, size, piece):
        expected.update(offset.to_bytes(8, "big") * (piece // 8))
    async for part in storage.read(key, 0, size):
        assert len(part) <= MIB
        received.update(part)
    assert received.digest() == expected.digest()


async def test_every_file_is_listed_however_many_turns_that_takes(
    files: FileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filesystem, "LISTED", 3)
    assert await listed(files) == []
    keys = [await put(files, b"x") for _ in range(20)]
    assert await listed(files) == sorted(keys)


async def test_files_are_where_the_store_says(files: FileStorage) -> None:
    assert isinstance(files, LocalFiles)
    content = pattern(100_000)
    key = await put(files, content)
    path = files.path(key)
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_a_signed_url_gives_the_object(s3: ObjectStorage) -> None:
    assert isinstance(s3, SignedUrls)
    content = pattern(70_000)
    url = await s3.signed_url(await put(s3, content), 60)

    def download() -> bytes:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bytes(answer.read())

    assert await asyncio.to_thread(download) == content
    assert SECRET not in url
    assert "X-Amz-Expires=60" in url


@pytest.mark.parametrize("size", [0, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 20 * MIB])
async def test_large_objects_go_in_parts(s3: ObjectStorage, bucket: Bucket, size: int) -> None:
    content = pattern(size)
    key = await put(s3, content, piece=300_000)
    assert await get(s3, key, 0, size) == content
    [found] = [
        item for item in bucket.client.list_objects_v2(Bucket="objects")["Contents"] if item["Key"].endswith(key)
    ]
    parts = 1 if size < 8 * MIB else -(-size // (8 * MIB))
    assert found["ETag"].strip('"').endswith(f"-{parts}") == (size >= 8 * MIB)
    assert bucket.uploads(key) == []


async def test_parts_of_an_object_given_up_are_removed(s3: ObjectStorage, bucket: Bucket) -> None:
    key = fresh_key()
    writer = await s3.create(key)
    for number in range(30):
        await writer.write([pattern(MIB, number)])
    assert len(await asyncio.to_thread(bucket.uploads, key)) == 1
    await writer.abort()
    assert await asyncio.to_thread(bucket.uploads, key) == []
    assert await s3.size(key) is None


async def test_a_bucket_that_is_not_there_is_told_apart_from_an_object(bucket: Bucket) -> None:
    storage = ObjectStorage.from_url(bucket.url("prefix", bucket="elsewhere"))
    for doing in (put(storage, b"x"), put(storage, b"x" * 9 * MIB), get(storage, fresh_key(), 0, 1), listed(storage)):
        with pytest.raises(StorageFailed, match="NoSuchBucket"):
            await doing
