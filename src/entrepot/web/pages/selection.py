"""What is done to several images or tags of a repository at once: deleting, copying, putting labels on."""

from collections.abc import Sequence

from entrepot.model.digest import Digest
from entrepot.model.errors import (
    AlreadyExists,
    Conflict,
    DigestInvalid,
    Invalid,
    ManifestUnknown,
    RecordUnknown,
    RepositoryUnknown,
    TagInvalid,
)
from entrepot.model.grant import RepositoryGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import ListQuery
from entrepot.model.reference import Reference, RepositoryName, Tag, parse_reference
from entrepot.registry.forecast import Forecast
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.form import Fields
from entrepot.web.pages.repository_frame import DELETE, LIST, PUT_LABEL, TAKE_LABEL, deletions_of, opened
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

MOST = 100
READ = Permission(Resource.ARTIFACT, Verb.READ)
CREATE = Permission(Resource.ARTIFACT, Verb.CREATE)
LIST_LABELS = Permission(Resource.LABEL, Verb.LIST)


async def ask_delete(ask: Ask) -> Answer:
    """What deleting would take, and the form that does it."""
    _, _, frame = await opened(ask, "tags", DELETE)
    grant = await ask.repository(DELETE)
    forecasts: list[tuple[Reference, Forecast]] = []
    for reference in _chosen(ask.query):
        try:
            forecasts.append((reference, await _forecast(ask, grant, reference)))
        except ManifestUnknown:
            continue  # Somebody was quicker.
    told = [forecast for _, forecast in forecasts]
    shown = {
        **frame,
        "forecasts": forecasts,
        "accessories": sum(len(one.accessories) for one in told),
        "children": sum(len(one.children) for one in told),
        "freed": sum(one.freed for one in told),
        "window_seconds": min((one.window for one in told), default=0),
        "pulled_by": sorted({puller.name for one in told for puller in one.pulled_by}),
        "pulled_at": max((one.pulled_at or 0 for one in told), default=0),
        "refused": [text for one in told for text in one.refused],
    }
    return View("ask_delete", shown)


async def delete(ask: Ask) -> Answer:
    """Deletes images with their tags, or tags alone; what may not go stays, and the sentence says why."""
    grant = await ask.repository(DELETE)
    gone: list[Reference] = []
    kept: list[str] = []
    for reference in _chosen(ask.form):
        try:
            if isinstance(reference, Tag):
                await ask.parts.artifacts.delete_tag(grant, reference, reference)
            else:
                await ask.parts.artifacts.delete(grant, reference)
            gone.append(reference)
        except ManifestUnknown:
            continue
        except Conflict as error:
            kept.append(ask.voice.told(str(error)))
    undo = await deletions_of(ask, {each.text if isinstance(each, Tag) else each for each in gone}) if gone else ()
    sentence = _deleted(ask, gone)
    if kept:
        sentence = ask.say("%(done)s Kept: %(why)s.", done=sentence, why="; ".join(kept)[:300])
    return Go(await _back(ask, grant), Said(sentence, undo=undo, bad=bool(kept) and not gone))


async def ask_copy(ask: Ask) -> Answer:
    """The form that asks where to."""
    _, _, frame = await opened(ask, "tags")
    found, _ = await ask.parts.directory.list_projects(await ask.visible(), ListQuery(page_size=100))
    chosen = _chosen(ask.query)
    return View("ask_copy", {**frame, "chosen": chosen, "projects": [view.row.name for view in found]})


async def copy(ask: Ask) -> Answer:
    """Copies images with their tags and what belongs to them. Raises as `Copies.copy`."""
    source = await ask.repository(READ)
    name = RepositoryName.parse(ask.form.text("to"))
    target = await ask.parts.management.repository(ask.asker, name, CREATE)
    chosen = _chosen(ask.form)
    if not chosen:
        raise Invalid("choose what is to be copied")
    for reference in chosen:
        await ask.parts.copies.copy(source, target, reference)
    sentence = ask.voice.say_many(
        "%(n)s image is in %(name)s now.", "%(n)s images are in %(name)s now.", len(chosen), name=name
    )
    return Go(address(name.text), Said(sentence))


