"""Schedules: each tick is answered once, by whichever node, and whatever somebody does to the clock."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from entrepot.db import job_pauses, job_runs, jobs, schedules
from entrepot.db.contract import Database, Row, Transaction
from entrepot.db.schedules import Plan
from entrepot.jobs.scheduling import Scheduler
from entrepot.model.cron import Cron
from entrepot.model.job import SCHEDULER, JobState

T = TypeVar("T")
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_767_225_600_000_000
"""2026-01-01, midnight."""


class Clocked:
    """A transaction by another clock."""

    def __init__(self, tx: Transaction, now: int) -> None:
        self._tx = tx
        self.now = now

    def one(self, statement: str, *parameters: object) -> Row | None:
        return self._tx.one(statement, *parameters)

    def all(self, statement: str, *parameters: object) -> list[Row]:
        return self._tx.all(statement, *parameters)

    def run(self, statement: str, *parameters: object) -> int:
        return self._tx.run(statement, *parameters)


class ByClock:
    """A database whose clock is set by the test."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.now = START

    async def read(self, question: Callable[[Transaction], T], *, key: object = None) -> T:
        return await self._db.read(lambda tx: question(Clocked(tx, self.now)))

    async def write(self, change: Callable[[Transaction], T], *, durable: bool = True) -> T:
        return await self._db.write(lambda tx: change(Clocked(tx, self.now)), durable=durable)

    write_along = write

    async def close(self) -> None:
        await self._db.close()


@pytest.fixture
def clock(database: Database) -> ByClock:
    return ByClock(database)


async def plan(clock: ByClock, cron: str, name: str = "tick") -> None:
    await clock.write(lambda tx: schedules.put(tx, Plan(name=name, kind=name, cron=Cron.parse(cron)), "tests"))


async def pass_time(clock: ByClock, until: int, step: int = MINUTE) -> None:
    """Two nodes look every minute, each at the same time, and each job ends at once."""
    nodes = [Scheduler(clock, set_right_every=0), Scheduler(clock, set_right_every=0)]
    while clock.now < until:
        clock.now += step
        await asyncio.gather(*(node.look() for node in nodes))
        await clock.write(finish)


def finish(tx: Transaction) -> None:
    tx.run("UPDATE jobs SET ended_at = ?, state = ? WHERE ended_at IS NULL", tx.now, JobState.SUCCEEDED.value)


async def requested(clock: ByClock) -> int:
    row = await clock.read(lambda tx: tx.one("SELECT count(*) FROM jobs"))
    assert row is not None
    return int(row[0])


async def test_a_tick_is_answered_once_over_two_nodes(clock: ByClock) -> None:
    await plan(clock, "0 */5 * * * *")
    await pass_time(clock, START + HOUR)
    assert await requested(clock) == 12
    job = await clock.read(lambda tx: jobs.get(tx, 1))
    assert job is not None
    assert (job.trigger, job.kind, job.key, job.requested_by) == ("SCHEDULE", "tick", "tick", "entrepot")


async def test_who_saw_a_tick_that_another_has_answered_requests_nothing(clock: ByClock) -> None:
    await plan(clock, "0 * * * * *")
    clock.now += MINUTE
    (seen,) = await clock.read(lambda tx: schedules.due(tx, 10))
    assert await clock.write(lambda tx: schedules.fire(tx, seen)) is not None
    await clock.write(finish)
    assert await clock.write(lambda tx: schedules.fire(tx, seen)) is None
    assert await requested(clock) == 1


async def test_ticks_missed_while_nothing_ran_are_answered_by_one_job(clock: ByClock) -> None:
    await plan(clock, "0 0 * * * *")
    clock.now += 10 * DAY + MINUTE
    await pass_time(clock, clock.now + 3 * MINUTE)
    assert await requested(clock) == 1
    await pass_time(clock, START + 10 * DAY + 2 * HOUR)
    assert await requested(clock) == 3


