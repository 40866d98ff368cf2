"""What is on the disk at each moment, if the power fails then: nothing that counts may be missing, nothing be leaked.

The calls of the store and the commits are noted in their order. A name in a folder, or a file's bytes, are on the disk
for certain once they were synced, and perhaps before. Of the commits that need not be durable yet, the next one that is
makes sure; until then each of them may be there or not.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from pathlib import Path

import pytest

from contracts.place import Place, image, stream
from entrepot.db.contract import Database, T, Transaction
from entrepot.model.digest import Digest
from entrepot.registry.rules import Rules
from entrepot.registry.uploads import Uploads
from entrepot.storage.contract import Chunk
from entrepot.storage.filesystem import FileStorage
from entrepot.storage.systemcalls import SystemCalls

COUNTED_ON = " UNION ".join(f"SELECT key FROM {table}" for table in ("blobs", "blob_parts", "upload_parts"))


class Power:
    """What would be left if it failed now."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.unsynced: dict[str, set[str]] = {}
        """By path: the names in a folder, or a file's bytes, that the power may still take back."""
        self.intended: set[str] = set()
        """Keys whose removal is on the list for certain."""
        self.waiting = 0
        """Commits that the power may still take back."""
        self.seen: list[str] = []

    def changed(self, path: str, name: str) -> None:
        self.unsynced.setdefault(path, set()).add(name)

    def whole(self, key: str) -> bool:
        """Whether the object's bytes, its name and that of its folder are on the disk for certain."""
        folder, name = key.split("/")
        needed = ((f"{self.root}/{key}", "bytes"), (f"{self.root}/{folder}", name), (self.root, folder))
        return not any(name in self.unsynced.get(path, ()) for path, name in needed)


class WatchedCalls(SystemCalls):
    """System calls after which it is known what the power may still take back."""

    def __init__(self, power: Power) -> None:
        self._power = power
        self._paths: dict[int, str] = {}
        self._noting = threading.Lock()
        """Held from a change to its note: else another thread syncs the one, and the other says that nobody did."""

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        with self._noting:
            fd = super().open(path, flags, mode)
            self._paths[fd] = path.rstrip("/")
            if flags & os.O_CREAT:
                key = path.removeprefix(f"{self._power.root}/")
                assert key in self._power.intended, "a file that nothing might remove"
                self._power.changed(path, "bytes")
                self._power.changed(*path.rsplit("/", 1))
                self._power.seen.append("create")
        return fd

    def writev(self, fd: int, buffers: Sequence[Chunk]) -> int:
        self._power.changed(self._paths[fd], "bytes")
        return super().writev(fd, buffers)

    def fsync(self, fd: int) -> None:
        with self._noting:
            before = set(self._power.unsynced.get(self._paths[fd], ()))
        super().fsync(fd)
        self._power.unsynced.get(self._paths[fd], set()).difference_update(before)

    def mkdir(self, path: str, mode: int) -> None:
        with self._noting:
            super().mkdir(path, mode)
            self._power.changed(*path.rsplit("/", 1))


class WatchedDatabase:
    """A database that knows at each commit what it counts on, and notes whether the power may take it back."""

    def __init__(self, inner: Database, power: Power) -> None:
        self._inner = inner
        self._power = power

    async def read(self, question: Callable[[Transaction], T], *, key: Hashable | None = None) -> T:
        return await self._inner.read(question, key=key)

    async def write(self, change: Callable[[Transaction], T], *, durable: bool = True) -> T:
        power = self._power

        def watched(tx: Transaction) -> tuple[T, set[str]]:
            result = change(tx)
            for row in tx.all(COUNTED_ON):
                assert power.whole(row[0]), "a commit that counts on what the disk may not have"
            return result, {row[0] for row in tx.all("SELECT key FROM objects_to_remove")}

        result, listed = await self._inner.write(watched, durable=durable)
        power.seen.append("durable" if durable else "soon")
        if durable:
            power.intended |= listed
            power.waiting = 0
        else:
            power.waiting += 1
        return result

    async def close(self) -> None:
        await self._inner.close()


class Watched:
    """A registry whose disk is watched."""

    def __init__(self, database: Database, root: Path, ahead: int) -> None:
        self.power = Power(root)
        storage = FileStorage(root, calls=WatchedCalls(self.power))
        self.place = Place(WatchedDatabase(database, self.power), storage, Rules())
        self.uploads = Uploads(self.place.db, storage, Rules(), ahead=ahead)

    def acknowledged(self) -> None:
        """To be called when a client was told that its blob or manifest is there."""
        assert self.power.waiting == 0, "it was acknowledged, and the power may take it back"


@pytest.fixture(params=[0, 4])
async def watched(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> AsyncIterator[Watched]:
    made = Watched(database, tmp_path / "objects", request.param)
    yield made
    await made.uploads.close()
    await made.place.storage.close()


async def in_a_session(watched: Watched, *chunks: bytes) -> None:
    """Brings a blob as docker and crane do."""
    session = (await watched.uploads.start(await watched.place.grant())).id
    grant = await watched.place.grant()
    for chunk in chunks:
        await watched.uploads.append(grant, session, stream(chunk))
    await watched.uploads.finish(grant, session, None, Digest.of(b"".join(chunks)))


async def test_a_blob_is_on_the_disk_before_it_is_acknowledged(watched: Watched) -> None:
    for number in range(6):
        await in_a_session(watched, b"one %d" % number)
        watched.acknowledged()
        await in_a_session(watched, b"of two parts %d" % number, b"and more")
        watched.acknowledged()
        content = b"in one request %d" % number
        await watched.uploads.put(await watched.place.grant(), stream(content), Digest.of(content))
        watched.acknowledged()
    assert watched.power.seen.count("create") == 6 * 4


async def test_a_manifest_makes_all_before_it_durable(watched: Watched) -> None:
    await in_a_session(watched, b"config")
    await in_a_session(watched, b"layer")
    await watched.place.put(image(b"config", b"layer"), "latest")
    watched.acknowledged()


async def test_layers_of_a_push_that_come_at_once(watched: Watched) -> None:
    await asyncio.gather(*(in_a_session(watched, b"layer %d" % number) for number in range(12)))
    watched.acknowledged()


async def test_a_layer_of_a_session_waits_for_one_commit(database: Database, tmp_path: Path) -> None:
    """Those that list keys ahead are a few for many layers."""
    watched = Watched(database, tmp_path / "objects", 16)
    for number in range(32):
        await in_a_session(watched, b"layer %d" % number)
    assert watched.power.seen.count("durable") <= 32 + 6
    await watched.uploads.close()
    await watched.place.storage.close()
