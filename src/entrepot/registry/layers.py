"""Opening images: their layers, and the files in them.

Everything comes from indexes that a job made; while it has not, operations raise BeingRead, and the job is requested
by whoever asks. Paths are taken as they are shown. `layer` is a layer's number; None means what all make together.
"""

import asyncio
from collections.abc import Iterable

import msgspec

from entrepot.model.attributes import LARGEST_CONFIG, build_history
from entrepot.model.errors import BlobUnknown, Invalid, Unknown
from entrepot.model.grant import RepositoryGrant
from entrepot.model.layer_entry import EntryKind
from entrepot.model.layer_index import LayerIndex
from entrepot.model.layer_path import meant, shown
from entrepot.model.overlay import Layers as Stack
from entrepot.model.overlay import LayerSummary, Placed, find, listing
from entrepot.model.reference import Reference
from entrepot.registry.blobs import Blobs
from entrepot.registry.layer_views import (
    DetailView,
    Did,
    FileView,
    FolderView,
    FoundView,
    ImageView,
    LayerState,
    LayerView,
    SearchView,
    StepView,
    file_view,
)
from entrepot.registry.layered import Image, Layer, Layered

MOST_LISTED = 1000
MOST_FOUND = 500
LONGEST_SEARCH = 256


class ImageLayers:
    """Operations on the layers of images, and the names in them."""

    def __init__(self, blobs: Blobs, layered: Layered) -> None:
        self._blobs = blobs
        self._layered = layered

    async def image(self, grant: RepositoryGrant, reference: Reference, *, again: bool = False) -> ImageView:
        """The image and its layers; never raises BeingRead: see `ready` and `job`.

        With `again` a job that failed lately is requested anew. Raises ManifestUnknown, and Invalid for an index, or
        what has no layers.
        """
        image = await self._layered.find(grant, reference, again=again)
        summaries, gone = ((), ()) if image.waits else await self._layered.summary(image)
        config = await read_config(self._blobs, grant, image)
        return ImageView(
            row=image.row,
            ready=not image.waits,
            job=image.job,
            layers=tuple(
                _layer_view(layer, summaries[layer.number] if summaries and layer.index is not None else None)
                for layer in image.layers
            ),
            steps=_steps(config, len(image.layers)),
            gone=gone,
        )

    async def folder(
        self,
        grant: RepositoryGrant,
        reference: Reference,
        path: str = "",
        *,
        layer: int | None = None,
        after: str | None = None,
        count: int = 200,
    ) -> FolderView:
        """A page of a directory, by name, those after `after`; of one layer with what it did, and what it removed.

        Raises BeingRead, ManifestUnknown, Invalid, and Unknown if there is no such directory.
        """
        if not 1 <= count <= MOST_LISTED:
            raise Invalid(f"ask for 1 to {MOST_LISTED} entries at once")
        image, stack = await self._stack(grant, reference, layer)
        for folder in meant(path):
            inside = _inside(stack, folder, layer)
            if inside is not None:
                break
        else:
            raise Unknown(f"there is no directory {shown(path.encode('utf-8', 'replace'))[:200]} here")
        names = sorted(inside)
        start = _start(names, after)
        page = names[start : start + count]
        return FolderView(
            path=shown(folder),
            entries=tuple(view for name in page for view in inside[name]),
            total=len(names),
            after=shown(page[-1]) if start + count < len(names) else None,
            unread=tuple(each.number for each in image.layers if each.index is None),
        )

    async def detail(self, grant: RepositoryGrant, reference: Reference, path: str) -> DetailView:
        """What is under the path, and what layers did there. Raises BeingRead, ManifestUnknown, Invalid, Unknown."""
        _, stack = await self._stack(grant, reference, None)
        for raw in meant(path):
            versions = tuple(_versions(stack, raw))
            if versions:
                there = find(stack, raw)
                return DetailView(file=None if there is None else file_view(there), versions=versions)
        raise _unknown(path)

    async def search(
        self, grant: RepositoryGrant, reference: Reference, text: str, *, layer: int | None = None, count: int = 100
    ) -> SearchView:
        """Entries of any layer, or of one, whose names hold the text; whose paths do, if it has a `/` in it.

        Letters of ASCII in either case. Raises BeingRead, ManifestUnknown, Invalid.
        """
        if not 1 <= count <= MOST_FOUND or not 1 <= len(text) <= LONGEST_SEARCH:
            raise Invalid(f"search for 1 to {LONGEST_SEARCH} characters, and for 1 to {MOST_FOUND} files at once")
        _, stack = await self._stack(grant, reference, layer)
        wanted = text.encode("utf-8", "replace")
        async with self._layered.cache.heavy:
            found = await asyncio.to_thread(_search, stack, wanted, layer, count + 1)
        return SearchView(found=tuple(found[:count]), more=len(found) > count)

    async def _stack(
        self, grant: RepositoryGrant, reference: Reference, layer: int | None
    ) -> tuple[Image, list[LayerIndex | None]]:
        image = await self._layered.read(grant, reference)
        require_layer(image, layer)
        return image, await self._layered.indexes(image)


