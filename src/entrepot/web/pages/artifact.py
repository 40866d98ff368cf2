"""An artifact: how to pull it, what is in it and attached to it, its configuration, its manifest, its tags."""

import json
from collections.abc import Callable
from typing import Any

from entrepot.model.digest import Digest
from entrepot.model.errors import AlreadyExists, Unknown
from entrepot.model.reference import Tag
from entrepot.model.trash import MoveKind
from entrepot.registry.additions import BUILD_HISTORY, DEPENDENCIES, README
from entrepot.registry.artifacts import ArtifactView, Shown
from entrepot.web.answer import Answer, Content, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.inert import linked, pretty
from entrepot.web.pages.artifact_frame import READ, Opened, annotations_of, opened, platform_of, subject_of
from entrepot.web.pages.repository_frame import CREATE_TAG
from entrepot.web.platform import attributes_of
from entrepot.web.pull_command import clients_of, fetching
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address, written

LONGEST_TEXT = 512 * 1024
"""Characters of a manifest or a readme that are shown; the rest is in the download."""
_MOST_ROWS = 500


async def show(ask: Ask) -> Answer:
    """The artifact's own page."""
    page = await opened(ask, "overview")
    row, name = page.view.row, page.grant.name
    whole = await ask.parts.images.whole(page.grant, row.digest)
    kept = await ask.parts.images.kept(page.grant, [row.digest], [tag.name for tag in page.view.tags])
    clients = clients_of(row.kind)
    client = ask.query.text("client")
    client = client if client in clients else clients[0]
    tag = page.frame["tag"] or (page.view.tags[0].name if page.view.tags else "")
    place = f"{ask.host}/{name}"
    shown = {
        **page.frame,
        "tree": whole,
        "kept": kept,
        "clients": clients,
        "client": client,
        "fetched": fetching(client, place, name.text.rpartition("/")[2], tag, str(row.digest)),
        "attributes": attributes_of(page.view),
        "annotations": list(annotations_of(row.body).items())[:_MOST_ROWS],
        "belongs_to": subject_of(row.body),
    }
    return View("artifact", shown, topics=(f"repository:{name}",))


async def show_config(ask: Ask) -> Answer:
    """What the image's configuration says: how it runs, and how it was built."""
    page = await opened(ask, "config")
    image, children = await platform_of(ask, page)
    attributes = attributes_of(image)
    inside = attributes.get("config")
    settings = inside if isinstance(inside, dict) else {}
    shown = {
        **page.frame,
        "image": image,
        "children": children,
        "attributes": attributes,
        "settings": _settings(settings),
        "environment": _pairs(settings.get("Env")),
        "image_labels": list((settings.get("Labels") or {}).items())[:_MOST_ROWS],
        "steps": await _steps(ask, page, image),
    }
    return View("artifact_config", shown, topics=(f"repository:{page.grant.name}",))


async def show_manifest(ask: Ask) -> Answer:
    """The manifest as it was pushed, in lines, with digests that lead on."""
    page = await opened(ask, "manifest")
    row, name = page.view.row, page.grant.name.text
    text, shortened = pretty(row.body, LONGEST_TEXT)
    links = {str(child): address(written(name, child)) for child in page.view.children}
    if page.view.contents.config:
        links[str(page.view.contents.config.digest)] = address(page.frame["whole"], "config")
    for number, layer in enumerate(page.view.contents.layers):
        links[str(layer.digest)] = f"{address(page.frame['whole'], 'layers')}?layer={number}"
    subject = subject_of(row.body)
    if subject is not None:
        links[str(subject)] = address(written(name, subject))
    shown = {**page.frame, "text": linked(text, links), "shortened": shortened}
    return View("artifact_manifest", shown, topics=(f"repository:{page.grant.name}",))


async def download_manifest(ask: Ask) -> Answer:
    """The bytes of the manifest."""
    page = await opened(ask, "manifest")
    row = page.view.row
    return Content("application/json", row.body, name=f"manifest-{str(row.digest).rpartition(':')[2][:12]}.json")


async def show_addition(ask: Ask) -> Answer:
    """A chart's readme and values, what it needs; a model's licence and files. Raises as `Artifacts.addition`."""
    name = ask.captured["name"]
    page = await opened(ask, name)
    found = await ask.parts.artifacts.addition(page.grant, page.view.row.digest, name)
    text, shortened = pretty(found.body, LONGEST_TEXT) if "json" in found.content_type else _text(found.body)
    rows = json.loads(found.body) if name == DEPENDENCIES else []
    shown = {
        **page.frame,
        "name": name,
        "text": text,
        "shortened": shortened,
        "is_readme": name == README,
        "rows": rows[:_MOST_ROWS] if isinstance(rows, list) else [],
    }
    return View("artifact_text", shown, topics=(f"repository:{page.grant.name}",))


async def tag(ask: Ask) -> Answer:
    """Gives the artifact a tag; one that names something else only moves if that is wanted."""
    grant = await ask.repository(CREATE_TAG)
    wanted = Tag.parse(ask.form.text("tag"))
    view = await ask.parts.artifacts.get(await ask.repository(READ), ask.subject.ref, Shown(tags=False))
    digest: Digest = view.row.digest
    try:
        await ask.parts.artifacts.create_tag(grant, digest, wanted)
    except AlreadyExists:
        if not ask.form.ticked("move"):
            raise
        await ask.parts.tag_history.roll_back(grant, wanted, digest, MoveKind.MOVED)
    sentence = ask.say("%(tag)s names this image now.", tag=wanted)
    return Go(address(written(grant.name.text, wanted)), Said(sentence))


async def _steps(ask: Ask, page: Opened, image: ArtifactView) -> list[dict[str, Any]]:
    """How the image was built; nothing if it does not say."""
    if BUILD_HISTORY not in image.additions:
        return []
    try:
        found = await ask.parts.artifacts.addition(page.grant, image.row.digest, BUILD_HISTORY)
    except Unknown:
        return []
    return [step for step in json.loads(found.body) if isinstance(step, dict)][:_MOST_ROWS]


def _settings(settings: dict[str, Any]) -> list[tuple[str, str]]:
    """The settings that are few words each, by what the specification calls them."""
    return [(key, told(settings[key])) for key, told in _SETTINGS.items() if settings.get(key)]


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _names(value: dict[str, Any]) -> str:
    return " ".join(map(str, value))


_SETTINGS: dict[str, Callable[[Any], str]] = {
    "Entrypoint": _as_json,
    "Cmd": _as_json,
    "Shell": _as_json,
    "OnBuild": _as_json,
    "User": str,
    "WorkingDir": str,
    "StopSignal": str,
    "ExposedPorts": _names,
    "Volumes": _names,
    "Healthcheck": _as_json,
}


def _pairs(entries: object) -> list[tuple[str, str]]:
    listed = entries if isinstance(entries, list) else []
    return [(name, value) for name, _, value in (str(one).partition("=") for one in listed[:_MOST_ROWS])]


def _text(body: bytes) -> tuple[str, bool]:
    text = body.decode(errors="replace")
    return text[:LONGEST_TEXT], len(text) > LONGEST_TEXT


ROUTES: tuple[Route, ...] = (
    reading(Place.ARTIFACT, "", show),
    reading(Place.ARTIFACT, "config", show_config),
    reading(Place.ARTIFACT, "manifest", show_manifest),
    reading(Place.ARTIFACT, "manifest/raw", download_manifest),
    reading(Place.ARTIFACT, "addition/{name}", show_addition),
    changing(Place.ARTIFACT, "tags", tag),
)
