"""An artifact: how to pull it, and what is in it."""

from entrepot.model.permission import Permission, Resource, Verb
from entrepot.registry.artifacts import Shown
from entrepot.web.answer import Answer, View
from entrepot.web.ask import Ask
from entrepot.web.route import Route, reading
from entrepot.web.subject import Place

READ = Permission(Resource.ARTIFACT, Verb.READ)


async def show(ask: Ask) -> Answer:
    """The artifact's own page."""
    grant = await ask.repository(READ)
    view = await ask.parts.artifacts.get(grant, ask.subject.ref, Shown(immutable=True))
    shown = {"artifact": view, "reference": ask.subject.ref, "name": grant.name}
    return View("artifact", shown, topics=(f"repository:{grant.name}",))


ROUTES: tuple[Route, ...] = (reading(Place.ARTIFACT, "", show),)
