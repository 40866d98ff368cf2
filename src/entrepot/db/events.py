"""Events, written in the transaction of the change they tell."""

import json

from entrepot.db.contract import Transaction
from entrepot.model.event import Event


def record(tx: Transaction, event: Event) -> None:
    """Writes the event down with the rest of the transaction."""
    tx.run(
        "INSERT INTO events (at, name, actor, project_id, repository, detail) VALUES (?, ?, ?, ?, ?, ?)",
        tx.now,
        event.name.value,
        event.actor,
        event.project_id,
        event.repository,
        json.dumps(event.detail, separators=(",", ":"), sort_keys=True),
    )
