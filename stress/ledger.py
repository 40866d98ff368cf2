"""What all journals together say must be true."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from stress.journal import Deed, Line, Outcome

RECENT = 64 * 1024
"""Bytes of each journal that a worker looks back: far more than one worker has under way."""

Name = tuple[str, str]
"""A repository, and a digest or a tag in it."""


class Claim(Enum):
    """What has to be so."""

    LIVE = "live"
    GONE = "gone"
    EITHER = "either"


@dataclass(slots=True, eq=False)
class Operation:
    """One deed; times by the machine's monotonic clock."""

    deed: Deed
    repository: str
    digest: str
    tag: str
    begin: float
    end: float | None = None
    """When it was acknowledged; None: it may have happened, or may happen yet."""

    def done_by(self, moment: float) -> bool:
        """Whether it was acknowledged at that moment."""
        return self.end is not None and self.end <= moment

    def may_act_after(self, moment: float) -> bool:
        """Whether its effect may have come after the moment."""
        return self.end is None or self.end >= moment


@dataclass(slots=True)
class _Source:
    """How far one journal was read."""

    offset: int
    cut: bool
    """Whether something before the first line that is read is not known."""
    open: dict[str, Operation] = field(default_factory=dict)


class Ledger:
    """Everything read so far from the journals in a folder."""

    def __init__(self, folder: Path, *, recent: bool = False, only: str = "*.journal") -> None:
        """With `recent`, only what was written lately is read; with `only`, only files of such names."""
        self._folder = folder
        self._only = only
        self._recent = recent
        self._sources: dict[Path, _Source] = {}
        self._manifests: dict[Name, list[Operation]] = {}
        self._tags: dict[Name, list[Operation]] = {}
        self._absent: dict[Name, float] = {}
        """When it was last seen that a manifest is not there."""
        self._horizon = -math.inf
        """What began before may have met something that is not known."""
        self.pushed: list[Operation] = []
        """Acknowledged pushes in the order in which they were read."""
        self.counts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.sentences: dict[str, str] = {}
        """An example of each error."""
        self.violations: list[tuple[str, str]] = []

    def refresh(self) -> None:
        """Reads what was written since the last time."""
        for path in sorted(self._folder.glob(self._only)):
            for line in self._lines(path):
                self._take(self._sources[path], line)

    def manifests(self) -> Iterator[Name]:
        """Every manifest that a deed was about."""
        return iter(self._manifests)

    def tags(self) -> Iterator[Name]:
        """Every tag that a deed was about."""
        return iter(self._tags)

    def manifest(self, name: Name, since: float = math.inf) -> Claim:
        """What has to be so of a manifest; what had to be so all the time since a moment."""
        operations = self._manifests.get(name, ())
        pushes = [one for one in operations if one.deed is Deed.PUSH]
        deletes = [one for one in operations if one.deed is Deed.DELETE]
        if self._one_prevails(pushes, deletes, since):
            return Claim.LIVE
        if self._one_prevails(deletes, pushes, since):
            return Claim.GONE
        return Claim.EITHER

    def _one_prevails(self, deeds: list[Operation], others: list[Operation], since: float) -> bool:
        """Whether one of the deeds was acknowledged by then, and none of the others may have come after it."""
        return any(
            one.begin > self._horizon and one.done_by(since) and not _any_after(others, one.begin) for one in deeds
        )

    def tag(self, name: Name) -> str | None:
        """The digest that the tag has to name; None if that cannot be told."""
        operations = self._tags.get(name, ())
        for one in operations:
            if one.deed is Deed.PUSH and one.end is not None:
                others = [other for other in operations if other is not one]
                deletes = [d for d in self._manifests[one.repository, one.digest] if d.deed is Deed.DELETE]
                if not _any_after([*others, *deletes], one.begin):
                    return one.digest
        return None

    def undeleted(self) -> list[Operation]:
        """The last push of every manifest that was pushed, perhaps, and is not known to be gone since, oldest first."""
        last = [
            pushes[-1]
            for name, operations in self._manifests.items()
            if (pushes := [one for one in operations if one.deed is Deed.PUSH])
            and self.manifest(name) is not Claim.GONE
            and self._absent.get(name, 0.0) < pushes[-1].begin
        ]
        return sorted(last, key=lambda push: push.begin)

    def _lines(self, path: Path) -> Iterator[list[object]]:
        with path.open("rb") as file:
            if path not in self._sources:
                end = file.seek(0, 2)
                start = max(0, end - RECENT) if self._recent else 0
                file.seek(start)
                self._sources[path] = _Source(start + (len(file.readline()) if start else 0), start > 0)
            source = self._sources[path]
            file.seek(source.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                source.offset += len(line)
                with suppress(ValueError):  # Cut short by a kill: the worker was not told that it was written.
                    yield json.loads(line)

    def _take(self, source: _Source, line: list[object]) -> None:
        match line:
            case [Line.BEGIN, str(number), float(begin), str(deed), str(repository), str(digest), str(tag)]:
                operation = Operation(Deed(deed), repository, digest, tag, begin)
                source.open[number] = operation
                if source.cut:
                    source.cut = False
                    self._horizon = max(self._horizon, begin)
                if operation.deed is not Deed.DELETE_TAG:
                    self._manifests.setdefault((repository, digest), []).append(operation)
                if tag:
                    self._tags.setdefault((repository, tag), []).append(operation)
            case [Line.END, str(number), float(end), str(outcome)]:
                if number in source.open:
                    self._end(source.open.pop(number), end, Outcome(outcome))
                else:
                    self._horizon = max(self._horizon, end)
            case [Line.COUNT, str(what), int(many)]:
                self.counts[what] += many
            case [Line.ERROR, str(name), str(sentence)]:
                self.errors[name] += 1
                self.sentences[name] = sentence
            case [Line.VIOLATION, str(what), str(sentence)]:
                self.violations.append((what, sentence))
            case _:
                raise ValueError(f"not a line of a journal: {line}")

    def _end(self, operation: Operation, end: float, outcome: Outcome) -> None:
        if outcome is not Outcome.DONE:
            if outcome is Outcome.ABSENT:
                self._absent[operation.repository, operation.digest] = operation.begin
            if operation.deed is not Deed.DELETE_TAG:
                self._manifests[operation.repository, operation.digest].remove(operation)
            if operation.tag:
                self._tags[operation.repository, operation.tag].remove(operation)
            return
        operation.end = end
        self.counts[operation.deed] += 1
        if operation.deed is Deed.PUSH:
            self.pushed.append(operation)


def _any_after(operations: list[Operation], moment: float) -> bool:
    return any(one.may_act_after(moment) for one in operations)
