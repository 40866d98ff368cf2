"""Manifests and what they refer to (steps 5 and 6 of the blob protocol)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from entrepot.db import quotas, trash
from entrepot.db.blobs import LARGEST_LIST, refer
from entrepot.db.contract import Again, Transaction
from entrepot.db.quotas import Use
from entrepot.db.repository_use import Shift
from entrepot.model.artifact import Description
from entrepot.model.digest import Digest
from entrepot.model.errors import Conflict

_NAMING = "FROM manifest_children c JOIN manifests p ON p.id = c.parent_id"
IS_LISTED = (
    "manifests.accessory IS NULL AND (EXISTS (SELECT 1 FROM tags t WHERE t.manifest_id = manifests.id) OR NOT EXISTS"
    f" (SELECT 1 {_NAMING} WHERE c.repository_id = manifests.repository_id AND c.digest = manifests.digest"
    "   AND p.deleted_at IS NULL))"
)
"""What `listed` says."""


class ManifestRow(NamedTuple):
    """A live manifest."""

    id: int
    digest: Digest
    media_type: str
    subject: Digest | None
    body: bytes


class NewManifest(NamedTuple):
    """A manifest to be written down."""

    digest: Digest
    media_type: str
    artifact_type: str | None
    subject: Digest | None
    annotations: str | None
    body: bytes
    described: Description


class Needs(NamedTuple):
    """What a new manifest refers to, each once."""

    blob_ids: Sequence[int]
    missing: Sequence[Digest]
    """Blobs that are not here; only where sparse manifests are allowed."""
    children: Sequence[Digest]


class Stored(NamedTuple):
    """A manifest that is written down now."""

    id: int
    fresh: bool
    """Whether it was not live before."""
    charge: Use


_ROW = "m.id, m.digest, m.media_type, m.subject, m.body"


def by_digest(tx: Transaction, repository_id: int, digest: Digest) -> ManifestRow | None:
    """The live manifest of that digest."""
    return _manifest(
        tx.one(
            f"SELECT {_ROW} FROM manifests m WHERE m.repository_id = ? AND m.digest = ? AND m.deleted_at IS NULL",
            repository_id,
            digest.packed,
        )
    )


def by_tag(tx: Transaction, repository_id: int, tag: str) -> ManifestRow | None:
    """The manifest that the tag names."""
    return _manifest(
        tx.one(
            f"SELECT {_ROW} FROM tags t JOIN manifests m ON m.id = t.manifest_id"
            " WHERE t.repository_id = ? AND t.name = ?",
            repository_id,
            tag,
        )
    )


def _manifest(row: tuple[object, ...] | None) -> ManifestRow | None:
    if row is None:
        return None
    number, digest, media_type, subject, body = row
    assert isinstance(number, int)
    assert isinstance(digest, bytes)
    assert isinstance(body, bytes)
    return ManifestRow(
        number, Digest(digest), str(media_type), Digest(subject) if isinstance(subject, bytes) else None, body
    )


def sizes(tx: Transaction, repository_id: int, digests: Sequence[Digest]) -> dict[Digest, int]:
    """The sizes of those of the digests whose manifests are live, each with all that it refers to."""
    found: dict[Digest, int] = {}
    wanted = sorted({digest.packed for digest in digests})
    for start in range(0, len(wanted), LARGEST_LIST):
        some = wanted[start : start + LARGEST_LIST]
        rows = tx.all(
            f"SELECT digest, size FROM manifests WHERE repository_id = ? AND digest IN ({','.join('?' * len(some))})"
            " AND deleted_at IS NULL",
            repository_id,
            *some,
        )
        found.update((Digest(bytes(row[0])), int(row[1])) for row in rows)
    return found


def call_accessory(tx: Transaction, manifest_id: int, accessory: str, of: Digest) -> None:
    """Notes what the manifest is to another, unless it says so itself."""
    tx.run(
        "UPDATE manifests SET accessory = ?, accessory_of = ? WHERE id = ? AND accessory_of IS NULL",
        accessory,
        of.packed,
        manifest_id,
    )


def lock_live(tx: Transaction, repository_id: int, digest: Digest) -> int | None:
    """The id of the live manifest, which nobody else changes, tags or refers to until the transaction ends."""
    row = tx.one(
        "SELECT id FROM manifests WHERE repository_id = ? AND digest = ? AND deleted_at IS NULL FOR UPDATE",
        repository_id,
        digest.packed,
    )
    return None if row is None else int(row[0])


def lock_present(tx: Transaction, repository_id: int, digests: Iterable[Digest]) -> set[Digest]:
    """Those of the digests whose manifests are live; nobody else changes or tags them until the transaction ends.

    Whoever locks several manifests does so in one call: it locks them in one order.
    """
    return _present(tx, repository_id, digests, " FOR UPDATE")


def lock_held(tx: Transaction, repository_id: int, digests: Iterable[Digest]) -> dict[Digest, bool]:
    """As `lock_present`, of those in the trash as well: whether each is live."""
    found: dict[Digest, bool] = {}
    wanted = sorted({digest.packed for digest in digests})
    for start in range(0, len(wanted), LARGEST_LIST):
        some = wanted[start : start + LARGEST_LIST]
        rows = tx.all(
            f"SELECT digest, deleted_at FROM manifests WHERE repository_id = ? AND digest IN"
            f" ({','.join('?' * len(some))}) AND (deleted_at IS NULL OR trash_id IS NOT NULL)"
            " ORDER BY digest FOR UPDATE",
            repository_id,
            *some,
        )
        found.update((Digest(bytes(row[0])), row[1] is None) for row in rows)
    return found


def present(tx: Transaction, repository_id: int, digests: Iterable[Digest]) -> set[Digest]:
    """Those of the digests whose manifests are live."""
    return _present(tx, repository_id, digests, "")


def _present(tx: Transaction, repository_id: int, digests: Iterable[Digest], locking: str) -> set[Digest]:
    found: set[Digest] = set()
    wanted = sorted({digest.packed for digest in digests})
    for start in range(0, len(wanted), LARGEST_LIST):
        some = wanted[start : start + LARGEST_LIST]
        rows = tx.all(
            f"SELECT digest FROM manifests WHERE repository_id = ? AND digest IN ({','.join('?' * len(some))})"
            f" AND deleted_at IS NULL ORDER BY digest{locking}",
            repository_id,
            *some,
        )
        found.update(Digest(bytes(row[0])) for row in rows)
    return found


def store(tx: Transaction, repository_id: int, new: NewManifest, needs: Needs) -> Stored:
    """The manifest, written down, taken out of the trash, or found as it is.

    The caller holds locks on the blobs' links and on the children.
    """
    row = tx.one(
        "INSERT INTO manifests"
        " (repository_id, digest, media_type, artifact_type, subject, annotations, body,"
        "  kind, config_type, size, attributes, accessory, accessory_of, icon, pushed_at, listed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        f"  ? AND NOT EXISTS (SELECT 1 {_NAMING} WHERE c.repository_id = ? AND c.digest = ? AND p.deleted_at IS NULL))"
        " ON CONFLICT (repository_id, digest) DO NOTHING RETURNING id",
        repository_id,
        new.digest.packed,
        new.media_type,
        new.artifact_type,
        None if new.subject is None else new.subject.packed,
        new.annotations,
        new.body,
        new.described.kind,
        new.described.media_type,
        new.described.size,
        new.described.attributes,
        new.described.accessory_type,
        None if new.subject is None else new.subject.packed,
        None if new.described.icon is None else new.described.icon.packed,
        tx.now,
        new.described.accessory_type is None,
        repository_id,
        new.digest.packed,
    )
    if row is None:
        return _revive(tx, repository_id, new, needs.missing)
    manifest_id = int(row[0])
    for blob_id in needs.blob_ids:
        refer(tx, manifest_id, repository_id, blob_id)
    for digest in needs.missing:
        _lack(tx, manifest_id, repository_id, digest)
    for digest in needs.children:
        tx.run(
            "INSERT INTO manifest_children (parent_id, repository_id, digest) VALUES (?, ?, ?)",
            manifest_id,
            repository_id,
            digest.packed,
        )
    shift = Shift(repository_id, bodies=len(new.body))
    return Stored(manifest_id, True, Use(quotas.project_of(tx, repository_id), len(new.body), (shift,)))


def _lack(tx: Transaction, manifest_id: int, repository_id: int, digest: Digest) -> None:
    tx.run(
        "INSERT INTO missing_blobs (manifest_id, repository_id, digest) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        manifest_id,
        repository_id,
        digest.packed,
    )


def _revive(tx: Transaction, repository_id: int, new: NewManifest, missing: Sequence[Digest]) -> Stored:
    row = tx.one(
        "SELECT id, deleted_at, trash_id FROM manifests WHERE repository_id = ? AND digest = ? FOR UPDATE",
        repository_id,
        new.digest.packed,
    )
    if row is None:  # Let go between the two statements.
        raise Again
    manifest_id, was_deleted = int(row[0]), row[1] is not None
    if row[2] is not None and tx.one("SELECT 1 FROM trash WHERE id = ? AND moving IS NOT NULL", row[2]) is not None:
        raise Conflict(f"{new.digest} is being restored in another repository, which takes a moment; try again then")
    if was_deleted:
        tx.run(
            "UPDATE manifests SET deleted_at = NULL, trash_id = NULL, media_type = ?, pushed_at = ?,"
            f" listed = ({IS_LISTED})"
            " WHERE id = ?",
            new.media_type,
            tx.now,
            manifest_id,
        )
        for digest in missing:
            _let_hidden_go(tx, manifest_id, repository_id, digest)
            _lack(tx, manifest_id, repository_id, digest)
        trash.delete_if_empty(tx, [] if row[2] is None else [int(row[2])])
    return Stored(manifest_id, was_deleted, quotas.NOTHING)


def _let_hidden_go(tx: Transaction, manifest_id: int, repository_id: int, digest: Digest) -> None:
    """Ends the manifest's hold on a blob that was deleted while the manifest was in the trash."""
    hidden = tx.one(
        "SELECT l.blob_id FROM blobs b JOIN manifest_blobs r ON r.blob_id = b.id AND r.manifest_id = ?"
        " JOIN repository_blobs l ON l.repository_id = r.repository_id AND l.blob_id = r.blob_id"
        " WHERE b.digest = ? FOR NO KEY UPDATE OF l",
        manifest_id,
        digest.packed,
    )
    if hidden is not None:
        tx.run("DELETE FROM manifest_blobs WHERE manifest_id = ? AND blob_id = ?", manifest_id, hidden[0])
        _review(tx, repository_id, hidden[0])


