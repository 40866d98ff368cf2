"""Schedules: when jobs are requested by themselves.

A tick is a moment at which a schedule comes due. Whoever finds one due requests the job and moves `next_tick` on in the
same transaction, if it is still as it was found: so any number of processes may look, and each tick is answered once.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from entrepot.db import jobs
from entrepot.db.contract import Row, Transaction
from entrepot.model.cron import Cron
from entrepot.model.job import SCHEDULER, JobRequest, Json, Trigger

STEP_BACK = 300_000_000
"""Microseconds. A clock that is behind the last tick by no more was put right; by more, it had been wrong."""
REQUESTED_BY = "entrepot"
_COLUMNS = (
    "id, name, kind, cron, cadence, parameters, subject_id, project_id, paused, last_tick, next_tick, created_at,"
    " updated_at, updated_by"
)


class Schedule(NamedTuple):
    """A schedule."""

    id: int
    name: str
    kind: str
    cron: str
    cadence: str
    parameters: dict[str, Json]
    subject_id: int | None
    project_id: int | None
    paused: bool
    last_tick: int
    next_tick: int
    created_at: int
    updated_at: int
    updated_by: str


class Plan(NamedTuple):
    """What a schedule is to be."""

    name: str
    """Unique: `garbage-collection`, or `retention:12` for the policy 12. It is the key of the jobs, too, so that one
    requested by hand with this key and those of the schedule never run side by side."""
    kind: str
    cron: Cron
    cadence: str = "Custom"
    """As people chose it: `Hourly`, `Daily`, `Weekly` or `Custom`."""
    parameters: Mapping[str, Json] = MappingProxyType({})
    subject_id: int | None = None
    project_id: int | None = None
    paused: bool = False


def put(tx: Transaction, plan: Plan, by: str) -> int:
    """The id of the schedule of that name, which is now as planned; its next tick is the first after now."""
    row = tx.one(
        "INSERT INTO schedules (name, kind, cron, cadence, parameters, subject_id, project_id, paused, last_tick,"
        " next_tick, created_at, updated_at, updated_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, cron = excluded.cron, cadence = excluded.cadence,"
        " parameters = excluded.parameters, subject_id = excluded.subject_id, project_id = excluded.project_id,"
        " paused = excluded.paused, last_tick = excluded.last_tick, next_tick = excluded.next_tick,"
        " updated_at = excluded.updated_at, updated_by = excluded.updated_by RETURNING id",
        plan.name,
        plan.kind,
        plan.cron.text,
        plan.cadence,
        json.dumps(dict(plan.parameters), separators=(",", ":"), sort_keys=True),
        plan.subject_id,
        plan.project_id,
        plan.paused,
        tx.now,
        plan.cron.after(tx.now),
        tx.now,
        tx.now,
        by,
    )
    assert row is not None
    return int(row[0])


def put_own(tx: Transaction, kind: str, cron: Cron) -> None:
    """Makes the schedule that the program itself wants, named as its kind, unless people have planned it otherwise."""
    before = get(tx, kind)
    if before is None or (before.updated_by == REQUESTED_BY and before.cron != cron.text):
        put(tx, Plan(name=kind, kind=kind, cron=cron), REQUESTED_BY)


def remove(tx: Transaction, name: str) -> bool:
    """Whether there was a schedule of that name; it is gone now. What it requested goes on."""
    return tx.run("DELETE FROM schedules WHERE name = ?", name) == 1


def remove_of_project(tx: Transaction, project_id: int) -> None:
    """Removes the project's schedules."""
    tx.run("DELETE FROM schedules WHERE project_id = ?", project_id)


def get(tx: Transaction, name: str) -> Schedule | None:
    """The schedule of that name, or None."""
    row = tx.one(f"SELECT {_COLUMNS} FROM schedules WHERE name = ?", name)
    return None if row is None else _schedule(row)


def page(tx: Transaction, offset: int, count: int) -> tuple[list[Schedule], int]:
    """A part of all schedules, and how many there are."""
    total = tx.one("SELECT count(*) FROM schedules")
    assert total is not None
    rows = tx.all(f"SELECT {_COLUMNS} FROM schedules ORDER BY id LIMIT ? OFFSET ?", count, offset)
    return [_schedule(row) for row in rows], int(total[0])


def due(tx: Transaction, count: int) -> list[Schedule]:
    """Some schedules whose next tick has come; none while the scheduler is paused."""
    if tx.one("SELECT 1 FROM job_pauses WHERE kind = ?", SCHEDULER) is not None:
        return []
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM schedules WHERE next_tick <= ? AND NOT paused ORDER BY next_tick, id LIMIT ?",
        tx.now,
        count,
    )
    return [_schedule(row) for row in rows]


def fire(tx: Transaction, found: Schedule) -> int | None:
    """The id of the job for the latest tick that has come, or None if another process was quicker.

    Ticks that were missed before it, while nothing ran or the clock jumped ahead, are answered by this one. If a
    job with the schedule's key is unfinished still, it is that one's id: it stands for this tick too.
    """
    cron = Cron.parse(found.cron)
    tick = cron.last(found.last_tick, tx.now) or found.next_tick
    changed = tx.run(
        "UPDATE schedules SET last_tick = ?, next_tick = ? WHERE id = ? AND next_tick = ? AND next_tick <= ?"
        " AND NOT paused",
        tick,
        cron.after(max(tick, tx.now)),
        found.id,
        found.next_tick,
        tx.now,
    )
    if not changed:
        return None
    wanted = JobRequest(
        kind=found.kind,
        by=REQUESTED_BY,
        trigger=Trigger.SCHEDULE,
        parameters=found.parameters,
        key=found.name,
        subject_id=found.subject_id,
        project_id=found.project_id,
    )
    return jobs.request(tx, wanted).id


def ahead(tx: Transaction) -> bool:
    """Whether a clock that was wrong has moved any schedule into the future."""
    return tx.one("SELECT 1 FROM schedules WHERE last_tick > ? LIMIT 1", tx.now + STEP_BACK) is not None


def set_right(tx: Transaction, count: int) -> int:
    """How many schedules had been moved into the future by a clock that was wrong, and now go by this one."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM schedules WHERE last_tick > ? ORDER BY id LIMIT ?", tx.now + STEP_BACK, count
    )
    for found in map(_schedule, rows):
        tx.run(
            "UPDATE schedules SET last_tick = ?, next_tick = ? WHERE id = ? AND last_tick = ?",
            tx.now,
            Cron.parse(found.cron).after(tx.now),
            found.id,
            found.last_tick,
        )
    return len(rows)


def _schedule(row: Row) -> Schedule:
    values = list(row)
    values[5], values[8] = json.loads(row[5]), bool(row[8])
    return Schedule(*values)
