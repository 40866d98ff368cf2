"""What is known of this installation as a whole: the rows of `instance`."""

from entrepot.db.contract import Transaction

STARTED = "started"


def get(tx: Transaction, name: str) -> str | None:
    """The value kept under that name, or None."""
    row = tx.one("SELECT value FROM instance WHERE name = ?", name)
    return None if row is None else row[0]


def put_first(tx: Transaction, name: str, value: str) -> bool:
    """Whether this was the first value under that name; otherwise the one before it stays.

    Of several transactions that try at once, the others wait until the first has ended.
    """
    return tx.run("INSERT INTO instance (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", name, value) == 1


def put(tx: Transaction, name: str, value: str) -> None:
    """Keeps the value under that name, in the place of any before."""
    tx.run(
        "INSERT INTO instance (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        value,
    )


def lock(tx: Transaction) -> None:
    """Returns when no other transaction that called this is under way. It needs a completed first start to hold."""
    tx.one("SELECT value FROM instance WHERE name = ? FOR UPDATE", STARTED)
