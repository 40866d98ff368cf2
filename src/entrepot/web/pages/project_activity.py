"""Who did what in a project, the newest first."""

from functools import partial

from entrepot.model.query import Contains
from entrepot.registry.audit import LIST_OF_PROJECT
from entrepot.web.answer import Answer, View
from entrepot.web.ask import Ask
from entrepot.web.event_filter import conditions_of, details
from entrepot.web.event_words import EVENTS, event_words
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.route import Route, reading
from entrepot.web.subject import Place

PAGE = "activity"
ELSEWHERE = ("user", "group", "configuration", "audit", "jobs", "blob")
"""What happens in no project, by how the names of its events begin."""
OFFERED = {name: words for name, words in EVENTS.items() if name.partition(":")[0] not in ELSEWHERE}
_FILTERS = ("who", "what", "on", "from", "to")


async def show(ask: Ask) -> Answer:
    """What happened in the project, as the address filters it. Raises Invalid."""
    grant = await ask.project(LIST_OF_PROJECT)
    conditions = conditions_of(ask.query, OFFERED)
    if who := ask.query.text("who"):
        conditions["username"] = Contains(who)
    query = ask.listed(conditions)
    entries, total = await ask.parts.audit.page_of_project(grant, query)
    shown = {
        **await frame_of(ask, grant, PAGE),
        "entries": entries,
        "total": total,
        "listed": query,
        "asked": {name: ask.query.text(name) for name in _FILTERS},
        "events": OFFERED,
        "event_words": event_words,
        "details": partial(details, besides=("project",)),
    }
    return View("project_activity", shown, topics=(f"project:{grant.project.name}",))


ROUTES: tuple[Route, ...] = (reading(Place.PROJECT, "activity", show),)
