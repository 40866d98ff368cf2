"""What takes the room: in a project, by repository and by blob, and in the store as a whole."""

from typing import NamedTuple

from entrepot.db import repository_use
from entrepot.db.contract import Transaction
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.db.project_lists import Visibility
from entrepot.model.digest import Digest
from entrepot.model.query import ListQuery

DAY = 86_400_000_000
MOST_LINKS = 1000
"""How many repositories one blob is looked for in."""


class RepositoryName(NamedTuple):
    """A repository that may hold something."""

    id: int
    name: str


class RepositoryUse(NamedTuple):
    """What one repository holds, in bytes. `own` + `shared` is all of it."""

    name: str
    artifacts: int
    """Live manifests."""
    blobs: int
    own: int
    """What no other repository of the project holds, manifests included: what deleting it frees for the project."""
    shared: int
    """What others of the project hold as well: it is counted once, however many do."""
    trash: int
    """Of all that, what only artifacts in the trash need."""
    waiting: int
    """Of all that, what no artifact needs: pushed lately, or about to be collected."""

    @property
    def used(self) -> int:
        """All that it holds."""
        return self.own + self.shared


class BlobUse(NamedTuple):
    """A blob that a project holds."""

    id: int
    digest: Digest
    size: int
    links: int
    """In how many of its repositories."""


class Stored(NamedTuple):
    """What the store holds, in bytes."""

    blobs: int
    bytes: int
    counted: int
    """What the projects count together: what several of them hold counts for each."""
    uploads: int
    """Parts of uploads under way."""
    leaving: int
    """Objects that wait for their removal, or are being written."""


class LargeBlob(NamedTuple):
    """A blob, and how often it is shared; `MOST_LINKS` at most are counted."""

    digest: Digest
    size: int
    repositories: int
    projects: int


class Freed(NamedTuple):
    """What collection freed on one day."""

    day: int
    """Microseconds since 1970 at which it began, in UTC."""
    blobs: int
    bytes: int


_REPOSITORIES = Listing(
    select="r.id, r.name",
    source="FROM repositories r",
    columns={"name": Column("r.name"), "repository_id": Column("r.id", Kind.NUMBER)},
    order="r.name",
    unique="r.id",
)


def repositories(tx: Transaction, project_id: int, query: ListQuery) -> tuple[list[RepositoryName], int]:
    """A page of the project's repositories, empty ones too, and how many there are. Raises Invalid."""
    found, total = rows(tx, _REPOSITORIES, query, ["r.project_id = ?"], [project_id])
    return [RepositoryName(int(row[0]), str(row[1])) for row in found], total


_LIVE = (
    "SELECT 1 FROM manifest_blobs h JOIN manifests m ON m.id = h.manifest_id"
    " WHERE h.repository_id = l.repository_id AND h.blob_id = l.blob_id AND m.deleted_at IS NULL"
)


# `deleted_at > 0`, as a planner would not think of `ix_manifests_deleted` where it only had to be there.


def of_repository(tx: Transaction, repository: RepositoryName) -> RepositoryUse:
    """What the repository holds: from its counters, and from what of it is in the trash or waits for collection."""
    counted = repository_use.counted(tx, repository.id)
    numbers = tx.one(
        "SELECT CASE WHEN r.moving IS NOT NULL THEN 0"
        "  ELSE (SELECT count(*) FROM manifests WHERE repository_id = r.id AND deleted_at IS NULL) END,"
        " (SELECT count(*) FROM repository_blobs WHERE repository_id = r.id),"
        " (SELECT coalesce(SUM(length(body)), 0) FROM manifests WHERE repository_id = r.id AND deleted_at > 0)"
        " FROM repositories r WHERE r.id = ?",
        repository.id,
    )
    trashed = tx.one(
        "SELECT coalesce(SUM(b.size), 0) FROM (SELECT DISTINCT h.repository_id, h.blob_id FROM manifests m"
        "  JOIN manifest_blobs h ON h.manifest_id = m.id WHERE m.repository_id = ? AND m.deleted_at > 0) AS l"
        f" JOIN blobs b ON b.id = l.blob_id WHERE NOT EXISTS ({_LIVE})",
        repository.id,
    )
    # What something needs is due only until it was looked at.
    waiting = tx.one(
        "SELECT coalesce(SUM(b.size), 0) FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id"
        " WHERE l.repository_id = ? AND l.review_after IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM manifest_blobs h WHERE h.repository_id = l.repository_id AND h.blob_id = l.blob_id)",
        repository.id,
    )
    assert numbers is not None
    assert trashed is not None
    assert waiting is not None
    return RepositoryUse(
        name=repository.name,
        artifacts=int(numbers[0]),
        blobs=int(numbers[1]),
        own=counted.own + counted.bodies,
        shared=counted.held - counted.own,
        trash=int(trashed[0]) + int(numbers[2]),
        waiting=int(waiting[0]),
    )


