"""Large repositories on their way into the trash and out of it: some artifacts at a time, so that nobody waits long.

One transaction hides the repository from every view, or shows it again, whatever it holds; between the two nobody can
push to it. Whoever asked for the move does its steps; if they die, the collector does the rest.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from entrepot.db import blobs, manifests, moving, quotas, repositories, tag_moves, trash, trashed
from entrepot.db.contract import Database, Transaction
from entrepot.db.events import record
from entrepot.db.proof import may_be_sparse
from entrepot.db.repositories import Told
from entrepot.db.trash import Entry
from entrepot.model.errors import Conflict, ManifestUnknown, Unknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import Origin, Principal, Proof
from entrepot.model.trash import Moving
from entrepot.registry.revival import revive
from entrepot.registry.rules import Rules

MOST_AT_ONCE = 500
"""Artifacts of a repository that is deleted, or restored, in one transaction; a larger one moves."""
SOME = 100
"""Artifacts that are moved in one transaction: few enough that on SQLite pushes to other repositories hardly wait."""
_MOVER = "mover"

_log = structlog.get_logger("entrepot.moving")


def large(artifacts: int) -> bool:
    """Whether a repository of so many artifacts is moved some at a time."""
    return artifacts > MOST_AT_ONCE


class Moves:
    """The steps of deletions and restorations of large repositories."""

    def __init__(self, db: Database, rules: Rules) -> None:
        self._db = db
        self._rules = rules

    async def finish(self, trash_id: int) -> None:
        """Returns when all of the deletion is where it was to go.

        Raises Conflict or Unknown if it cannot be undone after all, once it is in the trash again as a whole.
        """
        try:
            while await self._db.write(lambda tx: self._step(tx, trash_id)):
                pass
        except (Conflict, Unknown):
            await self._db.write(lambda tx: _turn(tx, trash_id))
            while await self._db.write(lambda tx: self._step(tx, trash_id)):
                pass
            raise

    async def some(self) -> int:
        """How many steps were done, one or none, of what is on its way and nobody else is at."""
        if not await self._db.read(moving.due):
            return 0
        try:
            return int(await self._db.write(lambda tx: self._step(tx, None)))
        except (Conflict, Unknown) as error:
            turned = await self._db.write(lambda tx: _turn(tx, None))
            _log.warning("a repository could not be restored", deletion=turned, error=str(error))
            return 0

    def _step(self, tx: Transaction, trash_id: int | None) -> bool:
        """Whether something was moved and so more may be left."""
        entry = moving.take(tx, trash_id)
        if entry is None:
            return False
        return _away(tx, entry) if entry.moving is Moving.AWAY else self._back(tx, entry)

    def _back(self, tx: Transaction, entry: Entry) -> bool:
        target, name = moving.repository_of(tx, entry.id)
        inside = moving.some_in(tx, entry.id, SOME)
        wanted = {one.id: one.digest for one in inside}
        if not wanted:  # What is left are tags of what came back as a part, or was deleted once more since.
            trashed.drop_going_tags(tx, entry.id)
            wanted = {tag.manifest_id: tag.digest for tag in trashed.tags_in(tx, entry.id, SOME)}
        if not wanted:
            _arrive(tx, entry, target, name)
            return False
        if target != entry.repository_id:
            self._carry(tx, entry, [one.id for one in inside], target)
        sparse = may_be_sparse(tx, target, self._rules.sparse_indexes)
        revived = revive(tx, target, wanted.values(), sparse=sparse, within=entry.id)
        if not moving.tags_back(tx, entry.id, target, list(wanted), _mover(entry)):
            raise Conflict(f"a tag of {name} is there already")
        manifests.relist(tx, target, revived.all)
        return True

    def _carry(self, tx: Transaction, entry: Entry, manifest_ids: list[int], target: int) -> None:
        """Has these manifests, and what of the same deletion they name as their parts, be the target's."""
        assert entry.repository_id is not None, "it is a repository's"
        ids, waiting = set(manifest_ids), manifest_ids
        while waiting:
            parts = trashed.find(tx, entry.repository_id, trashed.children_of(tx, waiting), within=entry.id)
            waiting = [one.id for one in parts.values() if one.trash_id == entry.id and one.id not in ids]
            ids.update(waiting)
        carry(tx, entry, moving.lock_in(tx, entry.id, sorted(ids)), target, self._rules)


