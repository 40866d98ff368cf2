"""Blobs that are set aside because their objects do not hold them, until somebody brings the content again.

A blob that is set aside keeps its row, its links and what refers to it: all of that is right as soon as the content is.
It is shown to nobody as good meanwhile.
"""

from typing import NamedTuple

from entrepot.db.contract import Transaction
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.db.proof import HeldBlob, held_blob
from entrepot.model.digest import Digest
from entrepot.model.fault import Fault
from entrepot.model.query import ListQuery

_HELD = "b.id, b.digest, b.size, b.key, b.parts, b.quarantined_at"


class SetAside(NamedTuple):
    """A blob that is set aside."""

    id: int
    digest: Digest
    size: int
    fault: str
    since: int
    examined_at: int


class Image(NamedTuple):
    """A live manifest that needs a blob, or is an index that names one that does."""

    manifest_id: int
    repository: str
    digest: Digest
    tags: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """How people name it: by its tags, or by its digest if it has none."""
        return [f"{self.repository}:{tag}" for tag in self.tags] or [f"{self.repository}@{self.digest}"]


class Total(NamedTuple):
    """How much is set aside."""

    blobs: int
    bytes: int


def set_aside(tx: Transaction, blob_id: int, key: str, fault: Fault) -> bool:
    """Whether the blob is set aside by this: it is still held by the object, and was not set aside before."""
    # Every object of a blob is replaced at once, so its first key stands for all of them.
    return (
        tx.run(
            "UPDATE blobs SET quarantined_at = ?, fault = ?, examined_at = ?"
            " WHERE id = ? AND key = ? AND quarantined_at IS NULL",
            tx.now,
            fault.value,
            tx.now,
            blob_id,
            key,
        )
        == 1
    )


def release(tx: Transaction, blob_id: int, key: str) -> bool:
    """Whether the blob is shown again by this: it was set aside, and is held by the object, which is good after all."""
    return (
        tx.run(
            "UPDATE blobs SET quarantined_at = NULL, fault = NULL, examined_at = NULL"
            " WHERE id = ? AND key = ? AND quarantined_at IS NOT NULL",
            blob_id,
            key,
        )
        == 1
    )


def total(tx: Transaction) -> Total:
    """How much is set aside."""
    row = tx.one("SELECT count(*), coalesce(sum(size), 0) FROM blobs WHERE quarantined_at IS NOT NULL")
    assert row is not None
    return Total(int(row[0]), int(row[1]))


_LISTING = Listing(
    select="b.id, b.digest, b.size, b.fault, b.quarantined_at, b.examined_at",
    source="FROM blobs b",
    columns={
        "size": Column("b.size", Kind.NUMBER),
        "fault": Column("b.fault"),
        "quarantine_time": Column("b.quarantined_at", Kind.TIME),
    },
    order="b.quarantined_at DESC, b.id DESC",
    unique="b.id",
)


def page(tx: Transaction, query: ListQuery) -> tuple[list[SetAside], int]:
    """A page of what is set aside, the newest first, and how much there is. Raises Invalid."""
    found, count = rows(tx, _LISTING, query, ["b.quarantined_at IS NOT NULL"], [])
    return [SetAside(int(r[0]), Digest(bytes(r[1])), int(r[2]), str(r[3]), int(r[4]), int(r[5])) for r in found], count


def find(tx: Transaction, digest: Digest) -> SetAside | None:
    """The blob of that digest, if it is set aside."""
    row = tx.one(
        f"SELECT {_LISTING.select} {_LISTING.source} WHERE b.digest = ? AND b.quarantined_at IS NOT NULL", digest.packed
    )
    if row is None:
        return None
    return SetAside(int(row[0]), Digest(bytes(row[1])), int(row[2]), str(row[3]), int(row[4]), int(row[5]))


