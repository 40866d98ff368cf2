"""Jobs: what runs, waits, has ended and is planned, and who does it."""

from collections.abc import Mapping
from typing import Any

from entrepot.db.job_lists import WORDS as STATE_WORDS
from entrepot.model.cron import DAILY, HOURLY, WEEKLY
from entrepot.model.deed import DEEDS, OTHER
from entrepot.model.errors import Invalid
from entrepot.model.grant import SystemGrant
from entrepot.model.job import JobKind, JobState, Json
from entrepot.model.permission import Verb
from entrepot.model.query import AnyOf, Condition, Exactly
from entrepot.registry.job_monitor import LIST, STOP
from entrepot.registry.jobs import AUDIT_PURGE, GARBAGE_COLLECTION, SCRUB, Care, Wanted
from entrepot.tasks.garbage import MOST_WORKERS
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.errors import N_
from entrepot.web.job_words import WORDS, kind_name
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

LINES_SHOWN = 3
LONGEST_KEPT_DAYS = 10_000
_SHOWN = {
    "running": ("running",),
    "waiting": ("pending",),
    "ended": ("succeeded", "failed", "stopped"),
    "failed": ("failed",),
}
_TABS = (
    ("running", N_("Running")),
    ("waiting", N_("Waiting")),
    ("ended", N_("Ended")),
    ("failed", N_("Failed")),
    ("schedules", N_("Schedules")),
    ("workers", N_("Workers")),
)
_PLANNED: dict[str, Care] = {"collection": GARBAGE_COLLECTION, "purge": AUDIT_PURGE}
_STARTED = {**_PLANNED, "scrub": SCRUB}
_CRONS = {"Hourly": HOURLY, "Daily": DAILY, "Weekly": WEEKLY}


async def show(ask: Ask) -> Answer:
    """One of the lists, with the figures of all. Raises Denied to who does not watch over jobs."""
    grant = await ask.system(LIST)
    which = ask.query.text("show") or "running"
    shown: dict[str, Any] = {
        **WORDS,
        "figures": await ask.parts.job_monitor.figures(grant),
        "kinds": [str(kind) for kind in JobKind],
        "which": which,
        "tabs": _TABS,
        "kind": ask.query.text("kind"),
        "most_workers": MOST_WORKERS,
    }
    if which in _SHOWN:
        shown |= await _list(ask, grant, which)
    elif which == "schedules":
        shown |= await _schedules(ask, grant)
    elif which == "workers":
        shown["running"] = await ask.parts.job_monitor.running(grant, None)
    else:
        raise Invalid("show is one of " + ", ".join(key for key, _ in _TABS))
    return View("jobs", shown, topics=("state:jobs", "system"))


async def act_on_queue(ask: Ask) -> Answer:
    """Holds back jobs of a kind or all, lets them go on, or stops those that wait. Raises Invalid, RecordUnknown."""
    grant = await ask.system(STOP)
    monitor, kind, action = ask.parts.job_monitor, ask.form.text("kind") or None, ask.form.text("action")
    back = address(page="jobs") + ("?show=waiting" if kind or action == "stop" else "")
    named = ask.say(kind_name(kind)) if kind else ask.say("All jobs")
    if action == "pause":
        await monitor.pause(grant, kind)
        return Go(back, Said(ask.say("%(what)s: held back until you let it go on.", what=named)))
    if action == "resume":
        await monitor.resume(grant, kind)
        return Go(back, Said(ask.say("%(what)s: going on.", what=named)))
    if action != "stop":
        raise Invalid("action is pause, resume or stop")
    count = await monitor.stop_waiting(grant, kind)
    return Go(back, Said(ask.voice.say_many("%(n)s waiting job is stopped.", "%(n)s waiting jobs are stopped.", count)))


