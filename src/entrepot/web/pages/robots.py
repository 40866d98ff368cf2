"""The robots of a project: the list, making one, what it may do, its secret, its end."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from entrepot.model.errors import Invalid
from entrepot.model.grant import ProjectGrant
from entrepot.model.permission import ROBOT_IN_PROJECT, Permission, Resource, Verb, parse_permission
from entrepot.model.query import Condition, Contains
from entrepot.model.robot import FOR_EVER, LONGEST_DURATION, Holding, RobotSettings
from entrepot.registry.robots import CREATE, DELETE, LIST, READ, UPDATE, RobotView
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.errors import N_
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

PAGE = "robots"
LIFETIMES = (7, 30, 90, 365)
"""Days that the form offers."""
OWN = "own"
"""The lifetime, or the choice of permissions, that is written out."""
_PULL = Permission(Resource.REPOSITORY, Verb.PULL)
_PUSH = Permission(Resource.REPOSITORY, Verb.PUSH)
_LOOK = (
    Permission(Resource.REPOSITORY, Verb.LIST),
    Permission(Resource.REPOSITORY, Verb.READ),
    Permission(Resource.ARTIFACT, Verb.LIST),
    Permission(Resource.ARTIFACT, Verb.READ),
    Permission(Resource.TAG, Verb.LIST),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What robots are often for."""

    key: str
    label: str
    help: str
    permissions: tuple[Permission, ...]


CHOICES = (
    Choice(key="pull", label=N_("Pull"), help=N_("A cluster or a server that runs images."), permissions=(_PULL,)),
    Choice(key="push", label=N_("Pull and push"), help=N_("A build that makes images."), permissions=(_PULL, _PUSH)),
    Choice(
        key="clean",
        label=N_("Pull, push and delete"),
        help=N_("A program that also looks through repositories and tidies up."),
        permissions=(
            _PULL,
            _PUSH,
            *_LOOK,
            Permission(Resource.REPOSITORY, Verb.DELETE),
            Permission(Resource.ARTIFACT, Verb.DELETE),
            Permission(Resource.TAG, Verb.DELETE),
        ),
    ),
)


async def show(ask: Ask) -> Answer:
    """The robots by name."""
    grant = await ask.project(LIST)
    part = ask.query.text("q")
    conditions: dict[str, Condition] = {"name": Contains(part)} if part else {}
    query = ask.listed(conditions)
    found, total = await ask.parts.robots.page(grant, query)
    shown = {
        **await frame_of(ask, grant, PAGE),
        "robots": [(robot, _held(robot)) for robot in found],
        "total": total,
        "listed": query,
        "part": part,
        **_rights(grant),
    }
    return View("robots", shown, topics=(f"project:{grant.project.name}",))


async def show_form(ask: Ask) -> Answer:
    """The form for a new robot."""
    grant = await ask.project(CREATE)
    days = int(await ask.parts.configuration.get("robot_token_duration"))
    shown = {
        **await frame_of(ask, grant, PAGE),
        **_form(days, frozenset(CHOICES[1].permissions)),
        "robot": None,
        "name": "",
        "description": "",
        "wrong": "",
    }
    return View("robot_form", shown)


async def create(ask: Ask) -> Answer:
    """Makes a robot, and shows its secret this once; what does not fit shows the form again. Raises as `Robots`."""
    grant = await ask.project(CREATE)
    try:
        wanted = _settings(ask, grant, ask.form.text("name"), disabled=False)
        made = await ask.parts.robots.create(grant, wanted, "")
    except Invalid as error:
        shown = {
            **await frame_of(ask, grant, PAGE),
            **_form_again(ask),
            "robot": None,
            "name": ask.form.text("name"),
            "description": ask.form.text("description"),
            "wrong": str(error),
        }
        return View("robot_form", shown, status=400)
    return await _secret(ask, grant, made.view, made.secret, fresh=True)


async def show_one(ask: Ask) -> Answer:
    """A robot: what it may do, and what can be done to it."""
    grant = await ask.project(READ)
    robot = await ask.parts.robots.get(grant, ask.number())
    shown = {
        **await frame_of(ask, grant, PAGE),
        **_form(robot.row.duration, frozenset(_held(robot))),
        "robot": robot,
        "name": robot.name,
        "description": robot.row.description,
        "wrong": "",
        **_rights(grant),
    }
    return View("robot_form", shown, topics=(f"project:{grant.project.name}",))


async def change(ask: Ask) -> Answer:
    """Gives a robot other settings. Raises as `Robots.update`."""
    grant = await ask.project(READ, UPDATE)
    robot = await ask.parts.robots.get(grant, ask.number())
    wanted = _settings(ask, grant, robot.row.name, disabled=robot.row.disabled)
    await ask.parts.robots.update(grant, robot.row.id, robot.name, wanted)
    return Go(_address(grant, robot), Said(ask.say("%(name)s is changed.", name=robot.name)))


