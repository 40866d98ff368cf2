"""Robots of the system, for administrators: each may do the same in every project, or in those that are named."""

import time

from entrepot.model.errors import Conflict, Invalid, Unknown
from entrepot.model.query import Condition, Contains
from entrepot.model.robot import EVERY_PROJECT, FOR_EVER, LONGEST_DURATION, Holding, RobotSettings
from entrepot.registry.robots import CREATE, DELETE, LIST, READ, UPDATE
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.pages.admin_frame import admin_page, admin_view
from entrepot.web.pages.robots import CHOICES, LIFETIMES
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place

MOST_NAMED = 200


async def show(ask: Ask) -> Answer:
    """The robots by name."""
    return await _page(ask)


async def create(ask: Ask) -> Answer:
    """Makes a robot and shows its secret this once; what does not fit shows the form again."""
    grant = await ask.system(CREATE)
    try:
        made = await ask.parts.robots.create(grant, _wanted(ask), "")
    except (Invalid, Conflict, Unknown) as error:
        return await _page(ask, wrong=str(error), status=400)
    return await _page(ask, told=made.view.name, secret=made.secret)


async def switch(ask: Ask) -> Answer:
    """Keeps a robot out at once, or lets it in again. Raises RecordUnknown."""
    robot = await ask.parts.robots.get(await ask.system(READ), ask.number())
    disabled = not ask.form.ticked("on")
    wanted = RobotSettings(
        name=robot.row.name,
        description=robot.row.description,
        level="system",
        disabled=disabled,
        duration=robot.row.duration,
        permissions=robot.permissions,
    )
    await ask.parts.robots.update(await ask.system(UPDATE), robot.row.id, robot.name, wanted)
    sentence = (
        ask.say("%(name)s cannot sign in any more.", name=robot.name)
        if disabled
        else ask.say("%(name)s can sign in again.", name=robot.name)
    )
    return Go(admin_page("robots"), Said(sentence))


async def refresh(ask: Ask) -> Answer:
    """Gives a robot a new secret, and shows it this once. Raises RecordUnknown."""
    grant = await ask.system(UPDATE)
    robot = await ask.parts.robots.get(await ask.system(READ), ask.number())
    secret = await ask.parts.robots.refresh(grant, robot.row.id, "")
    return await _page(ask, told=robot.name, secret=secret)


async def remove(ask: Ask) -> Answer:
    """Removes a robot. Raises RecordUnknown."""
    await ask.parts.robots.delete(await ask.system(DELETE), ask.number())
    return Go(admin_page("robots"), Said(ask.say("The robot is gone.")))


async def _page(ask: Ask, *, told: str = "", secret: str = "", wrong: str = "", status: int = 200) -> View:
    grant = await ask.system(LIST)
    part = ask.query.text("q")
    conditions: dict[str, Condition] = {"name": Contains(part)} if part else {}
    query = ask.listed(conditions)
    found, total = await ask.parts.robots.page(grant, query)
    shown = {
        "robots": found,
        "total": total,
        "listed": query,
        "part": part,
        "choices": CHOICES,
        "lifetimes": LIFETIMES,
        "for_ever": FOR_EVER,
        "now": time.time_ns() // 1000,
        "days": int(await ask.parts.configuration.get("robot_token_duration")),
        "told": told,
        "secret": secret,
        "wrong": wrong,
        "filled": {name: ask.form.text(name)[:1024] for name in ("name", "description", "projects")},
    }
    return admin_view("robots", shown, status=status)


def _wanted(ask: Ask) -> RobotSettings:
    """What the form asks for. Raises Invalid."""
    may = ask.form.text("may")
    chosen = next((one.permissions for one in CHOICES if one.key == may), None)
    if chosen is None:
        raise Invalid(f"may is one of {', '.join(one.key for one in CHOICES)}")
    names = ask.form.text("projects").replace(",", " ").split()
    if len(names) > MOST_NAMED:
        raise Invalid(f"name at most {MOST_NAMED} projects, or none for all of them")
    return RobotSettings(
        name=ask.form.text("name"),
        description=ask.form.text("description"),
        level="system",
        disabled=False,
        duration=ask.form.whole("days", least=FOR_EVER, most=LONGEST_DURATION),
        permissions={Holding("project", name): chosen for name in names or [EVERY_PROJECT]},
    )


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "admin/robots", show),
    changing(Place.HOUSE, "admin/robots", create),
    changing(Place.HOUSE, "admin/robots/{id}/switch", switch),
    changing(Place.HOUSE, "admin/robots/{id}/refresh", refresh),
    changing(Place.HOUSE, "admin/robots/{id}/delete", remove),
)
