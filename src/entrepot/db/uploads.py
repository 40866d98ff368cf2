"""Upload sessions: what arrived so far, part by part."""

from typing import NamedTuple

from entrepot.db import removals
from entrepot.db.contract import Transaction
from entrepot.model.digest import Digest


class UploadRow(NamedTuple):
    """An upload session."""

    size: int
    finished: Digest | None
    digest: Digest | None
    """Of everything that is there, if that was at hand when it came."""


class Part(NamedTuple):
    """What one request brought."""

    start: int
    size: int
    key: str
    digest: Digest | None
    """Of everything up to its end, if that was at hand."""


def start(tx: Transaction, upload_id: str, repository_id: int, owner: str, expires_at: int) -> None:
    """Makes a session with nothing in it."""
    tx.run(
        "INSERT INTO uploads (id, repository_id, owner, size, expires_at) VALUES (?, ?, ?, 0, ?)",
        upload_id,
        repository_id,
        owner,
        expires_at,
    )


def find(tx: Transaction, upload_id: str, repository_id: int, owner: str) -> UploadRow | None:
    """The session, if it is that repository's and that owner's and has not expired."""
    return _row(tx, upload_id, repository_id, owner, "")


def is_open(tx: Transaction, upload_id: str) -> bool:
    """Whether the session is there and was not finished."""
    return tx.one("SELECT 1 FROM uploads WHERE id = ? AND finished IS NULL", upload_id) is not None


def lock(tx: Transaction, upload_id: str, repository_id: int, owner: str) -> UploadRow | None:
    """As `find`, and nobody else changes it until the transaction ends."""
    return _row(tx, upload_id, repository_id, owner, " FOR UPDATE")


def _row(tx: Transaction, upload_id: str, repository_id: int, owner: str, locking: str) -> UploadRow | None:
    row = tx.one(
        "SELECT size, finished, (SELECT p.digest FROM upload_parts p WHERE p.upload_id = uploads.id"
        " ORDER BY p.start DESC LIMIT 1) FROM uploads WHERE id = ? AND repository_id = ? AND owner = ?"
        " AND expires_at > ?" + locking,
        upload_id,
        repository_id,
        owner,
        tx.now,
    )
    return None if row is None else UploadRow(int(row[0]), _digest(row[1]), _digest(row[2]))


def _digest(packed: bytes | memoryview | None) -> Digest | None:
    return None if packed is None else Digest(bytes(packed))


def add_part(tx: Transaction, upload_id: str, part: Part, expires_at: int) -> None:
    """Adds a part at the end of a session that the caller has locked."""
    tx.run(
        "INSERT INTO upload_parts (upload_id, start, size, key, digest) VALUES (?, ?, ?, ?, ?)",
        upload_id,
        part.start,
        part.size,
        part.key,
        None if part.digest is None else part.digest.packed,
    )
    tx.run("UPDATE uploads SET size = ?, expires_at = ? WHERE id = ?", part.start + part.size, expires_at, upload_id)


def parts(tx: Transaction, upload_id: str) -> list[Part]:
    """The parts in order."""
    rows = tx.all("SELECT start, size, key, digest FROM upload_parts WHERE upload_id = ? ORDER BY start", upload_id)
    return [Part(int(row[0]), int(row[1]), str(row[2]), _digest(row[3])) for row in rows]


def finish(tx: Transaction, upload_id: str, digest: Digest) -> None:
    """Closes the session with a digest; its parts, by now a blob's, are no longer its."""
    tx.run("DELETE FROM upload_parts WHERE upload_id = ?", upload_id)
    tx.run("UPDATE uploads SET finished = ? WHERE id = ?", digest.packed, upload_id)


def cancel(tx: Transaction, upload_id: str) -> None:
    """Forgets the session and lets its parts go."""
    # One statement: a part that somebody adds after a look at them must not go without its object being let go.
    for row in tx.all("DELETE FROM upload_parts WHERE upload_id = ? RETURNING key", upload_id):
        removals.give_up(tx, str(row[0]), tx.now)
    tx.run("DELETE FROM uploads WHERE id = ?", upload_id)


def expire(tx: Transaction, count: int) -> int:
    """How many of up to `count` sessions were past their time and are now forgotten."""
    due = tx.all(
        "SELECT id FROM uploads WHERE expires_at <= ? ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED",
        tx.now,
        count,
    )
    for row in due:
        cancel(tx, str(row[0]))
    return len(due)


def due(tx: Transaction) -> bool:
    """Whether a session is past its time."""
    return tx.one("SELECT 1 FROM uploads WHERE expires_at <= ? LIMIT 1", tx.now) is not None
