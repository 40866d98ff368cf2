"""The keys that sign tokens: the rows of `signing_keys`."""

from dataclasses import dataclass, field

from entrepot.db.contract import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key as it is kept."""

    id: str
    private_key: str = field(repr=False)
    """PEM."""
    created_at: int
    """Microseconds since 1970."""


def newest_first(tx: Transaction) -> list[StoredKey]:
    """Every key, the newest first; those of one moment by id, so that all processes agree which one signs."""
    rows = tx.all("SELECT id, private_key, created_at FROM signing_keys ORDER BY created_at DESC, id")
    return [StoredKey(id=identifier, private_key=pem, created_at=at) for identifier, pem, at in rows]


def insert(tx: Transaction, identifier: str, private_key: str) -> None:
    """Keeps a new key."""
    tx.run("INSERT INTO signing_keys (id, private_key, created_at) VALUES (?, ?, ?)", identifier, private_key, tx.now)


def delete_older(tx: Transaction, than: int) -> None:
    """Removes the keys made before `than`, in microseconds since 1970."""
    tx.run("DELETE FROM signing_keys WHERE created_at < ?", than)
