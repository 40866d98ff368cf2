"""PostgreSQL behind the database contract: for many processes on many machines.

Each thread of a small pool keeps one connection, so a question never waits for a connection while it holds another.
A connection that broke is replaced, and what had not reached its commit is run again.

Answers to questions with a key are remembered while nothing was committed. The server is asked for that at every read,
but once for all that wait: a snapshot's text names the transactions that it sees, so two that are equal see the same
rows. That is one round trip for many reads, instead of three for each.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors

from entrepot.db.contract import Again, Row, T, Transaction
from entrepot.db.remembered import MISSING, Remembered
from entrepot.db.rounds import Rounds
from entrepot.model.errors import DatabaseFailed, Invalid, StorageFull

CONNECTIONS = 8
ATTEMPTS = 5
WAIT_SECONDS = 0.1
FROZEN_SECONDS = 10
"""A process that stands still in a transaction, as one of a machine that was frozen does, holds its locks no longer."""

_SESSION = (
    f"idle_in_transaction_session_timeout = '{FROZEN_SECONDS}s'",
    # Questions are short and many: processes started for one, or code compiled for it, cost more than they save.
    "max_parallel_workers_per_gather = 0",
    "jit = off",
)
_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_SNAPSHOT = "SELECT pg_current_snapshot()::text"
_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_SOON = f"{_WRITING}; SET LOCAL synchronous_commit = off"
"""Its commit does not wait for the disk; one that does, later, waits for all of the log up to it."""
_WORTH_REPEATING = (errors.SerializationFailure, errors.DeadlockDetected, errors.IntegrityError, Again)

Cursor = psycopg.Cursor[Row]


@lru_cache(maxsize=512)
def _in_psycopg_style(statement: str) -> str:
    return statement.replace("%", "%%").replace("?", "%s")


class PostgresqlTransaction:
    """A transaction on one connection."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._now: int | None = None

    @property
    def now(self) -> int:
        if self._now is None:
            row = self._cursor.execute(_NOW).fetchone()
            assert row is not None
            self._now = int(row[0])
        return self._now

    def one(self, statement: str, *parameters: object) -> Row | None:
        return self._cursor.execute(_in_psycopg_style(statement), parameters).fetchone()

    def all(self, statement: str, *parameters: object) -> list[Row]:
        return self._cursor.execute(_in_psycopg_style(statement), parameters).fetchall()

    def run(self, statement: str, *parameters: object) -> int:
        return self._cursor.execute(_in_psycopg_style(statement), parameters).rowcount


