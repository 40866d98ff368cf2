"""Questions for proving a store: everything that is held, page by page in the order of its id."""

from typing import NamedTuple

from entrepot.db.blobs import Part, further_parts
from entrepot.db.contract import Row, Transaction
from entrepot.model.digest import Digest


class Totals(NamedTuple):
    """How much there is to prove."""

    manifests: int
    blobs: int
    bytes: int


class HeldBlob(NamedTuple):
    """A blob and the objects that hold it."""

    id: int
    digest: Digest
    size: int
    parts: tuple[Part, ...]
    quarantined_at: int | None
    """Set aside since then; None: it counts as good."""


class HeldManifest(NamedTuple):
    """A live manifest."""

    id: int
    repository_id: int
    repository: str
    digest: Digest
    media_type: str
    body: bytes


def totals(tx: Transaction) -> Totals:
    """How much there is to prove."""
    manifests = tx.one("SELECT count(*) FROM manifests WHERE deleted_at IS NULL")
    blobs = tx.one("SELECT count(*), coalesce(sum(size), 0) FROM blobs")
    assert manifests is not None
    assert blobs is not None
    return Totals(int(manifests[0]), int(blobs[0]), int(blobs[1]))


def page_of_blobs(tx: Transaction, after: int, count: int) -> list[HeldBlob]:
    """Up to `count` blobs with ids greater than `after`."""
    rows = tx.all(
        "SELECT id, digest, size, key, parts, quarantined_at FROM blobs WHERE id > ? ORDER BY id LIMIT ?", after, count
    )
    return [held_blob(tx, row) for row in rows]


def held_blob(tx: Transaction, row: Row) -> HeldBlob:
    """The blob of a row of id, digest, size, key, parts and quarantined_at."""
    further = further_parts(tx, int(row[0])) if row[4] > 1 else ()
    return HeldBlob(int(row[0]), Digest(bytes(row[1])), int(row[2]), (Part(0, str(row[3])), *further), row[5])


def holds_blob(tx: Transaction, blob_id: int, key: str) -> bool:
    """Whether the blob is still held, by the object of that key."""
    return tx.one("SELECT 1 FROM blobs WHERE id = ? AND key = ?", blob_id, key) is not None


def page_of_manifests(tx: Transaction, after: int, count: int) -> list[HeldManifest]:
    """Up to `count` live manifests with ids greater than `after`."""
    rows = tx.all(
        "SELECT m.id, m.repository_id, r.name, m.digest, m.media_type, m.body FROM manifests m"
        " JOIN repositories r ON r.id = m.repository_id"
        " WHERE m.id > ? AND m.deleted_at IS NULL ORDER BY m.id LIMIT ?",
        after,
        count,
    )
    return [HeldManifest(int(r[0]), int(r[1]), str(r[2]), Digest(bytes(r[3])), str(r[4]), bytes(r[5])) for r in rows]


def is_live(tx: Transaction, manifest_id: int) -> bool:
    """Whether the manifest is still live."""
    return tx.one("SELECT 1 FROM manifests WHERE id = ? AND deleted_at IS NULL", manifest_id) is not None


def needed_blobs(tx: Transaction, manifest_id: int) -> set[Digest]:
    """The digests of the blobs that are held for the manifest."""
    rows = tx.all(
        "SELECT b.digest FROM manifest_blobs r JOIN blobs b ON b.id = r.blob_id"
        " JOIN repository_blobs l ON l.repository_id = r.repository_id AND l.blob_id = r.blob_id"
        " WHERE r.manifest_id = ? AND l.visible",
        manifest_id,
    )
    return {Digest(bytes(row[0])) for row in rows}


def may_be_sparse(tx: Transaction, repository_id: int, instance_setting: bool) -> bool:
    """Whether manifests of the repository may lack what they refer to."""
    row = tx.one(
        "SELECT p.sparse_indexes FROM repositories r JOIN projects p ON p.id = r.project_id WHERE r.id = ?",
        repository_id,
    )
    return instance_setting if row is None or row[0] is None else bool(row[0])


def admittedly_missing(tx: Transaction, manifest_id: int) -> set[Digest]:
    """The digests of the blobs that the manifest was accepted without."""
    rows = tx.all("SELECT digest FROM missing_blobs WHERE manifest_id = ?", manifest_id)
    return {Digest(bytes(row[0])) for row in rows}


def dangling_tags(tx: Transaction, count: int) -> list[str]:
    """Up to `count` tags, as `repository:tag`, that name no live manifest."""
    rows = tx.all(
        "SELECT r.name, t.name FROM tags t JOIN repositories r ON r.id = t.repository_id"
        " LEFT JOIN manifests m ON m.id = t.manifest_id WHERE m.id IS NULL OR m.deleted_at IS NOT NULL LIMIT ?",
        count,
    )
    return [f"{row[0]}:{row[1]}" for row in rows]


def page_of_parts(tx: Transaction, after: str, count: int) -> list[tuple[str, int]]:
    """Key and size of up to `count` parts of uploads, by key, those greater than `after`."""
    rows = tx.all("SELECT key, size FROM upload_parts WHERE key > ? ORDER BY key LIMIT ?", after, count)
    return [(str(row[0]), int(row[1])) for row in rows]


def holds_part(tx: Transaction, key: str) -> bool:
    """Whether an upload still counts on that part."""
    return tx.one("SELECT 1 FROM upload_parts WHERE key = ?", key) is not None


def knows_key(tx: Transaction, key: str) -> bool:
    """Whether some row answers for the object: a blob, a part of an upload, an index, or a removal to come."""
    return any(
        tx.one(f"SELECT 1 FROM {table} WHERE key = ?", key) is not None
        for table in ("blobs", "blob_parts", "upload_parts", "layer_indexes", "objects_to_remove")
    )
