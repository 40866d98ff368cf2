"""Jobs that ended long ago, and which of them are kept."""

from entrepot.db.contract import Transaction


def kinds(tx: Transaction) -> list[tuple[str, int | None]]:
    """The kinds and subjects of all jobs."""
    return [(row[0], row[1]) for row in tx.all("SELECT DISTINCT kind, subject_id FROM jobs")]


def old(tx: Transaction, kind: str, subject_id: int | None, kept: int, count: int) -> list[int]:
    """Some ended jobs of the kind and subject that are not among the `kept` latest, the oldest first."""
    subject = "subject_id IS NULL" if subject_id is None else "subject_id = ?"
    values = [kind] if subject_id is None else [kind, subject_id]
    edge = tx.one(f"SELECT id FROM jobs WHERE kind = ? AND {subject} ORDER BY id DESC LIMIT 1 OFFSET ?", *values, kept)
    if edge is None:
        return []
    rows = tx.all(
        f"SELECT id FROM jobs WHERE kind = ? AND {subject} AND id <= ? AND ended_at IS NOT NULL ORDER BY id LIMIT ?",
        *values,
        edge[0],
        count,
    )
    return [row[0] for row in rows]


def remove(tx: Transaction, gone: list[int]) -> None:
    """Removes the jobs and their logs."""
    for job_id in gone:
        tx.run("DELETE FROM job_logs WHERE job_id = ?", job_id)
        tx.run("DELETE FROM jobs WHERE id = ? AND ended_at IS NOT NULL", job_id)
