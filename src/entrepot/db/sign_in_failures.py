"""Failed sign-ins, counted per subject: the rows of `sign_in_failures`. `access.attempts` says what a subject is."""

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.db.contract import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """What is held against a subject. Times are microseconds since 1970."""

    failures: int
    blocked_until: int
    updated_at: int


def find(tx: Transaction, subjects: Sequence[str]) -> dict[str, Failures]:
    """What is known of each subject; those of which nothing is known are left out."""
    places = ", ".join("?" * len(subjects))
    rows = tx.all(
        f"SELECT subject, failures, blocked_until, updated_at FROM sign_in_failures WHERE subject IN ({places})",
        *subjects,
    )
    return {row[0]: Failures(failures=row[1], blocked_until=row[2], updated_at=row[3]) for row in rows}


def count_one(tx: Transaction, subject: str, forget_before: int) -> int:
    """How many failures the subject has with this one; those last added to before `forget_before` are forgotten."""
    row = tx.one(
        "INSERT INTO sign_in_failures (subject, failures, blocked_until, updated_at) VALUES (?, 1, 0, ?)"
        " ON CONFLICT (subject) DO UPDATE SET updated_at = excluded.updated_at, failures ="
        " CASE WHEN sign_in_failures.updated_at < ? THEN 1 ELSE sign_in_failures.failures + 1 END"
        " RETURNING failures",
        subject,
        tx.now,
        forget_before,
    )
    assert row is not None
    return int(row[0])


def block(tx: Transaction, subject: str, until: int) -> None:
    """Lets the subject try again only from `until` on."""
    tx.run("UPDATE sign_in_failures SET blocked_until = ? WHERE subject = ?", until, subject)


def touch(tx: Transaction, subject: str) -> None:
    """Notes the subject, without a failure, as of now."""
    tx.run(
        "INSERT INTO sign_in_failures (subject, failures, blocked_until, updated_at) VALUES (?, 0, 0, ?)"
        " ON CONFLICT (subject) DO UPDATE SET updated_at = excluded.updated_at",
        subject,
        tx.now,
    )


def delete(tx: Transaction, subject: str) -> None:
    """Forgets the subject."""
    tx.run("DELETE FROM sign_in_failures WHERE subject = ?", subject)


def delete_old(tx: Transaction, failed_before: int, touched_before: int, count: int) -> int:
    """How many old rows were removed, at most `count`: failures, and notes without a failure, of before those times."""
    return tx.run(
        "DELETE FROM sign_in_failures WHERE subject IN (SELECT subject FROM sign_in_failures"
        " WHERE updated_at < ? AND (failures > 0 OR updated_at < ?) ORDER BY updated_at LIMIT ?)",
        failed_before,
        touched_before,
        count,
    )