async def read_config(blobs: Blobs, grant: RepositoryGrant, image: Image) -> bytes | None:
    """The image's configuration; None if it has none that can be read. Raises StorageFailed, ObjectMissing."""
    config = image.contents.config
    if config is None or not 0 < config.size <= LARGEST_CONFIG:
        return None
    try:
        blob = await blobs.find(grant, config.digest)
    except BlobUnknown:
        return None
    if not 0 < blob.size <= LARGEST_CONFIG:
        return None
    return b"".join([piece async for piece in blobs.open(blob, 0, blob.size)])


def require_layer(image: Image, layer: int | None) -> None:
    """Returns if there is such a layer whose files can be shown, or none is meant. Raises Unknown."""
    if layer is None:
        return
    if not 0 <= layer < len(image.layers):
        raise Unknown(f"this image has no layer {layer}; it has {len(image.layers)}, from 0")
    if image.layers[layer].index is None:
        raise Unknown(f"the files of layer {layer} cannot be shown: {image.layers[layer].reason}")


def _layer_view(layer: Layer, summary: LayerSummary | None) -> LayerView:
    index = layer.index
    state = LayerState.READ if index is not None else LayerState.WAITING if layer.waits else LayerState.REFUSED
    return LayerView(
        number=layer.number,
        digest=layer.content.digest,
        media_type=layer.content.media_type,
        size=layer.row.size if layer.row is not None else layer.content.size,
        state=state,
        reason=layer.reason,
        entries=index.entries if index else 0,
        unpacked=index.unpacked if index else 0,
        left_out=index.left_out if index else 0,
        summary=summary,
    )


def _steps(config: bytes | None, layers: int) -> tuple[StepView, ...]:
    steps: list[StepView] = []
    number = 0
    for said in msgspec.json.decode(build_history(config)):
        made = not said.get("empty_layer", False) and number < layers
        steps.append(
            StepView(
                created=said.get("created", ""),
                created_by=said.get("created_by", ""),
                comment=said.get("comment", ""),
                author=said.get("author", ""),
                layer=number if made else None,
            )
        )
        number += made
    return tuple(steps)


def _inside(stack: Stack, folder: bytes, layer: int | None) -> dict[bytes, list[FileView]] | None:
    """What is in the directory by name; None if there is none."""
    if layer is None:
        found = listing(stack, folder)
        return None if found is None else {name: [file_view(placed)] for name, placed in found.items()}
    index = stack[layer]
    assert index is not None
    there = index.find(folder)
    if folder and (there is None or not there.about.kind.is_directory):
        return None
    inside: dict[bytes, list[FileView]] = {}
    for entry in index.children(folder):
        placed = Placed(layer, entry)
        view = file_view(
            placed, _did(stack, placed), opaque=entry.about.kind.is_directory and index.is_opaque(entry.path)
        )
        if entry.name not in inside:  # A whiteout beside what takes its place says nothing more.
            inside[entry.name] = [view]
    return inside


def _did(stack: Stack, placed: Placed) -> Did | None:
    """What its layer did to the path; None for a directory that was there already and is as it was."""
    if placed.entry.about.kind is EntryKind.WHITEOUT:
        return Did.REMOVED
    below = find(stack[: placed.layer], placed.entry.path)
    if below is None:
        return Did.ADDED
    was, now = below.entry.about, placed.entry.about
    if was.kind.is_directory and now.kind.is_directory:
        same = now.kind is EntryKind.IMPLIED or (was.mode, was.uid, was.gid) == (now.mode, now.uid, now.gid)
        return None if same else Did.CHANGED
    return Did.CHANGED


def _versions(stack: Stack, path: bytes) -> Iterable[FileView]:
    for number in range(len(stack) - 1, -1, -1):
        index = stack[number]
        if index is None or not path:
            continue
        entry = index.find(path)
        if entry is not None:
            placed = Placed(number, entry)
            yield file_view(placed, _did(stack, placed))
        elif index.hides(path):
            below = find(stack[:number], path)
            if below is not None:
                yield file_view(Placed(number, below.entry), Did.REMOVED)


def _search(stack: Stack, wanted: bytes, layer: int | None, count: int) -> list[FoundView]:
    found: list[FoundView] = []
    numbers = range(len(stack) - 1, -1, -1) if layer is None else (layer,)
    for number in numbers:
        index = stack[number]
        if index is None:
            continue
        for entry in index.search(wanted):
            placed = Placed(number, entry)
            there = find(stack, entry.path)
            found.append(
                FoundView(
                    file=file_view(placed, _did(stack, placed)),
                    visible=there is not None and there.layer == number and entry.about.kind is not EntryKind.WHITEOUT,
                )
            )
            if len(found) == count:
                return found
    return found


def _start(names: list[bytes], after: str | None) -> int:
    """Where the page begins."""
    if after is None:
        return 0
    for name in meant(after):
        if name in names:
            return names.index(name) + 1
    first = (meant(after) or [b""])[0]
    return sum(1 for name in names if name <= first)


def _unknown(path: str) -> Unknown:
    return Unknown(f"there is no {shown(path.encode('utf-8', 'replace'))[:200]} in this image")