async def start(ask: Ask) -> Answer:
    """Starts a collection or a purge, or what it would do, or a scrub. Raises Invalid, Conflict if one is under way."""
    care = _care(ask, _STARTED)
    grant = await ask.system(care.may(Verb.CREATE))
    parameters = _parameters(ask, care)
    if care is not SCRUB:
        parameters["dry_run"] = ask.form.ticked("dry_run")
    made = await ask.parts.jobs.request(grant, care, parameters, Verb.CREATE)
    return Go(address(page=f"jobs/{made}"))


async def plan(ask: Ask) -> Answer:
    """Plans a collection or purge, or removes its plan. Raises Invalid."""
    care = _care(ask, _PLANNED)
    grant = await ask.system(care.may(Verb.UPDATE))
    cadence, back = ask.form.text("cadence"), address(page="jobs") + "?show=schedules"
    if cadence == "None":
        await ask.parts.jobs.unplan(grant, care, Verb.UPDATE)
        return Go(back, Said(ask.say("%(what)s: no longer planned.", what=ask.say(kind_name(care.kind)))))
    if cadence not in (*_CRONS, "Custom"):
        raise Invalid("cadence is None, Hourly, Daily, Weekly or Custom")
    cron = _CRONS.get(cadence) or ask.form.text("cron")
    await ask.parts.jobs.plan(
        grant, care, Wanted(cron=cron, cadence=cadence, parameters=_parameters(ask, care)), Verb.UPDATE
    )
    return Go(back, Said(ask.say("%(what)s: planned.", what=ask.say(kind_name(care.kind)))))


async def _list(ask: Ask, grant: SystemGrant, which: str) -> dict[str, Any]:
    words = tuple(STATE_WORDS[JobState(state)] for state in _SHOWN[which])
    conditions: dict[str, Condition] = {"status": AnyOf(words) if len(words) > 1 else Exactly(words[0])}
    if len(words) == 1:
        conditions = {"state": Exactly(_SHOWN[which][0])}
    query = ask.listed(conditions)
    kind = ask.query.text("kind") or None
    found, total = await ask.parts.job_monitor.page(grant, query, kind)
    places, lines = await ask.parts.job_monitor.beside(grant, found, LINES_SHOWN if which == "running" else 0)
    shown: dict[str, Any] = {"jobs": found, "total": total, "listed": query, "places": places, "lines": lines}
    if which == "waiting":
        shown["queues"] = await ask.parts.job_monitor.waiting(grant)
    return shown


async def _schedules(ask: Ask, grant: SystemGrant) -> dict[str, Any]:
    query = ask.listed()
    found, total = await ask.parts.job_monitor.schedules(grant, query)
    plans = [(name, care.kind, await ask.parts.jobs.schedule(grant, care)) for name, care in _PLANNED.items()]
    return {"schedules": found, "total": total, "listed": query, "plans": plans}


def _care(ask: Ask, cares: Mapping[str, Care]) -> Care:
    name = ask.form.text("what")
    if name not in cares:
        raise Invalid(f"what is one of {', '.join(cares)}")
    return cares[name]


def _parameters(ask: Ask, care: Care) -> dict[str, Json]:
    """What the form asks for. Raises Invalid."""
    if care is SCRUB:
        return {}
    if care is GARBAGE_COLLECTION:
        workers = ask.form.whole("workers", least=1, most=MOST_WORKERS) if ask.form.text("workers") else 1
        return {"delete_untagged": ask.form.ticked("delete_untagged"), "delete_tag": False, "workers": workers}
    days = ask.form.whole("days", least=1, most=LONGEST_KEPT_DAYS)
    # The audit is one chain that can only lose its beginning: an event of a kind that stays would keep all after it.
    types = sorted({deed.event_type for deed in DEEDS.values()} | {OTHER})
    return {"audit_retention_hour": days * 24, "include_event_types": ",".join(types)}


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "jobs", show),
    Route("POST", Place.HOUSE, "jobs/queue", act_on_queue, while_read_only=True),
    changing(Place.HOUSE, "jobs/start", start),
    changing(Place.HOUSE, "jobs/plan", plan),
)
