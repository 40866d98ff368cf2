"""Work done before the workers start, in a process of its own.

Opening the database and the store starts threads, after which a process must not fork; the parent of the workers
has to, so it lets a child do it.
"""

import os
import signal
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from entrepot.model.errors import EntrepotError
from entrepot.server.workers import StartFailed

_DONE, _REFUSED = b"1", b"0"


def aside(operation: Callable[[], Coroutine[Any, Any, bytes]]) -> bytes:
    """What `operation` returned in a child process that has ended since.

    Raises StartFailed with its sentence if it raised an EntrepotError or StartFailed, and without one if it crashed.
    """
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        _run(operation, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        told = answer.read()
    os.waitpid(process, 0)
    if told[:1] == _REFUSED:
        raise StartFailed(told[1:].decode())
    if told[:1] != _DONE:
        raise StartFailed("the registry could not be opened; what was printed above says why")
    return told[1:]


def _run(operation: Callable[[], Coroutine[Any, Any, bytes]], writing: int) -> None:
    """Never returns: the child must not unwind what its parent had on the stack."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            told = _DONE + uvloop.run(operation())
            code = 0
        except (EntrepotError, StartFailed) as error:
            told = _REFUSED + str(error).encode()
        with os.fdopen(writing, "wb") as answer:
            answer.write(told)
    except BaseException:  # noqa: BLE001 - the edge of a process
        traceback.print_exc()
    finally:
        os._exit(code)
