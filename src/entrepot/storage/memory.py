"""Objects in memory: the twin of the real stores, for tests and for trying things out."""

from collections.abc import AsyncIterator

from entrepot.model.digest import Hasher
from entrepot.model.errors import ObjectMissing, StorageFailed
from entrepot.storage.contract import Chunk, Key

_PIECE = 1 << 20


class MemoryStorage:
    """A Storage that lasts as long as the process, and that no other process sees."""

    def __init__(self) -> None:
        self._finished: dict[Key, bytes] = {}
        self._unfinished: dict[Key, MemoryWriter] = {}

    async def create(self, key: Key, hasher: Hasher | None = None) -> "MemoryWriter":
        """A writer. Raises StorageFailed if the key was used before."""
        if key in self._finished or key in self._unfinished:
            raise StorageFailed(f"there is an object {key} already; every object needs a key of its own")
        writer = MemoryWriter(self, key, hasher)
        self._unfinished[key] = writer
        return writer

    async def read(self, key: Key, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes of the range, in pieces of 1 MiB. An unfinished object is not there."""
        content = self._finished.get(key)
        if content is None or len(content) < end:
            raise ObjectMissing(f"the store has no object {key}, or only a part of it, although the database lists it")
        for offset in range(start, end, _PIECE):
            yield content[offset : min(offset + _PIECE, end)]

    async def size(self, key: Key) -> int | None:
        """The length of a finished object."""
        content = self._finished.get(key)
        return None if content is None else len(content)

    async def remove(self, *keys: Key) -> None:
        """Forgets the objects, finished or not."""
        for key in keys:
            self._finished.pop(key, None)
            self._unfinished.pop(key, None)

    async def keys(self) -> AsyncIterator[Key]:
        """Every key as of the first step, finished or not."""
        for key in [*self._finished, *self._unfinished]:
            yield key

    async def close(self) -> None:
        """Forgets everything."""
        self._finished.clear()
        self._unfinished.clear()

    def keep(self, key: Key, writer: "MemoryWriter", content: bytes) -> None:
        """Makes a finished object of an unfinished one, unless that was removed."""
        if self._unfinished.get(key) is writer:
            del self._unfinished[key]
            self._finished[key] = content


class MemoryWriter:
    """An ObjectWriter into memory."""

    def __init__(self, storage: MemoryStorage, key: Key, hasher: Hasher | None) -> None:
        self._storage = storage
        self._hasher = hasher
        self._key = key
        self._content = bytearray()
        self._usable = True

    async def write(self, chunks: list[Chunk]) -> None:
        """Adds copies of the chunks."""
        self._require_usable()
        for chunk in chunks:
            self._content += chunk
            if self._hasher is not None:
                self._hasher.update(chunk)

    async def finish(self) -> None:
        """Makes the object readable."""
        self._require_usable()
        self._usable = False
        self._storage.keep(self._key, self, bytes(self._content))
        self._content.clear()

    async def abort(self) -> None:
        """Frees the bytes."""
        self._usable = False
        self._content.clear()

    def _require_usable(self) -> None:
        if not self._usable:
            raise StorageFailed("this object is finished or given up; write it again under a new key")
