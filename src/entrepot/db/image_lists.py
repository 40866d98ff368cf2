"""The images and tags of one repository as its page lists them: by key, so that no page of a long list costs more."""

from typing import NamedTuple

from entrepot.db.artifact_lists import TagRow
from entrepot.db.contract import Transaction
from entrepot.db.listing import contains

_LISTED = "FROM manifests m WHERE m.repository_id = ? AND m.deleted_at IS NULL AND m.listed"
_TAG = "t.id, t.repository_id, t.manifest_id, t.name, t.updated_at, t.pulled_at"


class Mark(NamedTuple):
    """A place in the list of images, which is by when they were pushed."""

    pushed_at: int
    id: int


_END = Mark(2**63 - 1, 0)


def count(tx: Transaction, repository_id: int, most: int) -> int:
    """How many images there are, counted up to `most`."""
    return _counted(tx, f"SELECT 1 {_LISTED}", repository_id, most)


def count_tags(tx: Transaction, repository_id: int, most: int) -> int:
    """How many tags there are, counted up to `most`."""
    return _counted(tx, "SELECT 1 FROM tags t WHERE t.repository_id = ?", repository_id, most)


def _counted(tx: Transaction, source: str, repository_id: int, most: int) -> int:
    row = tx.one(f"SELECT count(*) FROM ({source} LIMIT ?) c", repository_id, most)
    assert row is not None
    return int(row[0])


def older(tx: Transaction, repository_id: int, than: Mark | None, most: int) -> list[Mark]:
    """Up to `most` images that were pushed before that, the newest first; without a mark from the newest on."""
    rows = tx.all(
        f"SELECT m.pushed_at, m.id {_LISTED} AND (m.pushed_at, m.id) < (?, ?)"
        " ORDER BY m.pushed_at DESC, m.id DESC LIMIT ?",
        repository_id,
        *(than or _END),
        most,
    )
    return [Mark(*row) for row in rows]


def newer(tx: Transaction, repository_id: int, than: Mark, most: int) -> list[Mark]:
    """Up to `most` images that were pushed next after that, the newest first."""
    rows = tx.all(
        f"SELECT m.pushed_at, m.id {_LISTED} AND (m.pushed_at, m.id) > (?, ?) ORDER BY m.pushed_at, m.id LIMIT ?",
        repository_id,
        *than,
        most,
    )
    return [Mark(*row) for row in reversed(rows)]


def untagged(
    tx: Transaction, repository_id: int, than: Mark | None, most: int, window: int
) -> tuple[list[Mark], Mark | None]:
    """Up to `most` images without a tag among the next `window` older ones, and where that window ends.

    The end is None if there are no older ones beyond it.
    """
    inside = (
        f"SELECT m.pushed_at, m.id {_LISTED} AND (m.pushed_at, m.id) < (?, ?)"
        " ORDER BY m.pushed_at DESC, m.id DESC LIMIT ?"
    )
    start = than or _END
    rows = tx.all(
        f"SELECT w.pushed_at, w.id FROM ({inside}) w"
        " WHERE NOT EXISTS (SELECT 1 FROM tags t WHERE t.manifest_id = w.id)"
        " ORDER BY w.pushed_at DESC, w.id DESC LIMIT ?",
        repository_id,
        *start,
        window,
        most,
    )
    last = tx.one(f"{inside} OFFSET ?", repository_id, *start, 1, window - 1)
    return [Mark(*row) for row in rows], None if last is None else Mark(*last)


def tags_after(tx: Transaction, repository_id: int, part: str, after: str, most: int) -> list[TagRow]:
    """Up to `most` tags by name, those that come after that name and hold the part."""
    return _tags(tx, repository_id, part, "t.name > ?", after, "t.name", most)


def tags_before(tx: Transaction, repository_id: int, part: str, before: str, most: int) -> list[TagRow]:
    """Up to `most` tags by name, those that come next before that name and hold the part."""
    return _tags(tx, repository_id, part, "t.name < ?", before, "t.name DESC", most)[::-1]


def _tags(tx: Transaction, repository_id: int, part: str, bound: str, name: str, order: str, most: int) -> list[TagRow]:
    holding, values = contains("t.name", part) if part else ("1 = 1", [])
    rows = tx.all(
        f"SELECT {_TAG} FROM tags t WHERE t.repository_id = ? AND {bound} AND {holding} ORDER BY {order} LIMIT ?",
        repository_id,
        name,
        *values,
        most,
    )
    return [TagRow(*row) for row in rows]
