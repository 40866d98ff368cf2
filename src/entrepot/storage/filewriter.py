"""One object being written to a folder."""

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any

from entrepot.model.digest import Hasher
from entrepot.model.errors import StorageFailed
from entrepot.storage.contract import Chunk, Source
from entrepot.storage.failing import Doing, of_system
from entrepot.storage.systemcalls import FileSystemCalls
from entrepot.storage.threads import Threads

BATCH = 1 << 20
"""How many bytes are gathered before a thread is bothered."""
BOUND = 4 << 20
"""How many bytes may wait while a thread writes at most as many: no writer holds more than twice this."""
BURST = 32 << 20
"""Bytes after which a thread turns to the next upload, if there are more of them than threads."""
_MOST_BUFFERS = 1024
"""How many buffers Linux takes in one writev (IOV_MAX)."""
_MOST_BYTES = 256 << 10
"""How many bytes are given to one call: with more, ext4 wants larger pieces of memory, and finding those costs more
than it saves (measured on Linux 6.18: 1 MiB at once took half as much time again for the whole upload)."""


class FileWriter:
    """An ObjectWriter on an open file, which it owns.

    A thread writes one batch while the next one is being received. Chunks given to `write` are not copied: they must
    not change afterwards. After any failure, and once `finish` has begun, the writer is good for nothing but `abort`:
    after a failed fsync the kernel forgets the pages that it could not write, so that asking again would lie.
    """

    def __init__(
        self,
        fd: int,
        settle: Callable[[], None],
        calls: FileSystemCalls,
        threads: Threads,
        hasher: Hasher | None = None,
    ) -> None:
        """`settle` is called in a thread when the file is on the disk, to put its name there too.

        The thread that writes a batch also feeds it to `hasher`: a second one would cost more in switches than it won.
        """
        self._fd: int | None = fd
        self._settle = settle
        self._calls = calls
        self._threads = threads
        self._hasher = hasher
        self._usable = True
        self._waiting: list[Chunk] = []
        self._waiting_bytes = 0
        self._running: Future[Any] | None = None
        self._closing: Future[None] | None = None

    async def write(self, chunks: list[Chunk]) -> None:
        """Adds the chunks; returns before they are written while fewer than BOUND bytes wait."""
        with self._spent_on_failure():
            self._require_usable()
            for chunk in chunks:
                if chunk:
                    self._waiting.append(chunk)
                    self._waiting_bytes += len(chunk)
            if self._waiting_bytes < BATCH:
                return
            if self._running is not None and not self._running.done() and self._waiting_bytes < BOUND:
                return
            await self._written()
            batch = self._take_waiting()
            self._running = self._threads.start(lambda: self._write_all(batch))

    async def pour(self, source: Source) -> None:
        """Adds everything that comes, fetched by the thread that hashes and writes it: none is held but one buffer."""
        try:
            with self._spent_on_failure():
                self._require_usable()
                await self._written()
                rest = self._take_waiting()
                while rest or not source.over:
                    async with self._threads.turns:
                        self._running = running = self._threads.start(lambda: self._write_burst(rest, source))
                        more = await asyncio.wrap_future(running)
                    if not more and not source.over:
                        await source.ready()
                self._running = None
        finally:
            source.close()

    async def finish(self) -> None:
        """Returns when the file and its name are on the disk."""
        with self._spent_on_failure():
            self._require_usable()
            self._usable = False
            await self._written()
            rest = self._take_waiting()
            self._running = self._threads.start(lambda: self._seal(rest))
            await asyncio.wrap_future(self._running)

    async def abort(self) -> None:
        """Gives the file's room back, at once if nothing is being written; the empty file stays until it is removed.

        Where the disk is full, whoever is to note that the file can go may need that very room to do so.
        """
        self._release()
        if self._closing is not None:
            await asyncio.wrap_future(self._closing)

    def _require_usable(self) -> None:
        if not self._usable:
            raise StorageFailed("this object is finished, given up or failed; write it again under a new key")

    @contextmanager
    def _spent_on_failure(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._release()
            raise of_system(Doing.WRITE, error) from error
        except BaseException:
            # A caller cancelled in the middle cannot know which bytes were taken.
            self._release()
            raise

    async def _written(self) -> None:
        """Returns when nothing is being written; raises what the thread raised."""
        if self._running is not None:
            await asyncio.wrap_future(self._running)
            self._running = None

    def _take_waiting(self) -> list[Chunk]:
        batch, self._waiting, self._waiting_bytes = self._waiting, [], 0
        return batch

    def _release(self) -> None:
        """Closes the file as soon as no thread uses it: its number may belong to another file the moment after."""
        self._usable = False
        self._take_waiting()
        if self._running is not None and not self._running.done():
            self._running.add_done_callback(lambda _: self._discard())
        elif self._fd is not None and self._closing is None:
            try:
                self._closing = self._threads.start(self._discard)
            except RuntimeError:
                self._discard()

    def _discard(self) -> None:
        if self._fd is not None:
            with suppress(OSError):
                self._calls.truncate(self._fd)
        self._close()

    def _close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            # What matters was told by fsync.
            with suppress(OSError):
                self._calls.close(fd)

    def _write_all(self, chunks: list[Chunk]) -> None:
        if self._fd is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if self._hasher is not None:
            for chunk in chunks:
                self._hasher.update(chunk)
        for group in _groups(chunks):
            done = 0
            while done < len(group):
                written = self._calls.writev(self._fd, group[done:])
                if written <= 0:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                while done < len(group) and written >= len(group[done]):
                    written -= len(group[done])
                    done += 1
                if written:
                    group[done] = memoryview(group[done])[written:]
        # The pool holds on to a job for a moment after it is done.
        chunks.clear()

    def _write_burst(self, rest: list[Chunk], source: Source) -> bool:
        """Whether there is surely more to write: not if nothing came for a moment, or nothing more will."""
        self._write_all(rest)
        moved = 0
        with self._threads.buffer() as buffer:
            while moved < BURST:
                parts: list[Chunk] = list(source.fill(buffer, patient=not self._threads.turns.wanted))
                if not parts:
                    return False
                moved += sum(map(len, parts))
                self._write_all(parts)
        return True

    def _seal(self, rest: list[Chunk]) -> None:
        try:
            self._write_all(rest)
            if self._fd is not None:
                self._calls.fsync(self._fd)
        except BaseException:
            self._discard()
            raise
        self._close()
        self._settle()


def _groups(chunks: list[Chunk]) -> Iterator[list[Chunk]]:
    """The chunks in order, as many together as are good for one call; what is larger is cut."""
    group: list[Chunk] = []
    room = _MOST_BYTES
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            group.append(view[:room])
            room -= len(group[-1])
            view = view[len(group[-1]) :]
            if not room or len(group) == _MOST_BUFFERS:
                yield group
                group, room = [], _MOST_BYTES
    if group:
        yield group
