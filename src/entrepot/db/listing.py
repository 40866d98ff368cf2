"""From a `ListQuery` to SQL: conditions, order and page over the columns that a list declares.

Nothing of a request becomes SQL text: keys choose among declared expressions, values are parameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from string import ascii_lowercase, ascii_uppercase
from typing import Any, TypeVar

from entrepot.db.contract import Row, Transaction
from entrepot.model.errors import Invalid
from entrepot.model.query import AnyOf, Between, Condition, Contains, Exactly, ListQuery, Value

T = TypeVar("T")


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    """Microseconds since 1970; asked about as ISO 8601, in UTC."""
    TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Column:
    """An SQL expression that a list can be filtered and sorted by."""

    expression: str
    kind: Kind = Kind.TEXT
    lower: bool = False
    """Whether it has none but lower-case letters, by a grammar."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: what it selects, from where, by which keys it is filtered, and how it is sorted if nobody says."""

    select: str
    source: str
    """FROM and what is joined."""
    columns: Mapping[str, Column]
    order: str
    """The order if none is asked for; must end in a unique column."""
    unique: str
    """The column that decides between equals."""
    joined: str = ""
    """What is joined for `select` alone: once the page is found, so that no row which is passed over costs it."""
    most: int | None = None
    """Up to which number rows are counted; None: all of them."""


FEW = 500
"""Rows that are named one by one."""
_LARGEST = 2**63 - 1
_SUFFIXES = ("__icontains", "__in", "__gte", "__lte", "__gt", "__lt", "__exact")


def rows(
    tx: Transaction, listing: Listing, query: ListQuery, conditions: Sequence[str] = (), values: Sequence[object] = ()
) -> tuple[list[Row], int]:
    """The rows of the page, and how many there are in all; `conditions` hold besides, with their `values`.

    Raises Invalid for a value that cannot be compared with its column.
    """
    where, parameters = list(conditions), list(values)
    by_part = False
    for key, condition in query.conditions.items():
        column = listing.columns.get(_plain(key))
        if column is not None:
            text, more = _sql(key, column, condition)
            where.append(text)
            parameters.extend(more)
            by_part = by_part or " LIKE " in text
    source = f"{listing.source}{' WHERE ' + ' AND '.join(where) if where else ''}"
    order = _order(listing, query)
    page = f"{source} ORDER BY {order} LIMIT ? OFFSET ?"
    if listing.joined:
        inside = f"{listing.unique} IN (SELECT {listing.unique} {page})"
        page = f"{listing.source} {listing.joined} WHERE {inside} ORDER BY {order}"
    statement, bounds = f"SELECT {listing.select} {page}", (query.limit, query.offset)
    if by_part and listing.most is None and (few := _few(tx, listing, source, parameters)) is not None:
        if query.offset >= len(few):
            return [], len(few)
        inside = f"{listing.unique} IN ({','.join('?' * len(few))})"
        page = f"{listing.source} {listing.joined} WHERE {inside} ORDER BY {order} LIMIT ? OFFSET ?"
        return tx.all(f"SELECT {listing.select} {page}", *few, *bounds), len(few)
    if listing.most is not None:
        total = _count(tx, source, parameters, listing.most)
        return (tx.all(statement, *parameters, *bounds) if query.offset < total else []), total
    found = tx.all(statement, *parameters, *bounds)
    if len(found) < query.limit and (found or not query.offset):
        return found, query.offset + len(found)  # The last page tells how many there are.
    return found, _count(tx, source, parameters, None)


def _few(tx: Transaction, listing: Listing, source: str, parameters: Sequence[object]) -> list[object] | None:
    """What is unique of each row, if they are few; None if they are many.

    To look for a part of a text, every row is looked at: once, and not again for how many there are.
    """
    found = tx.all(f"SELECT {listing.unique} {source} LIMIT {FEW + 1}", *parameters)
    return [row[0] for row in found] if len(found) <= FEW else None


def _count(tx: Transaction, source: str, parameters: Sequence[object], most: int | None) -> int:
    counting = (
        f"SELECT count(*) {source}" if most is None else f"SELECT count(*) FROM (SELECT 1 {source} LIMIT {most}) c"
    )
    row = tx.one(counting, *parameters)
    assert row is not None
    return int(row[0])


def _plain(key: str) -> str:
    """The key without the suffix of an operator, as Harbor's clients may write it."""
    for suffix in _SUFFIXES:
        if key.endswith(suffix):
            return key.removesuffix(suffix)
    return key


