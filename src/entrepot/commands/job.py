"""`entrepot job`: what is being done beside requests, and what was."""

import asyncio
import datetime
from functools import partial
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from entrepot.access.local import shell_grant
from entrepot.app import House
from entrepot.commands.house import ask, opened
from entrepot.commands.place import HERE, Place, existing_settings
from entrepot.commands.printing import day_of, print_json, print_table, say
from entrepot.db import job_logs
from entrepot.model.job import Job, JobState, LogLine
from entrepot.model.permission import Verb
from entrepot.model.query import Exactly, ListQuery
from entrepot.registry.job_monitor import JobMonitor
from entrepot.registry.jobs import SCRUB, Jobs

job = App(name="job", help="Look at jobs: what is being done beside requests, and what was.")
LOOK_SECONDS = 0.5
LINES = 1000


@job.command(
    name="list",
    help_epilogue="Examples:\n\n  entrepot job list\n\n  entrepot job list --state running --json",
)
def list_(
    *,
    kind: str = "",
    state: str = "",
    limit: int = 50,
    json: Annotated[bool, Parameter(negative="")] = False,
    place: Place = HERE,
) -> None:
    """List jobs, the newest first.

    Parameters
    ----------
    kind
        Only jobs of this kind, as in garbage-collection.
    state
        Only jobs in this state: pending, running, succeeded, failed or stopped.
    limit
        How many at most.
    json
        Print JSON.
    """
    conditions = {"state": Exactly(state)} if state else {}
    query = ListQuery(conditions=conditions, page_size=max(1, min(limit, 10_000)))
    found, _ = ask(place, lambda house, grant: JobMonitor(house.db).page(grant, query, kind or None))
    if json:
        print_json([_told(each) for each in found])
        return
    columns = ("ID", "KIND", "STATE", "REQUESTED", "BY", "PROGRESS", "REASON")
    rows = [
        (
            str(each.id),
            each.kind,
            each.state.value,
            day_of(each.requested_at),
            each.requested_by,
            _progress(each),
            each.reason,
        )
        for each in found
    ]
    print_table(columns, rows, nothing="There are no jobs.")


@job.command(help_epilogue="Examples:\n\n  entrepot job show 42\n\n  entrepot job show 42 --follow")
def show(
    job_id: Annotated[int, Parameter(name="JOB")],
    /,
    *,
    follow: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
    place: Place = HERE,
) -> int:
    """Show a job. Exit code 1 if it failed.

    Parameters
    ----------
    job_id
        The number of the job.
    follow
        Wait until it has ended; with a bar on a terminal.
    json
        Print JSON.
    """
    settings = existing_settings(place)

    async def look() -> Job:
        async with opened(settings) as house:
            return await _until_ended(house, job_id) if follow else await _get(house, job_id)

    found = asyncio.run(look())
    if json:
        print_json(_told(found))
    else:
        for name, value in _told(found).items():
            if value not in (None, "", {}):
                print(f"{name.replace('_', ' '):14}{value}")
    return 1 if found.state is JobState.FAILED else 0


@job.command(help_epilogue="Examples:\n\n  entrepot job log 42\n\n  entrepot job log 42 --follow")
def log(
    job_id: Annotated[int, Parameter(name="JOB")],
    /,
    *,
    follow: Annotated[bool, Parameter(negative="")] = False,
    place: Place = HERE,
) -> None:
    """Print what a job told.

    Parameters
    ----------
    job_id
        The number of the job.
    follow
        Go on until it has ended.
    """
    settings = existing_settings(place)

    async def read() -> None:
        async with opened(settings) as house:
            lines = await JobMonitor(house.db).log(shell_grant(), job_id)
            last = 0
            while True:
                for line in lines:
                    print(_line(line), flush=True)
                    last = line.number
                ended = (await _get(house, job_id)).state.final
                lines = await house.db.read(partial(job_logs.page, job_id=job_id, after=last, count=LINES))
                if not lines and (ended or not follow):
                    return
                if not lines:
                    await asyncio.sleep(LOOK_SECONDS)

    asyncio.run(read())


@job.command(help_epilogue="Example:\n\n  entrepot job start scrub")
def start(kind: Annotated[Literal["scrub"], Parameter(name="KIND")], /, *, place: Place = HERE) -> None:
    """Ask for a job, which a worker of the registry does as soon as one is free. Prints its number.

    Parameters
    ----------
    kind
        What is done: scrub, which reads everything again.
    """
    care = {"scrub": SCRUB}[kind]
    made = ask(place, lambda house, grant: Jobs(house.db).request(grant, care, {}, Verb.CREATE))
    print(made)


@job.command(help_epilogue="Example:\n\n  entrepot job cancel 42")
def cancel(job_id: Annotated[int, Parameter(name="JOB")], /, *, place: Place = HERE) -> None:
    """Stop a job: at once if it waits, within seconds if it runs.

    Parameters
    ----------
    job_id
        The number of the job.
    """
    unfinished = ask(place, lambda house, grant: JobMonitor(house.db).stop(grant, job_id))
    say(f"Job {job_id} stops." if unfinished else f"Job {job_id} had ended before.")


async def _get(house: House, job_id: int) -> Job:
    return await JobMonitor(house.db).get(shell_grant(), job_id)


async def _until_ended(house: House, job_id: int) -> Job:
    """The job once it has ended, its progress shown on a terminal meanwhile."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:
        bar = bars.add_task("job", total=None)
        while True:
            found = await _get(house, job_id)
            bars.update(bar, description=f"{found.kind}: {found.state}", completed=found.done, total=found.total)
            if found.state.final:
                return found
            await asyncio.sleep(LOOK_SECONDS)


def _told(found: Job) -> dict[str, Any]:
    return {
        "id": found.id,
        "kind": found.kind,
        "state": found.state.value,
        "trigger": found.trigger.value,
        "parameters": found.parameters,
        "requested_by": found.requested_by,
        "requested_at": day_of(found.requested_at),
        "started_at": None if found.started_at is None else day_of(found.started_at),
        "ended_at": None if found.ended_at is None else day_of(found.ended_at),
        "node": found.node,
        "attempt": found.attempt,
        "done": found.done,
        "total": found.total,
        "bytes": found.bytes,
        "rate": None if found.rate is None else round(found.rate, 1),
        "remaining": None if found.remaining is None else round(found.remaining),
        "reason": found.reason,
        "result": found.result,
    }


def _progress(found: Job) -> str:
    if found.total:
        return f"{found.done}/{found.total}"
    return str(found.done) if found.done else ""


def _line(line: LogLine) -> str:
    moment = datetime.datetime.fromtimestamp(line.at / 1e6, datetime.UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}  {line.level.upper():8}{line.line}"
