"""Objects in an object store: S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage."""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from typing import Literal

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError

from entrepot.model.digest import Hasher
from entrepot.model.errors import ObjectMissing, StorageFailed
from entrepot.storage.contract import Key
from entrepot.storage.failing import Doing, of_object_store
from entrepot.storage.objecturl import PART, Client, ObjectUrl
from entrepot.storage.objectwriter import ObjectStoreWriter
from entrepot.storage.readahead import PIECE, Room, read_ahead

READ_WHOLE = 256 * 1024
"""Bytes of the longest range that one request asks for alone."""
ATTEMPTS = 4
"""How often a read is asked for again that gave nothing; each is already repeated by the client library."""

_STATUS = re.compile(r"status code: ([0-9]{3})")
_CODE = re.compile(r"<Code>([A-Za-z]{1,64})</Code>")
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound")


class ObjectStorage:
    """A Storage and SignedUrls on a bucket (a container, on Azure), below a prefix.

    The client library runs threads of its own, which do not survive a fork: make one per process, after forking.
    What an upload that was cut off had sent is not seen by `keys` and not cleared by `remove`: that is left to the
    bucket's lifecycle rule for incomplete multipart uploads.
    """

    def __init__(self, store: Client, *, part_size: int = PART, overwrite: bool = False) -> None:
        """A store on a client that is set up already.

        `overwrite` is for stores that do not know conditional writes; elsewhere a key can be written only once.
        """
        self._store = store
        self._part_size = part_size
        self._room = Room()
        self._mode: Literal["create", "overwrite"] = "overwrite" if overwrite else "create"

    @classmethod
    def from_url(cls, url: str, environment: Mapping[str, str] = os.environ) -> "ObjectStorage":
        """The store that `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix` names.

        Options follow as a query, `?region=eu-west-1&endpoint=https://s3.example.com`, by the names that obstore
        gives them; what is not there is taken from the environment as each cloud's own tools do (AWS_…, GOOGLE_…,
        AZURE_…). `part_size` is in bytes. Plain HTTP is used only for an endpoint that says http://. Nothing is
        connected to. Raises ValueError with a sentence that repeats no option's value.
        """
        parsed = ObjectUrl.parse(url, environment)
        overwrite = parsed.options.get("conditional_put") == "disabled"
        return cls(parsed.client(), part_size=parsed.part_size, overwrite=overwrite)

    async def create(self, key: Key, hasher: Hasher | None = None) -> ObjectStoreWriter:
        """A writer. Nothing is sent yet; that the key is taken is told when the bytes are sent."""

        async def single(content: bytes) -> None:
            await self._put(key, content)

        async def parts(pieces: AsyncIterator[bytes]) -> None:
            await self._put_parts(key, pieces)

        return ObjectStoreWriter(single, parts, self._part_size, hasher)

    async def read(self, key: Key, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes of the range, in pieces of up to 1 MiB; a connection that breaks is taken up where it stopped.

        Long ranges are fetched by several requests at a time, as each connection to a store is slow.
        """
        if start >= end:
            size = await self.size(key)
            if size is None or size < end:
                raise _missing(key)
            return
        if end - start <= READ_WHOLE:
            pieces = self._stream(key, start, end)
        else:
            pieces = read_ahead(start, end, partial(self._stream, key), partial(self._fetch, key), self._room)
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def _fetch(self, key: Key, start: int, end: int) -> memoryview | None:
        """The bytes of the range; None if they did not come, for whatever reason."""
        try:
            content = memoryview(await obstore.get_range_async(self._store, key, start=start, end=end))
        except (BaseError, OSError):
            return None
        return content if len(content) == end - start else None

    async def _stream(self, key: Key, start: int, end: int) -> AsyncGenerator[bytes, None]:
        attempts = ATTEMPTS
        while start < end:
            try:
                result = await obstore.get_async(self._store, key, options={"range": (start, end)})
                if result.meta["size"] < end:
                    raise _missing(key)
                async for received in result.stream(min_chunk_size=min(PIECE // 2, (end - start) // 16)):
                    for offset in range(0, len(received), PIECE):
                        piece = bytes(received[offset : offset + PIECE])
                        start += len(piece)
                        attempts = ATTEMPTS
                        yield piece
            except (BaseError, OSError) as error:
                if _is_missing(error):
                    raise _missing(key) from None
                attempts -= 1
                if not attempts or not _may_pass(error):
                    raise _failed(Doing.READ, error) from None

    async def size(self, key: Key) -> int | None:
        """The length of the object."""
        try:
            return (await obstore.head_async(self._store, key))["size"]
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise _failed(Doing.READ, error) from None

    async def remove(self, *keys: Key) -> None:
        """Removes the objects, with one request where the store can. Parts of an upload that was cut off are left to
        the bucket's lifecycle rule."""
        try:
            await obstore.delete_async(self._store, keys[0] if len(keys) == 1 else list(keys))
        except FileNotFoundError as error:
            if not _is_missing(error):
                raise _failed(Doing.REMOVE, error) from None
            # Some stores complain of what is not there, and it is not known whether the others are gone.
            if len(keys) > 1:
                await asyncio.gather(*(self.remove(key) for key in keys))
        except (BaseError, OSError) as error:
            raise _failed(Doing.REMOVE, error) from None

    async def keys(self) -> AsyncIterator[Key]:
        """The key of every finished object, a thousand with one request."""
        try:
            async for page in obstore.list(self._store, chunk_size=1000):
                for item in page:
                    yield Key(item["path"])
        except (BaseError, OSError) as error:
            raise _failed(Doing.LIST, error) from None

    async def close(self) -> None:
        """Nothing to wait for: idle connections end with the process, or after a while."""

    async def signed_url(self, key: Key, seconds: int) -> str:
        """A URL for a GET of the object."""
        try:
            return await obstore.sign_async(self._store, "GET", key, timedelta(seconds=seconds))
        except (BaseError, OSError, ValueError) as error:
            raise _failed(Doing.SIGN, error) from None

    async def _put(self, key: Key, content: bytes) -> None:
        try:
            await obstore.put_async(self._store, key, content, mode=self._mode, use_multipart=False)
        except AlreadyExistsError:
            raise _taken(key) from None
        except (BaseError, OSError) as error:
            raise _failed(Doing.WRITE, error) from None

    async def _put_parts(self, key: Key, pieces: AsyncIterator[bytes]) -> None:
        if self._mode == "create" and await self.size(key) is not None:
            # The library has no conditional write in parts. Keys are fresh, so this finds mistakes, not races.
            raise _taken(key)
        try:
            await obstore.put_async(
                self._store, key, pieces, use_multipart=True, chunk_size=self._part_size, max_concurrency=2
            )
        except (BaseError, OSError) as error:
            raise _failed(Doing.WRITE, error) from None


def _describe(error: Exception) -> tuple[str, str]:
    """The HTTP status and the store's own code, each perhaps empty.

    Nothing else is taken over: the library's text holds the request's URL, which may hold a signature.
    """
    text = str(error)
    status, code = _STATUS.search(text), _CODE.search(text)
    return status[1] if status else "", code[1] if code else ""


def _failed(doing: Doing, error: Exception) -> StorageFailed:
    status, code = _describe(error)
    return of_object_store(doing, status, code, refused=isinstance(error, PermissionDeniedError | UnauthenticatedError))


def _is_missing(error: Exception) -> bool:
    status, code = _describe(error)
    return (isinstance(error, FileNotFoundError) or status in ("404", "416")) and code not in _NO_BUCKET


def _may_pass(error: Exception) -> bool:
    """Whether asking again may help: a connection broke or the store was busy, and it did not refuse."""
    return not _describe(error)[0].startswith("4") and not isinstance(error, FileNotFoundError)


def _missing(key: Key) -> ObjectMissing:
    return ObjectMissing(f"the store has no object {key}, or only a part of it, although the database lists it")


def _taken(key: Key) -> StorageFailed:
    return StorageFailed(f"there is an object {key} already; every object needs a key of its own")
