"""Answers of the database that are good for as long as nothing was committed."""

import sys
from collections.abc import Hashable
from dataclasses import is_dataclass
from typing import Any, Final

MISSING: Final = object()
"""What stands for an answer that is not remembered."""
MOST_BYTES = 32 * 1024 * 1024
_ENTRY_BYTES = 200
"""What an entry takes beside its answer: the key and its place in the table."""


class Remembered:
    """Answers by question, all of one version of the database; of any other version there is none.

    Bounded in bytes: once it is full it begins anew, which costs less than keeping an order of use at each look.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._version: object = None
        self._bytes = 0
        self._answers: dict[Hashable, Any] = {}

    def get(self, version: object, key: Hashable) -> Any:
        """The answer as of that version, or MISSING."""
        if version != self._version:
            self._version = version
            self._clear()
            return MISSING
        return self._answers.get(key, MISSING)

    def keep(self, key: Hashable, answer: object, beside: int = 0) -> None:
        """Remembers the answer for the version that was last asked about; `beside` are the bytes of a large key.

        It must have been found after that version was read: if it is of a later state, the next version differs.
        """
        size = _ENTRY_BYTES + beside + _size(answer)
        if size > self._most_bytes // 8:
            return
        if self._bytes + size > self._most_bytes:
            self._clear()
        if key not in self._answers:
            self._bytes += size
        self._answers[key] = answer

    def keep_of(self, version: object, key: Hashable, answer: object) -> None:
        """Remembers an answer that was found in exactly that version, if that is still the one last asked about."""
        if version == self._version:
            self.keep(key, answer)

    def _clear(self) -> None:
        self._answers.clear()
        self._bytes = 0


def _size(answer: object) -> int:
    parts = answer if isinstance(answer, tuple) else [getattr(answer, name) for name in _slots(type(answer))]
    return sys.getsizeof(answer) + sum(map(_size, parts))


def _slots(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass with slots, as the model's are; none of anything else."""
    return tuple(getattr(kind, "__slots__", ())) if is_dataclass(kind) else ()
