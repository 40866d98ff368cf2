"""`entrepot audit`: prove that nothing of the audit was altered, and purge its beginning."""

import asyncio
import datetime
import re
import time
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from entrepot.commands.house import ask, opened
from entrepot.commands.place import HERE, Place, existing_settings
from entrepot.commands.printing import UsageWrong, print_json
from entrepot.db.audit import Head
from entrepot.registry.audit import Audit
from entrepot.tasks.verify import AuditProof, Broken, Verified, Whole

audit = App(name="audit", help="Prove and purge the audit: what happened, in one chain of sealed events.")
_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})").fullmatch
_DAYS = re.compile(r"([0-9]{1,5})d").fullmatch
DAY = 24 * 3600 * 1_000_000


@audit.command(help_epilogue="Examples:\n\n  entrepot audit verify\n\n  entrepot audit verify --json")
def verify(*, expect: str = "", json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """Prove that no event was altered, removed, added or moved since it was sealed.

    Exit code 0: the chain is whole. 1: it is broken, and where was named. May run while the registry serves.

    Parameters
    ----------
    expect
        An end of the chain that was printed before, PLACE:SEAL: prove that it is still a part of the chain.
    json
        Print JSON, when all is done.
    """
    expected = _head(expect)
    settings = existing_settings(place)

    async def prove() -> Whole | Broken:
        async with opened(settings) as house:
            return await _follow(AuditProof(house.db), expected, quiet=json)

    found = asyncio.run(prove())
    if isinstance(found, Broken):
        if json:
            print_json({"whole": False, "place": found.place, "sentence": found.sentence})
        else:
            print(f"Broken at place {found.place}: {found.sentence}.")
        return 1
    end = f"{found.head.place}:{found.head.seal.hex()}"
    if json:
        told = {"events": found.events, "purged": found.purged, "waiting": found.waiting, "end": end}
        print_json({"whole": True, **told})
    else:
        print(f"Whole: {found.events} events, {found.purged} purged before them, {found.waiting} not sealed yet.")
        print(f"The end of the chain, to keep elsewhere and give to --expect: {end}")
    return 0


@audit.command(help_epilogue="Example:\n\n  entrepot audit purge --before 90d")
def purge(*, before: str, place: Place = HERE) -> int:
    """Remove events for good, those from before some moment. A signed note stands for them in the chain.

    Parameters
    ----------
    before
        How old they must be, in days (90d), or a date (2026-01-31), by UTC.
    """
    moment = _moment(before)
    removed = ask(place, lambda house, grant: Audit(house.db).purge(grant, moment))
    print(f"Removed {removed} events.")
    return 0


async def _follow(proof: AuditProof, expected: Head | None, *, quiet: bool) -> Whole | Broken:
    console = Console(stderr=True, quiet=quiet)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console, disable=quiet or not console.is_terminal) as bars:
        bar = bars.add_task("events", total=None)
        async for step in proof.prove(expected):
            if isinstance(step, Verified):
                bars.update(bar, completed=step.done, total=step.total)
            else:
                return step
    raise AssertionError("a proof ends with what it found")


def _head(text: str) -> Head | None:
    if not text:
        return None
    match = _HEAD(text)
    if match is None:
        raise UsageWrong("--expect takes PLACE:SEAL, as `entrepot audit verify` prints it")
    return Head(int(match[1]), bytes.fromhex(match[2]))


def _moment(text: str) -> int:
    """The moment, in microseconds since 1970. Raises UsageWrong."""
    days = _DAYS(text)
    if days is not None:
        return time.time_ns() // 1000 - int(days[1]) * DAY
    try:
        date = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageWrong("--before takes a number of days, as 90d, or a date, as 2026-01-31") from error
    if date.tzinfo is None:
        date = date.replace(tzinfo=datetime.UTC)
    return int(date.timestamp() * 1_000_000)