async def test_a_clock_set_a_day_on_and_back_loses_nothing_and_storms_nothing(clock: ByClock) -> None:
    await plan(clock, "0 0 * * * *")
    await pass_time(clock, START + 2 * HOUR)
    assert await requested(clock) == 2
    clock.now += DAY
    await pass_time(clock, clock.now + 10 * MINUTE)
    assert await requested(clock) == 3, "the day that was jumped over is answered once"
    await plan(clock, "0 30 * * * *", "made-meanwhile")
    clock.now -= DAY
    now = clock.now
    await pass_time(clock, now + 3 * HOUR)
    assert await requested(clock) == 3 + 3 + 3, "hour by hour again, and no hour twice"


async def test_a_clock_put_right_by_seconds_answers_no_tick_again(clock: ByClock) -> None:
    await plan(clock, "0 0 * * * *")
    await pass_time(clock, START + HOUR)
    assert await requested(clock) == 1
    clock.now -= 30_000_000
    await pass_time(clock, START + HOUR + 10 * MINUTE, 5_000_000)
    assert await requested(clock) == 1


async def test_a_job_that_is_unfinished_stands_for_the_next_tick(clock: ByClock) -> None:
    await plan(clock, "0 * * * * *")
    node = Scheduler(clock)
    for _ in range(5):
        clock.now += MINUTE
        await node.look()
    assert await requested(clock) == 1


async def test_what_is_paused_requests_nothing_and_makes_up_for_it_once(clock: ByClock) -> None:
    await plan(clock, "0 * * * * *")
    await clock.write(lambda tx: job_pauses.put(tx, SCHEDULER, "tests"))
    await pass_time(clock, START + 10 * MINUTE)
    assert await requested(clock) == 0
    await clock.write(lambda tx: job_pauses.end(tx, SCHEDULER))
    await pass_time(clock, START + 12 * MINUTE)
    assert await requested(clock) == 2


async def test_a_changed_schedule_goes_by_its_new_cron(clock: ByClock) -> None:
    await plan(clock, "0 0 0 1 1 *")
    await plan(clock, "0 * * * * *")
    await pass_time(clock, START + 3 * MINUTE)
    assert await requested(clock) == 3
    assert await clock.write(lambda tx: schedules.remove(tx, "tick"))
    await pass_time(clock, START + 9 * MINUTE)
    assert await requested(clock) == 3


async def test_what_people_planned_is_not_planned_otherwise_by_the_program(clock: ByClock) -> None:
    await clock.write(lambda tx: schedules.put_own(tx, "tick", Cron.parse("0 7 * * * *")))
    await clock.write(lambda tx: schedules.put_own(tx, "tick", Cron.parse("0 8 * * * *")))
    found = await clock.read(lambda tx: schedules.get(tx, "tick"))
    assert found is not None
    assert found.cron == "0 8 * * * *"
    await plan(clock, "0 9 * * * *")
    await clock.write(lambda tx: schedules.put_own(tx, "tick", Cron.parse("0 7 * * * *")))
    found = await clock.read(lambda tx: schedules.get(tx, "tick"))
    assert found is not None
    assert found.cron == "0 9 * * * *"


async def test_a_wait_for_the_next_attempt_is_not_prolonged_by_a_clock_that_was_wrong(clock: ByClock) -> None:
    made = await clock.write(lambda tx: jobs.request(tx, jobs.JobRequest(kind="tick", by="tests")))
    begun = await clock.write(lambda tx: job_runs.begin(tx, made.id, 1, "node"))
    assert begun is not None
    clock.now += DAY
    assert await clock.write(lambda tx: job_runs.try_again(tx, begun, "no", HOUR, counted=True))
    assert await clock.read(lambda tx: job_runs.waiting(tx, ["tick"], 10)) == []
    clock.now -= DAY
    waiting = await clock.read(lambda tx: job_runs.waiting(tx, ["tick"], 10))
    assert [(job.id, job.run) for job in waiting] == [(made.id, 2)]
