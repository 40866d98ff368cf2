"""The labels of a project: the list, making one, changing it, removing it."""

from entrepot.model.query import Condition, Contains, ListQuery
from entrepot.registry.labels import CREATE, DELETE, LIST, UPDATE
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

PAGE = "labels"
FIRST_COLOR = "#0079B8"
MOST_COMMON = 50
"""Labels of all projects that are told beside."""


async def show(ask: Ask) -> Answer:
    """The labels by name."""
    grant = await ask.project(LIST)
    part = ask.query.text("q")
    conditions: dict[str, Condition] = {"name": Contains(part)} if part else {}
    query = ask.listed(conditions)
    found, total = await ask.parts.labels.list_labels(grant, query)
    common, _ = await ask.parts.labels.list_labels(None, ListQuery(page_size=MOST_COMMON))
    shown = {
        **await frame_of(ask, grant, PAGE),
        "labels": found,
        "total": total,
        "listed": query,
        "part": part,
        "bearers": await ask.parts.labels.bearers(grant, found),
        "common": common,
        "first_color": FIRST_COLOR,
        "may_create": CREATE in grant.permissions,
        "may_change": UPDATE in grant.permissions,
        "may_delete": DELETE in grant.permissions,
    }
    return View("labels", shown, topics=(f"project:{grant.project.name}",))


async def create(ask: Ask) -> Answer:
    """Makes a label. Raises as `Labels.create`."""
    grant = await ask.project(CREATE)
    name, description, color = _fields(ask)
    await ask.parts.labels.create(grant, name, description, color)
    return Go(address(grant.project.name, PAGE), Said(ask.say("The label %(name)s is there.", name=name)))


async def change(ask: Ask) -> Answer:
    """Gives a label another name, description or colour. Raises as `Labels.update`."""
    grant = await ask.project(UPDATE)
    name, description, color = _fields(ask)
    await ask.parts.labels.update(grant, ask.number(), name, description, color)
    return Go(address(grant.project.name, PAGE), Said(ask.say("The label %(name)s is changed.", name=name)))


async def remove(ask: Ask) -> Answer:
    """Removes a label, also from what bears it. Raises as `Labels.delete`."""
    grant = await ask.project(DELETE)
    await ask.parts.labels.delete(grant, ask.number())
    return Go(address(grant.project.name, PAGE), Said(ask.say("The label is gone.")))


def _fields(ask: Ask) -> tuple[str, str, str]:
    return ask.form.text("name"), ask.form.text("description"), ask.form.text("color")


ROUTES: tuple[Route, ...] = (
    reading(Place.PROJECT, "labels", show),
    changing(Place.PROJECT, "labels", create),
    changing(Place.PROJECT, "labels/{id}", change),
    changing(Place.PROJECT, "labels/{id}/delete", remove),
)
