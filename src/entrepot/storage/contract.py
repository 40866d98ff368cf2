"""What every store of bytes does.

An object is written once, whole, under a fresh key that is never used again, and never changed afterwards. So a key
names the same bytes for ever or nothing at all, and no store needs locks, renames or appends. The store is never
asked whether something exists: the database says that.
"""

import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NewType, Protocol, runtime_checkable

from entrepot.model.digest import Hasher

Key = NewType("Key", str)
"""`<first two>/<32 hex digits>`, made by `fresh_key`."""

Chunk = bytes | bytearray | memoryview


def fresh_key() -> Key:
    """A key that was never used before, spread over 256 folders."""
    name = uuid.uuid4().hex
    return Key(f"{name[:2]}/{name}")


class ObjectWriter(Protocol):
    """One object being written. Nothing is promised about it until `finish` has returned."""

    async def write(self, chunks: list[Chunk]) -> None:
        """Adds the chunks in order; may return before they are on disk, with bounded memory in flight.

        The chunks belong to the writer from then on: who gave them must not change them.
        Raises StorageFull or StorageFailed.
        """

    async def finish(self) -> None:
        """Returns when every byte is durable: they survive a crash of the machine.

        Raises StorageFull or StorageFailed; the object is then as if never written, but for what `remove` clears.
        """

    async def abort(self) -> None:
        """Gives up: frees what is held. Never raises. The key may still need `remove`."""


class Source(Protocol):
    """Bytes on their way here, that a thread may fetch: only as many at a time as it has room for."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come, because this was all or because it broke off."""

    @property
    def whole(self) -> bool:
        """Whether this was all."""

    def fill(self, buffer: memoryview, *, patient: bool = True) -> Sequence[memoryview]:
        """The bytes that came next, mostly as parts of the buffer, good until it is used for something else.

        Nothing if nothing came for a moment, a shorter one unless `patient`, or if it is over. Never raises for what
        becomes of the sender. For one thread at a time; once closed, it comes back within a moment and says that it
        is over.
        """

    async def ready(self) -> None:
        """Returns when it is worth asking for more, or over."""

    def close(self) -> None:
        """Lets go of where the bytes come from. To be called in any case, by the event loop; may be called twice."""


@runtime_checkable
class Pouring(Protocol):
    """An ObjectWriter that can fetch the bytes itself, in the thread that hashes and writes them."""

    async def pour(self, source: Source) -> None:
        """Adds everything that comes, and closes the source. Returns when it is over, whole or not.

        Raises StorageFull, StorageFailed, and what the source raises.
        """


class Storage(Protocol):
    """Objects by key. Safe to use from many tasks, processes and, for shared stores, nodes at once."""

    async def create(self, key: Key, hasher: Hasher | None = None) -> ObjectWriter:
        """A writer for a key that was never used before. Raises StorageFull or StorageFailed.

        `hasher` is fed every byte in order, where the bytes are handled anyway, which is off the event loop wherever
        that takes long. Its digest is complete when the writer's `finish` has returned.
        """

    def read(self, key: Key, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `end`, in pieces of at most 1 MiB.

        The caller names a range within the object. Raises ObjectMissing if there is no such object or it is shorter
        than `end`, and StorageFailed; either may come after some pieces.
        """

    async def size(self, key: Key) -> int | None:
        """How many bytes the object has; None if there is none. Raises StorageFailed. Only for proving a store."""

    async def remove(self, *keys: Key) -> None:
        """Returns when there is nothing under any of the keys, finished or not; no error if there was nothing.

        Durable enough: a crash may bring an object back, which the caller's own record of the removal then repeats.
        Raises StorageFailed if something may be left under one of them; those that could be removed are gone then.
        """

    def keys(self) -> AsyncIterator[Key]:
        """Every key with anything under it, finished or not, in any order. Only for proving a store.

        An object store shows finished objects only. Raises StorageFailed.
        """

    async def close(self) -> None:
        """Frees connections. Nothing may be called afterwards."""


class OpenFile(Protocol):
    """A file of this machine, open for reading until it is closed."""

    def fileno(self) -> int:
        """Its descriptor."""

    def close(self) -> None:
        """Closes it."""


@runtime_checkable
class LocalFiles(Protocol):
    """A store whose objects are files here, so that a server may hand them to the kernel."""

    def path(self, key: Key) -> Path:
        """Where the object is, whether or not it exists."""

    def cached(self, key: Key, end: int) -> bytes:
        """The first `end` bytes, if no disk has to be waited for; fewer, or none, otherwise. Never raises.

        Source: preadv2(2), RWF_NOWAIT.
        """

    async def open(self, key: Key, end: int) -> OpenFile:
        """The object as a file, for the caller to close. Raises ObjectMissing as `read` does, and StorageFailed."""


@runtime_checkable
class SignedUrls(Protocol):
    """A store that can let a client download straight from it."""

    async def signed_url(self, key: Key, seconds: int) -> str:
        """A URL that gives the object's bytes to whoever has it, for that many seconds. Raises StorageFailed."""