async def switch(ask: Ask) -> Answer:
    """Keeps a robot out at once, or lets it in again. Raises as `Robots.update`."""
    grant = await ask.project(READ, UPDATE)
    robot = await ask.parts.robots.get(grant, ask.number())
    disabled = not ask.form.ticked("on")
    wanted = RobotSettings(
        name=robot.row.name,
        description=robot.row.description,
        level="project",
        disabled=disabled,
        duration=robot.row.duration,
        permissions=robot.permissions,
    )
    await ask.parts.robots.update(grant, robot.row.id, robot.name, wanted)
    sentence = (
        ask.say("%(name)s cannot sign in any more.", name=robot.name)
        if disabled
        else ask.say("%(name)s can sign in again.", name=robot.name)
    )
    return Go(address(grant.project.name, PAGE), Said(sentence))


async def refresh(ask: Ask) -> Answer:
    """Gives a robot a new secret, and shows it this once. Raises as `Robots.refresh`."""
    grant = await ask.project(READ, UPDATE)
    robot = await ask.parts.robots.get(grant, ask.number())
    secret = await ask.parts.robots.refresh(grant, robot.row.id, "")
    return await _secret(ask, grant, robot, secret, fresh=False)


async def remove(ask: Ask) -> Answer:
    """Removes a robot. Raises as `Robots.delete`."""
    grant = await ask.project(DELETE)
    await ask.parts.robots.delete(grant, ask.number())
    return Go(address(grant.project.name, PAGE), Said(ask.say("The robot is gone.")))


async def _secret(ask: Ask, grant: ProjectGrant, robot: RobotView, secret: str, *, fresh: bool) -> Answer:
    shown = {**await frame_of(ask, grant, PAGE), "robot": robot, "secret": secret, "fresh": fresh}
    return View("robot_secret", shown)


def _address(grant: ProjectGrant, robot: RobotView) -> str:
    return address(grant.project.name, f"{PAGE}/{robot.row.id}")


def _held(robot: RobotView) -> tuple[Permission, ...]:
    """What a project's robot may do there."""
    return tuple(sorted({one for allowed in robot.permissions.values() for one in allowed}))


def _rights(grant: ProjectGrant) -> dict[str, int]:
    """What the reader may do to robots, and when it is now, by which one's time may be over."""
    return {
        "now": time.time_ns() // 1000,
        "may_create": CREATE in grant.permissions,
        "may_change": UPDATE in grant.permissions,
        "may_delete": DELETE in grant.permissions,
    }


def _form(days: int, ticked: frozenset[Permission]) -> dict[str, object]:
    """What the form has chosen to begin with."""
    choice = next((one.key for one in CHOICES if frozenset(one.permissions) == ticked), OWN)
    known = days == FOR_EVER or days in LIFETIMES
    return {
        "choices": CHOICES,
        "choice": choice,
        "ticked": ticked,
        "rights": _by_resource(ROBOT_IN_PROJECT),
        "lifetimes": LIFETIMES,
        "lifetime": str(days) if known else OWN,
        "days": "" if days == FOR_EVER else str(days),
        "longest": LONGEST_DURATION,
    }


def _form_again(ask: Ask) -> dict[str, object]:
    """The form as it was sent."""
    ticked = frozenset(one for text in ask.form.many("allow") if (one := _permission(text)) is not None)
    return {
        **_form(FOR_EVER, ticked),
        "choice": ask.form.text("may"),
        "lifetime": ask.form.text("lifetime"),
        "days": ask.form.text("days")[:10],
    }


def _by_resource(permissions: Iterable[Permission]) -> Mapping[Resource, list[Permission]]:
    found: dict[Resource, list[Permission]] = {}
    for permission in sorted(permissions):
        found.setdefault(permission.resource, []).append(permission)
    return found


def _settings(ask: Ask, grant: ProjectGrant, name: str, *, disabled: bool) -> RobotSettings:
    """What the form asks for. Raises Invalid."""
    may = ask.form.text("may")
    chosen = next((one.permissions for one in CHOICES if one.key == may), None)
    if chosen is None:
        chosen = tuple(parse_permission(*text.split(":", 1)) for text in ask.form.many("allow") if ":" in text)
    lifetime = ask.form.text("lifetime")
    if lifetime == OWN:
        duration = ask.form.whole("days", least=1, most=LONGEST_DURATION)
    else:
        duration = ask.form.whole("lifetime", least=FOR_EVER, most=LONGEST_DURATION)
    return RobotSettings(
        name=name,
        description=ask.form.text("description"),
        level="project",
        disabled=disabled,
        duration=duration,
        permissions={Holding("project", grant.project.name): chosen},
    )


def _permission(text: str) -> Permission | None:
    try:
        return parse_permission(*text.split(":", 1)) if ":" in text else None
    except Invalid:
        return None


ROUTES: tuple[Route, ...] = (
    reading(Place.PROJECT, "robots", show),
    reading(Place.PROJECT, "robots/new", show_form),
    changing(Place.PROJECT, "robots/new", create),
    reading(Place.PROJECT, "robots/{id}", show_one),
    changing(Place.PROJECT, "robots/{id}", change),
    changing(Place.PROJECT, "robots/{id}/switch", switch),
    changing(Place.PROJECT, "robots/{id}/refresh", refresh),
    changing(Place.PROJECT, "robots/{id}/delete", remove),
)
