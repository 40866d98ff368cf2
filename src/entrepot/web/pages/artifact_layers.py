"""The layers of an image, and the files in them: three panes, each of whose rows is a link."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from entrepot.model.errors import BeingRead, Conflict, Invalid, Unknown
from entrepot.model.file_kind import FileKind
from entrepot.model.layer_entry import EntryKind
from entrepot.model.reference import Reference
from entrepot.registry.artifacts import ArtifactView
from entrepot.registry.layer_files import Preview
from entrepot.registry.layer_views import Did, FileView, ImageView, LayerState
from entrepot.web.answer import Answer, Content, Go, View
from entrepot.web.ask import Ask
from entrepot.web.hexadecimal import dump, mode
from entrepot.web.inert import inert
from entrepot.web.pages.artifact_frame import Opened, opened, platform_of
from entrepot.web.route import Route, reading
from entrepot.web.subject import Place, address

ENTRIES = 300
FOUND = 200
LARGEST_SHOWN = 192 * 1024
"""Bytes of a text that are shown at once; what follows is a page further."""
BYTES_SHOWN = 8 * 1024
"""Bytes that are shown as hexadecimal at once."""
MOST_LINES = 4000
GONE_SHOWN = 15
_LETTERS = {EntryKind.DIRECTORY: "d", EntryKind.IMPLIED: "d", EntryKind.SYMLINK: "l", EntryKind.FIFO: "p"}


async def show(ask: Ask) -> Answer:
    """The layers; the directory that `?path=` names, of all of them or of one; and the file that `?file=` names."""
    page = await opened(ask, "layers")
    view, children = await platform_of(ask, page)
    topics = (f"repository:{page.grant.name}", f"project:{page.project.project.name}")
    frame = {**page.frame, "children": children, "image": view, "refused": "", "link": _Links(ask, page, view)}
    try:
        image = await ask.parts.image_layers.image(page.grant, view.row.digest, again=ask.query.ticked("again"))
    except Invalid as error:
        return View("artifact_layers", {**frame, "opened": None, "refused": str(error)}, topics=topics)
    shown = {**frame, "opened": image, "layer": None, "instructions": _instructions(image)}
    if not image.ready:
        return View("artifact_layers", shown, topics=topics)
    try:
        shown |= await _browsed(ask, page, view.row.digest, image)
    except BeingRead:
        return View("artifact_layers", {**shown, "opened": await _again(ask, page, view)}, topics=topics)
    return View("artifact_layers", shown, topics=topics)


async def _again(ask: Ask, page: Opened, view: ArtifactView) -> ImageView:
    return await ask.parts.image_layers.image(page.grant, view.row.digest)


async def _browsed(ask: Ask, page: Opened, digest: Reference, image: ImageView) -> dict[str, Any]:
    """What the panes show. Raises Unknown, Invalid, BeingRead."""
    layer = _layer(ask, image)
    path, part, file = ask.query.text("path"), ask.query.text("q"), ask.query.text("file")
    layers = ask.parts.image_layers
    shown: dict[str, Any] = {"layer": layer, "path": path, "part": part, "file": file, "found": None, "folder": None}
    if part:
        shown["found"] = await layers.search(page.grant, digest, part[:256], layer=layer, count=FOUND)
    else:
        after = ask.query.text("after") or None
        shown["folder"] = await layers.folder(page.grant, digest, path, layer=layer, after=after, count=ENTRIES)
    shown["above"] = _above(path)
    shown["content"] = await _content(ask, page, digest, layer, file) if file else None
    shown["gone"] = [(inert(gone.path.decode(errors="replace"), 300), gone) for gone in image.gone[:GONE_SHOWN]]
    return shown


async def _content(ask: Ask, page: Opened, digest: Reference, layer: int | None, path: str) -> dict[str, Any]:
    """One file: what it is, what layers did to it, and its content or what a layer changed in it."""
    detail = await ask.parts.image_layers.detail(page.grant, digest, path)
    own = next((one for one in detail.versions if one.layer == layer), None) if layer is not None else None
    file = own or detail.file or detail.versions[0]
    wanted = ask.query.text("view")
    told: dict[str, Any] = {
        "file": file,
        "mode": mode(file.mode, _LETTERS.get(file.kind, "-")),
        "versions": detail.versions,
        "view": wanted,
        "preview": None,
        "difference": None,
        "lines": (),
        "reason": "",
        "start": ask.query.whole("start", 0),
        "can_differ": file.did is Did.CHANGED or (own is not None and own.did is not None),
    }
    try:
        if wanted == "change" and layer is not None:
            told["difference"] = await ask.parts.layer_files.difference(page.grant, digest, path, layer)
        elif file.kind.is_directory or file.did is Did.REMOVED:
            told["reason"] = ""
        else:
            told |= await _preview(ask, page, digest, layer if own is not None else None, path)
    except BeingRead:
        raise
    except (Invalid, Unknown, Conflict) as error:
        told["reason"] = str(error)
    return told


async def _preview(ask: Ask, page: Opened, digest: Reference, layer: int | None, path: str) -> dict[str, Any]:
    start, bare = ask.query.whole("start", 0), ask.query.text("view") == "hex"
    count = BYTES_SHOWN if bare else LARGEST_SHOWN
    files = ask.parts.layer_files
    preview: Preview = await files.preview(page.grant, digest, path, layer=layer, start=start, count=count)
    if bare or preview.kind is FileKind.BINARY:
        content = preview.content[:BYTES_SHOWN]
        return {"preview": preview, "hex": dump(content, preview.start), "end": preview.start + len(content)}
    if preview.kind is FileKind.PICTURE:
        return {"preview": preview, "hex": "", "end": preview.size}
    text = preview.content.decode(errors="replace")
    lines = text.split("\n")
    kept = lines[:MOST_LINES]
    end = preview.start + (len(preview.content) if len(kept) == len(lines) else len("\n".join(kept).encode()) + 1)
    return {"preview": preview, "hex": "", "lines": [inert(line, 1000) for line in kept], "end": end}


async def download(ask: Ask) -> Answer:
    """One file's content: to be taken away, or shown where it cannot do anything."""
    page = await opened(ask, "layers")
    view, _ = await platform_of(ask, page)
    path = ask.query.text("path")
    layer = ask.query.whole("layer") if ask.query.text("layer") else None
    try:
        found = await ask.parts.layer_files.open(page.grant, view.row.digest, path, layer=layer)
    except BeingRead:
        return Go(address(page.frame["whole"], "layers"))
    picture = found.kind is FileKind.PICTURE and not ask.query.ticked("save")
    name = "" if picture else found.file.name or "file"
    return Content(found.content_type, found.content, name=name, size=found.size)


