"""A repository: its tags by image, every tag, and what has none."""

from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import Condition, Contains, Exactly
from entrepot.registry.artifacts import Shown
from entrepot.registry.repositories import READ
from entrepot.web.answer import Answer, View
from entrepot.web.ask import Ask
from entrepot.web.route import Route, reading
from entrepot.web.subject import Place

LIST = Permission(Resource.ARTIFACT, Verb.LIST)
DELETE = Permission(Resource.ARTIFACT, Verb.DELETE)
_SHOWN = Shown(immutable=True)


async def show(ask: Ask) -> Answer:
    """The repository's images with their tags, the newest first."""
    project = await ask.project(READ)
    grant = await ask.repository(LIST)
    counted = await ask.parts.repositories.get(grant)
    part, which = ask.query.text("q"), ask.query.text("show")
    conditions: dict[str, Condition] = {}
    if part:
        conditions["tags"] = Contains(part)
    elif which == "untagged":
        conditions["tags"] = Exactly("nil")
    query = ask.listed(conditions)
    found, total = await ask.parts.artifacts.page(grant, query, _SHOWN)
    shown = {
        "repository": counted[0],
        "count": counted[1],
        "artifacts": found,
        "total": total,
        "listed": query,
        "part": part,
        "which": which,
        "may_delete": DELETE in project.permissions,
    }
    return View("repository", shown, topics=(f"repository:{grant.name}",))


ROUTES: tuple[Route, ...] = (reading(Place.REPOSITORY, "", show),)
