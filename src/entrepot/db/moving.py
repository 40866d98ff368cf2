"""Large deletions of repositories, whose contents go into the trash and come out of it some at a time.

Two rows say that one is on its way: `trash.moving`, to where, and `repositories.moving`, which hides the repository
that it leaves or comes to. Both change in one transaction.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.db import trash
from entrepot.db.contract import Transaction
from entrepot.db.repositories import HOLDS
from entrepot.db.trash import Entry
from entrepot.db.trashed import TrashedManifest
from entrepot.model.digest import Digest
from entrepot.model.grant import Principal
from entrepot.model.trash import MoveKind, Moving


def begin(tx: Transaction, trash_id: int, repository_id: int, moving: Moving, kept: Mapping[str, Any]) -> None:
    """Hides the repository, whose row the caller has locked, until `end`; notes what is kept with the deletion."""
    tx.run("UPDATE repositories SET moving = ?, live = FALSE WHERE id = ?", trash_id, repository_id)
    tx.run(
        "UPDATE trash SET moving = ?, kept = ? WHERE id = ?",
        moving.value,
        json.dumps(kept, separators=(",", ":")),
        trash_id,
    )


def turn(tx: Transaction, trash_id: int) -> None:
    """Has all that has come out of the trash go back into it: the deletion is not undone."""
    tx.run("UPDATE trash SET moving = ? WHERE id = ?", Moving.AWAY.value, trash_id)


def end(tx: Transaction, trash_id: int) -> None:
    """Shows the repository again if it holds something, and has the deletion be as any other."""
    tx.run("UPDATE trash SET moving = NULL WHERE id = ?", trash_id)
    tx.run(f"UPDATE repositories SET moving = NULL, live = {HOLDS} WHERE moving = ?", trash_id)


def take(tx: Transaction, trash_id: int | None) -> Entry | None:
    """That deletion if it is on its way, or any that is and that nobody else is at; it is locked."""
    if trash_id is not None:
        row = tx.one("SELECT id FROM trash WHERE id = ? AND moving IS NOT NULL FOR UPDATE", trash_id)
    else:
        row = tx.one("SELECT id FROM trash WHERE moving IS NOT NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED")
    return None if row is None else trash.by_id(tx, int(row[0]))


def due(tx: Transaction) -> bool:
    """Whether any is on its way."""
    return tx.one("SELECT 1 FROM trash WHERE moving IS NOT NULL LIMIT 1") is not None


def repository_of(tx: Transaction, trash_id: int) -> tuple[int, str]:
    """The id and the name of the repository that is hidden meanwhile."""
    row = tx.one("SELECT id, name FROM repositories WHERE moving = ?", trash_id)
    assert row is not None, "both rows change in one transaction"
    return int(row[0]), str(row[1])


def hidden(tx: Transaction, repository_id: int) -> bool:
    """Whether the repository is."""
    return tx.one("SELECT 1 FROM repositories WHERE id = ? AND moving IS NOT NULL", repository_id) is not None


def some_live(tx: Transaction, repository_id: int, count: int) -> list[int]:
    """The ids of up to `count` of the repository's manifests that live, locked."""
    rows = tx.all(
        "SELECT id FROM manifests WHERE repository_id = ? AND deleted_at IS NULL ORDER BY pushed_at, id LIMIT ?"
        " FOR UPDATE",
        repository_id,
        count,
    )
    return [int(row[0]) for row in rows]


def put_some(tx: Transaction, manifest_ids: Sequence[int], entry: Entry) -> None:
    """Has these live manifests, which the caller has locked, be part of the deletion, with their tags.

    Where it is going for good, so are they from now on.
    """
    marks = ",".join("?" * len(manifest_ids))
    if not entry.purging:
        tx.run(
            "INSERT INTO trash_tags (trash_id, name, tag_id, manifest_id, updated_at, pulled_at)"
            " SELECT CAST(? AS BIGINT), name, id, manifest_id, updated_at, pulled_at FROM tags"
            f" WHERE manifest_id IN ({marks})",
            entry.id,
            *manifest_ids,
        )
        tx.run("UPDATE trash SET size = size + ? WHERE id = ?", _adding(tx, manifest_ids, entry.id), entry.id)
    tx.run(f"DELETE FROM tags WHERE manifest_id IN ({marks})", *manifest_ids)
    tx.run(
        f"UPDATE manifests SET deleted_at = ?, trash_id = ? WHERE id IN ({marks})",
        tx.now,
        None if entry.purging else entry.id,
        *manifest_ids,
    )


def some_in(tx: Transaction, trash_id: int, count: int) -> list[TrashedManifest]:
    """Up to `count` manifests of the deletion, in whatever order comes first."""
    rows = tx.all("SELECT id, digest FROM manifests WHERE trash_id = ? LIMIT ?", trash_id, count)
    return [TrashedManifest(int(row[0]), Digest(bytes(row[1])), trash_id) for row in rows]


