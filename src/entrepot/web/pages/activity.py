"""What happened: everything for administrators, and for others what did in the projects they administer."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

from entrepot.db.audit_lists import Entry
from entrepot.model.errors import Denied
from entrepot.model.query import Condition, Exactly, ListQuery
from entrepot.registry import audit
from entrepot.registry.directory import READ as READ_PROJECT
from entrepot.web.answer import Answer, Content, View
from entrepot.web.ask import Ask
from entrepot.web.event_filter import conditions_of, details
from entrepot.web.event_words import EVENTS, event_words
from entrepot.web.route import Route, reading
from entrepot.web.subject import Place

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


async def _find(ask: Ask, query: ListQuery) -> tuple[list[Entry], int]:
    own = await ask.parts.management.signed_in(ask.asker)
    try:
        grant = await ask.system(audit.LIST)
    except Denied:
        return await ask.parts.audit.page_of_own(own, query)
    return await ask.parts.audit.page(grant, query)


async def _conditions(ask: Ask) -> dict[str, Condition]:
    """What the address asks for. Raises Invalid, and as `ManagementGate.project`."""
    conditions = conditions_of(ask.query, EVENTS)
    if who := ask.query.text("who"):
        conditions["username"] = Exactly(who)
    if project := ask.query.text("project"):
        await ask.parts.management.signed_in(ask.asker)
        grant = await ask.parts.management.project(ask.asker, project, READ_PROJECT)
        conditions["project_id"] = Exactly(grant.project.id)
    return conditions


def _harmless(text: str) -> str:
    """The text so that a spreadsheet does not take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "activity", show),
    reading(Place.HOUSE, "activity/export", export),
)