async def ask_labels(ask: Ask) -> Answer:
    """The labels that there are, to be put on or taken off."""
    project, _, frame = await opened(ask, "tags", PUT_LABEL)
    every = ListQuery(page_size=100)
    own = (await ask.parts.labels.list_labels(project, every))[0] if LIST_LABELS in project.permissions else []
    of_all, _ = await ask.parts.labels.list_labels(None, every)
    return View("ask_labels", {**frame, "chosen": _chosen(ask.query), "labels": [*own, *of_all]})


async def put_labels(ask: Ask) -> Answer:
    """Has each of the images bear a label, or not bear it any more. Raises as `Labels.put_on`."""
    taking = ask.form.text("do") == "take"
    grant = await ask.repository(TAKE_LABEL if taking else PUT_LABEL)
    chosen = _chosen(ask.form)
    label_id = ask.form.whole("label", least=1)
    if not chosen:
        raise Invalid("choose the images first")
    change = ask.parts.labels.take_off if taking else ask.parts.labels.put_on
    count = 0
    for reference in chosen:
        try:
            await change(grant, reference, label_id)
            count += 1
        except (AlreadyExists, RecordUnknown):
            if len(chosen) == 1 and not taking:
                raise
    one, many = (
        ("The label is off %(n)s image.", "The label is off %(n)s images.")
        if taking
        else ("%(n)s image bears the label now.", "%(n)s images bear the label now.")
    )
    return Go(_next(ask), Said(ask.voice.say_many(one, many, count)))


async def _forecast(ask: Ask, grant: RepositoryGrant, reference: Reference) -> Forecast:
    if isinstance(reference, Tag):
        return await ask.parts.forecasts.tag(grant, reference, reference)
    return await ask.parts.forecasts.artifact(grant, reference)


def _chosen(fields: Fields) -> list[Reference]:
    """What is ticked, each once. Raises Invalid."""
    texts = list(dict.fromkeys(fields.many("chosen")))
    if len(texts) > MOST:
        raise Invalid(f"choose at most {MOST} at once")
    try:
        return [parse_reference(text) for text in texts]
    except (DigestInvalid, TagInvalid) as error:
        raise Invalid(f"what is chosen is a tag or a digest: {error}") from error


def _deleted(ask: Ask, gone: Sequence[Reference]) -> str:
    if not gone:
        return ask.say("Nothing was deleted.")
    if len(gone) == 1:
        name = gone[0].text if isinstance(gone[0], Tag) else str(gone[0]).rpartition(":")[2][:12]
        return ask.say("%(name)s was deleted.", name=name)
    if all(isinstance(reference, Digest) for reference in gone):
        return ask.voice.say_many("%(n)s image was deleted.", "%(n)s images were deleted.", len(gone))
    return ask.voice.say_many("%(n)s tag was deleted.", "%(n)s tags were deleted.", len(gone))


async def _back(ask: Ask, grant: RepositoryGrant) -> str:
    """The repository's page, or the project's if nothing is left in it."""
    try:
        await ask.parts.images.facts(await ask.repository(LIST))
    except RepositoryUnknown:
        return address(grant.project.name)
    return _next(ask)


def _next(ask: Ask) -> str:
    return address(ask.subject.name.text)


ROUTES: tuple[Route, ...] = (
    reading(Place.REPOSITORY, "delete", ask_delete),
    changing(Place.REPOSITORY, "delete", delete),
    reading(Place.REPOSITORY, "copy", ask_copy),
    changing(Place.REPOSITORY, "copy", copy),
    reading(Place.REPOSITORY, "labels", ask_labels),
    changing(Place.REPOSITORY, "labels", put_labels),
)