def images(tx: Transaction, blob_id: int, after: int, count: int) -> list[Image]:
    """Up to `count` live manifests that cannot be pulled whole without the blob, by id, those after `after`."""
    found = tx.all(
        "WITH RECURSIVE needing (id) AS ("
        " SELECT r.manifest_id FROM repository_blobs l JOIN manifest_blobs r"
        "  ON r.repository_id = l.repository_id AND r.blob_id = l.blob_id WHERE l.blob_id = ?"
        " UNION SELECT c.parent_id FROM needing n JOIN manifests m ON m.id = n.id"
        "  JOIN manifest_children c ON c.repository_id = m.repository_id AND c.digest = m.digest)"
        " SELECT m.id, p.name, m.digest FROM needing n JOIN manifests m ON m.id = n.id"
        " JOIN repositories p ON p.id = m.repository_id WHERE m.id > ? AND m.deleted_at IS NULL ORDER BY m.id LIMIT ?",
        blob_id,
        after,
        count,
    )
    return [Image(int(r[0]), str(r[1]), Digest(bytes(r[2])), _tags(tx, int(r[0]))) for r in found]


def _tags(tx: Transaction, manifest_id: int) -> tuple[str, ...]:
    found = tx.all("SELECT name FROM tags WHERE manifest_id = ? ORDER BY name LIMIT 100", manifest_id)
    return tuple(str(row[0]) for row in found)


def suspect(tx: Transaction, blob_id: int) -> None:
    """Has the blob looked at soon."""
    tx.run(
        "INSERT INTO suspected_blobs (blob_id, suspected_at) VALUES (?, ?) ON CONFLICT (blob_id) DO NOTHING",
        blob_id,
        tx.now,
    )


def suspects(tx: Transaction, count: int) -> list[tuple[int, HeldBlob | None]]:
    """Up to `count` blobs that are suspected, each with what holds it; None for one that is not held any more."""
    found = tx.all("SELECT blob_id FROM suspected_blobs ORDER BY blob_id LIMIT ?", count)
    return [(int(row[0]), held(tx, int(row[0]))) for row in found]


def cleared(tx: Transaction, blob_id: int) -> None:
    """Suspects the blob no more."""
    tx.run("DELETE FROM suspected_blobs WHERE blob_id = ?", blob_id)


def held(tx: Transaction, blob_id: int) -> HeldBlob | None:
    """The blob and what holds it."""
    row = tx.one(f"SELECT {_HELD} FROM blobs b WHERE b.id = ?", blob_id)
    return None if row is None else held_blob(tx, row)


def take_stale(tx: Transaction, count: int, before: int) -> list[HeldBlob]:
    """Up to `count` blobs that were set aside as missing and not looked for since that moment, noted as looked for."""
    found = tx.all(
        f"SELECT {_HELD} FROM blobs b WHERE b.quarantined_at IS NOT NULL AND b.fault = ? AND b.examined_at < ?"
        " ORDER BY b.quarantined_at, b.id LIMIT ?",
        Fault.BLOB_MISSING.value,
        before,
        count,
    )
    for row in found:
        tx.run("UPDATE blobs SET examined_at = ? WHERE id = ? AND quarantined_at IS NOT NULL", tx.now, row[0])
    return [held_blob(tx, row) for row in found]


def is_stale(tx: Transaction, before: int) -> bool:
    """Whether some blob was set aside as missing and not looked for since that moment."""
    find_one = "SELECT 1 FROM blobs WHERE quarantined_at IS NOT NULL AND fault = ? AND examined_at < ? LIMIT 1"
    return tx.one(find_one, Fault.BLOB_MISSING.value, before) is not None


def others(tx: Transaction, blob_id: int, count: int) -> list[HeldBlob]:
    """Up to `count` blobs beside that one that count as good, the newest first."""
    found = tx.all(
        f"SELECT {_HELD} FROM blobs b WHERE b.quarantined_at IS NULL AND b.id <> ? ORDER BY b.id DESC LIMIT ?",
        blob_id,
        count,
    )
    return [held_blob(tx, row) for row in found]