def _order(listing: Listing, query: ListQuery) -> str:
    parts = []
    for sort in query.sort:
        column = listing.columns.get(sort.key)
        if column is not None:
            parts.append(f"{column.expression}{' DESC' if sort.descending else ''}")
    return ", ".join([*parts, listing.unique]) if parts else listing.order


def _sql(key: str, column: Column, condition: Condition) -> tuple[str, list[object]]:
    expression = column.expression
    if isinstance(condition, Contains) or key.endswith("__icontains"):
        if column.kind is not Kind.TEXT:
            raise Invalid(f"{key} is a {column.kind.value}, of which no part can be looked for")
        text = condition.text if isinstance(condition, Contains) else _single(key, condition)
        return contains(expression, str(text), lower=column.lower)
    if isinstance(condition, Exactly):
        operator = next((sign for suffix, sign in _SIGNS.items() if key.endswith(suffix)), "=")
        return f"{expression} {operator} ?", [_converted(key, column, condition.value)]
    if isinstance(condition, Between):
        return _range(key, column, condition)
    if isinstance(condition, AnyOf):
        marks = ", ".join("?" * len(condition.values))
        return f"{expression} IN ({marks})", [_converted(key, column, value) for value in condition.values]
    raise Invalid(f"{key} cannot have several values at once; write {{a b}} for one of them")


_SIGNS = {"__gte": ">=", "__lte": "<=", "__gt": ">", "__lt": "<"}


def contains(expression: str, text: str, *, lower: bool = False) -> tuple[str, list[object]]:
    """The condition that the expression holds the text, whatever the case of ASCII letters, and of no others.

    `lower`: that it has none but lower-case letters; then, as for a text without letters, PostgreSQL needs half the
    time. SQLite needs as little in any case (`db.sqlite`). Raises Invalid for a NUL, with which SQLite would take the
    pattern for ended, and find everything.
    """
    if "\0" in text:
        raise Invalid("a value has characters or a size that cannot be kept")
    sought = text.translate(_TO_LOWER)
    escaped = sought.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    as_it_is = lower or not _LETTERS.intersection(sought)
    whole = expression if as_it_is else f'lower({expression} COLLATE "C")'
    # SQLite takes half as long again to compare where it is told of a character that escapes.
    escaping = "" if escaped == sought else " ESCAPE '\\'"
    return f"{whole} LIKE ?{escaping}", [f"%{escaped}%"]


_LETTERS = frozenset(ascii_lowercase)
_TO_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def _range(key: str, column: Column, condition: Between) -> tuple[str, list[object]]:
    parts: list[str] = []
    values: list[object] = []
    for bound, sign in ((condition.least, ">="), (condition.most, "<=")):
        if bound is not None:
            parts.append(f"{column.expression} {sign} ?")
            values.append(_converted(key, column, bound))
    return f"({' AND '.join(parts)})", values


def _single(key: str, condition: Condition) -> Value:
    if isinstance(condition, Exactly):
        return condition.value
    raise Invalid(f"{key} takes one value")


def _converted(key: str, column: Column, value: Value) -> object:
    """The value as the column holds it. Raises Invalid."""
    if column.kind is Kind.TEXT:
        return str(value)
    if column.kind is Kind.NUMBER and isinstance(value, int) and -_LARGEST <= value <= _LARGEST:
        return value
    if column.kind is Kind.TRUTH and str(value).lower() in ("true", "false", "1", "0", "t", "f"):
        return str(value).lower() in ("true", "1", "t")
    if column.kind is Kind.TIME:
        return _microseconds(key, value)
    raise Invalid(f"{key} cannot be {str(value)[:64]!r}: it is a {column.kind.value}")


def _microseconds(key: str, value: Value) -> int:
    try:
        moment = datetime.fromisoformat(str(value).replace(" ", "T"))
    except ValueError as error:
        raise Invalid(f"{key} is a time, written as 2006-01-02T15:04:05") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int((moment - _EPOCH).total_seconds() * 1_000_000)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def merged(query: ListQuery, **more: Condition | None) -> ListQuery:
    """The query with further conditions; None for none."""
    added: dict[str, Any] = {key: condition for key, condition in more.items() if condition is not None}
    return ListQuery(
        conditions={**query.conditions, **added}, sort=query.sort, page=query.page, page_size=query.page_size
    )
