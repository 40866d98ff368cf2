"""The other pages of a repository: what it says of itself, what its tags have named, its trash, its settings."""

import contextlib

from entrepot.db.tag_moves import TagMove
from entrepot.model.digest import Digest
from entrepot.model.errors import ManifestUnknown
from entrepot.model.query import Exactly, ListQuery
from entrepot.model.reference import Reference, Tag, parse_reference
from entrepot.registry.holds import PLACE
from entrepot.registry.repositories import LONGEST_DESCRIPTION
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.pages.repository_frame import (
    CREATE_TAG,
    DELETE,
    DELETE_ALL,
    DESCRIBE,
    LIST_TAGS,
    opened,
)
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address, ours, written

SUGGESTED = 12
"""Tags that the history names to choose from."""


async def show_readme(ask: Ask) -> Answer:
    """The repository's description, and the form to change it for who may."""
    _, grant, frame = await opened(ask, "readme")
    shown = {**frame, "longest": LONGEST_DESCRIPTION, "editing": ask.query.ticked("edit")}
    return View("repository_readme", shown, topics=(f"repository:{grant.name}",))


async def describe(ask: Ask) -> Answer:
    """Changes the description. Raises as `Repositories.describe`."""
    grant = await ask.repository(DESCRIBE)
    await ask.parts.repositories.describe(grant, ask.form.text("description").replace("\r\n", "\n"))
    return Go(address(grant.name.text, "readme"), Said(ask.say("The readme is saved.")))


async def show_history(ask: Ask) -> Answer:
    """What one tag has named, the newest first; without a tag that of the one that was pushed last."""
    _, grant, frame = await opened(ask, "history", LIST_TAGS)
    newest = await ask.parts.images.page(grant, SUGGESTED)
    suggested = [tag.name for view in newest.found for tag in view.tags[:2]][:SUGGESTED]
    tag = ask.query.text("tag") or (suggested[0] if suggested else "")
    query = ask.listed()
    moves: list[TagMove] = []
    total = 0
    if tag:
        # Of a tag that never was there is nothing to tell; the page says so.
        with contextlib.suppress(ManifestUnknown):
            moves, total = await ask.parts.tag_history.page(grant, Tag.parse(tag), query)
    shown = {**frame, "of": tag, "suggested": suggested, "moves": moves, "total": total, "listed": query}
    return View("repository_history", shown, topics=(f"repository:{grant.name}",))


async def roll_back(ask: Ask) -> Answer:
    """Has a tag name again what it named. Raises as `TagHistory.roll_back`."""
    grant = await ask.repository(CREATE_TAG)
    tag = Tag.parse(ask.form.text("tag"))
    digest = Digest.parse(ask.form.text("digest"))
    await ask.parts.tag_history.roll_back(grant, tag, digest)
    sentence = ask.say("%(tag)s names %(digest)s again.", tag=tag, digest=str(digest).rpartition(":")[2][:12])
    return Go(f"{address(grant.name.text, 'history')}?tag={tag}", Said(sentence))


async def show_trash(ask: Ask) -> Answer:
    """What was deleted from the repository and can be undone."""
    _, grant, frame = await opened(ask, "trash", DELETE)
    query = ask.listed({"repository_name": Exactly(grant.name.text)})
    found, total = await ask.parts.trash.page(await ask.visible(), query)
    shown = {**frame, "entries": found, "total": total, "listed": query}
    return View("repository_trash", shown, topics=(f"repository:{grant.name}",))


async def show_settings(ask: Ask) -> Answer:
    """Holds on the repository, and the deletion of it all, with what would go."""
    _, grant, frame = await opened(ask, "settings", DELETE_ALL)
    deleting = await ask.repository(DELETE_ALL)
    kept = await ask.parts.images.kept(grant, ())
    shown = {**frame, "holds": kept.holds, "forecast": await ask.parts.forecasts.repository(deleting)}
    return View("repository_settings", shown, topics=(f"repository:{grant.name}",))


async def delete(ask: Ask) -> Answer:
    """Takes everything out of the repository at once. Raises as `Repositories.delete`."""
    grant = await ask.repository(DELETE_ALL)
    await ask.parts.repositories.delete(grant)
    conditions = {"repository_name": Exactly(grant.name.text), "kind": Exactly("repository")}
    found, _ = await ask.parts.trash.page(await ask.visible(), ListQuery(conditions=conditions, page_size=1))
    undo = tuple(entry.id for entry in found)
    return Go(address(grant.project.name), Said(ask.say("%(name)s was deleted.", name=grant.name), undo=undo))


async def hold(ask: Ask) -> Answer:
    """Places a hold on the repository, or on one of its artifacts, or lifts one. Raises as `Holds`."""
    project = await ask.project(PLACE)
    name = ask.subject.name
    reference: Reference | None = None
    if text := ask.form.text("reference"):
        reference = parse_reference(text)
    if ask.form.text("lift"):
        lifted = await ask.parts.holds.lift(project, ask.form.whole("lift", least=1))
        said = ask.say("The hold on %(name)s is lifted.", name=lifted.resource or project.project.name)
    else:
        held = await ask.parts.holds.place(project, name, reference, ask.form.text("reason"))
        said = ask.say("%(name)s is held: nobody deletes it until the hold is lifted.", name=held.resource)
    here = address(name.text, "settings") if reference is None else address(written(name.text, reference))
    return Go(ours(ask.form.text("next", here)), Said(said))


ROUTES: tuple[Route, ...] = (
    reading(Place.REPOSITORY, "readme", show_readme),
    changing(Place.REPOSITORY, "readme", describe),
    reading(Place.REPOSITORY, "history", show_history),
    changing(Place.REPOSITORY, "history", roll_back),
    reading(Place.REPOSITORY, "trash", show_trash),
    reading(Place.REPOSITORY, "settings", show_settings),
    changing(Place.REPOSITORY, "settings/delete", delete),
    changing(Place.REPOSITORY, "holds", hold),
)