def relist(tx: Transaction, repository_id: int, digests: Iterable[Digest]) -> None:
    """Has `listed` be right for the manifests of these digests, after their tags or the indexes that name them changed.

    To be called last in the transaction that changed them, for all of them at once. They are locked first, in one
    order, so that the statement after that sees what everybody else has done to them.
    """
    wanted = sorted({digest.packed for digest in digests})
    for start in range(0, len(wanted), LARGEST_LIST):
        some = wanted[start : start + LARGEST_LIST]
        marks = ",".join("?" * len(some))
        tx.all(
            f"SELECT id FROM manifests WHERE repository_id = ? AND digest IN ({marks}) ORDER BY digest FOR UPDATE",
            repository_id,
            *some,
        )
        tx.run(
            f"UPDATE manifests SET listed = NOT listed WHERE repository_id = ? AND digest IN ({marks})"
            f" AND deleted_at IS NULL AND listed <> ({IS_LISTED})",
            repository_id,
            *some,
        )


def children(tx: Transaction, manifest_id: int) -> list[Digest]:
    """The digests of the manifests that an index names."""
    rows = tx.all("SELECT digest FROM manifest_children WHERE parent_id = ?", manifest_id)
    return [Digest(bytes(row[0])) for row in rows]


def children_of(tx: Transaction, repository_id: int, digest: Digest) -> list[Digest]:
    """As `children`, of the index of that digest."""
    find = "SELECT id FROM manifests WHERE repository_id = ? AND digest = ?"
    row = tx.one(find, repository_id, digest.packed)
    return [] if row is None else children(tx, row[0])


