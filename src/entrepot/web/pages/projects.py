"""The list of projects, which is the first page; making one; and one project with its repositories."""

from entrepot.model.errors import EntrepotError
from entrepot.model.grant import SystemGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import Condition, Contains, Exactly, SortKey
from entrepot.registry import arrivals
from entrepot.registry.directory import READ
from entrepot.registry.project_changes import Wanted
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

PUSH = Permission(Resource.REPOSITORY, Verb.PUSH)
_SORTS = {
    "name": SortKey("name"),
    "-name": SortKey("name", descending=True),
    "-push": SortKey("update_time", descending=True),
    "-pulls": SortKey("pull_count", descending=True),
}

ACCESS = {"public": "true", "private": "false"}
"""Which projects are listed: those that anybody may pull from, or those that only members may."""


async def show_all(ask: Ask) -> Answer:
    """The projects that the reader may know of. Without any, what to do first."""
    part = ask.query.text("q")
    access = ask.query.text("access")
    conditions: dict[str, Condition] = {"name": Contains(part)} if part else {}
    if access in ACCESS:
        conditions["public"] = Exactly(ACCESS[access])
    grant = await ask.visible()
    query = ask.listed(conditions)
    found, total = await ask.parts.directory.list_projects(grant, query)
    shown = {
        "projects": found,
        "total": total,
        "listed": query,
        "part": part,
        "access": access if access in ACCESS else "",
        "may_create": await _may_create(ask),
    }
    return View("projects", shown, topics=("projects",))


async def show_form(ask: Ask) -> Answer:
    """The form for a new project. Raises Denied to who may make none."""
    await _making(ask)
    return View("project_new", {"name": "", "public": False})


async def create(ask: Ask) -> Answer:
    """Makes a project. Raises as `ProjectChanges.create`."""
    grant = await _making(ask)
    name = ask.form.text("name")
    default_limit = int(await ask.parts.configuration.get("storage_per_project"))
    wanted = Wanted(metadata={"public": "true" if ask.form.ticked("public") else "false"}, allowlist=None)
    await ask.parts.project_changes.create(grant, name, wanted, default_limit)
    return Go(address(name), Said(ask.say("Project %(name)s is there.", name=name)))


async def show(ask: Ask) -> Answer:
    """A project's repositories."""
    grant = await ask.project(READ)
    part = ask.query.text("q")
    conditions: dict[str, Condition] = {"name": Contains(part)} if part else {}
    sort = ask.query.text("sort")
    query = ask.listed(conditions, sort=(_SORTS[sort],) if sort in _SORTS else ())
    found, total = await ask.parts.repositories.list_of_project(grant, query)
    shown = {
        **await frame_of(ask, grant, "repositories"),
        "repositories": found,
        "total": total,
        "listed": query,
        "part": part,
        "uploads": await ask.parts.arrivals.of_project(grant) if arrivals.READ in grant.permissions else (),
        "may_push": PUSH in grant.permissions,
    }
    return View("project", shown, topics=(f"project:{grant.project.name}",))


async def _making(ask: Ask) -> SystemGrant:
    anyone = await ask.parts.configuration.get("project_creation_restriction") == "everyone"
    return await ask.parts.management.making_projects(ask.asker, anyone=anyone)


async def _may_create(ask: Ask) -> bool:
    try:
        await _making(ask)
    except EntrepotError:
        return False
    return True


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "", show_all),
    reading(Place.HOUSE, "projects/new", show_form),
    changing(Place.HOUSE, "projects/new", create),
    reading(Place.PROJECT, "", show),
)
