"""Holds: what nobody may delete, placed and lifted."""

from entrepot.model.digest import Digest
from entrepot.model.errors import Conflict, Invalid, Unknown
from entrepot.model.query import Condition, Contains
from entrepot.model.reference import Reference, RepositoryName, Tag
from entrepot.registry.holds import LIST, LONGEST_REASON, PLACE
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

TAB = "policies"
PAGE = "policies/holds"


async def show(ask: Ask) -> Answer:
    """The holds, the newest first, and the form for another."""
    return await _page(ask)


async def place(ask: Ask) -> Answer:
    """Places a hold; what does not fit shows the form again."""
    grant = await ask.project(LIST, PLACE)
    try:
        repository, reference = _target(grant.project.name, ask.form.text("what"))
        hold = await ask.parts.holds.place(grant, repository, reference, ask.form.text("reason"))
    except (Invalid, Unknown, Conflict) as error:
        return await _page(ask, wrong=str(error))
    said = ask.say("%(name)s is held.", name=hold.resource or grant.project.name)
    return Go(address(grant.project.name, PAGE), Said(said))


async def lift(ask: Ask) -> Answer:
    """Lifts a hold. Raises as `Holds.lift`."""
    grant = await ask.project(PLACE)
    hold = await ask.parts.holds.lift(grant, ask.number())
    said = ask.say("%(name)s is not held any more.", name=hold.resource or grant.project.name)
    return Go(address(grant.project.name, PAGE), Said(said))


async def _page(ask: Ask, wrong: str = "") -> Answer:
    grant = await ask.project(LIST)
    part = ask.query.text("q")
    conditions: dict[str, Condition] = {"repository_name": Contains(part)} if part else {}
    query = ask.listed(conditions)
    found, total = await ask.parts.holds.page(grant, query)
    shown = {
        **await frame_of(ask, grant, TAB),
        "part_of": "holds",
        "holds": found,
        "total": total,
        "listed": query,
        "part": part,
        "may_place": PLACE in grant.permissions,
        "what": ask.form.text("what") if wrong else ask.query.text("what"),
        "reason": ask.form.text("reason"),
        "longest": LONGEST_REASON,
        "wrong": wrong,
    }
    return View("holds", shown, status=400 if wrong else 200, topics=(f"project:{grant.project.name}",))


def _target(project: str, text: str) -> tuple[RepositoryName | None, Reference | None]:
    """What is meant by `repository`, `repository:tag` or `repository@digest`; nothing: the whole project.

    The project's name may stand before it. Raises Invalid.
    """
    text = text.removeprefix(f"{project}/")
    if not text or text == project:
        return None, None
    name, at, digest = text.partition("@")
    head, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    repository = RepositoryName.parse(f"{project}/{head}{slash}{last}")
    if at:
        return repository, Digest.parse(digest)
    return repository, Tag.parse(tag) if colon else None


ROUTES: tuple[Route, ...] = (
    reading(Place.PROJECT, "policies/holds", show),
    changing(Place.PROJECT, "policies/holds", place),
    changing(Place.PROJECT, "policies/holds/{id}/lift", lift),
)