def naming_index(tx: Transaction, repository_id: int, digest: Digest) -> Digest | None:
    """A live index of the repository that names the manifest."""
    row = tx.one(
        "SELECT m.digest FROM manifest_children c JOIN manifests m ON m.id = c.parent_id"
        " WHERE c.repository_id = ? AND c.digest = ? AND m.deleted_at IS NULL LIMIT 1",
        repository_id,
        digest.packed,
    )
    return None if row is None else Digest(bytes(row[0]))


def lock_all(tx: Transaction, repository_id: int) -> int:
    """How many live manifests the repository has; nobody else changes or tags them until the transaction ends."""
    find = "SELECT id FROM manifests WHERE repository_id = ? AND deleted_at IS NULL ORDER BY digest FOR UPDATE"
    return len(tx.all(find, repository_id))


def count(tx: Transaction, repository_id: int) -> int:
    """How many live manifests the repository has."""
    row = tx.one("SELECT count(*) FROM manifests WHERE repository_id = ? AND deleted_at IS NULL", repository_id)
    assert row is not None
    return int(row[0])


def has_any(tx: Transaction, repository_id: int) -> bool:
    """Whether the repository holds any manifest, live or in the trash."""
    return tx.one("SELECT 1 FROM manifests WHERE repository_id = ? LIMIT 1", repository_id) is not None


