"""One job while it runs in this process: its Context, and what is not yet told of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from entrepot.db.job_logs import LONGEST_LINE
from entrepot.db.job_runs import Begun, Progress
from entrepot.jobs.engine import Engine
from entrepot.jobs.task import JobFailed, Stopped
from entrepot.model.errors import EntrepotError
from entrepot.model.job import Json, LogLine
from entrepot.model.job_reason import left_out, program_error

T = TypeVar("T")
MOST_UNTOLD = 2000
"""Lines that wait to be written; a task that logs more between two looks loses the rest, and a line says so."""
_LEVELS = ("info", "warning", "error")

_log = structlog.get_logger("entrepot.jobs")


class Running:
    """A job that was begun here; a `jobs.task.Context`."""

    def __init__(self, begun: Begun, engine: Engine, remembered: dict[str, Json], last_line: int) -> None:
        """`remembered` is what steps of earlier runs gave; `last_line` the number of the last line that was logged."""
        self.begun = begun
        self.ending: str = ""
        """Why the job is to end before its task is through: `stopped`, `leaving` or `lost`; empty if it is not."""
        self.ending_since = 0.0
        self.work: asyncio.Task[Json] | None = None
        self.telling = asyncio.Lock()
        """Held while what was told is written down: the end must not overtake it."""
        self._engine = engine
        self._remembered = remembered
        self._progress: Progress | None = None
        self._lines: list[LogLine] = []
        self._last_line = last_line
        self._dropped = 0

    @property
    def job_id(self) -> int:
        return self.begun.id

    @property
    def parameters(self) -> dict[str, Json]:
        return self.begun.parameters

    @property
    def project_id(self) -> int | None:
        return self.begun.project_id

    @property
    def subject_id(self) -> int | None:
        return self.begun.subject_id

    @property
    def requested_by(self) -> str:
        return self.begun.requested_by

    @property
    def attempt(self) -> int:
        return self.begun.attempt

    async def step(self, name: str, function: Callable[[], Awaitable[T]]) -> T:
        self.check()
        outcome = self._remembered.get(name)
        failure: list[Exception] = []
        if outcome is None or "gave" not in outcome:

            async def attempt() -> Json:
                # The engine would keep the exception itself, and raise what it can read of it: keep a sentence.
                try:
                    return {"gave": await function()}
                except (Stopped, asyncio.CancelledError):
                    raise
                except Exception as error:  # noqa: BLE001 - passed on below; here only its sentence is kept
                    failure.append(error)
                    return {"failed": sentence(error)}

            outcome = await self._engine.step(name, attempt)
        if failure:
            raise failure[0]
        if "failed" in outcome:
            raise JobFailed(outcome["failed"])
        gave: T = outcome["gave"]
        return gave

    def progress(self, done: int, total: int | None = None, bytes: int = 0) -> None:  # noqa: A002 - what it is
        self._progress = Progress(done, total, bytes)
        self.check()

    def log(self, line: str, level: str = "info") -> None:
        if len(self._lines) >= MOST_UNTOLD:
            self._dropped += 1
            return
        self._add(line, level if level in _LEVELS else "info")

    def check(self) -> None:
        if self.ending:
            raise Stopped

    def end(self, why: str) -> None:
        """Makes the task end at its next step; the first reason stays, unless it has lost the job."""
        if not self.ending:
            self.ending_since = time.monotonic()
        if not self.ending or why == "lost":
            self.ending = why

    def cut_off(self) -> None:
        """Ends the task wherever it is."""
        if self.work is not None:
            self.work.cancel()

    def take_untold(self) -> tuple[Progress | None, list[LogLine]]:
        """What was told since the last time this was called."""
        if self._dropped:
            self._add(left_out(self._dropped), "warning")
            self._dropped = 0
        told = self._progress, self._lines
        self._progress, self._lines = None, []
        return told

    def give_back(self, progress: Progress | None, lines: list[LogLine]) -> None:
        """Takes back what could not be written down."""
        self._progress = self._progress or progress
        self._lines = (lines + self._lines)[:MOST_UNTOLD]

    def _add(self, line: str, level: str) -> None:
        self._last_line += 1
        text = " ".join(line.split("\n"))[:LONGEST_LINE]
        self._lines.append(LogLine(self._last_line, time.time_ns() // 1000, level, text))


def sentence(error: BaseException) -> str:
    """What people are told of the error: its own sentence if it was made for people."""
    if isinstance(error, JobFailed | EntrepotError) and str(error):
        return str(error)
    return program_error(type(error).__name__)
