"""Who can sign in under a name, be it a person or a robot."""

from typing import NamedTuple

from entrepot.db import configuration
from entrepot.db.contract import Transaction


class Credentials(NamedTuple):
    """An account as sign-in needs it."""

    user_id: int | None
    """None: a robot."""
    robot_id: int | None
    name: str
    """As people know it: of a robot with its prefix."""
    password_hash: str
    admin: bool
    disabled: bool
    """Also of a robot whose time is over."""
    cli_secret_hash: str | None = None
    """Of a user's secret for clients; None: there is none."""


def find(tx: Transaction, name: str) -> Credentials | None:
    """The account that signs in under that name: a robot if it has the robots' prefix, else a user's name or e-mail."""
    prefix = robot_prefix(tx)
    if prefix and name.startswith(prefix):
        return _robot(tx, name, name[len(prefix) :])
    found = _user(tx, "name", name)
    return found if found is not None or "@" not in name else _user(tx, "email", name)


def robot_prefix(tx: Transaction) -> str:
    """What the names of robots begin with."""
    return str(configuration.value(tx, "robot_name_prefix"))


def _user(tx: Transaction, column: str, text: str) -> Credentials | None:
    row = tx.one(
        f"SELECT id, name, password_hash, admin, disabled, cli_secret_hash FROM users WHERE {column} = ?", text
    )
    return None if row is None else Credentials(row[0], None, row[1], row[2], bool(row[3]), bool(row[4]), row[5])


def _robot(tx: Transaction, name: str, own: str) -> Credentials | None:
    row = tx.one("SELECT id, secret_hash, disabled, expires_at FROM robots WHERE name = ?", own)
    if row is None:
        return None
    over = row[3] is not None and row[3] <= tx.now
    return Credentials(None, row[0], name, row[1], admin=False, disabled=bool(row[2]) or over)
