"""Carrying out rules of retention in one repository, a few artifacts at a time.

What a dry run tells is what a run does: both ask `_outcome`, within the transaction that also acts on it. An artifact
that was pushed to, pulled or tagged since the rules looked at it is left alone until the next run.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from entrepot.access.steward import retention_grant
from entrepot.db import artifact_lists, candidates, manifests, quotas, repositories
from entrepot.db.candidates import NEWEST, Cursor
from entrepot.db.contract import Database, Transaction
from entrepot.db.quotas import Use
from entrepot.db.retention import PolicyRow
from entrepot.db.retention_runs import Result, Step
from entrepot.model.digest import Digest
from entrepot.model.errors import Conflict, InUse
from entrepot.model.grant import RepositoryGrant
from entrepot.model.project import Action
from entrepot.model.reference import Tag
from entrepot.model.retained import Candidate, Decision, Retained, Verdict
from entrepot.registry import protection
from entrepot.registry.deletions import Deletions
from entrepot.registry.rules import Rules

T = TypeVar("T")

LOOKED_AT = 200
"""Artifacts per page of a look."""
DELETED_AT_ONCE = 10
"""Tags, or artifacts without one, per transaction: few enough that it lasts some milliseconds."""
MOST_BELONGING = 1000
UNSAVED = 0
"""The id of a policy that nobody has saved yet: it can be looked at, and never be carried out."""
CHANGED = "it was pushed, pulled or tagged while the rules were carried out; the next run decides"


@dataclass(slots=True)
class Place:
    """A repository in which a policy is carried out."""

    policy: PolicyRow
    repository_id: int
    repository: str
    """Its name without the project's."""
    retained: Retained
    gone: set[Digest] = field(default_factory=set)
    """Indexes that a dry run has found would go, so that what they name may go after them."""
    waiting: deque[Decision] = field(default_factory=deque)
    """What was looked at and is next."""
    tags: deque[Verdict] = field(default_factory=deque)
    """Those of the next artifact's tags that go before it is seen to."""
    trimmed: int | None = None
    """The id of the last artifact of which that was done."""


class Page(NamedTuple):
    """What became of some artifacts."""

    after: Cursor
    total: int
    retained: int
    results: list[Result]

    def step(self, room: int, room_for_kept: int) -> Step:
        """The same as it is written down: results for which there is room, what is kept left out first."""
        told: list[Result] = []
        for result in self.results:
            if len(told) < room and (not result.kept or room_for_kept > 0):
                told.append(result)
                room_for_kept -= result.kept
        tags = sum(1 for result in self.results if not result.kept and result.tag is not None)
        return Step(self.after, self.total, self.retained, tags, told, len(self.results) - len(told))


class _Outcome(NamedTuple):
    """What is to become of an artifact, and of its tags."""

    goes: bool
    results: list[Result]
    parts: list[Digest]
    """What goes with it, as it named it and nothing else does."""


