"""Whether something may be deleted, or a tag be moved: the one place that decides.

Whatever deletes asks here first, within its transaction and with the manifests locked that it is about: the
registry's own API, pushes that move a tag, Harbor's API, the trash, retention and collection. A rule that protects
something is added here and nowhere else.
"""

from collections.abc import Iterable, Iterator

from entrepot.db import holds, immutability, manifests, projects, tags
from entrepot.db.contract import Transaction
from entrepot.db.holds import Hold
from entrepot.db.immutability import Place
from entrepot.db.trash import Entry
from entrepot.model.digest import Digest
from entrepot.model.errors import Conflict, Immutable, InUse, Protected
from entrepot.model.immutability import holding

TAGS_AT_ONCE = 1000


def check_tag(tx: Transaction, repository_id: int, tag: str, digest: Digest) -> None:
    """Returns if the tag, which names that digest, may be deleted. Raises Protected."""
    for obstacle in obstacles_of_tag(tx, repository_id, tag, digest):
        raise obstacle


def check_move(tx: Transaction, repository_id: int, tag: str, before: Digest, after: Digest) -> None:
    """Returns if the tag, which is there, may be pushed again. Raises Protected.

    An immutable one may not, whatever is pushed: so does Harbor.
    """
    for obstacle in _immutable(immutability.counting_in(tx, repository_id), [tag]):
        raise obstacle
    hold = holds.on_tag(tx, repository_id, tag, before) if after != before else None
    if hold is not None:
        raise Protected(f"tag {tag} stays with {before}: {_reason(hold)}")


def check_artifact(tx: Transaction, repository_id: int, digest: Digest, *, sparse: bool) -> None:
    """Returns if the manifest may be deleted with its tags.

    Raises Protected, and InUse if a live index names it and indexes may not be `sparse`.
    """
    for obstacle in obstacles_of_artifact(tx, repository_id, digest, sparse=sparse):
        raise obstacle


def check_repository(tx: Transaction, repository_id: int, name: str) -> None:
    """Returns if the repository may be deleted with all that it holds. Raises Protected."""
    _check_tags(tx, repository_id)
    _refuse(f"repository {name}", holds.on_repository(tx, repository_id))


def check_project(tx: Transaction, project_id: int, name: str) -> None:
    """Returns if the project may be deleted with all that it holds. Raises Protected."""
    if immutability.counting_in_project(tx, project_id):
        for repository_id in projects.repository_ids(tx, project_id):
            _check_tags(tx, repository_id)
    _refuse(f"project {name}", holds.on_project(tx, project_id))


def check_purge(tx: Transaction, entry: Entry) -> None:
    """Returns if what is in the trash may go for good before its time. Raises Protected."""
    _refuse(f"{entry.kind} {entry.name}", holds.on_all_of(tx, entry.project_id, entry.repository_id))


def obstacles_of_artifact(tx: Transaction, repository_id: int, digest: Digest, *, sparse: bool) -> Iterator[Conflict]:
    """Every reason for which the manifest may not be deleted with its tags."""
    place = immutability.counting_in(tx, repository_id)
    if place is not None:
        yield from _immutable(place, tags.of_digest(tx, repository_id, digest))
    hold = holds.on_artifact(tx, repository_id, digest) or holds.on_subject(tx, repository_id, digest)
    if hold is not None:
        yield Protected(f"{digest} may not be deleted: {_reason(hold)}")
    index = None if sparse else manifests.naming_index(tx, repository_id, digest)
    if index is not None:
        yield InUse(f"index {index} names this manifest; delete that index first")


def obstacles_of_tag(tx: Transaction, repository_id: int, tag: str, digest: Digest) -> Iterator[Conflict]:
    """Every reason for which the tag, which names that digest, may not be deleted."""
    yield from _immutable(immutability.counting_in(tx, repository_id), [tag])
    hold = holds.on_artifact(tx, repository_id, digest) or holds.on_tag(tx, repository_id, tag, digest)
    if hold is not None:
        yield Protected(f"tag {tag} may not be deleted: {_reason(hold)}")


def _immutable(place: Place | None, names: Iterable[str]) -> Iterator[Immutable]:
    """What the rules of the place say against moving or deleting each of the tags."""
    if place is None:
        return
    for name in names:
        rule = holding(place.rules, place.repository, name)
        if rule is not None:
            yield Immutable(f"tag {name} is immutable: rule {rule.id} of its project keeps {rule.phrase}")


def _check_tags(tx: Transaction, repository_id: int) -> None:
    """Returns if no tag of the repository is immutable. Raises Immutable."""
    place = immutability.counting_in(tx, repository_id)
    names = tags.page(tx, repository_id, "", TAGS_AT_ONCE) if place is not None else []
    while names:
        for obstacle in _immutable(place, names):
            raise obstacle
        names = tags.page(tx, repository_id, names[-1], TAGS_AT_ONCE)


def _refuse(what: str, hold: Hold | None) -> None:
    if hold is not None:
        raise Protected(f"{what} may not be deleted: {_reason(hold)}")


def _reason(hold: Hold) -> str:
    """Why, and what can be done."""
    what = hold.resource or "the project"
    why = f", {hold.reason}" if hold.reason else ""
    return f"{what} is held by {hold.placed_by} (hold {hold.id}{why}); lift that hold first"
