"""Events, written in the transaction of the change they tell."""

import json

from entrepot.db.contract import Transaction
from entrepot.model.event import Event, EventName


def happened(tx: Transaction, name: EventName, actor: str, resource: str, since: int) -> bool:
    """Whether the actor did that to the resource since that moment, in microseconds since 1970."""
    found = "SELECT 1 FROM events WHERE name = ? AND actor = ? AND resource = ? AND at > ? ORDER BY id DESC LIMIT 1"
    return tx.one(found, name.value, actor, resource, since) is not None


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
