"""What is in the trash: manifests marked with the deletion they belong to, and tags as they were."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from entrepot.db.blobs import LARGEST_LIST
from entrepot.db.contract import Transaction
from entrepot.db.quotas import Use
from entrepot.db.repository_use import Shift
from entrepot.model.digest import Digest


class TrashedManifest(NamedTuple):
    """A manifest in the trash."""

    id: int
    digest: Digest
    trash_id: int


class TrashedTag(NamedTuple):
    """A tag in the trash, and what it named."""

    name: str
    manifest_id: int
    digest: Digest


def keep_tag(tx: Transaction, trash_id: int, repository_id: int, tag: str) -> None:
    """Puts the tag into the trash, as it is; it has to be deleted in the same transaction."""
    tx.run(
        "INSERT INTO trash_tags (trash_id, name, tag_id, manifest_id, updated_at, pulled_at)"
        " SELECT CAST(? AS BIGINT), name, id, manifest_id, updated_at, pulled_at FROM tags"
        " WHERE repository_id = ? AND name = ?",
        trash_id,
        repository_id,
        tag,
    )


def keep_tags_of(tx: Transaction, trash_id: int, manifest_id: int) -> None:
    """As `keep_tag`, with all tags of a manifest, which the caller has locked."""
    tx.run(
        "INSERT INTO trash_tags (trash_id, name, tag_id, manifest_id, updated_at, pulled_at)"
        " SELECT CAST(? AS BIGINT), name, id, manifest_id, updated_at, pulled_at FROM tags WHERE manifest_id = ?",
        trash_id,
        manifest_id,
    )


def keep_tags_in(tx: Transaction, trash_id: int, repository_id: int) -> None:
    """As `keep_tag`, with all tags of a repository."""
    tx.run(
        "INSERT INTO trash_tags (trash_id, name, tag_id, manifest_id, updated_at, pulled_at)"
        " SELECT CAST(? AS BIGINT), name, id, manifest_id, updated_at, pulled_at FROM tags WHERE repository_id = ?",
        trash_id,
        repository_id,
    )


def put(tx: Transaction, manifest_id: int, trash_id: int | None) -> None:
    """Ends the manifest's life; what it refers to is kept until it is released.

    It is part of that deletion, which can be undone; None: it is going for good.
    """
    tx.run("UPDATE manifests SET deleted_at = ?, trash_id = ? WHERE id = ?", tx.now, trash_id, manifest_id)


def put_all(tx: Transaction, repository_id: int, trash_id: int | None) -> list[int]:
    """The ids of the repository's manifests, whose lives end now; their tags are gone."""
    tx.run("DELETE FROM tags WHERE repository_id = ?", repository_id)
    rows = tx.all(
        "UPDATE manifests SET deleted_at = ?, trash_id = ? WHERE repository_id = ? AND deleted_at IS NULL RETURNING id",
        tx.now,
        trash_id,
        repository_id,
    )
    return sorted(int(row[0]) for row in rows)


def let_go_in_project(tx: Transaction, project_id: int, count: int) -> int:
    """How many of up to `count` manifests of a project that is going for good are going with it from now on."""
    rows = tx.all(
        "SELECT m.id FROM manifests m JOIN repositories r ON r.id = m.repository_id"
        " WHERE r.project_id = ? AND (m.deleted_at IS NULL OR m.trash_id IS NOT NULL) LIMIT ?",
        project_id,
        count,
    )
    for row in rows:
        tx.run("DELETE FROM tags WHERE manifest_id = ?", row[0])
        tx.run("UPDATE manifests SET deleted_at = ?, trash_id = NULL WHERE id = ?", tx.now, row[0])
    return len(rows)


def manifests_in(tx: Transaction, trash_id: int, count: int = -1) -> list[TrashedManifest]:
    """The manifests of the deletion, by digest; no more than `count` if that is given."""
    limit = f" LIMIT {int(count)}" if count >= 0 else ""
    rows = tx.all(f"SELECT id, digest, trash_id FROM manifests WHERE trash_id = ? ORDER BY digest{limit}", trash_id)
    return [TrashedManifest(int(row[0]), Digest(bytes(row[1])), int(row[2])) for row in rows]