def carry(tx: Transaction, entry: Entry, manifest_ids: list[int], target: int, rules: Rules) -> None:
    """Has these manifests be another repository's, with links to all their blobs, still in the same deletion."""
    assert entry.repository_id is not None, "it is a repository's"
    uses = [
        blobs.link(tx, target, blob_id, digest, rules.lease) for blob_id, digest in trashed.blobs_of(tx, manifest_ids)
    ]
    moved = trashed.move(tx, manifest_ids, entry.repository_id, target)
    quotas.charge(tx, *uses, moved)


def begin_away(tx: Transaction, by: Principal, entry_id: int, repository_id: int, kept: Mapping[str, Any]) -> None:
    """Hides the repository, which the caller has locked; all that it holds goes into the deletion."""
    moving.begin(tx, entry_id, repository_id, Moving.AWAY, {**kept, _MOVER: _noted(by)})


def begin_back(tx: Transaction, by: Principal, entry: Entry, target: int, *, sparse: bool) -> None:
    """Hides the target, an empty repository, until all of the deletion is in it.

    Raises Conflict or ManifestUnknown if that cannot be, as far as can be told now.
    """
    elsewhere = target != entry.repository_id
    lacking = None if sparse else moving.lacking_part(tx, entry, within=elsewhere)
    if lacking is not None:
        raise Conflict(f"{lacking}, which an index names, is not held any more: push it, then restore the index")
    if elsewhere and (tag := moving.tag_of_others(tx, entry.id)) is not None:
        raise ManifestUnknown(f"what tag {tag} names was deleted once more since: restore that first")
    repositories.lock(tx, target)
    moving.begin(tx, entry.id, target, Moving.BACK, {**entry.kept, _MOVER: _noted(by)})


def _away(tx: Transaction, entry: Entry) -> bool:
    repository_id, _ = moving.repository_of(tx, entry.id)
    ids = moving.some_live(tx, repository_id, SOME)
    if not ids:
        moving.end(tx, entry.id)
        return False
    tag_moves.record_deletion(tx, _mover(entry), ids)
    moving.put_some(tx, ids, entry)
    return True


def _arrive(tx: Transaction, entry: Entry, target: int, name: str) -> None:
    """Shows the repository, all of which is there again."""
    told = Told(str(entry.kept.get("description", "")), int(entry.kept.get("pull_count", 0)))
    repositories.tell_again(tx, target, told)
    counts = {kind: entry.contents.get(kind, 0) for kind in ("artifacts", "tags")}
    event = Event(
        name=EventName.REPOSITORY_RESTORED,
        by=_mover(entry),
        resource=name,
        project_id=entry.project_id,
        repository=name,
        detail={"deletion": entry.id, **counts},
    )
    record(tx, event)
    moving.end(tx, entry.id)
    trash.delete(tx, entry.id)


def _turn(tx: Transaction, trash_id: int | None) -> int | None:
    """The deletion that was on its way out of the trash, and goes back into it."""
    entry = moving.take(tx, trash_id)
    if entry is None or entry.moving is Moving.AWAY:
        return None
    moving.turn(tx, entry.id)
    return entry.id


def _noted(by: Principal) -> dict[str, str]:
    """Who has it move, for whoever does the rest."""
    return {
        "name": by.name,
        "proof": by.proof.value,
        "address": by.origin.address,
        "request": by.origin.request_id,
    }


def _mover(entry: Entry) -> Principal:
    noted = entry.kept[_MOVER]
    origin = Origin(address=noted["address"], request_id=noted["request"])
    return Principal(user_id=None, name=noted["name"], admin=False, proof=Proof(noted["proof"]), origin=origin)
