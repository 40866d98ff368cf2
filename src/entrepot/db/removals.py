"""Objects that nothing counts on, and when they may go (steps 2, 3, 7 and 8 of the blob protocol)."""

from collections.abc import Sequence

from entrepot.db.contract import Transaction

RETRY_AFTER = 60_000_000
"""Microseconds after which another remover may try a key whose remover was not heard of again."""


def intend(tx: Transaction, key: str, after: int) -> None:
    """Notes, before the first byte is written, that the object is to go unless it is taken back until `after`."""
    tx.run("INSERT INTO objects_to_remove (key, remove_after, taken) VALUES (?, ?, FALSE)", key, after)


def take_back(tx: Transaction, key: str) -> bool:
    """Whether the object may be used: its removal had not begun, and is now called off."""
    return tx.run("DELETE FROM objects_to_remove WHERE key = ? AND NOT taken", key) == 1


def give_up(tx: Transaction, key: str, after: int) -> None:
    """Lets the object go at `after`, or when it was to go already if that is sooner."""
    tx.run(
        "INSERT INTO objects_to_remove (key, remove_after, taken) VALUES (?, ?, FALSE) ON CONFLICT (key) DO UPDATE"
        " SET remove_after = CASE WHEN objects_to_remove.remove_after < excluded.remove_after"
        " THEN objects_to_remove.remove_after ELSE excluded.remove_after END",
        key,
        after,
    )


def take_due(tx: Transaction, count: int) -> list[str]:
    """Up to `count` keys, a few hundred at most, whose time has come; from this commit on nobody can take them back."""
    keys = [
        row[0]
        for row in tx.all(
            "SELECT key FROM objects_to_remove WHERE remove_after <= ? ORDER BY remove_after LIMIT ?"
            " FOR UPDATE SKIP LOCKED",
            tx.now,
            count,
        )
    ]
    if keys:
        tx.run(
            f"UPDATE objects_to_remove SET taken = TRUE, remove_after = ? WHERE key IN ({_marks(keys)})",
            tx.now + RETRY_AFTER,
            *keys,
        )
    return keys


def removed(tx: Transaction, keys: list[str]) -> None:
    """Forgets keys, a few hundred at most, whose objects are gone."""
    if keys:
        tx.run(f"DELETE FROM objects_to_remove WHERE key IN ({_marks(keys)}) AND taken", *keys)


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def has(tx: Transaction, key: str) -> bool:
    """Whether the object is on its way out, or being written."""
    return tx.one("SELECT 1 FROM objects_to_remove WHERE key = ?", key) is not None


def waiting(tx: Transaction) -> int:
    """How many objects wait for removal or are being written."""
    row = tx.one("SELECT count(*) FROM objects_to_remove")
    assert row is not None
    return int(row[0])


def due(tx: Transaction) -> bool:
    """Whether the time of some object has come."""
    return tx.one("SELECT 1 FROM objects_to_remove WHERE remove_after <= ? LIMIT 1", tx.now) is not None
