"""Whether something may be deleted, or a tag be moved: the one place that decides.

Whatever deletes asks here first, within its transaction and with the manifests locked that it is about: the
registry's own API, pushes that move a tag, Harbor's API, the trash, retention and collection. A rule that protects
something is added here and nowhere else.
"""

from collections.abc import Iterator

from entrepot.db import holds, manifests
from entrepot.db.contract import Transaction
from entrepot.db.holds import Hold
from entrepot.db.trash import Entry
from entrepot.model.digest import Digest
from entrepot.model.errors import Conflict, InUse, Protected


def check_tag(tx: Transaction, repository_id: int, tag: str, digest: Digest) -> None:
    """Returns if the tag, which names that digest, may be deleted. Raises Protected."""
    _refuse(f"tag {tag}", holds.on_artifact(tx, repository_id, digest) or holds.on_tag(tx, repository_id, tag, digest))


def check_move(tx: Transaction, repository_id: int, tag: str, before: Digest) -> None:
    """Returns if the tag may name something else than it does. Raises Protected."""
    hold = holds.on_tag(tx, repository_id, tag, before)
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
    _refuse(f"repository {name}", holds.on_repository(tx, repository_id))


def check_project(tx: Transaction, project_id: int, name: str) -> None:
    """Returns if the project may be deleted with all that it holds. Raises Protected."""
    _refuse(f"project {name}", holds.on_project(tx, project_id))


def check_purge(tx: Transaction, entry: Entry) -> None:
    """Returns if what is in the trash may go for good before its time. Raises Protected."""
    _refuse(f"{entry.kind} {entry.name}", holds.on_all_of(tx, entry.project_id, entry.repository_id))


def obstacles_of_artifact(tx: Transaction, repository_id: int, digest: Digest, *, sparse: bool) -> Iterator[Conflict]:
    """Every reason for which the manifest may not be deleted."""
    hold = holds.on_artifact(tx, repository_id, digest) or holds.on_subject(tx, repository_id, digest)
    if hold is not None:
        yield Protected(f"{digest} may not be deleted: {_reason(hold)}")
    index = None if sparse else manifests.naming_index(tx, repository_id, digest)
    if index is not None:
        yield InUse(f"index {index} names this manifest; delete that index first")


def _refuse(what: str, hold: Hold | None) -> None:
    if hold is not None:
        raise Protected(f"{what} may not be deleted: {_reason(hold)}")


def _reason(hold: Hold) -> str:
    """Why, and what can be done."""
    what = hold.resource or "the project"
    why = f", {hold.reason}" if hold.reason else ""
    return f"{what} is held by {hold.placed_by} (hold {hold.id}{why}); lift that hold first"
