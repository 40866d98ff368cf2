"""Every step of an operation, counted; at one of them something happens."""

import threading
from collections.abc import Callable, Hashable, Sequence

from entrepot.db.contract import Database, Row, T, Transaction
from entrepot.storage.contract import Chunk
from entrepot.storage.systemcalls import SystemCalls

FOLDERS_A_STEP = 100
"""A new store makes 256 folders one after another: the first of each hundred stands for them."""


class Steps:
    """Counts the steps, which may be taken by several threads, and does something before one of them."""

    def __init__(self, at: int, happen: Callable[[], None]) -> None:
        """`at` counts from 1."""
        self.names: list[str] = []
        self._at = at
        self._happen = happen
        self._lock = threading.Lock()

    def end(self) -> None:
        """From here on nothing happens before any step."""
        with self._lock:
            self._at = 0

    def before(self, name: str) -> None:
        """To be called before each step."""
        with self._lock:
            self.names.append(name)
            now = len(self.names) == self._at
        if now:
            self._happen()


class SteppedTransaction:
    """A Transaction whose statements are steps."""

    def __init__(self, inner: Transaction, steps: Steps) -> None:
        self._inner = inner
        self._steps = steps

    @property
    def now(self) -> int:
        return self._inner.now

    def one(self, statement: str, *parameters: object) -> Row | None:
        self._steps.before(statement)
        return self._inner.one(statement, *parameters)

    def all(self, statement: str, *parameters: object) -> list[Row]:
        self._steps.before(statement)
        return self._inner.all(statement, *parameters)

    def run(self, statement: str, *parameters: object) -> int:
        self._steps.before(statement)
        return self._inner.run(statement, *parameters)


class SteppedDatabase:
    """A Database whose transactions, statements and commits are steps."""

    def __init__(self, inner: Database, steps: Steps) -> None:
        self._inner = inner
        self._steps = steps

    async def read(self, question: Callable[[Transaction], T], *, key: Hashable | None = None) -> T:
        return await self._inner.read(lambda tx: question(SteppedTransaction(tx, self._steps)))

    async def write(self, change: Callable[[Transaction], T], *, durable: bool = True) -> T:
        def stepped(tx: Transaction) -> T:
            result = change(SteppedTransaction(tx, self._steps))
            self._steps.before("COMMIT")
            return result

        self._steps.before("BEGIN")
        result = await self._inner.write(stepped, durable=durable)
        self._steps.before("after COMMIT")
        return result

    write_along = write

    async def close(self) -> None:
        await self._inner.close()


class SteppedCalls(SystemCalls):
    """System calls that are steps."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._folders = 0

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        self._steps.before("open")
        return super().open(path, flags, mode)

    def close(self, fd: int) -> None:
        self._steps.before("close")
        super().close(fd)

    def writev(self, fd: int, buffers: Sequence[Chunk]) -> int:
        self._steps.before("writev")
        return super().writev(fd, buffers)

    def fsync(self, fd: int) -> None:
        self._steps.before("fsync")
        super().fsync(fd)

    def pread(self, fd: int, length: int, offset: int) -> bytes:
        self._steps.before("pread")
        return super().pread(fd, length, offset)

    def unlink(self, path: str) -> None:
        self._steps.before("unlink")
        super().unlink(path)

    def mkdir(self, path: str, mode: int) -> None:
        if self._folders % FOLDERS_A_STEP == 0:
            self._steps.before("mkdir")
        self._folders += 1
        super().mkdir(path, mode)
