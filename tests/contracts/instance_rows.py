"""Rows of a small table, for tests of what every database does."""

from pathlib import Path

import psycopg

from entrepot.db.contract import Transaction
from entrepot.db.sqlite import connect


def value(tx: Transaction, name: str) -> str | None:
    row = tx.one("SELECT value FROM instance WHERE name = ?", name)
    return None if row is None else str(row[0])


def insert(tx: Transaction, name: str, content: str = "0") -> None:
    tx.run("INSERT INTO instance (name, value) VALUES (?, ?)", name, content)


def increase(tx: Transaction, name: str) -> int:
    row = tx.one("SELECT value FROM instance WHERE name = ? FOR UPDATE", name)
    assert row is not None
    number = int(row[0]) + 1
    assert tx.run("UPDATE instance SET value = ? WHERE name = ?", str(number), name) == 1
    return number


def names(tx: Transaction) -> list[str]:
    return [row[0] for row in tx.all("SELECT name FROM instance ORDER BY name")]


def outside(url: str, statement: str) -> list[tuple[object, ...]]:
    """Runs a statement on a connection of its own, committed at once."""
    if url.startswith("sqlite"):
        connection = connect(Path(url.removeprefix("sqlite:///")))
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()
    with psycopg.connect(url, autocommit=True) as server:
        cursor = server.execute(statement)
        return cursor.fetchall() if cursor.description else []
