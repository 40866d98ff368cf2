"""Two nodes that do jobs of one database, and die."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.db import job_nodes
from entrepot.db.contract import Transaction
from entrepot.model.job import JobState
from jobs.conftest import Shop

FEW = 60
MANY = 1000
PROGRAM = Path(__file__).with_name("node.py")


class Nodes:
    """Processes that do jobs, by their places."""

    def __init__(self, arguments: list[str]) -> None:
        self._arguments = arguments
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, place: int) -> None:
        self._running[place] = subprocess.Popen(
            [sys.executable, str(PROGRAM), *self._arguments], stdout=subprocess.PIPE
        )

    def wait_until_ready(self, place: int) -> None:
        output = self._running[place].stdout
        assert output is not None
        assert b"ready\n" in iter(output.readline, b"")

    def put_to_sleep(self, place: int) -> None:
        """Where nobody else would have to wait for it: a process that is stopped while it writes locks SQLite."""
        for _ in range(100):
            self._running[place].send_signal(signal.SIGSTOP)
            time.sleep(0.05)
            if all(_writable(url) for url in self._arguments):
                return
            self.wake(place)
            time.sleep(random.uniform(0.01, 0.1))
        raise AssertionError("it always writes")

    def wake(self, place: int) -> None:
        self._running[place].send_signal(signal.SIGCONT)

    def end(self, place: int, number: int = signal.SIGKILL) -> int:
        process = self._running.pop(place)
        process.send_signal(number)
        process.communicate(timeout=30)
        return process.returncode

    def end_all(self) -> None:
        for place in list(self._running):
            self.end(place)


def _writable(url: str) -> bool:
    if not url.startswith("sqlite"):
        return True
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0.2, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
    return True


@pytest.fixture
def nodes(shop: Shop, database_url: str) -> Iterator[Nodes]:
    made = Nodes([database_url, shop.url])
    yield made
    made.end_all()


@pytest.mark.parametrize(
    ("count", "every"),
    [
        pytest.param(FEW, 1.5, id="few"),
        pytest.param(MANY, 3.0, id="many", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
    ],
)
async def test_nothing_is_lost_or_done_twice_while_workers_are_killed(
    shop: Shop, nodes: Nodes, count: int, every: float
) -> None:
    places = (0, 1)
    for place in places:
        nodes.start(place)
    asked = [await shop.ask("work") for _ in range(count)]
    killed = 0
    until = time.monotonic() + 500
    while await shop.db.read(unfinished):
        assert time.monotonic() < until, "jobs do not end"
        place = random.choice(places)
        await asyncio.to_thread(nodes.wait_until_ready, place)
        await asyncio.sleep(random.uniform(0, every))
        nodes.end(place)
        killed += 1
        nodes.start(place)
    assert killed >= 1
    for job_id in asked:
        job = await shop.job(job_id)
        assert (job.state, job.result, job.done) == (JobState.SUCCEEDED, "done", 2)
    effects = dict(await shop.db.read(lambda tx: tx.all("SELECT name, value FROM instance WHERE name LIKE '%:%'")))
    assert effects.keys() == {f"{job_id}:{step}" for job_id in asked for step in ("first", "second")}


def unfinished(tx: Transaction) -> bool:
    return tx.one("SELECT 1 FROM jobs WHERE ended_at IS NULL LIMIT 1") is not None


async def test_what_a_node_that_never_comes_back_had_begun_is_gone_on_with_by_another(shop: Shop, nodes: Nodes) -> None:
    nodes.start(0)
    nodes.wait_until_ready(0)
    job_id = await shop.ask("long")
    await shop.until(job_id, lambda job: job.state is JobState.RUNNING)
    await asyncio.sleep(0.5)
    nodes.start(1)
    nodes.wait_until_ready(1)
    before = (await shop.job(job_id)).node
    nodes.end(0)
    await shop.until(job_id, lambda job: job.node != before, 30)
    assert (await shop.ended(job_id, 30)).state is JobState.SUCCEEDED
    again = await shop.db.read(lambda tx: tx.all("SELECT name FROM instance WHERE name LIKE '%:%' AND value <> '1'"))
    assert len(again) <= 1, "only the step that was cut off is done again"
    alive = await shop.db.read(job_nodes.every)
    assert len(alive) == 1


async def test_a_node_that_was_believed_dead_spoils_nothing_when_it_wakes_up(shop: Shop, nodes: Nodes) -> None:
    nodes.start(0)
    nodes.wait_until_ready(0)
    job_id = await shop.ask("long")
    running = await shop.until(job_id, lambda job: job.state is JobState.RUNNING)
    nodes.put_to_sleep(0)
    nodes.start(1)
    nodes.wait_until_ready(1)
    await shop.until(job_id, lambda job: job.node != running.node, 30)
    nodes.wake(0)
    job = await shop.ended(job_id, 30)
    assert job.state is JobState.SUCCEEDED
    assert job.node != running.node
    assert nodes.end(0, signal.SIGTERM) == 0
    assert nodes.end(1, signal.SIGTERM) == 0
