"""What happened since, for open pages: only which thing it happened to."""

from collections.abc import Sequence
from typing import NamedTuple

from entrepot.db.contract import Transaction


class Told(NamedTuple):
    """An event, as far as a page needs it to know whether to look again."""

    id: int
    name: str
    project_id: int | None
    repository: str | None


def newest(tx: Transaction) -> int:
    """The highest number that an event has; 0 before the first."""
    row = tx.one("SELECT max(id) FROM events")
    return int(row[0] or 0) if row else 0


def after(tx: Transaction, last: int, missing: Sequence[int], count: int) -> list[Told]:
    """Up to `count` events whose numbers come after `last`, and those that now are among the `missing` ones."""
    columns = "SELECT id, name, project_id, repository FROM events"
    found = tx.all(f"{columns} WHERE id > ? ORDER BY id LIMIT ?", last, count)
    if missing:
        marks = ", ".join("?" * len(missing))
        found += tx.all(f"{columns} WHERE id IN ({marks})", *missing)
    return [Told(*row) for row in found]
