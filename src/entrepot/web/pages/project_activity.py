"""Who did what in a project, the newest first."""

import json
from collections.abc import Mapping
from datetime import date

from entrepot.db.audit_lists import Entry
from entrepot.model.deed import DEEDS
from entrepot.model.errors import Invalid
from entrepot.model.event import EventName
from entrepot.model.query import Between, Condition, Contains, Exactly
from entrepot.registry.audit import LIST_OF_PROJECT
from entrepot.web.answer import Answer, View
from entrepot.web.ask import Ask
from entrepot.web.event_words import EVENTS, event_words
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.route import Route, reading
from entrepot.web.subject import Place

PAGE = "activity"
MOST_DETAILS = 12
LONGEST_VALUE = 160
ELSEWHERE = ("user", "group", "configuration", "audit", "jobs", "blob")
"""What happens in no project, by how the names of its events begin."""
OFFERED = {name: words for name, words in EVENTS.items() if name.partition(":")[0] not in ELSEWHERE}
_FILTERS = ("who", "what", "on", "from", "to")


async def show(ask: Ask) -> Answer:
    """What happened in the project, as the address filters it. Raises Invalid."""
    grant = await ask.project(LIST_OF_PROJECT)
    query = ask.listed(_conditions(ask))
    entries, total = await ask.parts.audit.page_of_project(grant, query)
    shown = {
        **await frame_of(ask, grant, PAGE),
        "entries": entries,
        "total": total,
        "listed": query,
        "asked": {name: ask.query.text(name) for name in _FILTERS},
        "events": OFFERED,
        "event_words": event_words,
        "details": details,
    }
    return View("project_activity", shown, topics=(f"project:{grant.project.name}",))


def details(entry: Entry) -> Mapping[str, str]:
    """What is told besides, as names and short texts; the project, which the page is of, left out."""
    try:
        told = json.loads(entry.detail or "{}")
    except ValueError:
        return {}
    found = [(str(key), value) for key, value in told.items() if key != "project" and value not in (None, "")]
    return {key: str(value)[:LONGEST_VALUE] for key, value in found[:MOST_DETAILS]}


def _conditions(ask: Ask) -> dict[str, Condition]:
    """What the address asks for. Raises Invalid."""
    conditions: dict[str, Condition] = {}
    if who := ask.query.text("who"):
        conditions["username"] = Contains(who)
    if on := ask.query.text("on"):
        conditions["resource"] = Contains(on)
    if what := ask.query.text("what"):
        if what not in OFFERED:
            raise Invalid(f"nothing that happens in a project is called {what[:64]!r}")
        deed = DEEDS[EventName(what)]
        conditions["operation"], conditions["resource_type"] = Exactly(deed.operation), Exactly(deed.resource_type)
    least, most = _day(ask.query.text("from")), _day(ask.query.text("to"))
    if least or most:
        start = None if least is None else f"{least}T00:00:00"
        conditions["op_time"] = Between(start, None if most is None else f"{most}T23:59:59.999999")
    return conditions


def _day(text: str) -> date | None:
    """Raises Invalid."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("a day is written as 2026-01-31") from error


ROUTES: tuple[Route, ...] = (reading(Place.PROJECT, "activity", show),)
