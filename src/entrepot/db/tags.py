"""Tags: names for manifests that can be moved."""

from entrepot.db.contract import Transaction
from entrepot.model.digest import Digest


def move(tx: Transaction, repository_id: int, tag: str, manifest_id: int) -> Digest | None:
    """Has the tag name the manifest; the digest it named before. The caller has locked the manifest."""
    row = tx.one(
        "SELECT m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id"
        " WHERE t.repository_id = ? AND t.name = ? FOR UPDATE OF t",
        repository_id,
        tag,
    )
    tx.run(
        "INSERT INTO tags (repository_id, name, manifest_id, updated_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (repository_id, name) DO UPDATE"
        " SET manifest_id = excluded.manifest_id, updated_at = excluded.updated_at",
        repository_id,
        tag,
        manifest_id,
        tx.now,
    )
    return None if row is None else Digest(bytes(row[0]))


def delete(tx: Transaction, repository_id: int, tag: str) -> Digest | None:
    """The digest that the tag named; None if there was no such tag. The manifest stays."""
    row = tx.one(
        "SELECT t.manifest_id, m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id"
        " WHERE t.repository_id = ? AND t.name = ? FOR UPDATE OF t",
        repository_id,
        tag,
    )
    if row is None:
        return None
    tx.run("DELETE FROM tags WHERE repository_id = ? AND name = ?", repository_id, tag)
    return Digest(bytes(row[1]))


def delete_of_manifest(tx: Transaction, manifest_id: int) -> list[str]:
    """The names of the tags that named the manifest and are gone now. The caller has locked the manifest."""
    # One statement: a tag that is moved elsewhere meanwhile is neither deleted nor told of.
    return sorted(row[0] for row in tx.all("DELETE FROM tags WHERE manifest_id = ? RETURNING name", manifest_id))


def page(tx: Transaction, repository_id: int, after: str, count: int) -> list[str]:
    """The names of up to `count` tags, in order, those greater than `after`."""
    rows = tx.all(
        "SELECT name FROM tags WHERE repository_id = ? AND name > ? ORDER BY name LIMIT ?", repository_id, after, count
    )
    return [row[0] for row in rows]
