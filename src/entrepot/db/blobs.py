"""Blobs, and the links through which repositories show them (steps 3, 4, 5 and 7 of the blob protocol).

The lease stands on the link, not on the blob: pushers of different repositories that share a base layer never wait
for one another, and a blob goes when its last link has gone.
"""

from collections.abc import Sequence
from typing import NamedTuple

from entrepot.db import layer_indexes, quotas, removals
from entrepot.db.contract import Again, Transaction
from entrepot.db.quotas import Use
from entrepot.model.digest import Digest

LARGEST_LIST = 500
"""How many values one statement lists."""


class Part(NamedTuple):
    """An object that holds a blob from `start` on, up to the next part or its end."""

    start: int
    key: str


class VisibleBlob(NamedTuple):
    """A blob as one repository shows it."""

    id: int
    size: int
    key: str
    leased_until: int
    parts: int
    quarantined: bool
    """Whether its objects do not hold it, so that it must not be given to anybody."""


class Locked(NamedTuple):
    """A blob that cannot go meanwhile."""

    id: int
    size: int
    quarantined: bool


class Held(NamedTuple):
    """A blob that was brought."""

    charge: Use
    healed: bool
    """Whether it was set aside until now."""


class Unlinked(NamedTuple):
    """A blob that was taken out of a repository."""

    use: Use
    """The room that is to be freed."""
    last: int | None
    """The blob's size, if no repository shows it any more: that is to be noted (`usage.note_freed`)."""


class Lost(Exception):
    """The object was given up before it could become a blob: the upload took too long."""


def find_visible(tx: Transaction, repository_id: int, digest: Digest) -> VisibleBlob | None:
    """The blob, if the repository shows it."""
    row = tx.one(
        "SELECT b.id, b.size, b.key, l.leased_until, b.parts, b.quarantined_at IS NOT NULL FROM blobs b"
        " JOIN repository_blobs l ON l.blob_id = b.id AND l.repository_id = ? AND l.visible WHERE b.digest = ?",
        repository_id,
        digest.packed,
    )
    return None if row is None else VisibleBlob(*row)


def further_parts(tx: Transaction, blob_id: int) -> tuple[Part, ...]:
    """The parts after the first, in order; none for a blob in one object, as nearly all are."""
    rows = tx.all("SELECT start, key FROM blob_parts WHERE blob_id = ? ORDER BY start", blob_id)
    return tuple(Part(int(row[0]), str(row[1])) for row in rows)


def renew_lease(tx: Transaction, repository_id: int, blob_id: int, lease: int) -> bool:
    """Whether the link is there, and now leased for at least `lease` microseconds from now."""
    return _lease(tx, repository_id, blob_id, tx.now + lease, " AND visible")


def _lease(tx: Transaction, repository_id: int, blob_id: int, until: int, only: str) -> bool:
    """Whether the link is there, shown now and leased until then or, if it was already, longer."""
    # This transaction may have waited for one that began later: that one's promise is kept.
    later = "CASE WHEN leased_until > ? THEN leased_until ELSE ? END"
    statement = (
        f"UPDATE repository_blobs SET visible = TRUE, leased_until = {later}, review_after = {later}"
        f" WHERE repository_id = ? AND blob_id = ?{only}"
    )
    return tx.run(statement, until, until, until, until, repository_id, blob_id) == 1


def hold(
    tx: Transaction,
    repository_id: int,
    digest: Digest,
    size: int,
    parts: Sequence[Part],
    lease: int,
    reader_grace: int,
) -> Held:
    """Makes the blob held and shown, after objects with its whole content, one or more, were made durable.

    Keeps the objects that hold it already if there are any, and gives ours up; if the blob was set aside, ours take
    their place. Raises Lost if one of ours is being removed.
    """
    for part in parts:
        if not removals.take_back(tx, part.key):
            raise Lost
    first = parts[0].key
    row = tx.one("SELECT id, key, quarantined_at IS NOT NULL FROM blobs WHERE digest = ?", digest.packed)
    healed = row is not None and bool(row[2]) and _heal(tx, int(row[0]), parts, reader_grace)
    find = "SELECT id, key FROM blobs WHERE digest = ? AND quarantined_at IS NULL FOR KEY SHARE"
    if row is not None:
        row = tx.one(find, digest.packed)
    else:
        row = tx.one(
            "INSERT INTO blobs (digest, size, key, parts, created_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (digest) DO NOTHING RETURNING id, key",
            digest.packed,
            size,
            first,
            len(parts),
            tx.now,
        )
        if row is not None:
            for part in parts[1:]:
                tx.run("INSERT INTO blob_parts (blob_id, start, key) VALUES (?, ?, ?)", row[0], part.start, part.key)
        else:
            row = tx.one(find, digest.packed)
    if row is None:
        raise Again  # Made by somebody else in between, and collected or set aside already.
    if row[1] != first:
        for part in parts:
            removals.give_up(tx, part.key, tx.now)
    return Held(link(tx, repository_id, int(row[0]), digest, lease), healed)


