"""What is deleted, what takes the room, and whether everything works."""

import asyncio
import shutil
from collections.abc import Awaitable
from typing import Any

from entrepot.model.errors import EntrepotError
from entrepot.model.fault import Fault
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import Condition, Contains, Exactly, ListQuery, SortKey
from entrepot.model.trash import TrashKind
from entrepot.registry import audit, limits
from entrepot.registry.job_monitor import LIST as LIST_JOBS
from entrepot.registry.jobs import SCRUB
from entrepot.registry.usage import READ_STORE
from entrepot.web.answer import Answer
from entrepot.web.ask import Ask
from entrepot.web.errors import N_
from entrepot.web.pages.admin_frame import admin_view
from entrepot.web.route import Route, reading
from entrepot.web.subject import Place

PROBE_SECONDS = 5.0
LARGEST_PROJECTS = 10
READ_USERS = Permission(Resource.USER, Verb.LIST)
FAULTS = {
    Fault.BLOB_MISSING: N_("lost"),
    Fault.BLOB_CORRUPT: N_("damaged"),
    Fault.BLOB_UNREADABLE: N_("cannot be read"),
}
PARTS = {"database": N_("Database"), "storage": N_("Storage of blobs")}


async def show_trash(ask: Ask) -> Answer:
    """What was deleted everywhere, the newest first: what the reader may bring back."""
    grant = await ask.parts.management.signed_in(ask.asker)
    part, kind = ask.query.text("q"), ask.query.text("kind")
    conditions: dict[str, Condition] = {}
    if part:
        conditions["about"] = Contains(part)
    if kind in {*TrashKind}:
        conditions["kind"] = Exactly(kind)
    query = ask.listed(conditions)
    found, total = await ask.parts.trash.page(grant, query)
    shown: dict[str, Any] = {
        "entries": found,
        "total": total,
        "listed": query,
        "part": part,
        "kind": kind,
        "kinds": [*TrashKind],
    }
    view = admin_view("trash", shown, live=grant.principal.admin)
    return view if grant.principal.admin else admin_view("trash", {**shown, "sections": ()}, live=False)


async def show_trash_of_all(ask: Ask) -> Answer:
    """As `show_trash`, in the administration. Raises Denied to others than administrators."""
    await ask.system(READ_USERS)
    return await show_trash(ask)


async def show_storage(ask: Ask) -> Answer:
    """What takes the room, what was freed, what is damaged, and how far reading it all again has come."""
    grant = await ask.system(READ_STORE)
    query = ListQuery(sort=(SortKey("used.storage", descending=True),), page_size=LARGEST_PROJECTS)
    fullest, projects = await ask.parts.limits.page(await ask.system(limits.LIST), query, None)
    damaged, damaged_total = await ask.parts.quarantine.page(grant, ask.listed())
    disk = await asyncio.to_thread(shutil.disk_usage, ask.parts.data)
    store = await ask.parts.usage.store(grant)
    newest, _ = await ask.parts.jobs.page(await ask.system(SCRUB.may(Verb.LIST)), SCRUB, ListQuery(page_size=1))
    shown = {
        "store": store,
        "scrubbing": next((job for job in newest if not job.state.final), None),
        "fullest": fullest,
        "projects": projects,
        "most": max([view.quota.used for view in fullest] or [0]),
        "freed_most": max([day.bytes for day in store.freed] or [0]),
        "damaged": damaged,
        "faults": FAULTS,
        "total": damaged_total,
        "listed": ask.listed(),
        "disk": disk,
        "provider": ask.parts.storage_provider,
    }
    return admin_view("storage", shown)


async def show_health(ask: Ask) -> Answer:
    """Whether each part answers, which processes do jobs, and how the audit stands."""
    grant = await ask.system(LIST_JOBS)
    probes = ask.parts.probes
    told = await asyncio.gather(*(_probe(probe()) for probe in probes.values()))
    nodes = await ask.parts.job_monitor.nodes(grant)
    state = await ask.parts.audit.state(await ask.system(audit.LIST))
    forward = str(await ask.parts.configuration.get("audit_log_forward_endpoint"))
    parts = [(PARTS.get(name, name), trouble) for name, trouble in zip(probes, told, strict=True)]
    return admin_view("health", {"parts": parts, "nodes": nodes, "audit": state, "forward": forward})


async def _probe(asked: Awaitable[None]) -> str:
    """What is wrong; empty if nothing is."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await asked
    except TimeoutError:
        return N_("No answer within five seconds.")
    except EntrepotError:
        return N_("It does not answer; the registry's log says more.")
    return ""


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "trash", show_trash),
    reading(Place.HOUSE, "admin/trash", show_trash_of_all),
    reading(Place.HOUSE, "admin/storage", show_storage),
    reading(Place.HOUSE, "admin/health", show_health),
)
