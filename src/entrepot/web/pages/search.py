"""Search: everything that the reader may know of, by what it is called; and what the palette lists while one types."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from entrepot.model.errors import EntrepotError
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.registry.accounts import LIST as LIST_USERS
from entrepot.registry.finding import LONGEST, Found
from entrepot.web.answer import Answer, Content, Go, View
from entrepot.web.ask import Ask
from entrepot.web.errors import N_
from entrepot.web.route import Route, reading
from entrepot.web.subject import OURS, Place, address, subject_of, written

MOST_PEOPLE = 20
IN_PALETTE = 5
SHORTEST = 2
READ_REPOSITORY = Permission(Resource.REPOSITORY, Verb.READ)
_TOOLS = frozenset(
    {"docker", "podman", "nerdctl", "crane", "skopeo", "ctr", "oras", "helm", "regctl", "crictl", "buildah"}
)


@dataclass(frozen=True, slots=True)
class Way:
    """A page that the palette offers by its name."""

    label: str
    page: str
    admin: bool = False


WAYS = (
    Way(N_("Projects"), ""),
    Way(N_("New project"), "projects/new"),
    Way(N_("Account"), "account"),
    Way(N_("Activity"), "activity"),
    Way(N_("Trash"), "trash"),
    Way("API", "api"),
    Way(N_("Jobs"), "jobs", admin=True),
    Way(N_("Users"), "admin/users", admin=True),
    Way(N_("Groups"), "admin/groups", admin=True),
    Way(N_("Robots"), "admin/robots", admin=True),
    Way(N_("Quotas"), "admin/quotas", admin=True),
    Way(N_("Labels"), "admin/labels", admin=True),
    Way(N_("Storage"), "admin/storage", admin=True),
    Way(N_("Health"), "admin/health", admin=True),
    Way(N_("Configuration"), "admin/configuration", admin=True),
)


async def show(ask: Ask) -> Answer:
    """What fits; a whole reference that is there leads straight to its page."""
    text = ask.query.text("q")[:LONGEST]
    if place := await _place(ask, text):
        return Go(place)
    grant = await ask.visible()
    found = await ask.parts.finding.find(grant, text) if len(text) >= SHORTEST else None
    people = await _people(ask, text, MOST_PEOPLE) if len(text) >= SHORTEST and grant.principal.admin else []
    shown: dict[str, Any] = {"q": text, "found": found, "people": people, "shortest": SHORTEST}
    return View("search", shown)


async def list_for_palette(ask: Ask) -> Answer:
    """The same as JSON, some of each kind, with the pages whose names fit: `[{label, detail, href}]`."""
    text = ask.query.text("q")[:LONGEST]
    grant = await ask.visible()
    told: list[dict[str, str]] = []
    if place := await _place(ask, text):
        told.append({"label": text, "detail": ask.say("Open it"), "href": place})
    for way in WAYS:
        label = ask.say(way.label)
        allowed = grant.principal.admin or not (way.admin or grant.principal.anonymous)
        if (allowed or not way.page) and text.lower() in label.lower():
            told.append({"label": label, "detail": ask.say("Page"), "href": address(page=way.page)})
    if len(text) >= SHORTEST:
        told = [*told[:IN_PALETTE], *_told(ask, await ask.parts.finding.find(grant, text, IN_PALETTE))]
        told.append({"label": text, "detail": ask.say("Search everything"), "href": _all(text)})
    return Content("application/json", json.dumps(told, ensure_ascii=False).encode())


def _told(ask: Ask, found: Found) -> list[dict[str, str]]:
    rows = [(one.name, N_("Project"), one.name) for one in found.projects]
    rows += [(one, N_("Repository"), one) for one in found.repositories]
    tags = [written(one.repository, one.name) for one in found.tags]
    rows += [(one, N_("Tag"), one) for one in tags]
    artifacts = [written(one.repository, one.digest) for one in found.artifacts]
    rows += [(one, N_("Artifact"), one) for one in artifacts]
    return [{"label": label, "detail": ask.say(kind), "href": address(thing)} for label, kind, thing in rows]


def _all(text: str) -> str:
    return f"{address(page='search')}?{urlencode({'q': text})}"


async def _people(ask: Ask, text: str, count: int) -> list[Any]:
    grant = await ask.system(LIST_USERS)
    return await ask.parts.accounts.named(grant, text, count)


async def _place(ask: Ask, text: str) -> str:
    """The page of what a pasted reference names, if it is there and the reader may know of it; else nothing."""
    name = pasted(text, ask.host)
    if "/" not in name:
        return ""
    try:
        subject = subject_of(f"/{name}")
        if subject.place not in (Place.REPOSITORY, Place.ARTIFACT) or subject.page:
            return ""
        grant = await ask.parts.management.repository(ask.asker, subject.name, READ_REPOSITORY)
    except EntrepotError:
        return ""
    return address(name) if grant.repository_id is not None else ""


def pasted(text: str, host: str) -> str:
    """The reference within what people copy: `docker pull host/shop/api:1`, `https://host/shop/api`, `shop/api:1`."""
    words = text.split()
    if len(words) > 1:
        if words[0] not in _TOOLS:
            return ""
        words = words[-1:]
    if not words:
        return ""
    name = words[0]
    for scheme in ("https://", "http://", "oci://", "docker://"):
        name = name.removeprefix(scheme)
    name = name.removeprefix(f"{host}/").strip("/")
    return "" if OURS.strip("/") in name.split("/") else name


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "search", show),
    reading(Place.HOUSE, "palette", list_for_palette),
)
