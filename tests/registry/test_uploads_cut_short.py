"""Uploads that break off, are given up, take too long, or are overtaken by somebody else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from contracts.place import DAY, Place, stream
from entrepot.db.contract import Database
from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUnknown, BlobUploadUnknown, BodyCut
from entrepot.registry.blobs import Blob
from entrepot.registry.rules import Rules
from entrepot.storage.contract import Key
from entrepot.storage.memory import MemoryStorage

MIB = 1 << 20


async def test_what_came_of_a_chunk_that_broke_off_is_kept(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    with pytest.raises(BodyCut):
        await place.uploads.append(grant, upload.id, stream(b"co", b"n", cut=True), length=7)
    assert (await place.uploads.status(grant, upload.id)).size == 3
    with pytest.raises(BodyCut):
        await place.uploads.append(grant, upload.id, stream(cut=True), length=4)
    assert (await place.uploads.status(grant, upload.id)).size == 3
    with pytest.raises(BodyCut):
        await place.uploads.finish(grant, upload.id, stream(b"te", cut=True), Digest.of(b"content"), length=4)
    assert (await place.uploads.status(grant, upload.id)).size == 5
    await place.uploads.finish(grant, upload.id, stream(b"nt"), Digest.of(b"content"), start=5)
    assert await place.read(b"content") == b"content"


async def test_a_whole_blob_that_broke_off_is_let_go(place: Place) -> None:
    with pytest.raises(BodyCut):
        await place.uploads.put(await place.grant(), stream(b"content", cut=True), Digest.of(b"content"))
    with pytest.raises(BlobUnknown):
        await place.read(b"content")
    await place.collect()
    assert await place.stored() == set()


async def test_a_request_that_is_cancelled_leaves_nothing_behind(place: Place) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(MIB)
            begun.set()
            await asyncio.sleep(0.001)

    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    for sending in (
        place.uploads.put(grant, endless(), Digest.of(b"")),
        place.uploads.append(grant, upload.id, endless()),
        place.uploads.finish(grant, upload.id, endless(), Digest.of(b"")),
    ):
        begun.clear()
        task = asyncio.ensure_future(sending)
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (await place.uploads.status(grant, upload.id)).size == 0
    await place.assert_whole()
    await place.collect()
    assert await place.stored() == set()


async def test_a_session_that_rested_too_long_is_gone(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    await place.let_time_pass(DAY // 2)
    await place.uploads.append(grant, upload.id, stream(b"con"))
    await place.let_time_pass(DAY // 2 + 1_000_000)
    await place.uploads.append(grant, upload.id, stream(b"tent"))
    await place.let_time_pass(DAY)
    with pytest.raises(BlobUploadUnknown):
        await place.uploads.finish(grant, upload.id, None, Digest.of(b"content"))
    await place.collect()
    assert await place.stored() == set()
    assert await place.rows("SELECT id FROM uploads") == []


async def held_up(place: Place, content: bytes) -> AsyncIterator[bytes]:
    """A body so slow that its object is given up, and removed, before its end."""
    yield content
    await place.let_time_pass(2 * DAY)
    await place.collect()


@pytest.mark.parametrize("how", ["put", "append", "finish"])
async def test_a_request_that_took_too_long_fails_and_leaves_nothing_behind(place: Place, how: str) -> None:
    upload = await place.uploads.start(await place.grant())
    grant, body, digest = await place.grant(), held_up(place, b"content"), Digest.of(b"content")
    sending: dict[str, Callable[[], Awaitable[object]]] = {
        "put": lambda: place.uploads.put(grant, body, digest),
        "append": lambda: place.uploads.append(grant, upload.id, body),
        "finish": lambda: place.uploads.finish(grant, upload.id, body, digest),
    }
    with pytest.raises(BlobUploadUnknown):
        await sending[how]()
    assert await place.leaving(), "a store that finishes an object late must be told to remove it again"
    await place.collect()
    assert await place.stored() == set()
    with pytest.raises(BlobUnknown):
        await place.read(b"content")


class Interrupted(MemoryStorage):
    """A store in which something else happens just before the next read."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Callable[[], Awaitable[None]]] = []

    async def read(self, key: Key, start: int, end: int) -> AsyncIterator[bytes]:
        if self.waiting:
            await self.waiting.pop()()
        async for piece in super().read(key, start, end):
            yield piece


@pytest.mark.parametrize(("parts", "algorithm"), [([b"con", b"tent"], "sha512"), ([b"content"], "sha512")])
async def test_a_close_that_finds_the_parts_gone_is_answered_as_the_one_before_it(
    database: Database, parts: list[bytes], algorithm: str
) -> None:
    storage, digest = Interrupted(), Digest.of(b"content", algorithm)
    place = Place(database, storage, Rules())
    # Held already, so that the first close gives the parts up, and collection may remove them.
    await place.uploads.put(await place.grant(), stream(b"content"), digest)
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    for part in parts:
        await place.uploads.append(grant, upload.id, stream(part))

    async def meanwhile() -> None:
        await place.uploads.finish(grant, upload.id, None, digest)
        await place.collect()

    storage.waiting.append(meanwhile)
    blob = await place.uploads.finish(grant, upload.id, None, digest)
    assert not storage.waiting
    assert await place.read_blob(blob) == b"content"
    await place.collect()
    assert await place.stored() == {blob.key}
    await place.assert_whole()


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_a_close_with_its_last_chunk_repeated_while_the_first_is_under_way(place: Place, algorithm: str) -> None:
    digest = Digest.of(b"content", algorithm)
    for _ in range(10):
        upload = await place.uploads.start(await place.grant())
        grant = await place.grant()
        await place.uploads.append(grant, upload.id, stream(b"con"))

        async def close(begun: asyncio.Event, upload_id: str = upload.id) -> Blob:
            async def body() -> AsyncIterator[bytes]:
                yield b"te"
                begun.set()
                await asyncio.sleep(0.002)
                yield b"nt"

            return await place.uploads.finish(await place.grant(), upload_id, body(), digest)

        first, second = asyncio.Event(), asyncio.Event()
        early = asyncio.create_task(close(first))
        await first.wait()
        late = asyncio.create_task(close(second))
        assert (await early).digest == (await late).digest == digest
    assert await place.read(digest) == b"content"


async def test_a_session_cancelled_while_a_chunk_comes_keeps_nothing(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()

    async def then_cancel() -> AsyncIterator[bytes]:
        yield b"con"
        await place.uploads.cancel(grant, upload.id)
        yield b"tent"

    with pytest.raises(BlobUploadUnknown):
        await place.uploads.append(grant, upload.id, then_cancel())
    await place.collect()
    assert await place.stored() == set()