def _heal(tx: Transaction, blob_id: int, parts: Sequence[Part], reader_grace: int) -> bool:
    """Whether the objects have taken the place of those that the blob was set aside for: nobody else's had before."""
    # Locked as for a removal at once: two who both held it only as needed could not go on to change its key.
    find = "SELECT 1 FROM blobs WHERE id = ? AND quarantined_at IS NOT NULL FOR UPDATE"
    if tx.one(find, blob_id) is None:
        return False
    replace_objects(tx, blob_id, parts, reader_grace)
    return True


def replace_objects(tx: Transaction, blob_id: int, parts: Sequence[Part], grace: int) -> None:
    """Has other objects hold the blob, which is good from now on; those before go after `grace` microseconds.

    The caller has locked the blob's row, and taken the objects back from those to be removed.
    """
    row = tx.one("SELECT key FROM blobs WHERE id = ?", blob_id)
    assert row is not None
    for key in (str(row[0]), *(part.key for part in further_parts(tx, blob_id))):
        removals.give_up(tx, key, tx.now + grace)
    tx.run("DELETE FROM blob_parts WHERE blob_id = ?", blob_id)
    tx.run(
        "UPDATE blobs SET key = ?, parts = ?, quarantined_at = NULL, fault = NULL, examined_at = NULL WHERE id = ?",
        parts[0].key,
        len(parts),
        blob_id,
    )
    for part in parts[1:]:
        tx.run("INSERT INTO blob_parts (blob_id, start, key) VALUES (?, ?, ?)", blob_id, part.start, part.key)


def link(tx: Transaction, repository_id: int, blob_id: int, digest: Digest, lease: int) -> Use:
    """Shows the blob in the repository, leased from now; what it is to be charged with.

    The blob's row must be there. Raises Again.
    """
    until = tx.now + lease
    # Whoever notes here that the blob is lacking has locked the repository, and either sees the link or is seen below.
    tx.one("SELECT 1 FROM repositories WHERE id = ? FOR KEY SHARE", repository_id)
    fresh = tx.run(
        "INSERT INTO repository_blobs (repository_id, blob_id, visible, leased_until, review_after)"
        " VALUES (?, ?, TRUE, ?, ?) ON CONFLICT (repository_id, blob_id) DO NOTHING",
        repository_id,
        blob_id,
        until,
        until,
    )
    if not fresh and not _lease(tx, repository_id, blob_id, until, ""):
        raise Again  # The link was there for the first statement, and was collected while the second waited for it.
    lacking = tx.all(
        "SELECT manifest_id FROM missing_blobs WHERE repository_id = ? AND digest = ? FOR UPDATE",
        repository_id,
        digest.packed,
    )
    for row in lacking:
        refer(tx, row[0], repository_id, blob_id)
    if lacking:
        tx.run("DELETE FROM missing_blobs WHERE repository_id = ? AND digest = ?", repository_id, digest.packed)
    return quotas.hold_blob(tx, repository_id, blob_id) if fresh else quotas.NOTHING


def refer(tx: Transaction, manifest_id: int, repository_id: int, blob_id: int) -> None:
    """Notes that the manifest needs the blob, whose link the caller has locked or just made."""
    tx.run(
        "INSERT INTO manifest_blobs (manifest_id, repository_id, blob_id) VALUES (?, ?, ?)",
        manifest_id,
        repository_id,
        blob_id,
    )


def find_in_project(tx: Transaction, project_id: int, digest: Digest) -> VisibleBlob | None:
    """The blob, if some repository of the project shows it; looks at no more than a thousand repositories."""
    row = tx.one(
        "SELECT b.id, b.size, b.key, l.leased_until, b.parts, b.quarantined_at IS NOT NULL FROM blobs b"
        " JOIN (SELECT repository_id, blob_id, leased_until FROM repository_blobs"
        "  WHERE blob_id = (SELECT id FROM blobs WHERE digest = ?) AND visible LIMIT 1000) l ON l.blob_id = b.id"
        " JOIN repositories r ON r.id = l.repository_id WHERE r.project_id = ? LIMIT 1",
        digest.packed,
        project_id,
    )
    return None if row is None else VisibleBlob(*row)


