"""The chain of the audit: what it proves, and what attacks on it come to."""

import asyncio
from typing import Any

import pytest

from entrepot.access.local import shell_grant
from entrepot.db import audit, events
from entrepot.db.audit import Head
from entrepot.db.contract import Database, Transaction
from entrepot.model.event import Event, EventName
from entrepot.registry.audit import Audit
from entrepot.tasks.seal import AT_ONCE, Sealer
from entrepot.tasks.verify import AuditProof, Broken, Whole

SHELL = shell_grant()
COUNT = 12


def happen(tx: Transaction, number: int) -> None:
    event = Event(
        name=EventName.PROJECT_CREATED,
        by=SHELL.principal,
        resource=f"project-{number}",
        detail={"project": f"project-{number}", "quote": '","'},
    )
    events.record(tx, event)


async def outcome(database: Database, expected: Head | None = None) -> Whole | Broken:
    last: Any = None
    async for step in AuditProof(database).prove(expected):
        last = step
    assert isinstance(last, Whole | Broken)
    return last


@pytest.fixture
async def sealed(database: Database) -> Database:
    for number in range(COUNT):
        await database.write(lambda tx, number=number: happen(tx, number))
    assert await Sealer(database).round() == COUNT
    return database


async def test_a_chain_that_nobody_touched_is_whole(sealed: Database) -> None:
    found = await outcome(sealed)
    assert isinstance(found, Whole)
    assert (found.events, found.purged, found.waiting, found.head.place) == (COUNT, 0, 0, COUNT)
    await sealed.write(lambda tx: happen(tx, 99))
    assert isinstance(again := await outcome(sealed), Whole)
    assert again.waiting == 1
    await Sealer(sealed).round()
    assert isinstance(later := await outcome(sealed, found.head), Whole)
    assert later.head.place == COUNT + 1


ATTACKS = {
    "another actor": "UPDATE events SET actor = 'somebody' WHERE place = 5",
    "another time": "UPDATE events SET at = at + 1 WHERE place = 5",
    "another result": "UPDATE events SET succeeded = FALSE WHERE place = 5",
    "another detail": "UPDATE events SET detail = '{}' WHERE place = 5",
    "text moved to the next field": "UPDATE events SET actor = '', through = actor WHERE place = 5",
    "removed": "DELETE FROM events WHERE place = 5",
    "removed from the beginning": "DELETE FROM events WHERE place = 1",
    "added": (
        "INSERT INTO events (at, name, actor, through, address, request_id, resource, succeeded, detail, place, seal)"
        " SELECT at, name, actor, through, address, request_id, resource, succeeded, detail, 13, seal FROM events"
        " WHERE place = 5"
    ),
    "another seal": "UPDATE events SET seal = (SELECT e.seal FROM events e WHERE e.place = 4) WHERE place = 5",
    "moved to the end": "UPDATE events SET place = 13 WHERE place = 5",
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_is_found_where_it_was(sealed: Database, attack: str) -> None:
    await sealed.write(lambda tx: tx.run(ATTACKS[attack]))
    found = await outcome(sealed)
    assert isinstance(found, Broken)
    assert found.place == {"removed from the beginning": 1, "added": 13, "moved to the end": 13}.get(attack, 5)


async def test_a_removed_end_is_found(sealed: Database) -> None:
    await sealed.write(lambda tx: tx.run("DELETE FROM events WHERE place > 10"))
    found = await outcome(sealed)
    assert isinstance(found, Broken)
    assert found.place == 11


async def test_a_chain_made_anew_is_found_by_an_end_that_was_kept_elsewhere(sealed: Database) -> None:
    kept = await sealed.read(audit.head)

    def forge(tx: Transaction) -> None:
        tx.run("UPDATE events SET actor = 'somebody' WHERE place = 5")
        tx.run("UPDATE events SET place = NULL, seal = NULL")
        tx.run("DELETE FROM instance WHERE name = 'audit_head'")

    await sealed.write(forge)
    await Sealer(sealed).round()
    assert isinstance(await outcome(sealed), Whole)
    found = await outcome(sealed, kept)
    assert isinstance(found, Broken)
    assert found.place == COUNT


async def test_a_purge_leaves_a_signed_note(sealed: Database) -> None:
    moment = await sealed.read(lambda tx: tx.one("SELECT at FROM events WHERE place = 8"))
    assert moment is not None
    assert await Audit(sealed).purge(SHELL, int(moment[0])) == 7
    await Sealer(sealed).round()
    found = await outcome(sealed)
    assert isinstance(found, Whole)
    assert (found.purged, found.events) == (7, COUNT - 7 + 1)
    assert await Audit(sealed).purge(SHELL, int(moment[0]) + 1) == 1
    assert isinstance(found := await outcome(sealed), Whole)
    assert found.purged == 8
    names = await sealed.read(lambda tx: [row[0] for row in tx.all("SELECT name FROM events ORDER BY id DESC LIMIT 2")])
    assert names == ["audit:purged", "audit:purged"]


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit_stubs SET rows = 3",
        "UPDATE audit_stubs SET last_place = 9",
        "UPDATE audit_stubs SET purged_by = 'x'",
    ],
)
async def test_a_note_that_was_altered_is_found(sealed: Database, attack: str) -> None:
    moment = await sealed.read(lambda tx: tx.one("SELECT at FROM events WHERE place = 8"))
    assert moment is not None
    await Audit(sealed).purge(SHELL, int(moment[0]))
    await sealed.write(lambda tx: tx.run(attack))
    assert isinstance(await outcome(sealed), Broken)


async def test_a_purge_without_a_note_is_found(sealed: Database) -> None:
    await sealed.write(lambda tx: tx.run("DELETE FROM events WHERE place <= 7"))
    found = await outcome(sealed)
    assert isinstance(found, Broken)
    assert found.place == 1


async def test_what_is_not_sealed_yet_is_not_purged(database: Database) -> None:
    await database.write(lambda tx: happen(tx, 1))
    assert await Audit(database).purge(SHELL, 2**62) == 0


async def test_sealers_and_writers_at_once_make_one_chain(database: Database) -> None:
    async def write(start: int) -> None:
        for number in range(start, start + 40):
            await database.write(lambda tx, number=number: happen(tx, number))

    async def seal() -> None:
        sealer = Sealer(database)
        for _ in range(30):
            await sealer.round()
            await asyncio.sleep(0)

    await asyncio.gather(write(0), write(100), seal(), seal(), seal())
    while await Sealer(database).round():
        pass
    found = await outcome(database)
    assert isinstance(found, Whole)
    assert (found.events, found.waiting) == (80, 0)
    assert found.events < AT_ONCE
