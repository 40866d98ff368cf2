"""Who pulled something lately, as far as the audit tells of pulls; and when, as it is noted with what was pulled."""

import json
from typing import NamedTuple

from entrepot.db.contract import Transaction
from entrepot.db.holdings import Some
from entrepot.model.event import EventName

MOST_EVENTS = 5000
"""The newest pulls of a project that are looked at."""


class Puller(NamedTuple):
    """Somebody who pulled."""

    name: str
    last: int
    times: int


def of_project(
    tx: Transaction, project_id: int, since: int, repository: str | None, digests: set[str] | None
) -> list[Puller]:
    """Who pulled since then from the project, from one repository of it, or any of some digests there, by name."""
    found: dict[str, Puller] = {}
    rows = tx.all(
        "SELECT actor, at, repository, detail FROM events WHERE project_id = ? AND name = ? AND at >= ?"
        " ORDER BY id DESC LIMIT ?",
        project_id,
        EventName.ARTIFACT_PULLED.value,
        since,
        MOST_EVENTS,
    )
    for actor, at, place, detail in rows:
        if repository is not None and place != repository:
            continue
        if digests is not None and json.loads(detail).get("digest") not in digests:
            continue
        known = found.get(actor)
        found[actor] = Puller(actor, at, 1) if known is None else Puller(actor, known.last, known.times + 1)
    return sorted(found.values())


def last(tx: Transaction, some: Some) -> int | None:
    """When any of the manifests was pulled last; None: never."""
    row = tx.one(f"SELECT MAX(m.pulled_at) FROM manifests m WHERE {some.condition}", *some.values)
    return None if row is None or row[0] is None else int(row[0])
