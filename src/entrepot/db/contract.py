"""What every database does for the rest of the house.

A question or a change is a plain function that takes a Transaction first: it cannot await, so no transaction can
stay open across network or storage I/O, and no request can hold two connections. It may be run more than once
(after a deadlock, or when a whole batch is retried), so it must touch nothing but the transaction.

Statements are written once, in PostgreSQL's dialect with `?` for parameters. SQLite's adapter drops the row-lock
clauses (`FOR UPDATE …`), since its write transactions have the database to themselves, and `lower(… COLLATE "C")`
before LIKE, which is blind to the case of ASCII letters there.
"""

from collections.abc import Callable, Hashable
from typing import Any, Protocol, TypeVar, runtime_checkable

T = TypeVar("T")
Row = tuple[Any, ...]


class Again(Exception):
    """Raised by a change that met a row another transaction had just removed: it is rolled back and run again."""


class Transaction(Protocol):
    """One transaction, open while a question or change runs."""

    @property
    def now(self) -> int:
        """The database's clock, in microseconds since 1970; the same throughout the transaction."""

    def one(self, statement: str, *parameters: object) -> Row | None:
        """The first row of the answer, or None."""

    def all(self, statement: str, *parameters: object) -> list[Row]:
        """Every row of the answer."""

    def run(self, statement: str, *parameters: object) -> int:
        """Executes a statement; how many rows it changed."""


class Database(Protocol):
    """A database with Entrepot's schema. Safe to use from many tasks; other processes may use the same one."""

    async def read(self, question: Callable[[Transaction], T], *, key: Hashable | None = None) -> T:
        """What `question` returns, answered from one committed state. It must not change anything.

        With a key, which names the question and all its parameters, the answer may be one given before, if nothing
        at all was committed since. Such an answer is immutable, small (rows as tuples), and does not depend on `now`.

        Raises DatabaseFailed, and whatever the question raises.
        """

    async def write(self, change: Callable[[Transaction], T], *, durable: bool = True) -> T:
        """What `change` returns, once all it did is committed and durable. If it raises, nothing was done.

        With `durable` off it is committed, and everybody sees it, whatever becomes of this process; but if the
        database's machine loses power soon afterwards, it may be as if the change, and all that were committed later,
        had never been made. A later change that is durable makes all before it durable, too. For what nobody was
        promised, and nothing outside of the database counts on.

        Raises DatabaseFailed (then the change may or may not have been committed if the connection broke during the
        commit itself, so changes are made to be repeatable), and whatever the change raises.
        """

    async def write_along(self, change: Callable[[Transaction], T]) -> T:
        """As `write`, for what is in no hurry: where changes share a commit, it waits a moment for one to share.

        So what a registry does by itself costs those who push no commit, for which they would wait.
        """

    async def close(self) -> None:
        """Frees connections. Nothing may be called afterwards."""


@runtime_checkable
class AtHand(Protocol):
    """A Database that is so near that a question need not be waited for."""

    def draw_near(self) -> None:
        """Makes `version` as cheap as can be, for a process that asks for it with every request until it ends."""

    def version(self) -> Hashable:
        """What is equal at two moments only if nothing at all was committed in between, by any process.

        A change that was acknowledged before this is called is in it. Raises DatabaseFailed.
        """

    def recall(self, question: Callable[[Transaction], T], *, key: Hashable) -> T:
        """As `read` with a key, at once."""


@runtime_checkable
class Heard(AtHand, Protocol):
    """A Database that is at hand for a moment, once it was heard from."""

    def hear(self, then: Callable[[], None]) -> None:
        """Calls `then` soon, from the event loop. While that runs, and only then, `version` and `recall` work.

        The version is of a moment after this was called; what is not remembered of it is not recalled, and neither
        is anything if the database could not be heard: then they raise DatabaseFailed.
        """