def tags_in(tx: Transaction, trash_id: int, count: int = -1) -> list[TrashedTag]:
    """The tags of the deletion, by name; no more than `count` if that is given."""
    limit = f" LIMIT {int(count)}" if count >= 0 else ""
    rows = tx.all(
        "SELECT g.name, g.manifest_id, m.digest FROM trash_tags g JOIN manifests m ON m.id = g.manifest_id"
        f" WHERE g.trash_id = ? ORDER BY g.name{limit}",
        trash_id,
    )
    return [TrashedTag(str(row[0]), int(row[1]), Digest(bytes(row[2]))) for row in rows]


def find(
    tx: Transaction, repository_id: int, digests: Iterable[Digest], *, within: int | None = None
) -> dict[Digest, TrashedManifest]:
    """Those of the digests whose manifests are in the trash, and can be restored.

    Those of a deletion that is on its way as a whole can not, but `within` that deletion.
    """
    wanted = sorted({digest.packed for digest in digests})
    found: dict[Digest, TrashedManifest] = {}
    for start in range(0, len(wanted), LARGEST_LIST):
        some = wanted[start : start + LARGEST_LIST]
        rows = tx.all(
            "SELECT m.id, m.digest, m.trash_id FROM manifests m JOIN trash t ON t.id = m.trash_id AND NOT t.purging"
            " AND (t.moving IS NULL OR t.id = ?)"
            f" WHERE m.repository_id = ? AND m.digest IN ({','.join('?' * len(some))})",
            within,
            repository_id,
            *some,
        )
        for row in rows:
            found[Digest(bytes(row[1]))] = TrashedManifest(int(row[0]), Digest(bytes(row[1])), int(row[2]))
    return found


def show_blobs(tx: Transaction, manifest_ids: Sequence[int]) -> None:
    """Shows the blobs of the manifests again that were deleted from the repository meanwhile."""
    for start in range(0, len(manifest_ids), LARGEST_LIST):
        some = manifest_ids[start : start + LARGEST_LIST]
        tx.run(
            "UPDATE repository_blobs SET visible = TRUE WHERE NOT visible AND EXISTS (SELECT 1 FROM manifest_blobs r"
            " WHERE r.repository_id = repository_blobs.repository_id AND r.blob_id = repository_blobs.blob_id"
            f" AND r.manifest_id IN ({','.join('?' * len(some))}))",
            *some,
        )


def restore(tx: Transaction, manifest_ids: Sequence[int]) -> None:
    """Has the manifests live again. The caller has locked them and their links, and relists them."""
    for start in range(0, len(manifest_ids), LARGEST_LIST):
        some = manifest_ids[start : start + LARGEST_LIST]
        tx.run(
            f"UPDATE manifests SET deleted_at = NULL, trash_id = NULL WHERE id IN ({','.join('?' * len(some))})", *some
        )


def restore_tag(tx: Transaction, trash_id: int, repository_id: int, tag: str, name: str) -> None:
    """Has the tag be there again as it was, under the name, and be in the trash no more."""
    tx.run(
        "INSERT INTO tags (id, repository_id, name, manifest_id, updated_at, pulled_at)"
        " SELECT tag_id, CAST(? AS BIGINT), CAST(? AS TEXT), manifest_id, updated_at, pulled_at FROM trash_tags"
        " WHERE trash_id = ? AND name = ?",
        repository_id,
        name,
        trash_id,
        tag,
    )
    drop_tag(tx, trash_id, tag)


def drop_tag(tx: Transaction, trash_id: int, tag: str) -> None:
    """Takes the tag out of the trash: it is there again already."""
    tx.run("DELETE FROM trash_tags WHERE trash_id = ? AND name = ?", trash_id, tag)


def drop_going_tags(tx: Transaction, trash_id: int) -> None:
    """Forgets those tags of the deletion whose manifests were deleted once more since, and are going for good."""
    tx.run(
        "DELETE FROM trash_tags WHERE trash_id = ? AND EXISTS (SELECT 1 FROM manifests m WHERE"
        " m.id = trash_tags.manifest_id AND m.deleted_at IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM trash t WHERE t.id = m.trash_id AND NOT t.purging))",
        trash_id,
    )


