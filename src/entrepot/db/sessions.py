"""Sessions of people who signed in with a browser: the rows of `sessions`."""

from typing import NamedTuple

from entrepot.db.contract import Transaction


class Session(NamedTuple):
    """A session that is not over."""

    id: str
    user_id: int
    user_name: str
    stamp: str
    created_at: int
    seen_at: int
    expires_at: int
    address: str
    agent: str


_COLUMNS = "s.id, s.user_id, u.name, s.stamp, s.created_at, s.seen_at, s.expires_at, s.address, s.agent"


def find(tx: Transaction, session_id: str) -> Session | None:
    """The session, whether or not its time is over, which the caller compares with a clock."""
    row = tx.one(f"SELECT {_COLUMNS} FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ?", session_id)
    return None if row is None else Session(*row)


def of_user(tx: Transaction, user_id: int, count: int) -> list[Session]:
    """The user's sessions that are not over, the one last seen first."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM sessions s JOIN users u ON u.id = s.user_id"
        " WHERE s.user_id = ? AND s.expires_at > ? ORDER BY s.seen_at DESC, s.id LIMIT ?",
        user_id,
        tx.now,
        count,
    )
    return [Session(*row) for row in rows]


def insert(tx: Transaction, session_id: str, user_id: int, stamp: str, lifetime: int, address: str, agent: str) -> None:
    """Begins a session that is over `lifetime` microseconds from now unless it is seen."""
    tx.run(
        "INSERT INTO sessions (id, user_id, stamp, created_at, seen_at, expires_at, address, agent)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        session_id,
        user_id,
        stamp,
        tx.now,
        tx.now,
        tx.now + lifetime,
        address,
        agent,
    )


def see(tx: Transaction, session_id: str, lifetime: int) -> None:
    """Has the session last for `lifetime` microseconds from now."""
    tx.run("UPDATE sessions SET seen_at = ?, expires_at = ? WHERE id = ?", tx.now, tx.now + lifetime, session_id)


def delete(tx: Transaction, session_id: str) -> None:
    """Ends the session."""
    tx.run("DELETE FROM sessions WHERE id = ?", session_id)


def delete_of_user(tx: Transaction, user_id: int, but: str = "") -> int:
    """How many sessions of the user ended: all but the one named."""
    return tx.run("DELETE FROM sessions WHERE user_id = ? AND id <> ?", user_id, but)


def delete_old(tx: Transaction, count: int) -> int:
    """How many sessions whose time is over were forgotten, at most `count`."""
    return tx.run(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        tx.now,
        count,
    )


def keep_newest(tx: Transaction, user_id: int, count: int) -> None:
    """Ends the user's sessions but for the `count` that were seen last."""
    tx.run(
        "DELETE FROM sessions WHERE user_id = ? AND id NOT IN"
        " (SELECT id FROM sessions WHERE user_id = ? ORDER BY seen_at DESC, id LIMIT ?)",
        user_id,
        user_id,
        count,
    )
