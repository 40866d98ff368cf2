"""What a worker did, line by line, in a file that outlives it.

A line is handed to the kernel before the next step, so what a killed worker was told counts, and what it was about to
do is known. Lines are JSON arrays: their kind, then what belongs to it.
"""

import itertools
import json
import os
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Line(StrEnum):
    """The kinds of lines."""

    BEGIN = "begin"
    END = "end"
    COUNT = "count"
    ERROR = "error"
    VIOLATION = "violation"


class Deed(StrEnum):
    """What is done to a manifest or tag."""

    PUSH = "push"
    DELETE = "delete"
    DELETE_TAG = "delete-tag"


class Outcome(StrEnum):
    """How it ended. What has no end may have happened or not."""

    DONE = "done"
    REFUSED = "refused"
    """Nothing was changed, for a reason that the answer gave."""
    ABSENT = "absent"
    """Nothing was changed, since there was nothing."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A deed that is under way."""

    number: str


class Journal:
    """One worker's file, open at its end; several tasks of the worker may write."""

    def __init__(self, path: Path, generation: int) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._numbers = itertools.count()
        self._generation = generation
        os.write(self._file, b"\n")  # Ends a line that was cut short when the worker before was killed.

    def begin(self, deed: Deed, repository: str, digest: str, tag: str = "") -> Begun:
        """To be called before the deed, which is over when `end` was called with what this gives."""
        number = f"{self._generation}.{next(self._numbers)}"
        self._write(Line.BEGIN, number, time.monotonic(), deed, repository, digest, tag)
        return Begun(number)

    def end(self, begun: Begun, outcome: Outcome) -> None:
        """To be called right after the deed was answered, and not at all if it is not known what happened."""
        self._write(Line.END, begun.number, time.monotonic(), outcome)

    def count(self, what: str, many: int = 1) -> None:
        """So many more of something."""
        self._write(Line.COUNT, what, many)

    def error(self, error: BaseException) -> None:
        """An operation failed in a way that is allowed."""
        reason = "" if error.__cause__ is None else f" ({error.__cause__})"
        self._write(Line.ERROR, type(error).__name__, f"{error}{reason}"[:1000])

    def violation(self, what: str, sentence: str) -> None:
        """A promise was broken."""
        self._write(Line.VIOLATION, what, sentence[:2000])

    def close(self) -> None:
        """Nothing may be written afterwards."""
        os.close(self._file)

    def _write(self, *line: object) -> None:
        os.write(self._file, json.dumps(line, separators=(",", ":")).encode() + b"\n")
