"""What happened: everything for administrators, and for others what did in the projects they administer."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from entrepot.db.audit_lists import Entry
from entrepot.model.deed import DEEDS
from entrepot.model.errors import Denied, Invalid
from entrepot.model.query import Between, Condition, Contains, Exactly, ListQuery
from entrepot.registry import audit
from entrepot.registry.directory import READ as READ_PROJECT
from entrepot.web.answer import Answer, Content, View
from entrepot.web.ask import Ask
from entrepot.web.event_words import EVENTS, event_words
from entrepot.web.route import Route, reading
from entrepot.web.subject import Place

MOST_DETAILS = 12
LONGEST_VALUE = 160
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def show(ask: Ask) -> Answer:
    """A page of it, the newest first. Raises Unauthenticated, Invalid."""
    found, total = await _find(ask, ask.listed(await _conditions(ask)))
    shown: dict[str, Any] = {
        "entries": found,
        "total": total,
        "listed": ask.listed(),
        "details": details,
        "event_words": event_words,
        "events": EVENTS,
        "asked": {name: ask.query.text(name) for name in ("who", "what", "on", "project", "from", "to")},
    }
    everything = (await ask.visible()).principal.admin
    return View("activity", shown, topics=("system" if everything else "projects",))


async def export(ask: Ask) -> Answer:
    """What fits the filters as CSV, the newest `MOST_UNPAGED`. Raises as `show`."""
    query = ListQuery(conditions=await _conditions(ask), page_size=0)
    found, _ = await _find(ask, query)
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(["id", "time", "who", "event", "resource", "succeeded", "address", "detail"])
    for entry in found:
        at = datetime.fromtimestamp(entry.at / 1e6, UTC).isoformat(timespec="milliseconds")
        told = [entry.actor, entry.name, entry.resource, str(entry.succeeded).lower(), entry.address, entry.detail]
        table.writerow([entry.id, at, *map(_harmless, told)])
    return Content("text/csv; charset=utf-8", written.getvalue().encode(), name="activity.csv")


def details(entry: Entry) -> Mapping[str, str]:
    """What is told besides, as names and short texts."""
    try:
        told = json.loads(entry.detail or "{}")
    except ValueError:
        return {}
    pairs = [(str(key), value) for key, value in told.items() if value not in (None, "")][:MOST_DETAILS]
    return {key: str(value)[:LONGEST_VALUE] for key, value in pairs}


async def _find(ask: Ask, query: ListQuery) -> tuple[list[Entry], int]:
    own = await ask.parts.management.signed_in(ask.asker)
    try:
        grant = await ask.system(audit.LIST)
    except Denied:
        return await ask.parts.audit.page_of_own(own, query)
    return await ask.parts.audit.page(grant, query)


async def _conditions(ask: Ask) -> dict[str, Condition]:
    """What the address asks for. Raises Invalid, and as `ManagementGate.project`."""
    conditions: dict[str, Condition] = {}
    if who := ask.query.text("who"):
        conditions["username"] = Exactly(who)
    if on := ask.query.text("on"):
        conditions["resource"] = Contains(on)
    if what := ask.query.text("what"):
        if what not in DEEDS:
            raise Invalid(f"there is no event {what[:64]!r}")
        deed = DEEDS[what]
        conditions["operation"], conditions["resource_type"] = Exactly(deed.operation), Exactly(deed.resource_type)
    if project := ask.query.text("project"):
        await ask.parts.management.signed_in(ask.asker)
        grant = await ask.parts.management.project(ask.asker, project, READ_PROJECT)
        conditions["project_id"] = Exactly(grant.project.id)
    least, most = _day(ask.query.text("from")), _day(ask.query.text("to"))
    if least or most:
        end = None if most is None else f"{most}T23:59:59.999999"
        conditions["op_time"] = Between(None if least is None else f"{least}T00:00:00", end)
    return conditions


def _day(text: str) -> date | None:
    """Raises Invalid."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("a day is written as 2026-01-31") from error


def _harmless(text: str) -> str:
    """The text so that a spreadsheet does not take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "activity", show),
    reading(Place.HOUSE, "activity/export", export),
)
