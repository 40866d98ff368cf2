"""What each tag has named: its newest moves, and no more of them than that."""

from collections.abc import Sequence
from typing import NamedTuple

from entrepot.db.contract import Row, Transaction
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.model.digest import Digest
from entrepot.model.grant import Principal
from entrepot.model.query import ListQuery
from entrepot.model.trash import MoveKind

MOST_OF_A_TAG = 100
"""Moves that are kept of one tag."""


class TagMove(NamedTuple):
    """A tag came to name something else."""

    id: int
    at: int
    actor: str
    through: str
    kind: MoveKind
    before: Digest | None
    after: Digest | None
    held: str
    """Of what it named since: `live`, `trash`, or empty if that is gone for good."""


_LISTING = Listing(
    select=(
        "v.id, v.at, v.actor, v.through, v.kind, v.digest_before, v.digest_after,"
        " (SELECT CASE WHEN m.deleted_at IS NULL THEN 'live' WHEN m.trash_id IS NULL THEN '' ELSE 'trash' END"
        "  FROM manifests m WHERE m.repository_id = v.repository_id AND m.digest = v.digest_after)"
    ),
    source="FROM tag_moves v",
    columns={
        "id": Column("v.id", Kind.NUMBER),
        "time": Column("v.at", Kind.TIME),
        "username": Column("v.actor"),
        "kind": Column("v.kind"),
    },
    order="v.id DESC",
    unique="v.id",
)


def record(
    tx: Transaction,
    by: Principal,
    repository_id: int,
    tag: str,
    kind: MoveKind,
    before: Digest | None,
    after: Digest | None,
) -> None:
    """Notes the move with the rest of the transaction, and forgets what is too old of the same tag."""
    tx.run(
        "INSERT INTO tag_moves (repository_id, tag, at, actor, through, kind, digest_before, digest_after)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        repository_id,
        tag,
        tx.now,
        by.name,
        by.proof.value,
        kind.value,
        None if before is None else before.packed,
        None if after is None else after.packed,
    )
    tx.run(
        "DELETE FROM tag_moves WHERE repository_id = ? AND tag = ? AND id <="
        " (SELECT id FROM tag_moves WHERE repository_id = ? AND tag = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
        repository_id,
        tag,
        repository_id,
        tag,
        MOST_OF_A_TAG,
    )


def record_deletion_of_all(tx: Transaction, by: Principal, repository_id: int) -> None:
    """As `record`, for all tags of a repository, which are about to be deleted."""
    tx.run(
        "INSERT INTO tag_moves (repository_id, tag, at, actor, through, kind, digest_before)"
        " SELECT t.repository_id, t.name, CAST(? AS BIGINT), ?, ?, ?, m.digest FROM tags t"
        " JOIN manifests m ON m.id = t.manifest_id WHERE t.repository_id = ?",
        tx.now,
        by.name,
        by.proof.value,
        MoveKind.DELETED.value,
        repository_id,
    )


def record_deletion(tx: Transaction, by: Principal, manifest_ids: Sequence[int]) -> None:
    """As `record`, for all tags of these manifests, which are about to be deleted."""
    tx.run(
        "INSERT INTO tag_moves (repository_id, tag, at, actor, through, kind, digest_before)"
        " SELECT t.repository_id, t.name, CAST(? AS BIGINT), ?, ?, ?, m.digest FROM tags t"
        f" JOIN manifests m ON m.id = t.manifest_id WHERE m.id IN ({','.join('?' * len(manifest_ids))})",
        tx.now,
        by.name,
        by.proof.value,
        MoveKind.DELETED.value,
        *manifest_ids,
    )


def record_restoration(tx: Transaction, by: Principal, repository_id: int, trash_id: int) -> None:
    """As `record`, for all tags of a deletion that are about to be restored, since their names are free."""
    tx.run(
        "INSERT INTO tag_moves (repository_id, tag, at, actor, through, kind, digest_after)"
        " SELECT CAST(? AS BIGINT), g.name, CAST(? AS BIGINT), ?, ?, ?, m.digest FROM trash_tags g"
        " JOIN manifests m ON m.id = g.manifest_id WHERE g.trash_id = ?"
        " AND NOT EXISTS (SELECT 1 FROM tags t WHERE t.repository_id = ? AND t.name = g.name)",
        repository_id,
        tx.now,
        by.name,
        by.proof.value,
        MoveKind.RESTORED.value,
        trash_id,
        repository_id,
    )


def page(tx: Transaction, repository_id: int, tag: str, query: ListQuery) -> tuple[list[TagMove], int]:
    """A page of the tag's moves, the newest first, and how many are kept."""
    found, total = rows(tx, _LISTING, query, ["v.repository_id = ?", "v.tag = ?"], [repository_id, tag])
    return [_move(row) for row in found], total


def forget(tx: Transaction, count: int, age: int) -> int:
    """How many of up to `count` moves older than `age` microseconds were forgotten."""
    return tx.run(
        "DELETE FROM tag_moves WHERE id IN (SELECT id FROM tag_moves WHERE at <= ? ORDER BY at LIMIT ?)",
        tx.now - age,
        count,
    )


def old(tx: Transaction, age: int) -> bool:
    """Whether some move is older than that."""
    return tx.one("SELECT 1 FROM tag_moves WHERE at <= ? LIMIT 1", tx.now - age) is not None


def _move(row: Row) -> TagMove:
    identifier, at, actor, through, kind, before, after, held = row
    return TagMove(identifier, at, actor, through, MoveKind(kind), _digest(before), _digest(after), held or "")


def _digest(packed: object) -> Digest | None:
    return Digest(packed) if isinstance(packed, bytes) else None
