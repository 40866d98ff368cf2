"""`entrepot check`."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from entrepot.commands.house import opened
from entrepot.commands.place import HERE, Place, existing_settings
from entrepot.commands.printing import print_json
from entrepot.tasks.prove import Finding, Progress


def check(*, json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """Prove that everything the registry promises is there: every blob's bytes, every reference.

    Exit code 0: whole. 1: something is broken, and was named. May run while the registry serves.

    Parameters
    ----------
    json
        Print JSON, when all is done.
    """
    settings = existing_settings(place)

    async def prove() -> tuple[dict[str, int], list[Finding]]:
        async with opened(settings) as house:
            return await _follow(house.prover.prove(), quiet=json)

    looked_at, findings = asyncio.run(prove())
    if json:
        named = [
            {"fault": found.fault.value, "subject": found.subject, "sentence": found.sentence} for found in findings
        ]
        print_json({"whole": not findings, "checked": looked_at, "findings": named})
    else:
        counted = ", ".join(f"{count} {stage}" for stage, count in looked_at.items()) or "nothing"
        print(f"{'Broken' if findings else 'Whole'}: looked at {counted}; {len(findings)} faults.")
    return 1 if findings else 0


async def _follow(steps: AsyncIterator[Progress | Finding], *, quiet: bool) -> tuple[dict[str, int], list[Finding]]:
    """How much of each stage was looked at, and what was found; shown while it goes on."""
    console = Console(stderr=True, quiet=quiet)
    looked_at: dict[str, int] = {}
    findings: list[Finding] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console, disable=quiet or not console.is_terminal) as bars:
        known: dict[str, TaskID] = {}
        async for step in steps:
            if isinstance(step, Finding):
                findings.append(step)
                sentence = f"{step.fault.value}: {step.subject}: {step.sentence}"
                bars.console.print(sentence, markup=False, highlight=False, soft_wrap=True)
                continue
            if step.stage not in known:
                known[step.stage] = bars.add_task(step.stage, total=step.total)
            bars.update(known[step.stage], completed=step.done, total=step.total)
            looked_at[step.stage] = step.done
    return looked_at, findings
