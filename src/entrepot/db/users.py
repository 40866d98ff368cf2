"""People: the rows of `users`."""

from dataclasses import dataclass

from entrepot.db.contract import Row, Transaction
from entrepot.db.listing import Column, Kind, Listing, contains, rows
from entrepot.model.query import ListQuery

_COLUMNS = "id, name, email, realname, comment, admin, disabled, created_at, updated_at"
_COUNT = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who can sign in. The password's hash is deliberately no part of it."""

    id: int
    name: str
    email: str
    """Empty if none was given."""
    realname: str
    comment: str
    admin: bool
    disabled: bool
    created_at: int
    """Microseconds since 1970."""
    updated_at: int


def _user(row: Row) -> User:
    identifier, name, email, realname, comment, admin, disabled, created_at, updated_at = row[:_COUNT]
    return User(
        id=identifier,
        name=name,
        email=email or "",
        realname=realname,
        comment=comment,
        admin=bool(admin),
        disabled=bool(disabled),
        created_at=created_at,
        updated_at=updated_at,
    )


def find(tx: Transaction, name: str) -> User | None:
    """The user of that name, or None."""
    row = tx.one(f"SELECT {_COLUMNS} FROM users WHERE name = ?", name)
    return None if row is None else _user(row)


def find_with_password(tx: Transaction, name: str) -> tuple[User, str] | None:
    """The user of that name and the hash of their password, or None."""
    row = tx.one(f"SELECT {_COLUMNS}, password_hash FROM users WHERE name = ?", name)
    return None if row is None else (_user(row), row[_COUNT])


def standing(tx: Transaction, user_id: int) -> tuple[User, str] | None:
    """The user of that id and the hash of their password, or None."""
    row = tx.one(f"SELECT {_COLUMNS}, password_hash FROM users WHERE id = ?", user_id)
    return None if row is None else (_user(row), row[_COUNT])


def lock(tx: Transaction, name: str) -> User | None:
    """As `find`, and nobody else changes the row until the transaction ends."""
    row = tx.one(f"SELECT {_COLUMNS} FROM users WHERE name = ? FOR UPDATE", name)
    return None if row is None else _user(row)


def lock_by_id(tx: Transaction, user_id: int) -> tuple[User, str] | None:
    """The user of that id and the hash of their password, or None; nobody else changes the row meanwhile."""
    row = tx.one(f"SELECT {_COLUMNS}, password_hash FROM users WHERE id = ? FOR UPDATE", user_id)
    return None if row is None else (_user(row), row[_COUNT])


def has_email(tx: Transaction, email: str, but: int = 0) -> bool:
    """Whether a user has that e-mail address, other than the one with the id `but`."""
    return tx.one("SELECT 1 FROM users WHERE email = ? AND id <> ?", email, but) is not None


def set_profile(tx: Transaction, user_id: int, email: str, realname: str, comment: str) -> None:
    """Gives the user this e-mail address (empty for none), real name and comment."""
    tx.run(
        "UPDATE users SET email = ?, realname = ?, comment = ?, updated_at = ? WHERE id = ?",
        email or None,
        realname,
        comment,
        tx.now,
        user_id,
    )


def lock_enabled_admins(tx: Transaction) -> list[int]:
    """The ids of the administrators who can sign in; none of them changes until the transaction ends."""
    found = tx.all("SELECT id FROM users WHERE admin AND NOT disabled ORDER BY id FOR UPDATE")
    return [row[0] for row in found]


def page(tx: Transaction, after: str, count: int) -> list[User]:
    """The next `count` users whose names come after `after`, in byte order of their names."""
    found = tx.all(f"SELECT {_COLUMNS} FROM users WHERE name > ? ORDER BY name LIMIT ?", after, count)
    return [_user(row) for row in found]


_LISTING = Listing(
    select=_COLUMNS,
    source="FROM users",
    columns={
        "user_id": Column("id", Kind.NUMBER),
        "username": Column("name"),
        "name": Column("name"),
        "email": Column("email"),
        "realname": Column("realname"),
        "comment": Column("comment"),
        "sysadmin_flag": Column("admin", Kind.TRUTH),
        "creation_time": Column("created_at", Kind.TIME),
        "update_time": Column("updated_at", Kind.TIME),
    },
    order="name",
    unique="id",
)


def named(tx: Transaction, part: str, count: int, but: int) -> list[User]:
    """Up to `count` users whose names hold that, by name, without the one whose id is `but`."""
    holding, values = contains("name", part)
    # In this order: what few fulfil is looked at first.
    select = f"SELECT {_COLUMNS} FROM users WHERE {holding} AND id <> ? ORDER BY name LIMIT ?"
    return [_user(row) for row in tx.all(select, *values, but, count)]


def listed(tx: Transaction, query: ListQuery, but: int) -> tuple[list[User], int]:
    """A page of the users, and how many there are, without the one whose id is `but`."""
    found, total = rows(tx, _LISTING, query, ["id <> ?"], [but])
    return [_user(row) for row in found], total


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


def set_cli_secret_hash(tx: Transaction, user_id: int, secret_hash: str | None) -> None:
    """Gives the user a secret for clients, or takes it away."""
    tx.run("UPDATE users SET cli_secret_hash = ?, updated_at = ? WHERE id = ?", secret_hash, tx.now, user_id)


def set_disabled(tx: Transaction, user_id: int, disabled: bool) -> None:
    """Keeps the user from signing in, or lets them again."""
    tx.run("UPDATE users SET disabled = ?, updated_at = ? WHERE id = ?", disabled, tx.now, user_id)


def set_admin(tx: Transaction, user_id: int, admin: bool) -> None:
    """Makes the user an administrator of the instance, or no longer one."""
    tx.run("UPDATE users SET admin = ?, updated_at = ? WHERE id = ?", admin, tx.now, user_id)
