"""What rules keep of one repository, and why: looked at in two passes, so that any number of artifacts can be.

The first pass has each rule that counts remember the best it is to keep, and no more than that. The second one decides
each artifact by itself.
"""

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from entrepot.model.digest import Digest
from entrepot.model.retention import RetentionPolicy, RetentionRule, Template

_DAY = 24 * 60 * 60 * 1_000_000
_FROM_SAME_RULE = 3
"""How many rules are named of those that select something and do not keep it."""


class CandidateTag(NamedTuple):
    """A tag of an artifact. Times are microseconds since 1970."""

    name: str
    pushed_at: int
    """When it was last pushed, or moved."""
    pulled_at: int | None


class Candidate(NamedTuple):
    """An artifact that rules decide on: neither part of another nor belonging to another, or with a tag of its own."""

    id: int
    """The later it was first pushed, the greater."""
    digest: Digest
    pushed_at: int
    pulled_at: int | None
    """By whatever tag or digest, or of any part of it; None: never."""
    tags: tuple[CandidateTag, ...]


class Verdict(NamedTuple):
    """What rules say of a tag, or of an artifact without one."""

    tag: str | None
    kept: bool
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What rules say of an artifact."""

    candidate: Candidate
    verdicts: tuple[Verdict, ...]
    """Of each tag; of an artifact without a tag one, of itself."""

    @property
    def kept(self) -> bool:
        """Whether anything of it stays."""
        return any(verdict.kept for verdict in self.verdicts)


class _Key(NamedTuple):
    """The greater, the more a rule that counts is for an artifact."""

    at: int
    pushed_at: int
    id: int


class Retained:
    """Decides what rules keep of one repository as of one moment."""

    def __init__(self, policy: RetentionPolicy, repository: str, now: int) -> None:
        """`repository`: its name without the project's; `now`: microseconds since 1970."""
        self._now = now
        self._rules = [(n, rule) for n, rule in enumerate(policy.rules, 1) if rule.concerns(repository)]
        self._best: dict[int, list[_Key]] = {n: [] for n, rule in self._rules if rule.template.counts}
        self._sorted = False

    @property
    def concerned(self) -> bool:
        """Whether any rule says anything of the repository; if not, nothing may be taken from it."""
        return bool(self._rules)

    @property
    def counting(self) -> bool:
        """Whether a first pass is needed."""
        return bool(self._best)

    def look(self, candidates: Iterable[Candidate]) -> None:
        """Has the rules that count look at some of the artifacts, each once, before any is decided."""
        for candidate in candidates:
            for number, rule in self._rules:
                if not rule.template.counts or rule.number == 0:
                    continue
                key = _best_key(rule, candidate)
                if key is None:
                    continue
                best = self._best[number]
                if len(best) < rule.number:
                    heapq.heappush(best, key)
                elif key > best[0]:
                    heapq.heapreplace(best, key)

    def decide(self, candidate: Candidate) -> Decision:
        """What the rules say of one of the artifacts that were looked at."""
        if not self._sorted:
            for best in self._best.values():
                best.sort()
            self._sorted = True
        places = {number: self._place(number, rule, candidate) for number, rule in self._rules if rule.template.counts}
        tags: Sequence[CandidateTag | None] = candidate.tags or (None,)
        return Decision(candidate, tuple(self._verdict(candidate, tag, places) for tag in tags))

    def _verdict(self, candidate: Candidate, tag: CandidateTag | None, places: dict[int, int | None]) -> Verdict:
        name = None if tag is None else tag.name
        against: list[str] = []
        for number, rule in self._rules:
            if not rule.selects(name):
                continue
            kept, why = self._says(rule, candidate, tag, places.get(number))
            if kept:
                return Verdict(name, True, f"rule {number} keeps it: {why}")
            against.append(f"rule {number} does not: {why}")
        what = "artifacts without a tag" if tag is None else "this tag"
        if not against:
            return Verdict(name, False, f"no rule keeps it: none is about {what}")
        more = len(against) - _FROM_SAME_RULE
        told = against[:_FROM_SAME_RULE] + ([f"nor do {more} more"] if more > 0 else [])
        return Verdict(name, False, f"no rule keeps it: {'; '.join(told)}")

    def _says(
        self, rule: RetentionRule, candidate: Candidate, tag: CandidateTag | None, place: int | None
    ) -> tuple[bool, str]:
        if rule.template is Template.ALWAYS:
            return True, f"it keeps all tags {rule.about}".rstrip() if tag else "it keeps what has no tag"
        if rule.template.counts:
            most = f"the {rule.number} {_ORDERS[rule.template]} artifacts {rule.about}".rstrip()
            if place is None:
                return False, f"not among {most}"
            return True, f"number {place} of {most}"
        pushed = _pushed(candidate, tag)
        pulled = _pulled(candidate, tag)
        at = pushed if rule.template is not Template.PULLED_WITHIN or pulled is None else pulled
        age, moment, most = _age(self._now - at), _moment(at), _days(rule.number)
        if rule.template is not Template.PULLED_WITHIN:
            told = f"last pushed {age} ago, on {moment}"
        elif pulled is None:
            told = f"never pulled, and pushed {age} ago, on {moment}"
        else:
            told = f"last pulled {age} ago, on {moment}"
        if at >= self._now - rule.number * _DAY:
            return True, f"{told}, within the last {most}"
        return False, f"{told}, longer ago than the last {most}"

    def _place(self, number: int, rule: RetentionRule, candidate: Candidate) -> int | None:
        """The artifact's place among those that the rule keeps, from 1; None if it is not among them."""
        key = _best_key(rule, candidate)
        best = self._best[number]
        if key is None or not best or key < best[0]:
            return None
        return len(best) - bisect_left(best, key)


_ORDERS = {
    Template.LATEST_PUSHED: "most recently pushed",
    Template.LATEST_PULLED: "most recently pulled",
    Template.LATEST_ACTIVE: "most recently pushed or pulled",
}


def _best_key(rule: RetentionRule, candidate: Candidate) -> _Key | None:
    """By which the artifact is counted, which is that of its best tag; None if the rule selects none of them."""
    if not candidate.tags:
        return _key(rule, candidate, None) if rule.selects(None) else None
    return max((_key(rule, candidate, tag) for tag in candidate.tags if rule.selects(tag.name)), default=None)


def _key(rule: RetentionRule, candidate: Candidate, tag: CandidateTag | None) -> _Key:
    pushed = _pushed(candidate, tag)
    pulled = _pulled(candidate, tag) or 0
    if rule.template is Template.LATEST_PULLED:
        return _Key(pulled, pushed, candidate.id)
    at = max(pushed, pulled) if rule.template is Template.LATEST_ACTIVE else pushed
    return _Key(at, pushed, candidate.id)


def _pushed(candidate: Candidate, tag: CandidateTag | None) -> int:
    return candidate.pushed_at if tag is None else max(tag.pushed_at, candidate.pushed_at)


def _pulled(candidate: Candidate, tag: CandidateTag | None) -> int | None:
    if tag is None or tag.pulled_at is None:
        return candidate.pulled_at
    return tag.pulled_at if candidate.pulled_at is None else max(tag.pulled_at, candidate.pulled_at)


def _age(microseconds: int) -> str:
    days, rest = divmod(max(0, microseconds), _DAY)
    return _days(days) if days else f"{rest // (60 * 60 * 1_000_000)} hours"


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
