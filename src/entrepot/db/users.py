"""People: the rows of `users`."""

from dataclasses import dataclass

from entrepot.db.contract import Row, Transaction

_COLUMNS = "id, name, admin, disabled, created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who can sign in. The password's hash is deliberately no part of it."""

    id: int
    name: str
    admin: bool
    disabled: bool
    created_at: int
    """Microseconds since 1970."""


def _user(row: Row) -> User:
    identifier, name, admin, disabled, created_at = row[:5]
    return User(id=identifier, name=name, admin=bool(admin), disabled=bool(disabled), created_at=created_at)


def find(tx: Transaction, name: str) -> User | None:
    """The user of that name, or None."""
    row = tx.one(f"SELECT {_COLUMNS} FROM users WHERE name = ?", name)
    return None if row is None else _user(row)


def find_with_password(tx: Transaction, name: str) -> tuple[User, str] | None:
    """The user of that name and the hash of their password, or None."""
    row = tx.one(f"SELECT {_COLUMNS}, password_hash FROM users WHERE name = ?", name)
    return None if row is None else (_user(row), row[5])


def standing(tx: Transaction, user_id: int) -> tuple[User, str] | None:
    """The user of that id and the hash of their password, or None."""
    row = tx.one(f"SELECT {_COLUMNS}, password_hash FROM users WHERE id = ?", user_id)
    return None if row is None else (_user(row), row[5])


def lock(tx: Transaction, name: str) -> User | None:
    """As `find`, and nobody else changes the row until the transaction ends."""
    row = tx.one(f"SELECT {_COLUMNS} FROM users WHERE name = ? FOR UPDATE", name)
    return None if row is None else _user(row)


def lock_enabled_admins(tx: Transaction) -> list[int]:
    """The ids of the administrators who can sign in; none of them changes until the transaction ends."""
    rows = tx.all("SELECT id FROM users WHERE admin AND NOT disabled ORDER BY id FOR UPDATE")
    return [row[0] for row in rows]


def page(tx: Transaction, after: str, count: int) -> list[User]:
    """The next `count` users whose names come after `after`, in byte order of their names."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM users WHERE name > ? ORDER BY name LIMIT ?", after, count)
    return [_user(row) for row in rows]


def insert(tx: Transaction, name: str, password_hash: str, admin: bool) -> User | None:
    """The user, now there; None if the name is taken."""
    row = tx.one(
        "INSERT INTO users (name, password_hash, realname, comment, admin, disabled, created_at, updated_at)"
        f" VALUES (?, ?, '', '', ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING RETURNING {_COLUMNS}",
        name,
        password_hash,
        admin,
        False,
        tx.now,
        tx.now,
    )
    return None if row is None else _user(row)


def delete(tx: Transaction, user_id: int) -> None:
    """Removes the user and, with them, their memberships."""
    tx.run("DELETE FROM users WHERE id = ?", user_id)


def set_password_hash(tx: Transaction, user_id: int, password_hash: str) -> None:
    """Gives the user another password."""
    tx.run("UPDATE users SET password_hash = ?, updated_at = ? WHERE id = ?", password_hash, tx.now, user_id)


def replace_password_hash(tx: Transaction, user_id: int, old: str, new: str) -> bool:
    """Whether the hash was `old` still and is `new` now."""
    return tx.run("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?", new, user_id, old) == 1


def set_disabled(tx: Transaction, user_id: int, disabled: bool) -> None:
    """Keeps the user from signing in, or lets them again."""
    tx.run("UPDATE users SET disabled = ?, updated_at = ? WHERE id = ?", disabled, tx.now, user_id)


def set_admin(tx: Transaction, user_id: int, admin: bool) -> None:
    """Makes the user an administrator of the instance, or no longer one."""
    tx.run("UPDATE users SET admin = ?, updated_at = ? WHERE id = ?", admin, tx.now, user_id)
