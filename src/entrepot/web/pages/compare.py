"""Two images side by side: how their files, layers and configurations differ."""

from typing import Any

from entrepot.model.errors import BeingRead, DigestInvalid, Invalid, TagInvalid
from entrepot.model.grant import RepositoryGrant
from entrepot.model.reference import Reference, parse_reference
from entrepot.registry.artifacts import ArtifactView, Shown
from entrepot.registry.layer_views import ImageView
from entrepot.web.answer import Answer, View
from entrepot.web.ask import Ask
from entrepot.web.inert import inert
from entrepot.web.pages.artifact_frame import likeliest
from entrepot.web.pages.repository_frame import opened
from entrepot.web.platform import children_of
from entrepot.web.route import Route, reading
from entrepot.web.subject import Place

FILES = 200
SUGGESTED = 30


async def show(ask: Ask) -> Answer:
    """How the image that `?to=` names differs from that of `?from=`; without both, the form that asks for them."""
    _, grant, frame = await opened(ask, "compare")
    newest = await ask.parts.images.page(grant, SUGGESTED)
    suggested = [tag.name for view in newest.found for tag in view.tags[:3]]
    before, after = ask.query.text("from"), ask.query.text("to")
    shown: dict[str, Any] = {
        **frame,
        "suggested": suggested,
        "before": before or _other(suggested, after),
        "after": after,
        "platforms_of_both": [],
        "on": "",
        "waiting": [],
        "result": None,
        "config": [],
        "start": 0,
    }
    if before and after:
        shown |= await _compared(ask, grant, _reference("from", before), _reference("to", after))
    return View("compare", shown, topics=(f"repository:{grant.name}", f"project:{grant.project.name}"))


async def _compared(ask: Ask, grant: RepositoryGrant, before: Reference, after: Reference) -> dict[str, Any]:
    """The comparison; or what is being read before there can be one."""
    artifacts = ask.parts.artifacts
    plain = Shown(tags=False, labels=False, accessories=False)
    old, new = await artifacts.get(grant, before, plain), await artifacts.get(grant, after, plain)
    names, on, mine, theirs = _platform(old, new, ask.query.text("on"))
    start = ask.query.whole("start", 0, most=10_000_000)
    told: dict[str, Any] = {"platforms_of_both": names, "on": on, "start": start}
    layers = ask.parts.image_layers
    images: list[ImageView] = [await layers.image(grant, mine), await layers.image(grant, theirs)]
    told["waiting"] = [image for image in images if not image.ready]
    if told["waiting"]:
        return told
    try:
        told["result"] = await ask.parts.image_comparison.compare(grant, mine, grant, theirs, start=start, count=FILES)
    except BeingRead:
        told["waiting"] = images
        return told
    told["config"] = [
        (change.name, _text(change.before), _text(change.after)) for change in told["result"].config[:200]
    ]
    return told


def _platform(old: ArtifactView, new: ArtifactView, wanted: str) -> tuple[list[str], str, Reference, Reference]:
    """The platforms that both have, the one that is compared, and its image on either side."""
    mine = {child.name: child for child in children_of(old) if child.name}
    theirs = {child.name: child for child in children_of(new) if child.name}
    if not mine or not theirs:
        return [], "", _only(old, wanted), _only(new, wanted)
    both = [name for name in mine if name in theirs]
    if not both:
        raise Invalid("these two have no platform in common")
    on = wanted if wanted in both else likeliest([mine[name] for name in both]).name
    return both, on, mine[on].digest, theirs[on].digest


def _only(view: ArtifactView, wanted: str) -> Reference:
    """The image itself, or of an index the likeliest part."""
    children = [child for child in children_of(view) if child.name] or children_of(view)
    if not children:
        return view.row.digest
    return next((child.digest for child in children if child.name == wanted), likeliest(children).digest)


def _reference(name: str, text: str) -> Reference:
    try:
        return parse_reference(text)
    except (DigestInvalid, TagInvalid) as error:
        raise Invalid(f"{name} is a tag or a digest of this repository: {error}") from error


def _other(suggested: list[str], after: str) -> str:
    """A tag to compare with: the one that was pushed before."""
    if after not in suggested:
        return ""
    following = suggested[suggested.index(after) + 1 :]
    return following[0] if following else ""


def _text(value: object) -> str | None:
    return None if value is None else inert(value, 1000)


ROUTES: tuple[Route, ...] = (reading(Place.REPOSITORY, "compare", show),)
