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
from entrepot.tasks.repair import Repair

SHOWN = 10
"""Images that are named to a person for one blob; JSON names all."""


def check(
    *,
    repair: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
    place: Place = HERE,
) -> int:
    """Prove that everything the registry promises is there: every blob's bytes, every reference.

    Exit code 0: whole. 1: something is broken, and was named. May run while the registry serves.

    Parameters
    ----------
    repair
        Set damaged and missing blobs aside, so that clients push them again; show those again that are good.
    json
        Print JSON, when all is done.
    """
    settings = existing_settings(place)

    async def prove() -> tuple[dict[str, int], list[Finding]]:
        async with opened(settings) as house:
            return await _follow(house.prover.prove(house.repairer if repair else None), quiet=json)

    looked_at, findings = asyncio.run(prove())
    broken = [found for found in findings if found.repair is not Repair.HEALED]
    if json:
        print_json({"whole": not broken, "checked": looked_at, "findings": [_shown(found) for found in findings]})
    else:
        counted = ", ".join(f"{count} {stage}" for stage, count in looked_at.items()) or "nothing"
        print(f"{'Broken' if broken else 'Whole'}: looked at {counted}; {len(broken)} faults.{_done(findings)}")
    return 1 if broken else 0


def _shown(found: Finding) -> dict[str, object]:
    return {
        "fault": found.fault.value,
        "subject": found.subject,
        "sentence": found.sentence,
        "repair": found.repair.value,
        "images": list(found.images),
    }


def _done(findings: list[Finding]) -> str:
    """What was repaired, as a sentence; empty if nothing was."""
    counts = [(sum(found.repair is repair for found in findings), repair.value) for repair in Repair]
    told = [f"{count} {word}" for count, word in counts if count and word != Repair.NONE.value]
    return f" {' and '.join(told).capitalize()}." if told else ""


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
                if step.images:
                    more = f" and {len(step.images) - SHOWN} more" if len(step.images) > SHOWN else ""
                    sentence += f"; in {', '.join(step.images[:SHOWN])}{more}"
                if step.repair is not Repair.NONE:
                    sentence += f" [{step.repair.value}]"
                bars.console.print(sentence, markup=False, highlight=False, soft_wrap=True)
                continue
            if step.stage not in known:
                known[step.stage] = bars.add_task(step.stage, total=step.total)
            bars.update(known[step.stage], completed=step.done, total=step.total)
            looked_at[step.stage] = step.done
    return looked_at, findings
