"""A whole run: servers, a fresh registry, the crew, the verdict."""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stress.crew import Crew
from stress.damaging import Damaged
from stress.house import Ground, Place, migrate, open_database, open_house, prepare, quiet, rules
from stress.journal import Deed, Journal
from stress.ledger import Ledger
from stress.options import Options
from stress.servers import postgresql, s3
from stress.table import Report
from stress.verdict import Verdict, judge
from stress.worker import Order, Role

LOOK = 0.05
STUCK_SECONDS = 90.0
"""Without any push acknowledged for so long, something waits for ever."""
ONCE = (Role.INSPECTOR, Role.DAMAGER, Role.WALKER)
TWICE = (Role.COLLECTOR,)


def run(options: Options) -> Report:
    """What came of it. Everything it started and wrote is gone afterwards."""
    quiet()
    with _place(options) as (folder, place):
        migrate(place)
        orders = _orders(options, place, asyncio.run(_prepare(options, place)), folder / "journals")
        journal = Journal(folder / "journals" / "00-crew.journal", 0)
        crew = Crew(orders, journal, seed=options.seed, every=options.every)
        ledger = Ledger(folder / "journals")
        began = time.monotonic()
        try:
            crew.start()
            _watch(options, crew, ledger, journal)
            crew.stop()
        finally:
            crew.kill()
            journal.close()
        seconds = time.monotonic() - began
        ledger.refresh()
        verdict, violations = asyncio.run(_judge(options, orders[0], ledger, folder / "journals"))
        return _report(options, crew.kills, seconds, ledger, verdict, violations)


def _watch(options: Options, crew: Crew, ledger: Ledger, journal: Journal) -> None:
    """Returns when enough was done, or something went wrong."""
    began = moved = time.monotonic()
    pushes = 0
    while not ledger.violations:
        time.sleep(LOOK)
        crew.tend()
        ledger.refresh()
        now = time.monotonic()
        if len(ledger.pushed) > pushes:
            pushes, moved = len(ledger.pushed), now
        if options.pushes is not None and pushes >= options.pushes:
            return
        if options.seconds is not None and now - began >= options.seconds:
            return
        if now - moved > STUCK_SECONDS:
            journal.violation("stuck", f"no push was acknowledged for {STUCK_SECONDS:g} seconds")


@contextmanager
def _place(options: Options) -> Iterator[tuple[Path, Place]]:
    folder = Path(tempfile.mkdtemp(prefix="entrepot-stress-", dir=options.folder))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)  # PostgreSQL runs as another user when this runs as root.
        (folder / "journals").mkdir()
        database, storage = str(folder / "entrepot.db"), str(folder / "objects")
        if options.database == "postgresql":
            database = stack.enter_context(postgresql(folder))
        if options.storage == "s3":
            storage = stack.enter_context(s3())
        yield folder, Place(database=database, storage=storage)


async def _prepare(options: Options, place: Place) -> Ground:
    db = open_database(place)
    try:
        return await prepare(db, len(_slots(options)) * options.tasks)
    finally:
        await db.close()


def _slots(options: Options) -> list[Role]:
    return [
        role
        for role in Role
        for _ in range(1 if role in ONCE else 2 * options.workers if role in TWICE else options.workers)
    ]


def _orders(options: Options, place: Place, ground: Ground, journals: Path) -> list[Order]:
    return [
        Order(options=options, place=place, ground=ground, journals=journals, role=role, slot=slot)
        for slot, role in enumerate(_slots(options))
    ]


async def _judge(
    options: Options, order: Order, ledger: Ledger, journals: Path
) -> tuple[Verdict, list[tuple[str, str]]]:
    house = open_house(order.place, rules(options), order.ground)
    try:
        return await judge(house, ledger, Damaged(journals))
    finally:
        await house.close()


def _report(
    options: Options,
    kills: int,
    seconds: float,
    ledger: Ledger,
    verdict: Verdict,
    violations: list[tuple[str, str]],
) -> Report:
    counts = Counter(ledger.counts)
    everything = [*ledger.violations, *violations]
    kinds = Counter(what for what, _ in everything)
    figures = {
        "acknowledged pushes": counts.pop(Deed.PUSH, 0),
        "acknowledged deletes": counts.pop(Deed.DELETE, 0),
        "acknowledged deletes of tags": counts.pop(Deed.DELETE_TAG, 0),
        **{name: counts[name] for name in sorted(counts)},
        "whole at the end": verdict.live,
        "deleted and gone at the end": verdict.gone,
        "tags right at the end": verdict.tags,
        "deadlocks": verdict.deadlocks,
        "lost": kinds["lost"],
        "wrong 404": kinds["wrong 404"],
        "leaked": verdict.leaked,
        "violations": len(everything),
    }
    return Report(
        database=options.database,
        storage=options.storage,
        seed=options.seed,
        seconds=round(seconds, 1),
        kills=kills,
        figures=figures,
        errors=dict(ledger.errors),
        examples=ledger.sentences,
        violations=everything,
        command=options.command(),
    )