def annotations_of(tx: Transaction, manifest_id: int) -> str | None:
    """The annotations that are kept of a referrer, as JSON."""
    row = tx.one("SELECT annotations FROM manifests WHERE id = ?", manifest_id)
    return None if row is None else row[0]


def lock_links(tx: Transaction, manifest_ids: Sequence[int]) -> None:
    """Locks the links of all that the manifests need, in one order, as several are to be released together.

    Pushes that only refer to the same blobs do not wait for this lock; collection does.
    """
    tx.all(
        "SELECT 1 FROM manifest_blobs r JOIN repository_blobs l"
        " ON l.repository_id = r.repository_id AND l.blob_id = r.blob_id"
        f" WHERE r.manifest_id IN ({','.join('?' * len(manifest_ids))})"
        " ORDER BY l.repository_id, l.blob_id FOR NO KEY UPDATE OF l",
        *manifest_ids,
    )


def release(tx: Transaction, manifest_id: int, repository_id: int) -> Use:
    """Forgets the manifest for good and has its blobs reviewed, never sooner than they were to be reviewed already.

    Gives back the room that is to be freed.
    """
    links = tx.all(
        "SELECT l.blob_id FROM manifest_blobs r JOIN repository_blobs l"
        " ON l.repository_id = r.repository_id AND l.blob_id = r.blob_id"
        " WHERE r.manifest_id = ? ORDER BY l.blob_id FOR NO KEY UPDATE OF l",
        manifest_id,
    )
    kept = tx.all("SELECT DISTINCT trash_id FROM trash_tags WHERE manifest_id = ?", manifest_id)
    tx.run("DELETE FROM manifest_blobs WHERE manifest_id = ?", manifest_id)
    tx.run("DELETE FROM missing_blobs WHERE manifest_id = ?", manifest_id)
    tx.run("DELETE FROM manifest_children WHERE parent_id = ?", manifest_id)
    gone = tx.one("DELETE FROM manifests WHERE id = ? RETURNING length(body)", manifest_id)
    for row in links:
        _review(tx, repository_id, row[0])
    trash.delete_if_empty(tx, [int(row[0]) for row in kept])
    if gone is None:
        return quotas.NOTHING
    return Use(quotas.project_of(tx, repository_id), int(gone[0]), (Shift(repository_id, bodies=-int(gone[0])),))


def _review(tx: Transaction, repository_id: int, blob_id: int) -> None:
    tx.run(
        "UPDATE repository_blobs SET review_after = ? WHERE repository_id = ? AND blob_id = ?"
        " AND (review_after IS NULL OR review_after < ?)",
        tx.now,
        repository_id,
        blob_id,
        tx.now,
    )
