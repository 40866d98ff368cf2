"""The trash: what was deleted from a project and can be given back; one deletion; undoing it; ending it."""

from entrepot.model.errors import NameTaken
from entrepot.model.grant import TrashGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import Condition, Contains, Exactly
from entrepot.model.trash import TrashKind
from entrepot.registry.restorations import Restored, Wish
from entrepot.registry.rules import SECOND
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address, written

MAY_RESTORE = Permission(Resource.TAG, Verb.DELETE)
_KINDS = (TrashKind.TAG, TrashKind.ARTIFACT, TrashKind.REPOSITORY)
"""What a project that is there can have in its trash."""


async def show_of_project(ask: Ask) -> Answer:
    """What was deleted in the project, the newest first."""
    grant = await ask.project(MAY_RESTORE)
    part, kind = ask.query.text("q"), ask.query.text("kind")
    conditions: dict[str, Condition] = {"project_id": Exactly(grant.project.id)}
    if part:
        conditions["about"] = Contains(part)
    if kind in _KINDS:
        conditions["kind"] = Exactly(kind)
    query = ask.listed(conditions)
    entries, total = await ask.parts.trash.page(await ask.visible(), query)
    trash = await ask.parts.trash.of_project(grant)
    shown = {
        **await frame_of(ask, grant, "trash"),
        "entries": entries,
        "total": total,
        "listed": query,
        "part": part,
        "kind": kind if kind in _KINDS else "",
        "trash": trash,
        "window": ask.voice.lasting(trash.window * SECOND),
    }
    return View("project_trash", shown, topics=(f"project:{grant.project.name}",))


async def show(ask: Ask) -> Answer:
    """One deletion, with what is in it."""
    grant = await _grant(ask)
    view = await ask.parts.trash.get(grant)
    return View("trash_entry", {"view": view, "taken": "", "free": ""})


async def restore(ask: Ask) -> Answer:
    """Undoes the deletion; if its name is taken, the form is shown again with one that is free.

    Raises as `Trash.restore` otherwise.
    """
    grant = await _grant(ask)
    entry = (await ask.parts.trash.get(grant)).entry
    name = ask.form.text("name")
    wish = Wish(
        name="" if name == entry.name else name,
        merge=ask.form.ticked("merge"),
        rename_tags=ask.form.ticked("rename_tags"),
    )
    try:
        restored = await ask.parts.trash.restore(grant, wish)
    except NameTaken as error:
        view = await ask.parts.trash.get(grant)
        return View("trash_entry", {"view": view, "taken": str(error), "free": error.free}, status=409)
    return Go(_place(restored), Said(ask.say("%(name)s is there again.", name=_named(restored))))


async def purge(ask: Ask) -> Answer:
    """Ends the deletion: it cannot be undone any more. Raises as `Trash.purge`."""
    grant = await _grant(ask)
    entry = await ask.parts.trash.purge(grant)
    whole = ask.form.text("back") == "all" or entry.kind is TrashKind.PROJECT
    back = address(page="trash") if whole else address(entry.project, "trash")
    return Go(back, Said(ask.say("%(name)s is gone for good.", name=entry.name)))


async def _grant(ask: Ask) -> TrashGrant:
    return await ask.parts.management.trashed(ask.asker, ask.number())


def _place(restored: Restored) -> str:
    """Where what was restored is seen."""
    if restored.kind is TrashKind.PROJECT:
        return address(restored.project)
    return address(restored.repository)


def _named(restored: Restored) -> str:
    if restored.kind in (TrashKind.PROJECT, TrashKind.REPOSITORY):
        return restored.name
    return written(restored.repository, restored.name)


ROUTES: tuple[Route, ...] = (
    reading(Place.PROJECT, "trash", show_of_project),
    reading(Place.HOUSE, "trash/{id}", show),
    changing(Place.HOUSE, "trash/{id}/restore", restore),
    changing(Place.HOUSE, "trash/{id}/purge", purge),
)
