"""SQLite behind the database contract: one file, any number of processes on one machine.

Reads run where they are asked, on the event loop: a prepared look-up takes some ten microseconds, less than handing
it to a thread would. Writes go through one thread per process, which commits all changes that wait as one
transaction, so that a hundred concurrent pushes share one fsync.
"""

import asyncio
import re
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from entrepot.db.contract import Again, Row, T, Transaction
from entrepot.db.remembered import MISSING, Remembered
from entrepot.db.wal_index import WalIndex
from entrepot.model.errors import DatabaseFailed, StorageFull

BUSY_SECONDS = 30
TRY_EVERY = 0.0002
"""Seconds between two tries to begin while another process writes. SQLite's own pauses grow to 100 ms: beside a process
that writes all the time the slowest thousandth waited forty times as long, and some for a second."""
LARGEST_BATCH = 64
ATTEMPTS = 3
LOG_PAGES = 4000
"""Of 4 KiB: after so many, a commit carries what the log holds into the file, and waits for the disk once more. With
SQLite's own 1000 that met so many pushes that all of the slowest hundredth were these."""
ALONG_WITHIN = 0.02
"""Seconds that a change in no hurry waits for another, to be committed with it."""

_ROW_LOCK = re.compile(
    r"\s+FOR (?:NO KEY )?(?:UPDATE|SHARE|KEY SHARE)(?: OF [a-z_, ]+?)?(?: SKIP LOCKED)?(?=\s*(?:\)|$))"
)
_LOWERED = re.compile(r'lower\(((?:[^()]|\([^()]*\))+) COLLATE "C"\) LIKE')


@lru_cache(maxsize=512)
def _in_sqlite_style(statement: str) -> str:
    """The statement without what SQLite has no need of.

    Its LIKE takes no notice of the case of ASCII letters, and does so three times as fast as `lower()` of each row.
    """
    return _LOWERED.sub(r"\1 LIKE", _ROW_LOCK.sub("", statement))


