"""What every page of an artifact shows around its own part."""

import json
from dataclasses import dataclass
from typing import Any

from entrepot.model.artifact import CHART, CNAI, IMAGE, WASM
from entrepot.model.digest import Digest
from entrepot.model.errors import DigestInvalid, Invalid
from entrepot.model.grant import ProjectGrant, RepositoryGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.reference import Reference, Tag
from entrepot.registry.artifacts import ArtifactView, Shown
from entrepot.web.ask import Ask
from entrepot.web.errors import N_
from entrepot.web.pages.project_frame import Tab
from entrepot.web.pages.repository_frame import may_of
from entrepot.web.platform import Child, children_of
from entrepot.web.subject import written

READ = Permission(Resource.ARTIFACT, Verb.READ)
OVERVIEW = Tab("overview", "", N_("Overview"), None)
LAYERS = Tab("layers", "layers", N_("Layers and files"), None)
CONFIGURATION = Tab("config", "config", N_("Configuration"), None)
MANIFEST = Tab("manifest", "manifest", N_("Manifest"), None)
ADDITIONS = {
    CHART: (
        Tab("readme.md", "addition/readme.md", N_("Readme"), None),
        Tab("values.yaml", "addition/values.yaml", N_("Values"), None),
        Tab("dependencies", "addition/dependencies", N_("Dependencies"), None),
    ),
    CNAI: (
        Tab("readme.md", "addition/readme.md", N_("Readme"), None),
        Tab("license", "addition/license", N_("License"), None),
        Tab("files", "addition/files", N_("Files"), None),
    ),
}
_PREFERRED = ("linux/amd64", "linux/arm64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A page of an artifact, with what the reader may."""

    project: ProjectGrant
    grant: RepositoryGrant
    view: ArtifactView
    reference: Reference
    frame: dict[str, Any]


async def opened(ask: Ask, tab: str) -> Opened:
    """The artifact that the address names. Raises as the gate does, ManifestUnknown."""
    project = await ask.project(READ)
    grant = await ask.repository(READ)
    view = await ask.parts.artifacts.get(grant, ask.subject.ref, Shown(immutable=True))
    return Opened(
        project=project, grant=grant, view=view, reference=ask.subject.ref, frame=_frame(ask, project, view, tab)
    )


def _frame(ask: Ask, project: ProjectGrant, view: ArtifactView, tab: str) -> dict[str, Any]:
    name, reference = ask.subject.name, ask.subject.ref
    is_tag = isinstance(reference, Tag)
    return {
        "artifact": view,
        "repository": {"name": name.text},
        "reference": reference,
        "tag": reference.text if isinstance(reference, Tag) else "",
        "whole": written(name.text, reference),
        "others": [tag for tag in view.tags if not is_tag or tag.name != str(reference)],
        "tab_list": tabs_of(view),
        "tab": tab,
        "may": may_of(project),
    }


def tabs_of(view: ArtifactView) -> list[Tab]:
    """The pages that such an artifact has."""
    kind = view.row.kind
    inside = [LAYERS] if kind in (IMAGE, WASM) or view.contents.layers else []
    configuration = [CONFIGURATION] if kind in (IMAGE, WASM) else []
    return [OVERVIEW, *ADDITIONS.get(view.row.kind, ()), *inside, *configuration, MANIFEST]  # type: ignore[call-overload]


async def platform_of(ask: Ask, page: Opened) -> tuple[ArtifactView, list[Child]]:
    """The image to look at: of an index the one that `?of=` names, else the likeliest; and all that there are.

    Raises ManifestUnknown, Invalid if it is none of the index.
    """
    children = [child for child in children_of(page.view) if child.name]
    children = children or children_of(page.view)
    if not children:
        return page.view, []
    wanted = ask.query.text("of")
    if wanted:
        try:
            digest = Digest.parse(wanted)
        except DigestInvalid as error:
            raise Invalid(f"of is the digest of a platform: {error}") from error
        if digest not in {child.digest for child in children}:
            raise Invalid(f"{digest} is no part of this index")
    else:
        digest = likeliest(children).digest
    return await ask.parts.artifacts.get(page.grant, digest, Shown(tags=False, labels=False)), children


def likeliest(children: list[Child]) -> Child:
    """The platform that most readers mean."""
    by_name = {child.name: child for child in children}
    return next((by_name[name] for name in _PREFERRED if name in by_name), children[0])


def annotations_of(body: bytes) -> dict[str, str]:
    """What a manifest's annotations say, those that are texts."""
    try:
        told = json.loads(body).get("annotations")
    except (ValueError, AttributeError, RecursionError):
        return {}
    return {str(key): value for key, value in told.items() if isinstance(value, str)} if isinstance(told, dict) else {}


def subject_of(body: bytes) -> Digest | None:
    """What a manifest says that it belongs to."""
    try:
        return Digest.parse(str(json.loads(body)["subject"]["digest"]))
    except (ValueError, TypeError, KeyError, RecursionError, DigestInvalid):
        return None
