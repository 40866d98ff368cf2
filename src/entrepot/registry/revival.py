"""Taking manifests out of the trash, with all that they need, within a transaction of the caller's."""

from collections.abc import Iterable
from typing import NamedTuple

from entrepot.db import manifests, trash, trashed
from entrepot.db.blobs import LARGEST_LIST
from entrepot.db.contract import Again, Transaction
from entrepot.model.digest import Digest
from entrepot.model.errors import Conflict, ManifestUnknown


class Revived(NamedTuple):
    """Manifests that were asked for, and what they name as their parts."""

    fresh: set[Digest]
    """Those that were in the trash until now."""
    all: set[Digest]


def revive(
    tx: Transaction, repository_id: int, digests: Iterable[Digest], *, sparse: bool, within: int | None = None
) -> Revived:
    """The manifests, live now with what they name as their parts, whether or not they were in the trash.

    All of them are locked. Whatever blob of them was deleted meanwhile is shown
    again. The caller puts tags on them, relists them, and shows the repository. Raises ManifestUnknown for one that is
    not held any more; Conflict if a part is not, unless indexes may be `sparse`. `within` is a deletion that is on its
    way out of the trash as a whole.
    """
    asked = set(digests)
    found = trashed.find(tx, repository_id, asked, within=within)
    parts: set[Digest] = set()
    waiting = list(found.values())
    while waiting:
        named = trashed.children_of(tx, [one.id for one in waiting]) - found.keys()
        parts |= named
        more = trashed.find(tx, repository_id, named, within=within)
        found |= more
        waiting = list(more.values())
    ids = sorted(one.id for one in found.values())
    for start in range(0, len(ids), LARGEST_LIST):
        manifests.lock_links(tx, ids[start : start + LARGEST_LIST])
    held = manifests.lock_held(tx, repository_id, asked | parts)
    for digest in _going(tx, repository_id, {one for one, live in held.items() if not live} - found.keys()):
        del held[digest]
    for digest in sorted(asked - held.keys(), key=str):
        raise ManifestUnknown(f"{digest} is not held any more: its time in the trash is over")
    for digest in sorted(parts - held.keys(), key=str):
        if not sparse:
            raise Conflict(f"{digest}, which an index names, is not held any more: push it, then restore the index")
    if any(digest not in held for digest in found):
        raise Again  # Let go between the two looks.
    revived = {digest for digest, live in held.items() if not live}
    ids = sorted(found[digest].id for digest in revived)
    trashed.show_blobs(tx, ids)
    trashed.restore(tx, ids)
    trash.delete_if_empty(tx, [found[digest].trash_id for digest in revived])
    return Revived(revived, set(held))


def _going(tx: Transaction, repository_id: int, digests: set[Digest]) -> set[Digest]:
    """Those manifests, which are locked and were not found in the trash: each is in a deletion that goes for good.

    The collector has not come to them yet; for whoever asks they are as gone as if it had.
    """
    if digests and trashed.find(tx, repository_id, digests):
        raise Again  # Deleted between the two looks.
    return digests
