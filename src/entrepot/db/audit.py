"""The audit: events in one chain, in the order in which they were sealed."""

import json
from typing import NamedTuple

from entrepot.db import instance
from entrepot.db.contract import Row, Transaction
from entrepot.model.seal import FIRST, SealedRow, Stub, seal_of

_HEAD = "audit_head"
_COLUMNS = "id, at, name, actor, through, address, request_id, project_id, repository, resource, succeeded, detail"
_COUNT = 12


class Head(NamedTuple):
    """The end of the chain."""

    place: int
    """Of the last event that is sealed; 0 before the first."""
    seal: bytes


class Link(NamedTuple):
    """An event in the chain."""

    place: int
    seal: bytes
    row: SealedRow


def head(tx: Transaction) -> Head:
    """The end of the chain, as it was noted when it was last sealed."""
    told = instance.get(tx, _HEAD)
    if told is None:
        return Head(0, FIRST)
    place, seal = json.loads(told)
    return Head(int(place), bytes.fromhex(seal))


def unsealed(tx: Transaction) -> int:
    """How many events wait for their seals."""
    row = tx.one("SELECT count(*) FROM events WHERE place IS NULL")
    assert row is not None
    return int(row[0])


def seal_some(tx: Transaction, count: int) -> int:
    """How many of up to `count` events were sealed, in the order of their ids; one transaction at a time does this."""
    instance.put_first(tx, _HEAD, json.dumps([0, FIRST.hex()]))
    tx.one("SELECT value FROM instance WHERE name = ? FOR UPDATE", _HEAD)
    place, seal = head(tx)
    rows = tx.all(f"SELECT {_COLUMNS} FROM events WHERE place IS NULL ORDER BY id LIMIT ?", count)
    for row in rows:
        place += 1
        sealed = _row(row)
        seal = seal_of(seal, place, sealed)
        tx.run("UPDATE events SET place = ?, seal = ? WHERE id = ?", place, seal, sealed.id)
    if rows:
        tx.run("UPDATE instance SET value = ? WHERE name = ?", json.dumps([place, seal.hex()]), _HEAD)
    return len(rows)


def goes_on(tx: Transaction, place: int) -> bool:
    """Whether an event has a place after that one."""
    return tx.one("SELECT 1 FROM events WHERE place > ? LIMIT 1", place) is not None


def links(tx: Transaction, after: int, count: int) -> list[Link]:
    """The next `count` events of the chain, those whose places come after `after`."""
    rows = tx.all(f"SELECT {_COLUMNS}, place, seal FROM events WHERE place > ? ORDER BY place LIMIT ?", after, count)
    return [Link(int(row[_COUNT]), bytes(row[_COUNT + 1] or b""), _row(row)) for row in rows]


def stub(tx: Transaction) -> Stub | None:
    """What is left of the purged beginning of the chain; None if nothing was purged."""
    row = tx.one(
        "SELECT first_place, last_place, seal, rows, purged_at, purged_by, signature FROM audit_stubs"
        " ORDER BY last_place DESC LIMIT 1"
    )
    return None if row is None else Stub(row[0], row[1], bytes(row[2]), *row[3:])


def purgeable(
    tx: Transaction, before: int, count: int, names: frozenset[str] | None = None, after: int = 0
) -> Link | None:
    """The last of up to `count` events that all happened before that moment, and whose names are among these.

    They are those at the beginning of the chain, or the first ones after the place `after`.
    """
    last = None
    for link in links(tx, after, count):
        if link.row.at >= before or (names is not None and link.row.name not in names):
            break
        last = link
    return last


def replace_stub(tx: Transaction, new: Stub) -> None:
    """Removes the events up to the stub's last place, and has the stub stand for them."""
    tx.run("DELETE FROM events WHERE place <= ?", new.last_place)
    tx.run("DELETE FROM audit_stubs")
    tx.run(
        "INSERT INTO audit_stubs (first_place, last_place, seal, rows, purged_at, purged_by, signature)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        *new,
    )


def _row(row: Row) -> SealedRow:
    return SealedRow._make((*row[:10], bool(row[10]), row[11]))