class Retaining:
    """Carries out policies."""

    def __init__(self, db: Database, rules: Rules) -> None:
        self._db = db
        self._deletions = Deletions(rules)

    async def begin(self, policy: PolicyRow, repository_id: int, repository: str) -> Place:
        """The repository, with what rules that count keep of it found out as of now."""
        now = await self._db.read(lambda tx: tx.now)
        place = Place(policy, repository_id, repository, Retained(policy.policy, repository, now))
        after = NEWEST
        while place.retained.counting:
            found = await self._candidates(place, after, LOOKED_AT)
            if not found:
                break
            place.retained.look(found)
            after = _cursor(found[-1])
        return place

    async def look(self, place: Place, after: Cursor) -> Page | None:
        """What would become of the next artifacts; None if there are no more. Raises Denied if the policy changed."""
        decisions = [place.retained.decide(one) for one in await self._candidates(place, after, LOOKED_AT)]
        if not decisions:
            return None

        def question(tx: Transaction) -> Page | None:
            if not self._is_there(tx, place):
                return None
            outcomes = []
            for decision in decisions:
                outcome = self._outcome(tx, place, decision)
                if outcome.goes:  # Asked again, it finds the same.
                    place.gone.update((decision.candidate.digest, *outcome.parts))
                outcomes.append(outcome)
            return _page(decisions, outcomes)

        return await self._db.read(question)

    async def carry_out(self, place: Place, after: Cursor, note: Callable[[Transaction, Page], T]) -> T | None:
        """What `note` gives of the next artifacts; what is not kept of them is in the trash now.

        It is given them within the transaction, which is all or nothing. None if there are no more artifacts. Raises
        Denied if the policy changed.
        """
        if not place.waiting:
            found = await self._candidates(place, after, LOOKED_AT)
            place.waiting.extend(place.retained.decide(one) for one in found)
        if place.waiting and _is_large(place, place.waiting[0]):
            return await self._trim(place, after, note)
        decisions: list[Decision] = []
        going = 0
        while place.waiting and going < DELETED_AT_ONCE and not _is_large(place, place.waiting[0]):
            decision = place.waiting.popleft()
            decisions.append(decision)
            going += sum(1 for verdict in decision.verdicts if not verdict.kept)
        if not decisions:
            return None

        def change(tx: Transaction) -> T | None:
            grant = self._grant(tx, place)
            if grant is None:
                return None
            outcomes, freed = self._act(tx, grant, place, decisions)
            page = _page(decisions, outcomes)
            noted = note(tx, page)
            repositories.hide(tx, place.repository_id)
            quotas.free(tx, *freed)
            return noted

        return await self._db.write(change)

    async def _trim(self, place: Place, after: Cursor, note: Callable[[Transaction, Page], T]) -> T | None:
        """As `carry_out`, of some tags of an artifact with many that go. The artifact is seen to with its last ones."""
        decision = place.waiting[0]
        candidate = decision.candidate
        if not place.tags:
            going = [verdict for verdict in decision.verdicts if not verdict.kept]
            place.tags.extend(going[DELETED_AT_ONCE:])
        some = [place.tags.popleft() for _ in range(min(DELETED_AT_ONCE, len(place.tags)))]
        named = {tag.name: tag for tag in candidate.tags}

        def change(tx: Transaction) -> T | None:
            grant = self._grant(tx, place)
            if grant is None:
                return None
            grant.require(Action.DELETE)
            manifests.lock_present(tx, place.repository_id, [candidate.digest])
            results: list[Result] = []
            if candidates.is_unchanged(tx, candidate) and (decision.kept or not self._stays(tx, place, candidate)):
                for verdict in some:
                    assert verdict.tag is not None, "an artifact without a tag has no others"
                    result = self._guarded(tx, place, Result(candidate.digest, *verdict))
                    if not result.kept and candidates.has_tag(
                        tx, place.repository_id, candidate.id, named[verdict.tag]
                    ):
                        self._deletions.tag(tx, grant, place.repository_id, Tag(verdict.tag))
                        results.append(result)
            return note(tx, Page(after, 0, 0, results))

        noted = await self._db.write(change)
        if not place.tags:
            place.trimmed = candidate.id
            now = await self._db.read(lambda tx: candidates.find(tx, candidate.id))
            place.waiting.popleft()
            if now is not None:
                place.waiting.appendleft(place.retained.decide(now))
        return noted

    def _stays(self, tx: Transaction, place: Place, candidate: Candidate) -> bool:
        """Whether the artifact stays with all its tags, whatever the rules say."""
        return any(not isinstance(one, InUse) for one in self._obstacles(tx, place, candidate.digest))

    def _act(
        self, tx: Transaction, grant: RepositoryGrant, place: Place, decisions: Sequence[Decision]
    ) -> tuple[list[_Outcome], list[Use]]:
        """What becomes of the artifacts, done, and the room that is to be freed."""
        grant.require(Action.DELETE)
        touched = [one.candidate.digest for one in decisions if any(not verdict.kept for verdict in one.verdicts)]
        parts = [part for digest in touched for part in manifests.children_of(tx, place.repository_id, digest)]
        manifests.lock_present(tx, place.repository_id, [*touched, *parts])
        outcomes: list[_Outcome] = []
        freed: list[Use] = []
        for decision in decisions:
            outcome = self._outcome(tx, place, decision)
            outcomes.append(outcome)
            digest = decision.candidate.digest
            if outcome.goes:
                freed += [
                    self._deletions.artifact(tx, grant, place.repository_id, one, belonging=True)
                    for one in (digest, *outcome.parts)
                ]
                continue
            for result in outcome.results:
                if not result.kept and result.tag is not None:
                    self._deletions.tag(tx, grant, place.repository_id, Tag(result.tag))
        return outcomes, freed

    def _outcome(self, tx: Transaction, place: Place, decision: Decision) -> _Outcome:
        """What is to become of the artifact as it is now, whatever the rules say of what is protected."""
        candidate = decision.candidate
        digest = candidate.digest
        results = [Result(digest, one.tag, one.kept, one.why) for one in decision.verdicts]
        if all(result.kept for result in results):
            return _Outcome(False, results, [])
        if candidates.find(tx, candidate.id) != candidate:
            return _Outcome(False, [one if one.kept else _kept(one, CHANGED) for one in results], [])
        results = [self._guarded(tx, place, result) for result in results]
        if any(result.kept for result in results):
            return _Outcome(False, results, [])
        for obstacle in self._obstacles(tx, place, digest):
            if isinstance(obstacle, InUse) and candidate.tags:
                # Its tags go; it stays for the index that names it.
                return _Outcome(False, [*results, Result(digest, None, True, str(obstacle))], [])
            return _Outcome(False, [_kept(result, str(obstacle)) for result in results], [])
        parts = self._lone_parts(tx, place, digest)
        why = f"a part of {digest}, which goes, and of nothing else"
        results += [Result(part, None, False, why) for part in parts]
        return _Outcome(True, results, parts)

    def _guarded(self, tx: Transaction, place: Place, result: Result) -> Result:
        """The result, unless a tag is protected that no rule keeps."""
        if result.kept or result.tag is None:
            return result
        for obstacle in protection.obstacles_of_tag(tx, place.repository_id, result.tag, result.digest):
            return _kept(result, str(obstacle))
        return result

    def _obstacles(self, tx: Transaction, place: Place, digest: Digest) -> Iterator[Conflict]:
        """Every reason for which the artifact, or what belongs to it, may not be deleted: those that stay first."""
        in_use: list[Conflict] = []
        waiting, seen = [digest], {digest}
        while waiting:
            one = waiting.pop()
            for obstacle in protection.obstacles_of_artifact(tx, place.repository_id, one, sparse=False):
                if not isinstance(obstacle, InUse):
                    yield obstacle
                elif not self._named_by_gone(tx, place, one):
                    in_use.append(obstacle)
            found = artifact_lists.accessories_of(tx, place.repository_id, [one], MOST_BELONGING)[one]
            waiting += [accessory.digest for accessory in found if accessory.digest not in seen]
            seen.update(accessory.digest for accessory in found)
        yield from in_use

    def _named_by_gone(self, tx: Transaction, place: Place, digest: Digest) -> bool:
        """Whether only indexes name it that a dry run has found would go before it."""
        named_by = candidates.naming_indexes(tx, place.repository_id, digest) if place.gone else []
        return bool(named_by) and place.gone.issuperset(named_by)

    def _lone_parts(self, tx: Transaction, place: Place, digest: Digest) -> list[Digest]:
        """What the index names, directly or not, and what no tag and no other index does, if it may be deleted."""
        going: list[Digest] = []
        waiting = [digest]
        while waiting:
            for part, named_by in candidates.lone_parts(tx, place.repository_id, waiting.pop()):
                if part in going or not {digest, *going, *place.gone}.issuperset(named_by):
                    continue
                if all(isinstance(one, InUse) for one in self._obstacles(tx, place, part)):
                    going.append(part)
                    waiting.append(part)
        return going

    def _grant(self, tx: Transaction, place: Place) -> RepositoryGrant | None:
        return retention_grant(tx, place.policy.id, place.policy.revision, place.repository_id)

    def _is_there(self, tx: Transaction, place: Place) -> bool:
        """Whether the repository is there, to be looked at. Raises Denied as `_grant`."""
        if place.policy.id == UNSAVED:
            return repositories.name_in(tx, place.policy.project_id, place.repository_id) is not None
        return self._grant(tx, place) is not None

    async def _candidates(self, place: Place, after: Cursor, count: int) -> list[Candidate]:
        return await self._db.read(lambda tx: candidates.page(tx, place.repository_id, after, count))


def _is_large(place: Place, decision: Decision) -> bool:
    """Whether more of the artifact's tags go than one transaction takes."""
    if decision.candidate.id == place.trimmed:
        return False
    return sum(1 for verdict in decision.verdicts if not verdict.kept) > DELETED_AT_ONCE


def _kept(result: Result, why: str) -> Result:
    return result._replace(kept=True, why=f"no rule keeps it, but {why}")


def _cursor(candidate: Candidate) -> Cursor:
    return Cursor(candidate.pushed_at, candidate.id)


def _page(decisions: Sequence[Decision], outcomes: Sequence[_Outcome]) -> Page:
    results = [result for outcome in outcomes for result in outcome.results]
    kept = sum(1 for outcome in outcomes if not outcome.goes)
    return Page(_cursor(decisions[-1].candidate), len(decisions), kept, results)
