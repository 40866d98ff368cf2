"""`entrepot work`."""

import asyncio
import signal

from entrepot.app import work_on_jobs
from entrepot.commands.place import HERE, Place, existing_settings
from entrepot.commands.printing import say
from entrepot.config import Settings
from entrepot.server import logs


def work(*, place: Place = HERE) -> int:
    """Do jobs, and serve no requests, until told to stop.

    Beside `entrepot serve`, which does jobs itself unless `job_workers` is 0: for a machine of its own, on a shared
    database. Any number may run. What one has begun is gone on with by another, if it stops or dies.
    """
    settings = existing_settings(place)
    logs.configure(settings.log_format, settings.log_level)
    asyncio.run(_until_told(settings))
    return 0


async def _until_told(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work_on_jobs(settings, stop, lambda: say("Jobs are done here; Ctrl-C stops that."))
