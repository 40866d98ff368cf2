"""Events, written in the transaction of the change they tell."""

import json

from entrepot.db.contract import Transaction
from entrepot.model.event import Event


def record(tx: Transaction, event: Event) -> None:
    """Writes the event down with the rest of the transaction."""
    tx.run(
        "INSERT INTO events (at, name, actor, through, address, request_id, project_id, repository, resource,"
        " succeeded, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        tx.now,
        event.name.value,
        event.by.name,
        event.by.proof.value,
        event.by.origin.address,
        event.by.origin.request_id,
        event.project_id,
        event.repository,
        event.resource,
        event.succeeded,
        json.dumps(event.detail, separators=(",", ":"), sort_keys=True),
    )
