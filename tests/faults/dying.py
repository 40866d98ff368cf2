"""The process that acts a scenario and kills itself at one of its steps."""

import asyncio
import os
import signal
from pathlib import Path

from scenarios import SCENARIOS, house_of
from steps import SteppedCalls, SteppedDatabase, Steps
from stress.house import Place, open_database

from entrepot.storage.filesystem import FileStorage


def act(place: Place, scenario: str, at: int, notes: Path, names: Path) -> None:
    """Ends by itself if the scenario has fewer steps than `at`; their names are then in the file `names`."""
    asyncio.run(_act(place, scenario, at, notes, names))


async def _act(place: Place, scenario: str, at: int, notes: Path, names: Path) -> None:
    steps = Steps(at, lambda: os.kill(os.getpid(), signal.SIGKILL))
    # The folder is made and the database opened before any step counts: a client waits for that in no case.
    storage = FileStorage(Path(place.storage), calls=SteppedCalls(steps))
    db = SteppedDatabase(open_database(place), steps)
    file = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(promise: str) -> None:
        os.write(file, f"{promise}\n".encode())
        steps.before("after the answer")

    await SCENARIOS[scenario].act(house_of(db, storage), note)
    names.write_text("\n".join(steps.names))
    os._exit(0)  # Nothing that comes after counts any more.