class PostgresqlDatabase:
    """A database on a server. The schema must be there already (`db.migrate`)."""

    def __init__(self, url: str, connections: int = CONNECTIONS) -> None:
        self._url = url
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="postgresql")
        # Of its own, so that what was remembered does not wait behind changes that wait for locks.
        self._watcher = ThreadPoolExecutor(1, thread_name_prefix="postgresql-version")
        self._mine = threading.local()
        self._all: set[psycopg.Connection[Row]] = set()
        self._lock = threading.Lock()
        self._remembered = Remembered()
        self._versions = Rounds(self._asked_version)
        self._heard: str | None = None
        """The version, while somebody is told that it was heard."""

    async def read(self, question: Callable[[Transaction], T], *, key: Hashable | None = None) -> T:
        if key is None:
            return await self._in_thread(_READING, question)
        answer = self._remembered.get(await self._versions.answer(), key)
        if answer is MISSING:
            version, answer = await self._in_thread(_READING, lambda tx: (_version_of(tx), question(tx)))
            self._remembered.keep_of(version, key, answer)
        known: T = answer
        return known

    def hear(self, then: Callable[[], None]) -> None:
        self._versions.coming().add_done_callback(lambda heard: self._tell(heard, then))

    def _tell(self, heard: "asyncio.Task[str]", then: Callable[[], None]) -> None:
        if not heard.cancelled() and heard.exception() is None:
            self._heard = heard.result()
        try:
            then()
        finally:
            self._heard = None

    def draw_near(self) -> None:
        """Nothing: a round trip is a round trip."""

    def version(self) -> Hashable:
        if self._heard is None:
            raise DatabaseFailed("the database was not heard")
        return self._heard

    def recall(self, question: Callable[[Transaction], T], *, key: Hashable) -> T:  # noqa: ARG002 - what is not remembered is not asked
        answer = self._remembered.get(self.version(), key)
        if answer is MISSING:
            raise DatabaseFailed("the answer is not remembered")
        known: T = answer
        return known

    async def write(self, change: Callable[[Transaction], T], *, durable: bool = True) -> T:
        return await self._in_thread(_WRITING if durable else _SOON, change)

    async def write_along(self, change: Callable[[Transaction], T]) -> T:
        return await self.write(change)  # Commits are shared by the server, whoever makes them.

    async def close(self) -> None:
        for threads in (self._watcher, self._threads):
            await asyncio.get_running_loop().run_in_executor(None, threads.shutdown)
        for connection in self._all:
            connection.close()

    async def _asked_version(self) -> str:
        """A text that is equal at two moments only if nothing was committed in between. Raises DatabaseFailed."""
        return await asyncio.get_running_loop().run_in_executor(self._watcher, self._ask_version)

    def _ask_version(self) -> str:
        connection: psycopg.Connection[Row] | None = None
        for attempt in range(1, ATTEMPTS + 1):
            try:
                connection = self._connection()
                row = connection.execute(_SNAPSHOT).fetchone()
            except psycopg.Error as error:
                self._forget(connection)
                if attempt == ATTEMPTS:
                    raise _failure(error) from error
                time.sleep(WAIT_SECONDS * attempt)
            else:
                assert row is not None
                return str(row[0])
        raise AssertionError("the last attempt returns or raises")

    async def _in_thread(self, begin: str, work: Callable[[Transaction], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, begin, work)

    def _run(self, begin: str, work: Callable[[Transaction], T]) -> T:
        """What `work` returns, committed. Runs in a thread of the pool."""
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            committing = False
            connection: psycopg.Connection[Row] | None = None
            try:
                connection = self._connection()
                connection.execute(begin)
                with connection.cursor(binary=True) as cursor:
                    result = work(PostgresqlTransaction(cursor))
                    committing = True
                    cursor.execute("COMMIT")
            except _WORTH_REPEATING as error:
                _roll_back(connection)
                if last:
                    raise _failure(error) from error
            except psycopg.ProgrammingError:
                _roll_back(connection)
                raise
            except psycopg.DataError as error:  # Such as the character NUL, which SQLite would keep.
                _roll_back(connection)
                raise Invalid("a value has characters or a size that cannot be kept") from error
            except psycopg.Error as error:
                broken = connection is None or connection.broken
                _roll_back(connection)
                self._forget(connection)
                if last or committing or not broken:
                    raise _failure(error) from error
                time.sleep(WAIT_SECONDS * attempt)
            except BaseException:
                _roll_back(connection)
                raise
            else:
                return result
        raise AssertionError("the last attempt returns or raises")

    def _connection(self) -> "psycopg.Connection[Row]":
        connection: psycopg.Connection[Row] | None = getattr(self._mine, "connection", None)
        if connection is None or connection.closed:
            connection = psycopg.connect(self._url, autocommit=True, connect_timeout=10, application_name="entrepot")
            for setting in _SESSION:
                connection.execute(f"SET {setting}")
            self._mine.connection = connection
            with self._lock:
                self._all.add(connection)
        return connection

    def _forget(self, connection: "psycopg.Connection[Row] | None") -> None:
        self._mine.connection = None
        if connection is not None:
            with self._lock:
                self._all.discard(connection)
            connection.close()


def _version_of(tx: Transaction) -> str:
    """The version of everything that the transaction sees; to be asked before anything else."""
    row = tx.one(_SNAPSHOT)
    assert row is not None
    return str(row[0])


def _roll_back(connection: "psycopg.Connection[Any] | None") -> None:
    if connection is None or connection.closed or connection.broken:
        return
    try:
        connection.execute("ROLLBACK")
    except psycopg.Error:
        connection.close()


def _failure(error: psycopg.Error | Again) -> Exception:
    if isinstance(error, errors.DiskFull):
        return StorageFull("the disk that holds the database is full; nothing was changed")
    return DatabaseFailed("the database could not be reached, or failed; try again later")
