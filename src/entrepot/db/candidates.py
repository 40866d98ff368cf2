"""What rules of retention decide on: a repository's artifacts, as they are listed, with their tags.

What belongs to another artifact, and what a live index names without its having a tag, is none.
"""

from typing import NamedTuple

from entrepot.db.contract import Row, Transaction
from entrepot.model.digest import Digest
from entrepot.model.retained import Candidate, CandidateTag


class Cursor(NamedTuple):
    """After which artifact a list goes on, from the newest to the oldest."""

    pushed_at: int
    id: int


NEWEST = Cursor(2**63 - 1, 2**63 - 1)

_COLUMNS = "m.id, m.digest, m.pushed_at, m.pulled_at"
_PARTS_PULLED = (
    "(SELECT max(c.pulled_at) FROM manifest_children k JOIN manifests c ON c.repository_id = k.repository_id"
    " AND c.digest = k.digest WHERE k.parent_id = m.id)"
)


def page(tx: Transaction, repository_id: int, after: Cursor, count: int) -> list[Candidate]:
    """Up to `count` artifacts, those that were pushed last first: an index so comes before what it names."""
    rows = tx.all(
        f"SELECT {_COLUMNS}, {_PARTS_PULLED}, t.name, t.updated_at, t.pulled_at FROM (SELECT {_COLUMNS}"
        " FROM manifests m WHERE m.repository_id = ? AND m.deleted_at IS NULL AND m.listed"
        " AND (m.pushed_at, m.id) < (?, ?) ORDER BY m.pushed_at DESC, m.id DESC LIMIT ?) m"
        " LEFT JOIN tags t ON t.manifest_id = m.id ORDER BY m.pushed_at DESC, m.id DESC, t.name",
        repository_id,
        *after,
        count,
    )
    return _candidates(rows)


def find(tx: Transaction, manifest_id: int) -> Candidate | None:
    """The artifact as it is now, if it is listed."""
    rows = tx.all(
        f"SELECT {_COLUMNS}, {_PARTS_PULLED}, t.name, t.updated_at, t.pulled_at FROM manifests m"
        " LEFT JOIN tags t ON t.manifest_id = m.id WHERE m.id = ? AND m.deleted_at IS NULL AND m.listed"
        " ORDER BY t.name",
        manifest_id,
    )
    return _candidates(rows)[0] if rows else None


def is_unchanged(tx: Transaction, before: Candidate) -> bool:
    """Whether the artifact is listed still, and was neither pulled nor pushed again; of its tags nothing is said."""
    found = _candidates(
        tx.all(
            f"SELECT {_COLUMNS}, {_PARTS_PULLED}, NULL, NULL, NULL FROM manifests m"
            " WHERE m.id = ? AND m.deleted_at IS NULL AND m.listed",
            before.id,
        )
    )
    return found == [before._replace(tags=())]


def has_tag(tx: Transaction, repository_id: int, manifest_id: int, tag: CandidateTag) -> bool:
    """Whether the repository's tag still names the manifest, and was neither pulled nor pushed again."""
    find = "SELECT manifest_id, name, updated_at, pulled_at FROM tags WHERE repository_id = ? AND name = ?"
    row = tx.one(find, repository_id, tag.name)
    return row is not None and row[0] == manifest_id and CandidateTag(*row[1:]) == tag


def lone_parts(tx: Transaction, repository_id: int, digest: Digest) -> list[tuple[Digest, list[Digest]]]:
    """What the live index of that digest names and no tag does, with all the live indexes that name it."""
    found: dict[Digest, list[Digest]] = {}
    for part, index in tx.all(
        "SELECT c.digest, p.digest FROM manifests i JOIN manifest_children k ON k.parent_id = i.id"
        " JOIN manifests c ON c.repository_id = k.repository_id AND c.digest = k.digest AND c.deleted_at IS NULL"
        " JOIN manifest_children n ON n.repository_id = c.repository_id AND n.digest = c.digest"
        " JOIN manifests p ON p.id = n.parent_id AND p.deleted_at IS NULL"
        " WHERE i.repository_id = ? AND i.digest = ? AND i.deleted_at IS NULL AND c.accessory IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM tags t WHERE t.manifest_id = c.id) ORDER BY c.digest, p.digest",
        repository_id,
        digest.packed,
    ):
        found.setdefault(Digest(bytes(part)), []).append(Digest(bytes(index)))
    return list(found.items())


def naming_indexes(tx: Transaction, repository_id: int, digest: Digest) -> list[Digest]:
    """The live indexes of the repository that name the manifest."""
    rows = tx.all(
        "SELECT m.digest FROM manifest_children c JOIN manifests m ON m.id = c.parent_id"
        " WHERE c.repository_id = ? AND c.digest = ? AND m.deleted_at IS NULL",
        repository_id,
        digest.packed,
    )
    return [Digest(bytes(row[0])) for row in rows]


def _candidates(rows: list[Row]) -> list[Candidate]:
    """The artifacts of rows that give each of their tags, or none."""
    found: list[Candidate] = []
    named: list[CandidateTag] = []
    last: Row | None = None
    for row in rows:
        if last is not None and last[0] != row[0]:
            found.append(_candidate(last, named))
            named = []
        last = row
        if row[5] is not None:
            named.append(CandidateTag(row[5], row[6], row[7]))
    return found if last is None else [*found, _candidate(last, named)]


def _candidate(row: Row, named: list[CandidateTag]) -> Candidate:
    identifier, digest, pushed_at, pulled_at, parts_pulled = row[:5]
    pulls = [at for at in (pulled_at, parts_pulled) if at is not None]
    return Candidate(identifier, Digest(bytes(digest)), pushed_at, max(pulls, default=None), tuple(named))
