"""Taking a stream of bytes in: to a fresh object, hashed on the way (step 2 of the blob protocol)."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from entrepot.db import removals
from entrepot.db.contract import Database
from entrepot.db.uploads import Part
from entrepot.model.digest import Digest, Hasher
from entrepot.model.errors import BlobUploadInvalid, BlobUploadUnknown, BodyCut, Failed, SizeInvalid
from entrepot.registry.fresh_keys import FreshKeys
from entrepot.storage.contract import Chunk, Key, ObjectWriter, Pouring, Source, Storage

BATCH = 1024 * 1024
"""Bytes gathered before they are given to the writer: large enough that its thread costs nothing beside them."""


@runtime_checkable
class Fetched(Protocol):
    """A stream of pieces that can perhaps be had in another way as well."""

    def source(self) -> Source | None:
        """The rest of the stream, for a thread to fetch; None if it can only be had by its pieces."""


class Count(Protocol):
    """Something that is added to as bytes come, by whichever thread takes them."""

    size: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A durable object that is still on the list of those to be removed, so nothing counts on it yet."""

    key: Key
    size: int
    cut: BodyCut | None
    """Set if the stream broke off; the object then holds what came until there."""


class Intake:
    """Makes objects of streams."""

    def __init__(self, db: Database, storage: Storage, keys: FreshKeys) -> None:
        self._db = db
        self._storage = storage
        self._keys = keys

    async def take(
        self,
        body: AsyncIterator[bytes],
        length: int | None,
        hasher: Hasher | None,
        *,
        at_most: int | None = None,
        count: Count | None = None,
    ) -> Taken:
        """The object made of the stream, durable; `hasher` was fed all of it. A thread fetches the stream if it can.

        What has come so far is added to `count`.

        Raises SizeInvalid if the stream is not `length` bytes long, BlobUploadInvalid if it has more than `at_most`,
        BlobUploadUnknown if it took too long, StorageFailed; whatever was written is then let go. The intent to remove
        it is committed before the first byte is written, so a crash at any point leaves nothing behind that is not on
        the list.
        """
        key, deadline = await self._keys.take()
        try:
            writer = await self._storage.create(key, hasher)
            try:
                size, cut = await _pour(body, writer, length, at_most, count or _Counted())
                if time.monotonic() >= deadline:  # Its removal may have begun, and must not be overtaken.
                    raise BlobUploadUnknown("the upload took too long; start it again")
                await writer.finish()
            except BaseException:
                await writer.abort()
                raise
        except BaseException:
            # Also when this task is cancelled. If even this fails, the intent's own time will come.
            with suppress(Failed):
                await asyncio.shield(self._db.write(lambda tx: removals.give_up(tx, key, tx.now)))
            raise
        return Taken(key, size, cut)

    async def take_nothing(self) -> Taken:
        """An object without content. Raises what `take` raises."""
        return await self.take(_nothing(), None, None)

    async def hash(self, parts: Sequence[Part], algorithm: str) -> Digest:
        """The digest of the parts, read one after the other. Raises ObjectMissing, StorageFailed."""
        hasher = hashlib.new(algorithm)
        for part in parts:
            async for piece in self._storage.read(Key(part.key), 0, part.size):
                await asyncio.to_thread(hasher.update, piece)
        return Digest.finished(algorithm, hasher)


async def _nothing() -> AsyncIterator[bytes]:
    none: tuple[bytes, ...] = ()
    for piece in none:
        yield piece


async def _pour(
    body: AsyncIterator[bytes], writer: ObjectWriter, length: int | None, at_most: int | None, count: Count
) -> tuple[int, BodyCut | None]:
    """How many bytes went from the stream to the writer, and how the stream broke off if it did."""
    source = body.source() if isinstance(body, Fetched) and isinstance(writer, Pouring) else None
    if source is not None and isinstance(writer, Pouring):
        measured = _Measured(source, at_most, count)
        await writer.pour(measured)
        size, cut = measured.size, None
        if not source.whole:
            cut = BodyCut("the client went away before everything had come")
    else:
        size, cut = await _gather(body, writer, at_most, count)
    if length is not None and cut is None and size != length:
        raise SizeInvalid(f"{length} bytes were announced and {size} came")
    return size, cut


async def _gather(
    body: AsyncIterator[bytes], writer: ObjectWriter, at_most: int | None, count: Count
) -> tuple[int, BodyCut | None]:
    size, cut = 0, None
    batch: list[Chunk] = []
    gathered = 0
    try:
        async for chunk in body:
            size += len(chunk)
            count.size += len(chunk)
            _require_at_most(at_most, size)
            batch.append(chunk)
            gathered += len(chunk)
            if gathered >= BATCH:
                await writer.write(batch)
                batch, gathered = [], 0
    except BodyCut as error:
        cut = error
    if batch:
        await writer.write(batch)
    return size, cut


@dataclass(slots=True)
class _Counted:
    """A Count that nobody looks at."""

    size: int = 0


class _Measured:
    """A Source that ends with an error when more has come of it than may."""

    def __init__(self, source: Source, at_most: int | None, count: Count) -> None:
        self._source = source
        self._at_most = at_most
        self._count = count
        self.size = 0

    @property
    def over(self) -> bool:
        return self._source.over

    @property
    def whole(self) -> bool:
        return self._source.whole

    def fill(self, buffer: memoryview, *, patient: bool = True) -> Sequence[memoryview]:
        """Raises BlobUploadInvalid."""
        parts = self._source.fill(buffer, patient=patient)
        size = sum(map(len, parts))
        self.size += size
        self._count.size += size
        _require_at_most(self._at_most, self.size)
        return parts

    async def ready(self) -> None:
        await self._source.ready()

    def close(self) -> None:
        self._source.close()


def _require_at_most(at_most: int | None, size: int) -> None:
    if at_most is not None and size > at_most:
        raise BlobUploadInvalid("the blob is larger than this registry accepts")
