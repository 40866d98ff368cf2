"""Opening one file of an image: to see it, to take it away, to see what a layer made of it."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from entrepot.model.errors import Invalid, Unknown
from entrepot.model.file_kind import FileKind, kind_of
from entrepot.model.grant import RepositoryGrant
from entrepot.model.layer_entry import EntryKind
from entrepot.model.layer_index import LayerIndex
from entrepot.model.layer_path import meant, shown
from entrepot.model.line_difference import Line, line_difference
from entrepot.model.overlay import Placed, find, has_content, target
from entrepot.model.reference import Reference
from entrepot.registry.blobs import Blobs
from entrepot.registry.layer_content import LayerContent
from entrepot.registry.layer_views import FileView, file_view
from entrepot.registry.layered import Image, Layered
from entrepot.registry.layers import require_layer

LARGEST_PREVIEW = 1024 * 1024
"""Bytes of a file that are shown at once."""
LARGEST_COMPARED = 512 * 1024
"""Bytes of a file that is compared line by line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFile:
    """A file's content, on its way."""

    file: FileView
    size: int
    """Of the whole file; of a hard link, that of its target."""
    digest: str
    """`sha256:…`"""
    kind: FileKind
    """By how the file begins; if it is not read from its beginning, by how what is read begins."""
    content_type: str
    """Never one that a browser would run."""
    content: AsyncGenerator[bytes, None]
    """In pieces of at most 1 MiB; to be closed if it is not read to its end. Raises StorageFailed, ObjectMissing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A part of a file."""

    file: FileView
    size: int
    digest: str
    kind: FileKind
    content_type: str
    start: int
    content: bytes
    """At most LARGEST_PREVIEW bytes from `start` on."""

    @property
    def whole(self) -> bool:
        """Whether this is all of the file."""
        return len(self.content) == self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDifference:
    """What a layer made of a file."""

    before: FileView | None
    """As layers below have it; None: they do not."""
    after: FileView | None
    """As the layer has it; None: it removed it."""
    lines: tuple[Line, ...]
    """Line by line, if both are text, or one and there is no other."""
    reason: str
    """Why there are no lines, as a sentence; empty if there are, or if nothing differs."""


@dataclass(frozen=True, slots=True)
class _Located:
    image: Image
    placed: Placed
    """As it was asked for."""
    content: Placed
    """The entry that has its content."""
    index: LayerIndex


class LayerFiles:
    """Operations on the content of files in images."""

    def __init__(self, blobs: Blobs, layered: Layered) -> None:
        self._blobs = blobs
        self._layered = layered

    async def open(
        self,
        grant: RepositoryGrant,
        reference: Reference,
        path: str,
        *,
        layer: int | None = None,
        start: int = 0,
        end: int | None = None,
    ) -> OpenedFile:
        """The content of a file, from `start` up to `end`, of one layer or as a container finds it.

        Raises BeingRead, ManifestUnknown, BlobUnknown, Unknown if there is no such file, Invalid if it is none or the
        range is not within it, Conflict if it lies too deep, StorageFailed, ObjectMissing.
        """
        image = await self._layered.read(grant, reference)
        require_layer(image, layer)
        stack = await self._layered.indexes(image)
        return await self._open(grant, _locate(image, stack, path, layer), start, end)

    async def preview(
        self,
        grant: RepositoryGrant,
        reference: Reference,
        path: str,
        *,
        layer: int | None = None,
        start: int = 0,
        count: int = LARGEST_PREVIEW,
    ) -> Preview:
        """Up to `count` bytes of a file, from `start` on; none after its end. Raises as `open`."""
        if start < 0 or not 1 <= count <= LARGEST_PREVIEW:
            raise Invalid(f"ask for 1 to {LARGEST_PREVIEW} bytes at once")
        image = await self._layered.read(grant, reference)
        require_layer(image, layer)
        located = _locate(image, await self._layered.indexes(image), path, layer)
        size = located.content.entry.about.size
        start = min(start, size)
        opened = await self._open(grant, located, start, min(start + count, size))
        return Preview(
            file=opened.file,
            size=size,
            digest=opened.digest,
            kind=opened.kind,
            content_type=opened.content_type,
            start=start,
            content=await _whole(opened),
        )

    async def difference(self, grant: RepositoryGrant, reference: Reference, path: str, layer: int) -> FileDifference:
        """What the layer made of the file that layers below have. Raises as `open`; Unknown if it did nothing to it."""
        image = await self._layered.read(grant, reference)
        require_layer(image, layer)
        stack = await self._layered.indexes(image)
        index = stack[layer]
        assert index is not None
        for raw in meant(path):
            own, below = index.find(raw), find(stack[:layer], raw)
            if own is None and (below is None or not index.hides(raw)):
                continue
            before = None if below is None else await self._side(grant, image, stack, below)
            after = None if own is None else await self._side(grant, image, stack, Placed(layer, own))
            return await _compared(before, after)
        raise Unknown(f"layer {layer} did nothing to such a file")

    async def _side(
        self, grant: RepositoryGrant, image: Image, stack: list[LayerIndex | None], placed: Placed
    ) -> "_Side":
        view = file_view(placed)
        content = target(stack, placed)
        if content is None or not has_content(content):
            kind = placed.entry.about.kind
            text = f"{kind.name.lower().replace('_', ' ')} {view.link}".strip()
            return _Side(view, None, f"one of them is no file but a {text}"[:200])
        if content.entry.about.size > LARGEST_COMPARED:
            return _Side(view, None, f"one of them is larger than {LARGEST_COMPARED} bytes")
        index = stack[content.layer]
        assert index is not None
        opened = await self._open(grant, _Located(image, placed, content, index), 0, None)
        whole = await _whole(opened)
        if opened.kind is not FileKind.TEXT:
            return _Side(view, None, "one of them is no text")
        return _Side(view, whole.decode("utf-8", "replace"), "")

    async def _open(self, grant: RepositoryGrant, located: _Located, start: int, end: int | None) -> OpenedFile:
        about = located.content.entry.about
        end = about.size if end is None else end
        if not 0 <= start <= end <= about.size:
            raise Invalid(f"the file has {about.size} bytes; {start} to {end} is not within it")
        layer = located.image.layers[located.content.layer]
        blob = await self._blobs.find(grant, layer.content.digest)
        pieces = LayerContent(self._blobs, blob, located.index, self._layered.cache.heavy)
        whole = end - start == about.size
        first, rest = b"", None
        if end > start:
            window = b""
            point = pieces.point(about.offset + start)
            if layer.index is not None:
                window = await self._layered.window(layer.index, point.window, point.window_size)
            rest = pieces.read(about.offset + start, about.offset + end, window, about.digest if whole else None)
            first = await anext(rest)
        kind, content_type = kind_of(first)
        return OpenedFile(
            file=file_view(located.placed),
            size=about.size,
            digest=f"sha256:{about.digest.hex()}",
            kind=kind,
            content_type=content_type,
            content=_after(first, rest),
        )


