"""What part of a list is asked for: conditions, order, and which page."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = int | str

MOST_UNPAGED = 10_000
"""Entries that a list without pages gives at most."""


@dataclass(frozen=True, slots=True)
class Exactly:
    """Equal to the value."""

    value: Value


@dataclass(frozen=True, slots=True)
class Contains:
    """Holds the text, whatever its case."""

    text: str


@dataclass(frozen=True, slots=True)
class Between:
    """Not less than the one and not greater than the other; None for no bound."""

    least: Value | None
    most: Value | None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Equal to one of the values."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Has each of the values; only for what an entry has several of, such as labels."""

    values: tuple[Value, ...]


Condition = Exactly | Contains | Between | AnyOf | AllOf


@dataclass(frozen=True, slots=True)
class SortKey:
    """A key to sort by."""

    key: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """A part of a list."""

    conditions: Mapping[str, Condition] = field(default_factory=dict)
    sort: tuple[SortKey, ...] = ()
    page: int = 1
    """From 1."""
    page_size: int = 10
    """0: everything, but no more than `MOST_UNPAGED`."""

    @property
    def limit(self) -> int:
        """How many entries to give at most."""
        return self.page_size or MOST_UNPAGED

    @property
    def offset(self) -> int:
        """How many entries to pass over."""
        return (self.page - 1) * self.page_size