def let_go(tx: Transaction, trash_id: int, count: int) -> int:
    """How many of up to `count` manifests of the deletion are going for good from now on."""
    return tx.run(
        "UPDATE manifests SET trash_id = NULL WHERE id IN (SELECT id FROM manifests WHERE trash_id = ? LIMIT ?)",
        trash_id,
        count,
    )


def children_of(tx: Transaction, manifest_ids: Sequence[int]) -> set[Digest]:
    """What any of the manifests name as their parts."""
    found: set[Digest] = set()
    for start in range(0, len(manifest_ids), LARGEST_LIST):
        some = manifest_ids[start : start + LARGEST_LIST]
        marks = ",".join("?" * len(some))
        rows = tx.all(f"SELECT DISTINCT digest FROM manifest_children WHERE parent_id IN ({marks})", *some)
        found.update(Digest(bytes(row[0])) for row in rows)
    return found


def restore_tags(tx: Transaction, trash_id: int, repository_id: int) -> None:
    """Has the deletion's tags be there again as they were; those whose names are taken wait still.

    The caller has locked the manifests that they name, which are live.
    """
    tx.run(
        "INSERT INTO tags (id, repository_id, name, manifest_id, updated_at, pulled_at)"
        " SELECT tag_id, CAST(? AS BIGINT), name, manifest_id, updated_at, pulled_at FROM trash_tags WHERE trash_id = ?"
        " ORDER BY name ON CONFLICT (repository_id, name) DO NOTHING",
        repository_id,
        trash_id,
    )
    tx.run(
        "DELETE FROM trash_tags WHERE trash_id = ? AND EXISTS (SELECT 1 FROM tags t WHERE t.id = trash_tags.tag_id)",
        trash_id,
    )


def move(tx: Transaction, manifest_ids: Sequence[int], before: int, after: int) -> Use:
    """Has these manifests in the trash, which the caller has locked, be another repository's; what is to be charged.

    That holds no others of their digests, and links to all their blobs.
    """
    size = 0
    for start in range(0, len(manifest_ids), LARGEST_LIST):
        some = manifest_ids[start : start + LARGEST_LIST]
        inside = f"({','.join('?' * len(some))})"
        tx.run(
            "UPDATE repository_blobs SET review_after = ? WHERE repository_id = ? AND blob_id IN"
            f" (SELECT h.blob_id FROM manifest_blobs h WHERE h.manifest_id IN {inside})",
            tx.now,
            before,
            *some,
        )
        for table, column in (
            ("manifest_blobs", "manifest_id"),
            ("missing_blobs", "manifest_id"),
            ("manifest_children", "parent_id"),
            ("manifests", "id"),
        ):
            tx.run(f"UPDATE {table} SET repository_id = ? WHERE {column} IN {inside}", after, *some)
        row = tx.one(f"SELECT coalesce(SUM(length(body)), 0) FROM manifests WHERE id IN {inside}", *some)
        assert row is not None
        size += int(row[0])
    # It stays in its project, whose room it takes as before.
    return Use(0, 0, (Shift(before, bodies=-size), Shift(after, bodies=size)))


def blobs_of(tx: Transaction, manifest_ids: Sequence[int]) -> list[tuple[int, Digest]]:
    """The blobs that the manifests need, by their ids."""
    found: dict[int, Digest] = {}
    for start in range(0, len(manifest_ids), LARGEST_LIST):
        some = manifest_ids[start : start + LARGEST_LIST]
        rows = tx.all(
            "SELECT b.id, b.digest FROM blobs b WHERE b.id IN"
            f" (SELECT h.blob_id FROM manifest_blobs h WHERE h.manifest_id IN ({','.join('?' * len(some))}))",
            *some,
        )
        found.update((int(row[0]), Digest(bytes(row[1]))) for row in rows)
    return sorted(found.items())


def count(tx: Transaction, trash_id: int) -> int:
    """How many manifests are in the deletion."""
    row = tx.one("SELECT count(*) FROM manifests WHERE trash_id = ?", trash_id)
    assert row is not None
    return int(row[0])
