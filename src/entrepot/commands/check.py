"""`entrepot check`."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from entrepot.commands.house import Step, open_house
from entrepot.commands.place import HERE, Place, existing_settings
from entrepot.commands.printing import print_json


def check(*, json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """Prove that everything the registry promises is there: every blob's bytes, every reference.

    Exit code 0: whole. 1: something is broken, and was named. May run while the registry serves.

    Parameters
    ----------
    json
        Print JSON, when all is done.
    """
    settings = existing_settings(place)

    async def prove() -> tuple[dict[str, int], list[str]]:
        async with open_house(settings) as house:
            return await _follow(house.check(), quiet=json)

    looked_at, findings = asyncio.run(prove())
    if json:
        print_json({"whole": not findings, "checked": looked_at, "findings": findings})
    else:
        counted = ", ".join(f"{count} {part}" for part, count in looked_at.items()) or "nothing"
        print(f"{'Broken' if findings else 'Whole'}: looked at {counted}, found {len(findings)} broken.")
    return 1 if findings else 0


async def _follow(steps: AsyncIterator[Step], *, quiet: bool) -> tuple[dict[str, int], list[str]]:
    """How many of each part were looked at, and what was found; shown while it goes on."""
    console = Console(stderr=True, quiet=quiet)
    looked_at: dict[str, int] = {}
    findings: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as progress:
        bars = {}
        async for step in steps:
            if step.part not in bars:
                bars[step.part] = progress.add_task(step.part, total=step.total)
            progress.update(bars[step.part], completed=step.done, total=step.total)
            looked_at[step.part] = step.done
            if step.finding is not None:
                findings.append(step.finding)
                if not quiet:
                    progress.console.print(step.finding, markup=False, highlight=False, soft_wrap=True)
    return looked_at, findings
