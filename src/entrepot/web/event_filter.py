"""What pages of events are filtered by, and what they tell of one beside its words."""

import json
from collections.abc import Collection, Mapping
from datetime import date

from entrepot.db.audit_lists import Entry
from entrepot.model.deed import DEEDS
from entrepot.model.errors import Invalid
from entrepot.model.event import EventName
from entrepot.model.query import Between, Condition, Contains, Exactly
from entrepot.web.form import Fields

MOST_DETAILS = 12
LONGEST_VALUE = 160


def conditions_of(query: Fields, offered: Collection[str]) -> dict[str, Condition]:
    """What `?what=`, one of `offered`, `?on=`, `?from=` and `?to=` ask for. Raises Invalid."""
    conditions: dict[str, Condition] = {}
    if on := query.text("on"):
        conditions["resource"] = Contains(on)
    if what := query.text("what"):
        if what not in offered:
            raise Invalid(f"nothing that happens here is called {what[:64]!r}")
        deed = DEEDS[EventName(what)]
        conditions["operation"], conditions["resource_type"] = Exactly(deed.operation), Exactly(deed.resource_type)
    least, most = _day(query.text("from")), _day(query.text("to"))
    if least or most:
        start = None if least is None else f"{least}T00:00:00"
        conditions["op_time"] = Between(start, None if most is None else f"{most}T23:59:59.999999")
    return conditions


def details(entry: Entry, besides: Collection[str] = ()) -> Mapping[str, str]:
    """What is told of an event, as names and short texts; `besides`: names that the page tells anyway."""
    try:
        told = json.loads(entry.detail or "{}")
    except ValueError:
        return {}
    found = [(str(key), value) for key, value in told.items() if key not in besides and value not in (None, "")]
    return {key: str(value)[:LONGEST_VALUE] for key, value in found[:MOST_DETAILS]}


def _day(text: str) -> date | None:
    """Raises Invalid."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("a day is written as 2026-01-31") from error