@dataclass(frozen=True, slots=True)
class _Side:
    view: FileView
    text: str | None
    reason: str


async def _compared(before: _Side | None, after: _Side | None) -> FileDifference:
    sides = [side for side in (before, after) if side is not None]
    reason = next((side.reason for side in sides if side.text is None), "")
    lines: list[Line] = []
    if not reason:
        old, new = (side.text or "" if side is not None else "" for side in (before, after))
        found = await asyncio.to_thread(line_difference, old, new)
        lines, reason = (found, "") if found is not None else ([], "too many lines of them differ")
    return FileDifference(
        before=None if before is None else before.view,
        after=None if after is None else after.view,
        lines=tuple(lines),
        reason=reason,
    )


def _locate(image: Image, stack: list[LayerIndex | None], path: str, layer: int | None) -> _Located:
    """The file. Raises Unknown, Invalid."""
    for raw in meant(path):
        index = None if layer is None else stack[layer]
        entry = None if index is None else index.find(raw)
        own = None if layer is None or entry is None else Placed(layer, entry)
        placed = find(stack, raw) if layer is None else own
        if placed is None or not raw:
            continue
        content = target(stack, placed)
        if content is None:
            raise Unknown(f"it is a link to {shown(placed.entry.about.link)[:200]}, which is in no layer")
        _require_file(content)
        found = stack[content.layer]
        assert found is not None
        return _Located(image, placed, content, found)
    raise Unknown(f"there is no file {shown(path.encode('utf-8', 'replace'))[:200]} here")


def _require_file(placed: Placed) -> None:
    about = placed.entry.about
    if has_content(placed):
        return
    if about.kind is EntryKind.SYMLINK:
        raise Invalid(f"it is a symbolic link to {shown(about.link)[:200]}: open that")
    if about.kind is EntryKind.SPARSE:
        raise Invalid("it is a sparse file, whose content is not shown; pull the image")
    if about.kind.is_directory:
        raise Invalid("it is a directory")
    raise Invalid("it is no file that has a content")


async def _after(first: bytes, rest: AsyncGenerator[bytes, None] | None) -> AsyncGenerator[bytes, None]:
    if rest is None:
        return
    try:
        yield first
        async for piece in rest:
            yield piece
    finally:
        await rest.aclose()


async def _whole(opened: OpenedFile) -> bytes:
    return b"".join([piece async for piece in opened.content])
