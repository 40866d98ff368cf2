"""What a project is like: who may pull, what may be pushed, how long the trash keeps, what is put up with; its end."""

from entrepot.model.errors import Invalid
from entrepot.model.grant import ProjectGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.registry.project_changes import DELETE, READ_METADATA, UPDATE, Wanted
from entrepot.registry.rules import SECOND
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.pages.allowlist_form import allowlist_asked_for, day_of
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

PAGE = "settings"
READ = Permission(Resource.CONFIGURATION, Verb.READ)
DAY = 24 * 3600
"""Seconds."""
_SPARSE = {"default": None, "yes": True, "no": False}
_REUSE = "reuse_sys_cve_allowlist"


async def show(ask: Ask) -> Answer:
    """The settings, for who may change them as forms."""
    grant = await ask.project(READ)
    frame = await frame_of(ask, grant, PAGE)
    trash = await ask.parts.trash.of_project(grant)
    allowlist = frame["project"].allowlist
    metadata = await ask.parts.project_changes.metadata(grant) if READ_METADATA in grant.permissions else {}
    shown = {
        **frame,
        "sparse": next(word for word, value in _SPARSE.items() if value is grant.project.sparse_indexes),
        "trash": trash,
        "window": ask.voice.lasting(trash.window * SECOND),
        "days": "" if trash.own_window is None else f"{trash.own_window / DAY:g}",
        "allowlist": allowlist,
        "reuse": metadata.get(_REUSE, "true" if allowlist is None else "false") == "true",
        "expires": day_of(None if allowlist is None else allowlist.expires_at),
        "may_change": UPDATE in grant.permissions,
        "may_delete": DELETE in grant.permissions,
    }
    return View("project_settings", shown, topics=(f"project:{grant.project.name}",))


async def set_access(ask: Ask) -> Answer:
    """Has anybody pull, or only members. Raises as `ProjectChanges.update`."""
    grant = await ask.project(UPDATE)
    public = ask.form.text("public") == "yes"
    await ask.parts.project_changes.update(grant, Wanted(metadata={"public": str(public).lower()}, allowlist=None))
    return _saved(ask, grant)


async def set_content(ask: Ask) -> Answer:
    """Has manifests lack what they refer to, or not. Raises Invalid."""
    grant = await ask.project(UPDATE)
    word = ask.form.text("sparse")
    if word not in _SPARSE:
        raise Invalid(f"sparse is one of {', '.join(_SPARSE)}")
    await ask.parts.project_changes.set_sparse(grant, _SPARSE[word])
    return _saved(ask, grant)


async def set_trash(ask: Ask) -> Answer:
    """Sets for how long deletions can be undone. Raises as `Trash.set_window`."""
    grant = await ask.project(UPDATE)
    text = ask.form.text("days").replace(",", ".")
    if ask.form.text("how") == "default":
        seconds = None
    else:
        try:
            seconds = round(float(text[:12]) * DAY)
        except (ValueError, OverflowError) as error:
            raise Invalid("a number of days is written as 7 or 0.5; 0: what is deleted is gone at once") from error
    await ask.parts.trash.set_window(grant, seconds)
    return _saved(ask, grant)


async def set_allowlist(ask: Ask) -> Answer:
    """Sets which vulnerabilities are put up with. Raises as `ProjectChanges.update`."""
    grant = await ask.project(UPDATE)
    reuse = ask.form.text("whose") != "own"
    metadata = {_REUSE: str(reuse).lower()}
    own = None
    if not reuse:
        own = allowlist_asked_for(ask)
    await ask.parts.project_changes.update(grant, Wanted(metadata=metadata, allowlist=own))
    return _saved(ask, grant)


async def show_end(ask: Ask) -> Answer:
    """What deleting the project would take, and the question whether to."""
    return await _end_page(ask, await ask.project(DELETE))


async def delete(ask: Ask) -> Answer:
    """Deletes the project, if its name was typed. Raises as `ProjectChanges.delete`."""
    grant = await ask.project(DELETE)
    if ask.form.text("name") != grant.project.name:
        return await _end_page(ask, grant, wrong=True)
    entry = await ask.parts.project_changes.delete(grant, force=True)
    return Go("/", Said(ask.say("Project %(name)s is deleted.", name=grant.project.name), undo=entry))


async def _end_page(ask: Ask, grant: ProjectGrant, *, wrong: bool = False) -> Answer:
    forecast = await ask.parts.forecasts.project(grant, force=True)
    shown = {
        **await frame_of(ask, grant, PAGE),
        "forecast": forecast,
        "window": ask.voice.lasting(forecast.window * SECOND),
        "wrong": wrong,
    }
    return View("project_end", shown, status=400 if wrong else 200)


def _saved(ask: Ask, grant: ProjectGrant) -> Go:
    return Go(address(grant.project.name, PAGE), Said(ask.say("The settings are saved.")))


ROUTES: tuple[Route, ...] = (
    reading(Place.PROJECT, "settings", show),
    changing(Place.PROJECT, "settings/access", set_access),
    changing(Place.PROJECT, "settings/content", set_content),
    changing(Place.PROJECT, "settings/trash", set_trash),
    changing(Place.PROJECT, "settings/allowlist", set_allowlist),
    reading(Place.PROJECT, "settings/delete", show_end),
    changing(Place.PROJECT, "settings/delete", delete),
)
