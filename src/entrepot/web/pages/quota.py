"""A project's quota, explained: what takes the room, by repository and by blob, and how large it may be."""

import json
from dataclasses import dataclass

from entrepot.db.quotas import UNLIMITED
from entrepot.db.usage import RepositoryUse
from entrepot.model.deed import DEEDS
from entrepot.model.errors import Invalid
from entrepot.model.event import EventName
from entrepot.model.grant import ProjectGrant
from entrepot.model.query import Condition, Contains, Exactly, ListQuery
from entrepot.registry.audit import LIST_OF_PROJECT
from entrepot.registry.limits import UPDATE as SET_LIMIT
from entrepot.registry.usage import LIST, READ, ProjectUse, SharedBlob
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

PAGE = "quota"
ENTRIES = 20
"""Of a page: each is worked out from many rows."""
UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
LARGEST = 10**9
"""Of a number in a form, whatever its unit."""
_WIDTH = 1000
REFUSED = 5
"""Pushes that there was no room for, the newest of which are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A push that there was no room for."""

    who: str
    repository: str
    size: int
    """Bytes that there was no room for."""
    at: int


async def show(ask: Ask) -> Answer:
    """The figures, and what takes the room: repositories by name, or with `?show=blobs` the largest blobs."""
    grant = await ask.project(READ, LIST)
    use = await ask.parts.usage.project(grant)
    part, which = ask.query.text("q"), ask.query.text("show")
    by_blob = which == "blobs"
    conditions: dict[str, Condition] = {"name": Contains(part)} if part and not by_blob else {}
    query = ask.listed(conditions, page_size=ENTRIES)
    repositories: list[RepositoryUse] = []
    blobs: list[SharedBlob] = []
    if by_blob:
        blobs, total = await ask.parts.usage.blobs(grant, await ask.visible(), query)
    else:
        repositories, total = await ask.parts.usage.repositories(grant, query)
    shown = {
        **await frame_of(ask, grant, PAGE),
        "use": use,
        "bar": _bar(use),
        "unlimited": UNLIMITED,
        "repositories": repositories,
        "blobs": blobs,
        "total": total,
        "listed": query,
        "part": part,
        "which": "blobs" if by_blob else "",
        "refused": await _refused(ask, grant),
        "may_set": grant.principal.admin,
        "units": UNITS,
        "limit": _in_units(use.quota.hard),
    }
    return View("quota", shown, topics=(f"project:{grant.project.name}",))


async def set_limit(ask: Ask) -> Answer:
    """Sets how much the project may hold. Raises as `Limits.set_limit`."""
    grant = await ask.project(READ)
    system = await ask.system(SET_LIMIT)
    use = await ask.parts.usage.project(grant)
    await ask.parts.limits.set_limit(system, use.quota.id, _bytes(ask))
    return Go(address(grant.project.name, PAGE), Said(ask.say("The limit is saved.")))


async def _refused(ask: Ask, grant: ProjectGrant) -> list[Refused]:
    """The newest refusals, for who may see what happens in the project."""
    if LIST_OF_PROJECT not in grant.permissions:
        return []
    deed = DEEDS[EventName.PUSH_REFUSED]
    wanted = {"operation": Exactly(deed.operation), "resource_type": Exactly(deed.resource_type)}
    entries, _ = await ask.parts.audit.page_of_project(grant, ListQuery(conditions=wanted, page_size=REFUSED))
    return [
        Refused(who=one.actor, repository=one.resource, size=int(json.loads(one.detail)["bytes"]), at=one.at)
        for one in entries
    ]


def _bytes(ask: Ask) -> int:
    """What the form says. Raises Invalid."""
    if ask.form.ticked("unlimited"):
        return UNLIMITED
    unit = UNITS.get(ask.form.text("unit"))
    try:
        number = float(ask.form.text("limit").replace(",", ".")[:20])
    except ValueError as error:
        raise Invalid("a limit is a number, such as 50 or 1.5, and its unit") from error
    if unit is None or not 0 < number < LARGEST:
        raise Invalid(f"a limit is a number above 0, in {', '.join(UNITS)}")
    return int(number * unit)


def _in_units(size: int) -> tuple[str, str]:
    """The number and the unit that say a limit exactly, or nearly."""
    if size == UNLIMITED:
        return "", "GB"
    unit = next((name for name in reversed(UNITS) if size >= UNITS[name]), "MB")
    return f"{size / UNITS[unit]:.3f}".rstrip("0").rstrip("."), unit


def _bar(use: ProjectUse) -> list[tuple[str, int, int]]:
    """The parts of the bar from left to right: which, where it begins, how wide it is."""
    used, hard = use.quota.used, use.quota.hard
    whole = max(used, hard, 1) if hard != UNLIMITED else max(used, 1)
    found, start = [], 0
    for kind, size in (("own", used - use.trash), ("trash", use.trash)):
        width = min(max(0, size) * _WIDTH // whole, _WIDTH - start)
        if size > 0:
            width = max(width, 4)
        found.append((kind, start, width))
        start += width
    return found


ROUTES: tuple[Route, ...] = (
    reading(Place.PROJECT, "quota", show),
    changing(Place.PROJECT, "quota/limit", set_limit),
)
