"""A worker process that serves no requests: an event loop that works until it is told to stop."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from entrepot.model.errors import EntrepotError
from entrepot.server.worker import FAILED, STARTED

Background = Callable[[asyncio.Event, Callable[[], None]], Awaitable[None]]
"""Works until the event is set, and then ends soon; calls the function once it has begun. Raises EntrepotError."""


def work_in_background(background: Background, *, orphaned: int, report: Callable[[bytes], None]) -> int:
    """Works until SIGTERM, or until `orphaned` can be read, which means that the parent is gone; gives the exit code.

    `report` is told STARTED once the work has begun, or FAILED and why.
    """
    return uvloop.run(_work(background, orphaned, report))


async def _work(background: Background, orphaned: int, report: Callable[[bytes], None]) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    begun = False

    def be_orphaned() -> None:
        loop.remove_reader(orphaned)
        stop.set()

    def tell() -> None:
        nonlocal begun
        begun = True
        # Until now the process ended at once when it was told to: it had nothing to end.
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        report(STARTED)

    loop.add_reader(orphaned, be_orphaned)
    try:
        await background(stop, tell)
    except EntrepotError as error:
        if not begun:
            report(FAILED + str(error).encode())
        else:
            structlog.get_logger("entrepot.server").error("a worker failed", process=os.getpid(), error=str(error))
        return 1
    finally:
        loop.remove_reader(orphaned)
    return 0
