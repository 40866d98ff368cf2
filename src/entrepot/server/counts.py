"""What the workers have counted, each for itself in memory, and all together in files that they leave each other.

A worker writes its counts down a moment after they change, whole and under a new name that replaces the old one, so
that whoever reads meets no half of them. Adding one to shared memory instead would cost each request more than all
the rest of its counting.
"""

import asyncio
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)
"""The upper bounds of the histogram's buckets; one more bucket has no bound."""
WRITE_AFTER = 0.2
"""Seconds for which the other workers may not know of a request; as much is lost of a worker that is killed."""
_ALIVE, _DEAD = ".alive", ".dead"
_PREFIX = "entrepot-counts-"
_YOUNG_SECONDS = 60.0
"""A folder of that age may belong to somebody who has not come to hold it yet."""


class Row(msgspec.Struct):
    """Requests of one method, kind and status."""

    count: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    seconds: float = 0.0
    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(SECONDS) + 1))

    def add(self, other: "Row") -> None:
        """Adds what the other one counted."""
        self.count += other.count
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.seconds += other.seconds
        self.buckets = [mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)]


class Tally(msgspec.Struct):
    """Everything that was counted."""

    rows: dict[tuple[str, str, int], Row] = msgspec.field(default_factory=dict)
    """By method, kind and status."""
    in_flight: dict[str, int] = msgspec.field(default_factory=lambda: {"in": 0, "out": 0})
    """Blobs being transferred, by direction."""

    def add(self, other: "Tally") -> None:
        """Adds what the other one counted."""
        for key, row in other.rows.items():
            self.rows.setdefault(key, Row()).add(row)
        for direction, count in other.in_flight.items():
            self.in_flight[direction] += count


class Counts:
    """The counts of this process, and those of the others as far as they are written down."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` is the one that all workers share; None if there is only this one."""
        self._folder = folder
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._mine = Tally()
        self._writing: asyncio.TimerHandle | None = None

    def request(self, key: tuple[str, str, int], seconds: float, bytes_in: int, bytes_out: int) -> None:
        """Counts a request that ended."""
        row = self._mine.rows.get(key)
        if row is None:
            row = self._mine.rows[key] = Row()
        row.count += 1
        row.bytes_in += bytes_in
        row.bytes_out += bytes_out
        row.seconds += seconds
        row.buckets[bisect_left(SECONDS, seconds)] += 1
        if self._writing is None:
            self._write_soon()

    def transfer(self, direction: str, step: int) -> None:
        """Counts a transfer in (1) or out (-1)."""
        self._mine.in_flight[direction] += step
        if self._writing is None:
            self._write_soon()

    def together(self) -> Tally:
        """What all workers counted. Reads a file of each."""
        total = msgspec.msgpack.decode(msgspec.msgpack.encode(self._mine), type=Tally)
        for name in {file.stem for file in self._folder.iterdir()} if self._folder else ():
            if name != self._name:
                self._add(total, name)
        return total

    def _add(self, total: Tally, name: str) -> None:
        assert self._folder is not None
        for suffix in (_ALIVE, _DEAD):  # In this order: a file changes from the one to the other, never back.
            try:
                tally = msgspec.msgpack.decode((self._folder / f"{name}{suffix}").read_bytes(), type=Tally)
            except FileNotFoundError:
                continue
            if suffix == _DEAD:
                tally.in_flight.clear()
            total.add(tally)
            return

    def _write_soon(self) -> None:
        if self._folder is not None:
            self._writing = asyncio.get_running_loop().call_later(WRITE_AFTER, self._write)

    def _write(self) -> None:
        self._writing = None
        assert self._folder is not None
        fresh = self._folder / f"{self._name}.new"
        try:
            fresh.write_bytes(msgspec.msgpack.encode(self._mine))
            fresh.replace(self._folder / f"{self._name}{_ALIVE}")
        except OSError:
            return  # No room: the next request tries again, and what was counted is still counted here.


@contextmanager
def shared_by_workers(workers: int) -> Iterator[Path | None]:
    """The folder through which workers know each other's counts, while it is entered; None if there is only one."""
    if workers == 1:
        yield None
        return
    place = Path(tempfile.gettempdir())
    _remove_left(place)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
    # Held by the workers as well, who come of this process. Its id would say nothing where containers share the place.
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_SH)
        yield folder
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left(place: Path) -> None:
    """Removes the folders of those who were killed. Never raises."""
    for folder in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                found = os.fstat(fd)
                if found.st_uid == os.geteuid() and time.time() - found.st_mtime > _YOUNG_SECONDS:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(fd)


def forget_worker(folder: Path | None, process: int) -> None:
    """Takes a dead worker's transfers in flight out of the sums; what it counted stays."""
    for file in folder.glob(f"{process}-*{_ALIVE}") if folder else ():
        file.rename(file.with_suffix(_DEAD))
