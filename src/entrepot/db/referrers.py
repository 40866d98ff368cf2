"""Referrers: manifests that say of another one of their repository that it is their subject."""

from typing import NamedTuple

from entrepot.db.contract import Transaction
from entrepot.model.digest import Digest


class ReferrerRow(NamedTuple):
    """A referrer as it is listed."""

    digest: Digest
    media_type: str
    artifact_type: str | None
    size: int
    annotations: str | None


_REFERRERS = (
    " FROM manifests WHERE repository_id = ? AND subject = ? AND subject IS NOT NULL AND deleted_at IS NULL"
    " AND digest > ?"
)


def sizes(
    tx: Transaction, repository_id: int, subject: Digest, artifact_type: str | None, after: bytes, count: int
) -> list[int]:
    """How many bytes of annotations each of the next `count` referrers has, in the order in which they are listed."""
    only, values = _only(artifact_type)
    rows = tx.all(
        f"SELECT coalesce(length(annotations), 0){_REFERRERS}{only} ORDER BY digest LIMIT ?",
        repository_id,
        subject.packed,
        after,
        *values,
        count,
    )
    return [int(row[0]) for row in rows]


def page(
    tx: Transaction, repository_id: int, subject: Digest, artifact_type: str | None, after: bytes, count: int
) -> list[ReferrerRow]:
    """The next `count` live referrers of the subject, by digest, those greater than `after`."""
    only, values = _only(artifact_type)
    rows = tx.all(
        f"SELECT digest, media_type, artifact_type, length(body), annotations{_REFERRERS}{only}"
        " ORDER BY digest LIMIT ?",
        repository_id,
        subject.packed,
        after,
        *values,
        count,
    )
    return [ReferrerRow(Digest(bytes(row[0])), row[1], row[2], int(row[3]), row[4]) for row in rows]


def _only(artifact_type: str | None) -> tuple[str, tuple[str, ...]]:
    return ("", ()) if artifact_type is None else (" AND artifact_type = ?", (artifact_type,))