def tags_back(tx: Transaction, trash_id: int, repository_id: int, manifest_ids: Sequence[int], by: Principal) -> bool:
    """Whether the deletion's tags of these live manifests, which the caller has locked, are there again, each told.

    Not so if the name of one is taken.
    """
    marks = ",".join("?" * len(manifest_ids))
    inside = f"FROM trash_tags g WHERE g.trash_id = ? AND g.manifest_id IN ({marks})"
    before = tx.one(f"SELECT count(*) {inside}", trash_id, *manifest_ids)
    tx.run(
        "INSERT INTO tag_moves (repository_id, tag, at, actor, through, kind, digest_after)"
        " SELECT CAST(? AS BIGINT), g.name, CAST(? AS BIGINT), ?, ?, ?,"
        f" (SELECT m.digest FROM manifests m WHERE m.id = g.manifest_id) {inside}",
        repository_id,
        tx.now,
        by.name,
        by.proof.value,
        MoveKind.RESTORED.value,
        trash_id,
        *manifest_ids,
    )
    there = tx.run(
        "INSERT INTO tags (id, repository_id, name, manifest_id, updated_at, pulled_at)"
        f" SELECT g.tag_id, CAST(? AS BIGINT), g.name, g.manifest_id, g.updated_at, g.pulled_at {inside}"
        " ORDER BY g.name ON CONFLICT (repository_id, name) DO NOTHING",
        repository_id,
        trash_id,
        *manifest_ids,
    )
    tx.run(f"DELETE FROM trash_tags WHERE trash_id = ? AND manifest_id IN ({marks})", trash_id, *manifest_ids)
    return before is not None and there == before[0]


def _adding(tx: Transaction, manifest_ids: Sequence[int], trash_id: int) -> int:
    """Bytes that the manifests hold and the rest of the deletion does not."""
    marks = ",".join("?" * len(manifest_ids))
    row = tx.one(
        "SELECT coalesce((SELECT SUM(b.size) FROM blobs b WHERE b.id IN"
        f"  (SELECT h.blob_id FROM manifest_blobs h WHERE h.manifest_id IN ({marks})"
        # Not as NOT EXISTS, for which PostgreSQL would read all that is in the deletion already.
        "    AND (SELECT 1 FROM manifest_blobs o JOIN manifests m ON m.id = o.manifest_id WHERE"
        "     o.repository_id = h.repository_id AND o.blob_id = h.blob_id AND m.trash_id = ? LIMIT 1) IS NULL)), 0)"
        f" + coalesce((SELECT SUM(length(body)) FROM manifests WHERE id IN ({marks})), 0)",
        *manifest_ids,
        trash_id,
        *manifest_ids,
    )
    assert row is not None
    return int(row[0])


def lacking_part(tx: Transaction, entry: Entry, *, within: bool) -> Digest | None:
    """What an index of the deletion names that is not held any more, or, with `within`, is not in the same deletion."""
    held = (
        "x.trash_id = m.trash_id"
        if within
        else "(x.deleted_at IS NULL OR EXISTS (SELECT 1 FROM trash t WHERE t.id = x.trash_id AND NOT t.purging))"
    )
    row = tx.one(
        "SELECT c.digest FROM manifests m JOIN manifest_children c ON c.parent_id = m.id WHERE m.trash_id = ?"
        " AND NOT EXISTS (SELECT 1 FROM manifests x"
        f"  WHERE x.repository_id = c.repository_id AND x.digest = c.digest AND {held}) LIMIT 1",
        entry.id,
    )
    return None if row is None else Digest(bytes(row[0]))


def tag_of_others(tx: Transaction, trash_id: int) -> str | None:
    """A tag of the deletion whose manifest is not in it: that was deleted once more since."""
    row = tx.one(
        "SELECT g.name FROM trash_tags g JOIN manifests m ON m.id = g.manifest_id"
        " WHERE g.trash_id = ? AND (m.trash_id IS NULL OR m.trash_id <> g.trash_id) LIMIT 1",
        trash_id,
    )
    return None if row is None else str(row[0])


def lock_in(tx: Transaction, trash_id: int, manifest_ids: Sequence[int]) -> list[int]:
    """Those of the manifests that are in the deletion, and stay in it until the transaction ends."""
    rows = tx.all(
        f"SELECT id FROM manifests WHERE id IN ({','.join('?' * len(manifest_ids))}) AND trash_id = ?"
        " ORDER BY digest FOR UPDATE",
        *manifest_ids,
        trash_id,
    )
    return [int(row[0]) for row in rows]
