"""A repository: its tags by image, every tag, and what has none."""

from typing import Any

from entrepot.db.image_lists import Mark
from entrepot.db.trash import Entry
from entrepot.model.errors import Invalid
from entrepot.model.grant import ProjectGrant, RepositoryGrant
from entrepot.model.query import Exactly
from entrepot.web.answer import Answer, View
from entrepot.web.ask import PAGE_SIZE, Ask
from entrepot.web.pages.repository_frame import DELETE, opened
from entrepot.web.route import Route, reading
from entrepot.web.subject import Place

BY_IMAGE, BY_TAG, UNTAGGED = "", "tags", "untagged"
_LARGEST = 2**63 - 1


async def show(ask: Ask) -> Answer:
    """The repository's images with their tags, the newest first; every tag by its name; or images without one.

    Of one that was emptied, what was deleted.
    """
    project, grant, frame = await opened(ask, "tags")
    if frame["facts"].emptied:
        return await _emptied(ask, project, grant, frame)
    part, which = ask.query.text("q"), ask.query.text("show")
    if part and which != BY_TAG:
        which = BY_TAG
    listed = await _listed(ask, grant, which, part)
    images = listed["images"]
    kept = await ask.parts.images.kept(grant, {view.row.digest for view, _ in images})
    uploads = await ask.parts.arrivals.of_repository(grant)
    shown = {**frame, **listed, "part": part, "which": which, "kept": kept, "uploads": uploads}
    return View("repository", shown, topics=(f"repository:{grant.name}",))


async def _emptied(ask: Ask, project: ProjectGrant, grant: RepositoryGrant, frame: dict[str, Any]) -> Answer:
    """What was deleted from the repository, for who may delete there and so restore."""
    query = ask.listed({"repository_name": Exactly(grant.name.text)})
    found: list[Entry] = []
    total = 0
    if DELETE in project.permissions:
        found, total = await ask.parts.trash.page(await ask.visible(), query)
    uploads = await ask.parts.arrivals.of_repository(grant)
    shown = {**frame, "entries": found, "total": total, "listed": query, "uploads": uploads}
    return View("repository_emptied", shown, topics=(f"repository:{grant.name}",))


async def _listed(ask: Ask, grant: RepositoryGrant, which: str, part: str) -> dict[str, Any]:
    """The rows, each an image with the one tag that it is listed by if it is, and the ways on."""
    images = ask.parts.images
    if which == BY_TAG:
        before, after = ask.query.text("before"), ask.query.text("after")
        named = await images.tags(grant, PAGE_SIZE, part=part, before=before, after=after)
        return {
            "images": [(view, tag) for tag, view in named.found],
            "back": {"before": named.before} if named.before else None,
            "on": {"after": named.after} if named.after else None,
        }
    older, newer = _mark(ask, "older"), _mark(ask, "newer")
    if which == UNTAGGED:
        page = await images.untagged(grant, PAGE_SIZE, older=older)
    else:
        page = await images.page(grant, PAGE_SIZE, older=older, newer=newer)
    return {
        "images": [(view, None) for view in page.found],
        "back": {"newer": _written(page.newer)} if page.newer else None,
        "on": {"older": _written(page.older)} if page.older else None,
    }


def _mark(ask: Ask, name: str) -> Mark | None:
    """A place in the list as the address has it. Raises Invalid."""
    text = ask.query.text(name)
    if not text:
        return None
    moment, _, identifier = text.partition("-")
    if not (moment.isascii() and moment.isdigit() and identifier.isascii() and identifier.isdigit()):
        raise Invalid(f"{name} is a place in the list, as its own links have it")
    return Mark(min(int(moment[:19]), _LARGEST), min(int(identifier[:19]), _LARGEST))


def _written(mark: Mark) -> str:
    return f"{mark.pushed_at}-{mark.id}"


ROUTES: tuple[Route, ...] = (reading(Place.REPOSITORY, "", show),)
