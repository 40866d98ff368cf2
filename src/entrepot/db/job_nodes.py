"""The processes that do jobs, and which of them leads."""

from typing import NamedTuple

from entrepot.db.contract import Transaction

DEPARTED = -1
"""The beat of a process that stopped in order."""


class Node(NamedTuple):
    """A process that does jobs."""

    id: str
    host: str
    process: int
    started_at: int
    seen_at: int
    beat: int
    at_once: int


def beat(tx: Transaction, node: str, host: str, process: int, at_once: int) -> None:
    """Tells that the process lives; makes its row if it has none, or has lost it by being believed dead."""
    tx.run(
        "INSERT INTO job_nodes (id, host, process, started_at, seen_at, beat, at_once) VALUES (?, ?, ?, ?, ?, 1, ?)"
        " ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, beat = job_nodes.beat + 1",
        node,
        host,
        process,
        tx.now,
        tx.now,
        at_once,
    )


def every(tx: Transaction) -> list[Node]:
    """All of them; there are as many as processes."""
    rows = tx.all("SELECT id, host, process, started_at, seen_at, beat, at_once FROM job_nodes ORDER BY id")
    return [Node(*row) for row in rows]


def depart(tx: Transaction, node: str) -> None:
    """Tells that the process does nothing any more: others need not wait until it is believed dead."""
    tx.run("UPDATE job_nodes SET beat = ? WHERE id = ?", DEPARTED, node)


def remove(tx: Transaction, node: str) -> None:
    """Forgets the process."""
    tx.run("DELETE FROM job_nodes WHERE id = ?", node)


def lead(tx: Transaction, name: str, holder: str, lasting: int) -> bool:
    """Whether `holder` leads for the next `lasting` microseconds: nobody else does, or for no longer than that.

    A lease that ends later than any can was taken by another clock, and counts as ended.
    """
    until = tx.now + lasting
    changed = tx.run(
        "INSERT INTO leases (name, holder, until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
        " SET holder = excluded.holder, until = excluded.until"
        " WHERE leases.holder = excluded.holder OR leases.until < ? OR leases.until > ?",
        name,
        holder,
        until,
        tx.now,
        until,
    )
    return changed == 1


def give_up_leading(tx: Transaction, name: str, holder: str) -> None:
    """Lets another lead at once."""
    tx.run("DELETE FROM leases WHERE name = ? AND holder = ?", name, holder)
