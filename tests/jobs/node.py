"""A node as a process of its own, for tests that kill it: `python node.py DATABASE ENGINE`.

Its jobs have two steps. Each adds to what was done, under a name that is unique: doing it twice shows in the count of
calls, but not in what was done.
"""

import asyncio
import signal
import sys
from functools import partial
from pathlib import Path

from entrepot.db.contract import Database, Transaction
from entrepot.db.open import open_database
from entrepot.jobs.pace import Pace
from entrepot.jobs.task import Context, Queue, Task, Tasks
from entrepot.jobs.worker import JobWorker

QUICK = Pace(look=0.1, beat=0.3, dead_after=1.5, strayed_after=2.0, stop=0.5)
QUEUE = Queue(name="work", each_worker=8)
ENGINE_OF_PACKAGE = Pace()


def effect(tx: Transaction, job: int, step: str) -> None:
    """What a step does: a row that can be there once."""
    tx.run(
        "INSERT INTO instance (name, value) VALUES (?, '1') ON CONFLICT (name) DO UPDATE"
        " SET value = CAST(CAST(instance.value AS INTEGER) + 1 AS TEXT)",
        f"{job}:{step}",
    )


def tasks(db: Database) -> Tasks:
    async def work(job: Context) -> str:
        for number, step in enumerate(("first", "second"), 1):
            await job.step(step, partial(do, job.job_id, step))
            job.progress(number, 2)
        return "done"

    async def long(job: Context) -> str:
        for number in range(100):
            await job.step(str(number), partial(do, job.job_id, str(number)))
            await asyncio.sleep(0.05)
        return "done"

    async def do(job: int, step: str) -> int:
        await db.write(lambda tx: effect(tx, job, step))
        return job

    return Tasks.of([Task(kind="work", run=work, queue=QUEUE), Task(kind="long", run=long, queue=QUEUE)])


async def main(database: str, engine: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    db = open_database(database, Path())
    await JobWorker(db, engine, tasks(db), 1, QUICK).run(stop, lambda: print("ready", flush=True))
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
