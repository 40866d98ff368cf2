"""Settings that administrators changed: the rows of `configuration`."""

import json
from collections.abc import Mapping

from entrepot.db.contract import Transaction
from entrepot.model.configuration import SETTINGS, Value


def changed(tx: Transaction) -> dict[str, Value]:
    """Every setting that was changed, by name."""
    return {row[0]: json.loads(row[1]) for row in tx.all("SELECT name, value FROM configuration ORDER BY name")}


def value(tx: Transaction, name: str) -> Value:
    """The setting as it is now: as it was changed, else its default."""
    row = tx.one("SELECT value FROM configuration WHERE name = ?", name)
    if row is None:
        return SETTINGS[name].default
    found: Value = json.loads(row[0])
    return found


def put(tx: Transaction, values: Mapping[str, Value]) -> None:
    """Sets these; the others stay."""
    for name, new in values.items():
        tx.run(
            "INSERT INTO configuration (name, value, updated_at) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
            name,
            json.dumps(new),
            tx.now,
        )