class SqliteTransaction:
    """A transaction that has the database to itself, or one snapshot of it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._now = time.time_ns() // 1000

    @property
    def now(self) -> int:
        return self._now

    def one(self, statement: str, *parameters: object) -> Row | None:
        row: Row | None = self._connection.execute(_in_sqlite_style(statement), parameters).fetchone()
        return row

    def all(self, statement: str, *parameters: object) -> list[Row]:
        return self._connection.execute(_in_sqlite_style(statement), parameters).fetchall()

    def run(self, statement: str, *parameters: object) -> int:
        return self._connection.execute(_in_sqlite_style(statement), parameters).rowcount


@dataclass(slots=True)
class _Waiting:
    """A change in the queue, and what became of it."""

    change: Callable[[Transaction], Any]
    durable: bool
    future: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop
    due: float = 0.0
    """By the monotonic clock: until then it is not committed alone."""
    result: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        self.loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


def connect(path: Path) -> sqlite3.Connection:
    """A connection as every part of Entrepot opens it: WAL, durable at commit, foreign keys enforced."""
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Returns when the file has its log beside it. Who opens it first changes that; SQLite itself waits for nobody."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


class SqliteDatabase:
    """A database in one file. The schema must be there already (`db.migrate`)."""

    def __init__(self, path: Path) -> None:
        self._reader = connect(path)
        self._reader.execute("PRAGMA query_only = ON")
        # The pragma's value changes when any other connection, of this process or another, has committed anything.
        self._version = self._reader.cursor()
        self._path = path
        self._index: WalIndex | None = None
        self._remembered = Remembered()
        self._writer = connect(path)
        self._writer.execute("PRAGMA busy_timeout = 0")  # `_begin` waits.
        self._durable = True
        """Whether the writer's commits wait for the disk, as those of `connect` do."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._waiting: deque[_Waiting] = deque()
        self._lock = threading.Lock()
        self._draining = False

    async def read(self, question: Callable[[Transaction], T], *, key: Hashable | None = None) -> T:
        return self._ask(question) if key is None else self.recall(question, key=key)

    def recall(self, question: Callable[[Transaction], T], *, key: Hashable) -> T:
        answer = self._remembered.get(self.version(), key)
        if answer is MISSING:
            answer = self._ask(question)
            self._remembered.keep(key, answer)
        known: T = answer
        return known

    def draw_near(self) -> None:
        # There is no such file where SQLite shares memory in another way.
        with suppress(OSError, ValueError):
            self._index = WalIndex(self._path)

    def version(self) -> Hashable:
        if self._index is not None and (shared := self._index.version()) is not None:
            return shared
        try:
            version: Hashable = self._version.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error as error:
            raise _failure(error) from error
        return version

    def _ask(self, question: Callable[[Transaction], T]) -> T:
        reader = self._reader
        try:
            reader.execute("BEGIN")
            try:
                return question(SqliteTransaction(reader))
            finally:
                reader.execute("COMMIT")
        except sqlite3.Error as error:
            raise _failure(error) from error

    async def write(self, change: Callable[[Transaction], T], *, durable: bool = True) -> T:
        loop = asyncio.get_running_loop()
        waiting = _Waiting(change, durable, loop.create_future(), loop)
        with self._lock:
            self._waiting.append(waiting)
        self._start()
        result: T = await waiting.future
        return result

    async def write_along(self, change: Callable[[Transaction], T]) -> T:
        loop = asyncio.get_running_loop()
        waiting = _Waiting(change, True, loop.create_future(), loop, time.monotonic() + ALONG_WITHIN)
        with self._lock:
            self._waiting.append(waiting)
        at_last = loop.call_later(ALONG_WITHIN + 0.001, self._start)  # Surely not before it is due.
        try:
            result: T = await waiting.future
        finally:
            at_last.cancel()
        return result

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)
        self._reader.close()
        self._writer.close()

    def _start(self) -> None:
        with self._lock:
            start, self._draining = not self._draining, True
        if start:
            self._thread.submit(self._drain)

    def _drain(self) -> None:
        """Commits what waits, batch after batch, until nothing does but what is in no hurry."""
        while True:
            with self._lock:
                now = time.monotonic()
                if not any(waiting.due <= now for waiting in self._waiting):
                    self._draining = False
                    return
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))]
            self._commit_together(batch)
            for waiting in batch:
                waiting.tell()

    def _commit_together(self, batch: list[_Waiting]) -> None:
        if len(batch) > 1:
            try:
                with self._immediate(any(waiting.durable for waiting in batch)):
                    for waiting in batch:
                        self._apply_in_savepoint(waiting)
            except (sqlite3.Error, Again):
                pass  # Nothing of the batch was committed: each change now meets its own fate below.
            else:
                return
        for waiting in batch:
            self._commit_alone(waiting)

    def _apply_in_savepoint(self, waiting: _Waiting) -> None:
        writer = self._writer
        writer.execute("SAVEPOINT change")
        try:
            waiting.result, waiting.error = waiting.change(SqliteTransaction(writer)), None
        except (sqlite3.Error, Again):
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a change raises belongs to who asked for it
            writer.execute("ROLLBACK TO change")
            waiting.error = error
        writer.execute("RELEASE change")

    def _commit_alone(self, waiting: _Waiting) -> None:
        waiting.error = None
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._immediate(waiting.durable):
                    waiting.result = waiting.change(SqliteTransaction(self._writer))
            except (sqlite3.Error, Again) as error:
                if isinstance(error, sqlite3.IntegrityError | Again) and attempt < ATTEMPTS:
                    continue
                waiting.error = _failure(error)
                waiting.error.__cause__ = error
            except BaseException as error:  # noqa: BLE001 - as above
                waiting.error = error
            return

    def _begin(self) -> None:
        """Returns when the writer has the database to itself. Raises sqlite3.Error, also if that takes too long."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise
            time.sleep(TRY_EVERY)

    @contextmanager
    def _immediate(self, durable: bool) -> Iterator[None]:
        """A write transaction from the start: one that only became one later could not wait for its turn."""
        if durable != self._durable:
            # The log is one file: whichever commit is the next to have it synced, has all before it synced as well.
            self._writer.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._durable = durable
        self._begin()
        try:
            yield
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise


def _is_busy(error: sqlite3.Error) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_BUSY


def _failure(error: sqlite3.Error | Again) -> Exception:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return StorageFull("the disk that holds the database is full; nothing was changed")
    if isinstance(error, sqlite3.ProgrammingError):
        return error  # A mistake in this program, not a failure of the database.
    return DatabaseFailed(f"the database failed ({error}); nothing was changed, try again later")
