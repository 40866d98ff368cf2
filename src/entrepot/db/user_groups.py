"""Groups of users that other systems know: the rows of `user_groups`."""

from typing import NamedTuple

from entrepot.db.contract import Transaction
from entrepot.db.listing import contains


class UserGroup(NamedTuple):
    """A group. `kind` is Harbor's number: 1 LDAP, 2 HTTP, 3 OIDC."""

    id: int
    name: str
    kind: int
    ldap_dn: str


_COLUMNS = "g.id, g.name, g.kind, g.ldap_dn"


def find(tx: Transaction, group_id: int) -> UserGroup | None:
    """The group of that id."""
    row = tx.one(f"SELECT {_COLUMNS} FROM user_groups g WHERE g.id = ?", group_id)
    return None if row is None else UserGroup(*row)


def find_named(tx: Transaction, name: str, kind: int) -> UserGroup | None:
    """The group of that name and kind."""
    row = tx.one(f"SELECT {_COLUMNS} FROM user_groups g WHERE g.name = ? AND g.kind = ?", name, kind)
    return None if row is None else UserGroup(*row)


def find_ldap(tx: Transaction, ldap_dn: str) -> UserGroup | None:
    """The LDAP group of that distinguished name."""
    row = tx.one(f"SELECT {_COLUMNS} FROM user_groups g WHERE g.kind = 1 AND g.ldap_dn = ?", ldap_dn)
    return None if row is None else UserGroup(*row)


def page(tx: Transaction, part: str, ldap_dn: str, offset: int, count: int) -> tuple[list[UserGroup], int]:
    """Groups by name, those whose names hold `part`, of that distinguished name if one is given; and how many."""
    condition, values = "WHERE 1 = 1", list[object]()
    if part:
        text, held = contains("g.name", part)
        condition += f" AND {text}"
        values.extend(held)
    if ldap_dn:
        condition += " AND g.ldap_dn = ?"
        values.append(ldap_dn)
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM user_groups g {condition} ORDER BY g.name, g.id LIMIT ? OFFSET ?",
        *values,
        count,
        offset,
    )
    total = tx.one(f"SELECT count(*) FROM user_groups g {condition}", *values)
    assert total is not None
    return [UserGroup(*row) for row in rows], int(total[0])


def insert(tx: Transaction, name: str, kind: int, ldap_dn: str) -> int | None:
    """The id of the new group; None if there is one of that name and kind."""
    row = tx.one(
        "INSERT INTO user_groups (name, kind, ldap_dn, created_at, updated_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (name, kind) DO NOTHING RETURNING id",
        name,
        kind,
        ldap_dn,
        tx.now,
        tx.now,
    )
    return None if row is None else int(row[0])


def rename(tx: Transaction, group_id: int, name: str) -> bool:
    """Whether there is such a group, now of that name."""
    return tx.run("UPDATE user_groups SET name = ?, updated_at = ? WHERE id = ?", name, tx.now, group_id) == 1


def delete(tx: Transaction, group_id: int) -> bool:
    """Whether there was such a group; now nobody has a role through it."""
    return tx.run("DELETE FROM user_groups WHERE id = ?", group_id) == 1
