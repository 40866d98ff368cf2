"""Taking a stream of bytes in: to a fresh object, hashed on the way (step 2 of the blob protocol)."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from entrepot.db import removals
from entrepot.db.contract import Database
from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUploadInvalid, BlobUploadUnknown, BodyCut, Failed, SizeInvalid
from entrepot.registry.rules import SECOND, Rules
from entrepot.storage.contract import Key, ObjectWriter, Storage, fresh_key

BATCH = 1024 * 1024
"""Bytes gathered before they are hashed and written: large enough that going to a thread costs nothing beside it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A durable object that is still on the list of those to be removed, so nothing counts on it yet."""

    key: Key
    size: int
    digest: Digest
    cut: BodyCut | None
    """Set if the stream broke off; the object then holds what came until there."""


class Intake:
    """Makes objects of streams."""

    def __init__(self, db: Database, storage: Storage, rules: Rules) -> None:
        self._db = db
        self._storage = storage
        self._rules = rules

    async def take(
        self, body: AsyncIterator[bytes], length: int | None, algorithm: str, *, at_most: int | None = None
    ) -> Taken:
        """The object made of the stream, durable.

        Raises SizeInvalid if the stream is not `length` bytes long, BlobUploadInvalid if it has more than `at_most`,
        BlobUploadUnknown if it took too long, StorageFailed; whatever was written is then let go. The intent to remove it is committed before the first
        byte is written, so a crash at any point leaves nothing behind that is not on the list.
        """
        key = fresh_key()
        limit = self._rules.upload_expiry
        began = time.monotonic()
        await self._db.write(lambda tx: removals.intend(tx, key, tx.now + limit))
        try:
            writer = await self._storage.create(key)
            try:
                taken = await self._pour(body, writer, key, length, algorithm, at_most)
                if time.monotonic() - began > limit / SECOND / 2:
                    await self._intend_longer(key)
                await writer.finish()
            except BaseException:
                await writer.abort()
                raise
        except BaseException:
            # Also when this task is cancelled. If even this fails, the intent's own time will come.
            with suppress(Failed):
                await asyncio.shield(self._db.write(lambda tx: removals.give_up(tx, key, tx.now)))
            raise
        return taken

    async def _intend_longer(self, key: Key) -> None:
        """Returns if the object is on the list for as long again.

        Some stores show an object only when it is finished: after its removal, nothing would remove it any more.
        """
        limit = self._rules.upload_expiry
        if not await self._db.write(lambda tx: removals.postpone(tx, key, tx.now + limit)):
            raise BlobUploadUnknown("the upload took too long; start it again")

    async def _pour(
        self,
        body: AsyncIterator[bytes],
        writer: ObjectWriter,
        key: Key,
        length: int | None,
        algorithm: str,
        at_most: int | None,
    ) -> Taken:
        hashing = _Hashing(algorithm)
        size, cut = 0, None
        batch: list[bytes] = []
        gathered = 0
        try:
            async for chunk in body:
                size += len(chunk)
                if at_most is not None and size > at_most:
                    raise BlobUploadInvalid("the blob is larger than this registry accepts")
                batch.append(chunk)
                gathered += len(chunk)
                if gathered >= BATCH:
                    await hashing.feed(batch)
                    await writer.write(list(batch))
                    batch, gathered = [], 0
        except BodyCut as error:
            cut = error
        if batch:
            await hashing.feed(batch)
            await writer.write(list(batch))
        if length is not None and cut is None and size != length:
            raise SizeInvalid(f"{length} bytes were announced and {size} came")
        return Taken(key, size, await hashing.digest(), cut)

    async def hash(self, content: AsyncIterator[bytes], algorithm: str) -> Digest:
        """The digest of the stream."""
        hashing = _Hashing(algorithm)
        async for chunk in content:
            await hashing.feed([chunk])
        return await hashing.digest()


class _Hashing:
    """A running hash in a thread, one batch behind the stream: hashing overlaps with receiving the next batch."""

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._hasher = hashlib.new(algorithm)
        self._running: asyncio.Future[None] | None = None

    async def feed(self, chunks: list[bytes]) -> None:
        """Returns when the batch before this one is hashed."""
        if self._running is not None:
            await self._running
        self._running = asyncio.get_running_loop().run_in_executor(None, self._update, chunks)

    async def digest(self) -> Digest:
        """The digest of everything fed."""
        if self._running is not None:
            await self._running
        return Digest.finished(self._algorithm, self._hasher)

    def _update(self, chunks: list[bytes]) -> None:
        for chunk in chunks:
            self._hasher.update(chunk)
