"""Kinds of jobs that administrators hold back."""

from entrepot.db.contract import Transaction


def put(tx: Transaction, kind: str, by: str) -> bool:
    """Whether the kind was not held back before; it is from now on."""
    changed = tx.run(
        "INSERT INTO job_pauses (kind, paused_at, paused_by) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", kind, tx.now, by
    )
    return changed == 1


def end(tx: Transaction, kind: str) -> bool:
    """Whether the kind was held back; it is no longer."""
    return tx.run("DELETE FROM job_pauses WHERE kind = ?", kind) == 1


def all_paused(tx: Transaction) -> set[str]:
    """The kinds that are held back."""
    return {row[0] for row in tx.all("SELECT kind FROM job_pauses")}
