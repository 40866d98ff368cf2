"""Indexes of layers: each an object of its own, under the same protocol as those that hold blobs."""

from collections.abc import Sequence
from typing import NamedTuple

from entrepot.db import removals
from entrepot.db.contract import Row, Transaction
from entrepot.model.digest import Digest

SOME = 500


class IndexRow(NamedTuple):
    """What came of reading a layer."""

    key: str | None
    """The object; None: it could not be indexed."""
    size: int
    tree_size: int
    """How many of the object's bytes are the index itself; what follows is read in parts."""
    entries: int
    unpacked: int
    left_out: int
    reason: str
    """Why it could not be indexed; empty if it was."""


class LayerRow(NamedTuple):
    """A blob, and its index."""

    blob_id: int
    digest: Digest
    size: int
    quarantined: bool
    indexed: IndexRow | None
    """None: it was not read yet, or by another version of this program."""


_COLUMNS = (
    "b.id, b.digest, b.size, b.quarantined_at IS NOT NULL,"
    " i.blob_id, i.key, i.size, i.tree_size, i.entries, i.unpacked, i.left_out, i.reason"
)


def of_repository(
    tx: Transaction, repository_id: int, digests: Sequence[Digest], version: int
) -> dict[Digest, LayerRow]:
    """Those of the blobs that the repository shows."""
    wanted = sorted({digest.packed for digest in digests})
    found: list[Row] = []
    for start in range(0, len(wanted), SOME):
        some = wanted[start : start + SOME]
        found += tx.all(
            f"SELECT {_COLUMNS} FROM blobs b JOIN repository_blobs l ON l.blob_id = b.id"
            " LEFT JOIN layer_indexes i ON i.blob_id = b.id AND i.version = ?"
            f" WHERE l.repository_id = ? AND l.visible AND b.digest IN ({','.join('?' * len(some))})",
            version,
            repository_id,
            *some,
        )
    return {layer.digest: layer for layer in map(_layer, found)}


def manifest(tx: Transaction, manifest_id: int) -> tuple[int, bytes] | None:
    """The repository of the manifest, and the manifest as it was pushed; None if it is not live any more."""
    row = tx.one("SELECT repository_id, body FROM manifests WHERE id = ? AND deleted_at IS NULL", manifest_id)
    return None if row is None else (int(row[0]), bytes(row[1]))


def put(tx: Transaction, blob_id: int, version: int, index: IndexRow, grace: int) -> bool:
    """Whether the index is the blob's from now on. Else the blob is gone or has one already, and ours is given up.

    The index's object is durable, and still on the list of those to be removed. One of another version goes after
    `grace` microseconds.
    """
    if index.key is not None and not removals.take_back(tx, index.key):
        return False
    there = tx.one("SELECT 1 FROM blobs WHERE id = ? FOR KEY SHARE", blob_id) is not None
    # A statement of its own, after the lock. Of two who are at the same blob, one waits here for the other's row.
    if there:
        old = tx.one("SELECT key FROM layer_indexes WHERE blob_id = ? AND version <> ? FOR UPDATE", blob_id, version)
        if old is not None:
            tx.run("DELETE FROM layer_indexes WHERE blob_id = ?", blob_id)
            if old[0] is not None:
                removals.give_up(tx, str(old[0]), tx.now + grace)
        there = bool(
            tx.run(
                "INSERT INTO layer_indexes (blob_id, version, key, size, tree_size, entries, unpacked, left_out,"
                " reason, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (blob_id) DO NOTHING",
                blob_id,
                version,
                *index,
                tx.now,
            )
        )
    if not there and index.key is not None:
        removals.give_up(tx, index.key, tx.now)
    return there


def forget(tx: Transaction, key: str) -> bool:
    """Whether an index was held by the object, which is let go, because it does not hold it: it is made again."""
    if not tx.run("DELETE FROM layer_indexes WHERE key = ?", key):
        return False
    removals.give_up(tx, key, tx.now)
    return True


def forget_of_blob(tx: Transaction, blob_id: int, grace: int) -> None:
    """Lets the blob's index go, after `grace` microseconds. The caller has locked the blob for its own removal."""
    row = tx.one("SELECT key FROM layer_indexes WHERE blob_id = ?", blob_id)
    if row is None:
        return
    tx.run("DELETE FROM layer_indexes WHERE blob_id = ?", blob_id)
    if row[0] is not None:
        removals.give_up(tx, str(row[0]), tx.now + grace)


def page_of_objects(tx: Transaction, after: str, count: int) -> list[tuple[str, int]]:
    """Key and size of up to `count` objects that hold indexes, by key, those greater than `after`."""
    rows = tx.all(
        "SELECT key, size FROM layer_indexes WHERE key IS NOT NULL AND key > ? ORDER BY key LIMIT ?", after, count
    )
    return [(str(row[0]), int(row[1])) for row in rows]


def holds(tx: Transaction, key: str) -> bool:
    """Whether an index is still held by the object."""
    return tx.one("SELECT 1 FROM layer_indexes WHERE key = ?", key) is not None


def _layer(row: Row) -> LayerRow:
    indexed = None
    if row[4] is not None:
        indexed = IndexRow(row[5], int(row[6]), int(row[7]), int(row[8]), int(row[9]), int(row[10]), str(row[11]))
    return LayerRow(int(row[0]), Digest(bytes(row[1])), int(row[2]), bool(row[3]), indexed)
