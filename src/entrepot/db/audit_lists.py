"""Lists of events as the audit shows them, the newest first.

Whoever filters by Harbor's words for what was done and to what is answered by the names of events that they stand for.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from entrepot.db import audit
from entrepot.db.contract import Row, Transaction
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.model.deed import DEEDS, Deed, deed_of
from entrepot.model.errors import Invalid
from entrepot.model.grant import Principal
from entrepot.model.permission import Resource, Verb
from entrepot.model.project import Role
from entrepot.model.query import AnyOf, Condition, Contains, Exactly, ListQuery

MOST_COUNTED = 100_000
"""Of more events that fit a question, no more are counted, and no more shown."""
MOST_SOUGHT = 100_000
"""How many of the newest events are looked through for a part of a text, or for what no index finds."""


class Entry(NamedTuple):
    """An event as the audit shows it."""

    id: int
    at: int
    name: str
    actor: str
    resource: str
    succeeded: bool
    detail: str
    """JSON."""
    address: str

    @property
    def deed(self) -> Deed:
        """The event in Harbor's words."""
        return deed_of(self.name)


_LISTING = Listing(
    select="e.id, e.at, e.name, e.actor, e.resource, e.succeeded, e.detail, e.address",
    source="FROM events e",
    columns={
        "id": Column("e.id", Kind.NUMBER),
        "project_id": Column("e.project_id", Kind.NUMBER),
        "resource": Column("e.resource"),
        "username": Column("e.actor"),
        "op_result": Column("e.succeeded", Kind.TRUTH),
        "operation_result": Column("e.succeeded", Kind.TRUTH),
        # Events are numbered as they are written: by id is by time, and needs no sorting.
        "op_time": Column("e.at", Kind.TIME),
    },
    order="e.id DESC",
    unique="e.id DESC",
    most=MOST_COUNTED,
)
_INDEXED = {"project_id", "resource", "username", "op_time", "operation", "resource_type", "id"}
"""What an index finds; of all else only the newest events are looked through."""
_AMONG_THE_NEWEST = "e.id > coalesce((SELECT max(x.id) FROM events x), 0) - ?"
_BY_TIME = {"op_time", "creation_time", "id"}


def page(tx: Transaction, query: ListQuery) -> tuple[list[Entry], int]:
    """A page of all events, and how many there are. Raises Invalid."""
    if query.conditions:
        return _page(tx, query, [], [])
    # Counted without looking at each: places are numbered without gaps, but for what was purged.
    purged = audit.stub(tx)
    total = audit.head(tx).place - (purged.last_place if purged else 0) + audit.unsealed(tx)
    order = "e.id" if _oldest_first(query) else "e.id DESC"
    found = tx.all(
        f"SELECT {_LISTING.select} FROM events e ORDER BY {order} LIMIT ? OFFSET ?", query.limit, query.offset
    )
    return [_entry(row) for row in found], total


def page_of_project(tx: Transaction, project_id: int, query: ListQuery) -> tuple[list[Entry], int]:
    """As `page`, of one project."""
    return _page(tx, query, ["e.project_id = ?"], [project_id])


def page_of_own(tx: Transaction, who: Principal, query: ListQuery) -> tuple[list[Entry], int]:
    """As `page`, of the projects whose log the principal may read."""
    if who.robot_id is not None:
        own = (
            "e.project_id IN (SELECT b.project_id FROM robot_permissions b WHERE b.robot_id = ? AND b.resource = ?"
            " AND b.action = ?)"
        )
        return _page(tx, query, [own], [who.robot_id, Resource.LOG.value, Verb.LIST.value])
    own = (
        "e.project_id IN (SELECT m.project_id FROM members m WHERE m.role = ? AND (m.user_id = ?"
        " OR m.group_id IN (SELECT g.group_id FROM group_members g WHERE g.user_id = ?)))"
    )
    return _page(tx, query, [own], [int(Role.PROJECT_ADMIN), who.user_id, who.user_id])


def _page(tx: Transaction, query: ListQuery, conditions: list[str], values: list[object]) -> tuple[list[Entry], int]:
    where, parameters = list(conditions), list(values)
    if any(_is_sought(key, condition) for key, condition in query.conditions.items()):
        where.append(_AMONG_THE_NEWEST)
        parameters.append(MOST_SOUGHT)
    names = _names(query.conditions)
    if names is not None:
        where.append(f"e.name IN ({', '.join('?' * len(names))})" if names else "1 = 0")
        parameters.extend(names)
    # By the index that finds them: a time range is one of `at`, and nearly the same order.
    key = "e.at{0}, e.id{0}" if "op_time" in query.conditions else "e.id{0}"
    direction = "" if _oldest_first(query) else " DESC"
    listing = replace(_LISTING, order=key.format(direction), unique=f"e.id{direction}")
    sort = tuple(key for key in query.sort if key.key not in _BY_TIME)
    plain = ListQuery(conditions=query.conditions, sort=sort, page=query.page, page_size=query.page_size)
    found, total = rows(tx, listing, plain, where, parameters)
    return [_entry(row) for row in found], total


def _is_sought(key: str, condition: Condition) -> bool:
    return key not in _INDEXED or (isinstance(condition, Contains) and key in ("resource", "username"))


def _oldest_first(query: ListQuery) -> bool:
    return bool(query.sort) and query.sort[0].key in _BY_TIME and not query.sort[0].descending


def _names(conditions: Mapping[str, Condition]) -> list[str] | None:
    """The names of the events that are asked for by Harbor's words; None for any. Raises Invalid."""
    wanted = {key: conditions[key] for key in ("operation", "resource_type") if key in conditions}
    if not wanted:
        return None
    return [name for name, deed in DEEDS.items() if all(_fits(getattr(deed, key), wanted[key]) for key in wanted)]


def _fits(word: str, condition: Condition) -> bool:
    if isinstance(condition, Exactly):
        return word == str(condition.value)
    if isinstance(condition, Contains):
        return condition.text.lower() in word
    if isinstance(condition, AnyOf):
        return word in {str(value) for value in condition.values}
    raise Invalid("operation and resource_type take a word, or {a b} for one of several")


def _entry(row: Row) -> Entry:
    return Entry(row[0], row[1], row[2], row[3], row[4], bool(row[5]), row[6], row[7])
