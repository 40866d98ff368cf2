"""Robots of the system, for administrators: each may do the same in every project, or in those that are named."""

import time
from collections.abc import Mapping

from entrepot.model.errors import Conflict, Invalid, Unknown
from entrepot.model.permission import Permission
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
KEPT = "kept"
"""The choice of leaving what a robot may do as it is, where that is none of those that the form has."""
Permissions = Mapping[Holding, tuple[Permission, ...]]


async def show(ask: Ask) -> Answer:
    """The robots by name."""
    return await _page(ask)


async def create(ask: Ask) -> Answer:
    """Makes a robot and shows its secret this once; what does not fit shows the form again."""
    grant = await ask.system(CREATE)
    try:
        made = await ask.parts.robots.create(grant, _wanted(ask, ask.form.text("name"), disabled=False), "")
    except (Invalid, Conflict, Unknown) as error:
        return await _page(ask, wrong=str(error), status=400)
    return await _page(ask, told=made.view.name, secret=made.secret)


async def change(ask: Ask) -> Answer:
    """Gives a robot other settings. Raises as `Robots.update`."""
    robot = await ask.parts.robots.get(await ask.system(READ), ask.number())
    kept = robot.permissions if ask.form.text("may") == KEPT else None
    wanted = _wanted(ask, robot.row.name, disabled=robot.row.disabled, kept=kept)
    await ask.parts.robots.update(await ask.system(UPDATE), robot.row.id, robot.name, wanted)
    return Go(admin_page("robots"), Said(ask.say("%(name)s is changed.", name=robot.name)))


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
        "chosen": {robot.row.id: _chosen(robot.permissions) for robot in found},
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


def _chosen(permissions: Permissions) -> tuple[str, str]:
    """What the form has chosen and says of projects for what a robot may do; `KEPT` if it cannot say that."""
    held = {frozenset(allowed) for allowed in permissions.values()}
    may = next((one.key for one in CHOICES if {frozenset(one.permissions)} == held), KEPT)
    if any(holding.kind != "project" for holding in permissions):
        may = KEPT
    names = [holding.namespace for holding in permissions if holding.kind == "project"]
    return may, "" if EVERY_PROJECT in names else " ".join(sorted(names))


def _wanted(ask: Ask, name: str, *, disabled: bool, kept: Permissions | None = None) -> RobotSettings:
    """What the form asks for; `kept` is what it may do as before. Raises Invalid."""
    may = ask.form.text("may")
    chosen = next((one.permissions for one in CHOICES if one.key == may), None)
    if chosen is None and kept is None:
        raise Invalid(f"may is one of {', '.join(one.key for one in CHOICES)}")
    names = ask.form.text("projects").replace(",", " ").split()
    if len(names) > MOST_NAMED:
        raise Invalid(f"name at most {MOST_NAMED} projects, or none for all of them")
    return RobotSettings(
        name=name,
        description=ask.form.text("description"),
        level="system",
        disabled=disabled,
        duration=ask.form.whole("days", least=FOR_EVER, most=LONGEST_DURATION),
        permissions=kept or {Holding("project", one): chosen or () for one in names or [EVERY_PROJECT]},
    )


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "admin/robots", show),
    changing(Place.HOUSE, "admin/robots", create),
    changing(Place.HOUSE, "admin/robots/{id}", change),
    changing(Place.HOUSE, "admin/robots/{id}/switch", switch),
    changing(Place.HOUSE, "admin/robots/{id}/refresh", refresh),
    changing(Place.HOUSE, "admin/robots/{id}/delete", remove),
)
