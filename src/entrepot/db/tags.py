"""Tags: names for manifests that can be moved."""

from collections.abc import Iterable, Sequence

from entrepot.db import manifests
from entrepot.db.contract import Again, Transaction
from entrepot.model.digest import Digest


def named(tx: Transaction, repository_id: int, names: Sequence[str]) -> dict[str, Digest]:
    """What each of the tags names, of those that there are."""
    found = {}
    for name in names:
        row = tx.one(
            "SELECT m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id"
            " WHERE t.repository_id = ? AND t.name = ?",
            repository_id,
            name,
        )
        if row is not None:
            found[name] = Digest(bytes(row[0]))
    return found


def lock_named(
    tx: Transaction, repository_id: int, names: Sequence[str], digests: Iterable[Digest], own: Digest | None = None
) -> tuple[set[Digest], dict[str, Digest]]:
    """Those of the digests that are live, and what each of the tags names, of those that there are.

    None of these manifests changes until the transaction ends, and none of these tags goes or names another. If there
    are any, `own` is locked with them.
    """
    lasting = list(digests)
    found = named(tx, repository_id, names)
    while lasting or found:
        tx.run("SAVEPOINT named")
        wanted = {*lasting, *found.values(), *([] if own is None else [own])}
        present = manifests.lock_present(tx, repository_id, wanted)
        now = named(tx, repository_id, names) if names else found
        if now != found:
            # A tag was moved while its manifest was waited for. Locked late, the other would be out of order, and two
            # could wait for one another: all are let go, and locked anew.
            tx.run("ROLLBACK TO named")
        tx.run("RELEASE named")
        if now == found:
            return present, found
        found = now
    return set(), {}


def move(tx: Transaction, repository_id: int, tag: str, manifest_id: int, before: Digest | None) -> None:
    """Has the tag, which named `before` or nothing, name the manifest. The caller has locked both. Raises Again."""
    if lock(tx, repository_id, tag) != before:
        raise Again  # It came a moment ago.
    if before is not None:
        change = "UPDATE tags SET manifest_id = ?, updated_at = ? WHERE repository_id = ? AND name = ?"
        tx.run(change, manifest_id, tx.now, repository_id, tag)
        return
    made = tx.run(
        "INSERT INTO tags (repository_id, name, manifest_id, updated_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (repository_id, name) DO NOTHING",
        repository_id,
        tag,
        manifest_id,
        tx.now,
    )
    if not made:  # By somebody else in between.
        raise Again


def delete(tx: Transaction, repository_id: int, tag: str) -> None:
    """Removes the tag; the manifest stays."""
    tx.run("DELETE FROM tags WHERE repository_id = ? AND name = ?", repository_id, tag)


def lock(tx: Transaction, repository_id: int, tag: str) -> Digest | None:
    """The digest that the tag names until this transaction ends; None if there is no such tag."""
    manifest_id = _lock(tx, repository_id, tag)
    return None if manifest_id is None else _digest(tx, manifest_id)


def count(tx: Transaction, repository_id: int) -> int:
    """How many tags the repository has."""
    row = tx.one("SELECT count(*) FROM tags WHERE repository_id = ?", repository_id)
    assert row is not None
    return int(row[0])


def _lock(tx: Transaction, repository_id: int, tag: str) -> int | None:
    """The id of the manifest that the tag names, until this transaction ends."""
    # Of this table alone: joined with another, PostgreSQL would not find a tag that moved while it waited for it.
    find = "SELECT manifest_id FROM tags WHERE repository_id = ? AND name = ? FOR UPDATE"
    row = tx.one(find, repository_id, tag)
    return None if row is None else int(row[0])


def _digest(tx: Transaction, manifest_id: int) -> Digest:
    row = tx.one("SELECT digest FROM manifests WHERE id = ?", manifest_id)
    assert row is not None, "a tag that is locked keeps its manifest"
    return Digest(bytes(row[0]))


def of_digest(tx: Transaction, repository_id: int, digest: Digest) -> list[str]:
    """The names of the tags that name the manifest."""
    rows = tx.all(
        "SELECT t.name FROM manifests m JOIN tags t ON t.manifest_id = m.id"
        " WHERE m.repository_id = ? AND m.digest = ? ORDER BY t.name",
        repository_id,
        digest.packed,
    )
    return [row[0] for row in rows]


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