_BLOBS = Listing(
    select="b.id, b.digest, b.size, p.links",
    source="FROM project_blobs p JOIN blobs b ON b.id = p.blob_id",
    columns={"size": Column("b.size", Kind.NUMBER), "links": Column("p.links", Kind.NUMBER)},
    order="b.size DESC, b.id",
    unique="b.id",
)


def blobs(tx: Transaction, project_id: int, query: ListQuery) -> tuple[list[BlobUse], int]:
    """A page of the blobs that the project holds, the largest first, and how many there are. Raises Invalid."""
    found, total = rows(tx, _BLOBS, query, ["p.project_id = ?"], [project_id])
    return [BlobUse(int(row[0]), Digest(bytes(row[1])), int(row[2]), int(row[3])) for row in found], total


def holders(tx: Transaction, project_id: int, blob_id: int, count: int) -> list[str]:
    """Up to `count` repositories of the project that hold the blob."""
    found = tx.all(
        "SELECT r.name FROM repository_blobs l JOIN repositories r ON r.id = l.repository_id"
        " WHERE l.blob_id = ? AND r.project_id = ? ORDER BY r.name LIMIT ?",
        blob_id,
        project_id,
        count,
    )
    return [str(row[0]) for row in found]


def other_projects(tx: Transaction, project_id: int, blob_id: int, visible: Visibility, count: int) -> list[str]:
    """Up to `count` other projects that hold the blob, of those that are visible."""
    found = tx.all(
        "SELECT p.name FROM project_blobs h JOIN projects p ON p.id = h.project_id"
        f" WHERE h.blob_id = ? AND h.project_id <> ? AND {visible.condition} ORDER BY p.name LIMIT ?",
        blob_id,
        project_id,
        *visible.values,
        count,
    )
    return [str(row[0]) for row in found]


def under_way(tx: Transaction, project_id: int) -> int:
    """How many bytes of uploads to the project have arrived that are not done yet."""
    row = tx.one(
        "SELECT coalesce(SUM(u.size), 0) FROM uploads u JOIN repositories r ON r.id = u.repository_id"
        " WHERE r.project_id = ? AND u.finished IS NULL AND u.expires_at > ?",
        project_id,
        tx.now,
    )
    assert row is not None
    return int(row[0])


def stored(tx: Transaction) -> Stored:
    """What the store holds."""
    row = tx.one(
        "SELECT count(*), coalesce(SUM(size), 0), (SELECT coalesce(SUM(used), 0) FROM quotas),"
        " (SELECT coalesce(SUM(size), 0) FROM upload_parts), (SELECT count(*) FROM objects_to_remove) FROM blobs"
    )
    assert row is not None
    return Stored(*(int(value) for value in row))


def largest(tx: Transaction, count: int) -> list[LargeBlob]:
    """The largest blobs."""
    found = tx.all("SELECT id, digest, size FROM blobs ORDER BY size DESC, id DESC LIMIT ?", count)
    made = []
    for blob_id, digest, size in found:
        shared = tx.one(
            "SELECT count(*), count(DISTINCT r.project_id) FROM (SELECT repository_id FROM repository_blobs"
            " WHERE blob_id = ? LIMIT ?) l JOIN repositories r ON r.id = l.repository_id",
            blob_id,
            MOST_LINKS,
        )
        assert shared is not None
        made.append(LargeBlob(Digest(bytes(digest)), int(size), int(shared[0]), int(shared[1])))
    return made


def note_freed(tx: Transaction, *sizes: int) -> None:
    """Counts blobs of these sizes whose last links have gone; last in a transaction, as it is the same row for all."""
    if not sizes:
        return
    tx.run(
        "INSERT INTO freed (day, blobs, bytes) VALUES (?, ?, ?) ON CONFLICT (day) DO UPDATE"
        " SET blobs = freed.blobs + excluded.blobs, bytes = freed.bytes + excluded.bytes",
        tx.now - tx.now % DAY,
        len(sizes),
        sum(sizes),
    )


def freed(tx: Transaction, count: int) -> list[Freed]:
    """The newest days on which something was freed."""
    return [Freed(*row) for row in tx.all("SELECT day, blobs, bytes FROM freed ORDER BY day DESC LIMIT ?", count)]