def _layer(ask: Ask, image: ImageView) -> int | None:
    """The layer that is looked at; None: all together. One that cannot be read shows nothing of its own."""
    if not ask.query.text("layer"):
        return None
    number = ask.query.whole("layer", most=10_000)
    if number >= len(image.layers):
        raise Unknown(f"this image has {len(image.layers)} layers, from 0")
    return number if image.layers[number].state is LayerState.READ else None


def _instructions(image: ImageView) -> dict[int, tuple[str, str]]:
    """By layer what made it: the instruction's word and the rest."""
    return {step.layer: _instruction(step.created_by) for step in image.steps if step.layer is not None}


def _instruction(text: str) -> tuple[str, str]:
    """`COPY` and `. /app`, however the builder wrote it."""
    text = " ".join(text[:4000].split())
    if "#(nop)" in text:
        text = text.partition("#(nop)")[2].strip()
    elif text.startswith("/bin/sh -c "):
        text = "RUN " + text.removeprefix("/bin/sh -c ")
    text = text.replace("RUN /bin/sh -c ", "RUN ", 1).removesuffix("# buildkit").strip()
    word, _, rest = text.partition(" ")
    return (word, rest) if word.isupper() and word.isascii() and len(word) <= 12 else ("", text)


def _above(path: str) -> list[tuple[str, str]]:
    """The directories that the path goes through, each with its whole path."""
    parts = [part for part in path.split("/") if part]
    return [(part, "/".join(parts[: place + 1])) for place, part in enumerate(parts)]


class _Links:
    """Addresses of this page with other parts of the query."""

    def __init__(self, ask: Ask, page: Opened, view: ArtifactView) -> None:
        self._whole = page.frame["whole"]
        self._of = str(view.row.digest) if ask.query.text("of") else ""
        self._now = {key: ask.query.text(key) for key in ("layer", "path", "file", "q", "view")}

    def __call__(self, **other: object) -> str:
        """This page with those parts instead; None or empty leaves one out. What is not named stays."""
        return f"{address(self._whole, 'layers')}{self._query({**self._now, **other})}"

    def raw(self, file: FileView, *, save: bool = False, layer: int | None = None) -> str:
        """The address of a file's content."""
        query = {"path": file.path, "layer": "" if layer is None else layer, "save": "1" if save else ""}
        return f"{address(self._whole, 'file')}{self._query(query)}"

    def _query(self, query: Mapping[str, object]) -> str:
        told = {"of": self._of, **query}
        pairs = {key: value for key, value in told.items() if value not in ("", None)}
        return f"?{urlencode(pairs, errors='replace')}" if pairs else ""


ROUTES: tuple[Route, ...] = (
    reading(Place.ARTIFACT, "layers", show),
    reading(Place.ARTIFACT, "file", download),
)