def lock_visible(tx: Transaction, repository_id: int, digests: Sequence[Digest]) -> dict[Digest, Locked]:
    """The blobs of these digests that the repository shows. None of them can go meanwhile."""
    found: dict[Digest, Locked] = {}
    wanted = sorted({digest.packed for digest in digests})
    for start in range(0, len(wanted), LARGEST_LIST):
        some = wanted[start : start + LARGEST_LIST]
        for packed, blob_id, size, quarantined in tx.all(
            "SELECT b.digest, b.id, b.size, b.quarantined_at IS NOT NULL FROM blobs b"
            " JOIN repository_blobs l ON l.blob_id = b.id"
            f" WHERE l.repository_id = ? AND l.visible AND b.digest IN ({','.join('?' * len(some))})"
            " ORDER BY b.digest FOR KEY SHARE OF l",
            repository_id,
            *some,
        ):
            found[Digest(bytes(packed))] = Locked(int(blob_id), int(size), bool(quarantined))
    return found


def referenced(tx: Transaction, repository_id: int, blob_id: int) -> bool:
    """Whether a manifest of the repository, live or in the trash, needs the blob."""
    find = "SELECT 1 FROM manifest_blobs WHERE repository_id = ? AND blob_id = ? LIMIT 1"
    return tx.one(find, repository_id, blob_id) is not None


def needing_manifest(tx: Transaction, repository_id: int, blob_id: int) -> Digest | None:
    """A live manifest of the repository that needs the blob."""
    row = tx.one(
        "SELECT m.digest FROM manifest_blobs r JOIN manifests m ON m.id = r.manifest_id"
        " WHERE r.repository_id = ? AND r.blob_id = ? AND m.deleted_at IS NULL LIMIT 1",
        repository_id,
        blob_id,
    )
    return None if row is None else Digest(bytes(row[0]))


def hide(tx: Transaction, repository_id: int, blob_id: int) -> None:
    """Shows the blob in the repository no more, and keeps it for the manifests in the trash that need it."""
    tx.run(
        "UPDATE repository_blobs SET visible = FALSE WHERE repository_id = ? AND blob_id = ?", repository_id, blob_id
    )


def unlink(tx: Transaction, repository_id: int, blob_id: int, reader_grace: int, *, wait: bool) -> Unlinked | None:
    """Takes the blob out of the repository, and lets its object go if that was the last one that showed it.

    None, with nothing done, if somebody is at the blob just now and `wait` is off. The caller has locked the link and
    knows that nothing refers to it.
    """
    row = tx.one(f"SELECT key, size, parts FROM blobs WHERE id = ? FOR UPDATE{'' if wait else ' SKIP LOCKED'}", blob_id)
    if row is None:
        return None
    tx.run("DELETE FROM repository_blobs WHERE repository_id = ? AND blob_id = ?", repository_id, blob_id)
    freed = quotas.release_blob(tx, repository_id, blob_id)
    # A statement of its own, after the lock: on PostgreSQL one statement would judge by what it saw before waiting.
    last = tx.one("SELECT 1 FROM repository_blobs WHERE blob_id = ? LIMIT 1", blob_id) is None
    if last:
        further = further_parts(tx, blob_id) if row[2] > 1 else ()
        if further:
            tx.run("DELETE FROM blob_parts WHERE blob_id = ?", blob_id)
        layer_indexes.forget_of_blob(tx, blob_id, reader_grace)
        tx.run("DELETE FROM blobs WHERE id = ?", blob_id)
        for key in (str(row[0]), *(part.key for part in further)):
            removals.give_up(tx, key, tx.now + reader_grace)
    return Unlinked(freed, int(row[1]) if last else None)


def lock_link(tx: Transaction, repository_id: int, blob_id: int) -> bool:
    """Whether the link is there; nobody can refer to the blob through it until the transaction ends."""
    # The blob first, as pushing does: else two transactions would wait for one another.
    tx.one("SELECT 1 FROM blobs WHERE id = ? FOR UPDATE", blob_id)
    find = "SELECT 1 FROM repository_blobs WHERE repository_id = ? AND blob_id = ? FOR UPDATE"
    return tx.one(find, repository_id, blob_id) is not None
