"""What is shown beside an artifact: how an image was built, a chart's notes, a model's files, a list of its parts.

Everything comes out of blobs that somebody pushed, through `ReadBlob`, in bounded memory and time. Names and content
types are those of Harbor's API 2.0.
"""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from entrepot.model.artifact import CHART, CNAI, IMAGE, SBOM, SBOM_TYPE, WASM, ArtifactKind
from entrepot.model.attributes import LARGEST_CONFIG, build_history, chart_dependencies
from entrepot.model.contents import Content, Contents, contents_of
from entrepot.model.digest import Digest
from entrepot.model.errors import Invalid, Unknown
from entrepot.model.manifest import DOCKER_LIST, OCI_INDEX
from entrepot.registry.archive import ArchiveRefused, find_file

BUILD_HISTORY = "build_history"
VALUES = "values.yaml"
README = "readme.md"
DEPENDENCIES = "dependencies"
LICENSE = "license"
FILES = "files"
SBOM_DOCUMENT = "sbom"

LARGEST_FILE = 4 * 1024 * 1024
"""Bytes of a file that is shown."""

LARGEST_SBOM = 32 * 1024 * 1024

_JSON = "application/json; charset=utf-8"
_MARKDOWN = "text/markdown; charset=utf-8"
_PLAIN = "text/plain; charset=utf-8"

_NAMES = {
    IMAGE: (BUILD_HISTORY,),
    WASM: (BUILD_HISTORY,),
    CHART: (VALUES, README, DEPENDENCIES),
    CNAI: (README, LICENSE, FILES),
    SBOM: (SBOM_DOCUMENT,),
}
_CHART_ARCHIVE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_MODEL_DOCUMENT = re.compile(r"application/vnd\.(?:cncf|cnai)\.model\.doc\.v1\.(raw|tar|tar\+gzip)").fullmatch
_MODEL_PATHS = ("org.cncf.model.filepath", "org.cnai.model.filepath")
_MODEL_FILES = {README: ({"readme", "readme.md"}, _MARKDOWN), LICENSE: ({"license", "license.txt"}, _PLAIN)}
_DEEPEST_FOLDER = 64
_MOST_NAMES = 100_000


class ReadBlob(Protocol):
    """Gives a blob of the artifact's repository, in pieces of at most 1 MiB.

    What it raises (BlobUnknown, StorageFailed) goes through. What it returns is closed, if it can be, when enough of it
    was read.
    """

    def __call__(self, digest: Digest, /) -> AsyncIterator[bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """Something to show: bytes that are to be shown as what they are said to be, and never run."""

    content_type: str
    body: bytes


def addition_names(kind: ArtifactKind, manifest_media_type: str, *, has_sbom: bool = False) -> tuple[str, ...]:
    """The additions that an artifact has; `has_sbom`: a list of its parts was made for it. An index has none else."""
    own = () if kind == SBOM or manifest_media_type in (OCI_INDEX, DOCKER_LIST) else _NAMES.get(kind, ())
    return (*own, SBOM_DOCUMENT) if has_sbom else own


async def read_addition(
    name: str, kind: ArtifactKind, manifest_media_type: str, body: bytes, read: ReadBlob
) -> Addition:
    """The addition of that name of the artifact whose manifest is `body`.

    For `sbom` the artifact is the list itself: the accessory of type `sbom.harbor`, not what it is a list of.
    A chart without notes or values has empty ones. Raises Invalid if artifacts of this kind have no such addition,
    Unknown if this one lacks it or it cannot be shown, and what `read` raises.
    """
    if manifest_media_type in (OCI_INDEX, DOCKER_LIST) or name not in _NAMES.get(kind, ()):
        raise Invalid(f"an artifact of type {kind[:100]} has no addition {name[:100]!r}")
    contents = contents_of(body)
    if name == BUILD_HISTORY:
        return Addition(content_type=_JSON, body=build_history(await _config(contents, read)))
    if name == DEPENDENCIES:
        return Addition(content_type=_JSON, body=chart_dependencies(await _config(contents, read)))
    if name == FILES:
        return Addition(content_type=_JSON, body=_file_list(contents))
    if name == SBOM_DOCUMENT:
        return Addition(content_type=SBOM_TYPE, body=await _sbom(contents, read))
    if kind == CHART:
        return Addition(
            content_type=_MARKDOWN if name == README else _PLAIN, body=await _chart_file(name, contents, read)
        )
    return await _model_file(name, contents, read)


async def _config(contents: Contents, read: ReadBlob) -> bytes | None:
    if contents.config is None or not 0 < contents.config.size <= LARGEST_CONFIG:
        return None
    return await _whole(read, contents.config, LARGEST_CONFIG)


async def _sbom(contents: Contents, read: ReadBlob) -> bytes:
    if len(contents.layers) != 1:
        raise Unknown("this artifact holds no list of parts: it should have it as its one layer")
    return await _whole(read, contents.layers[0], LARGEST_SBOM)


async def _chart_file(name: str, contents: Contents, read: ReadBlob) -> bytes:
    archives = [layer for layer in contents.layers if layer.media_type == _CHART_ARCHIVE]
    if not archives:
        raise Unknown("this chart has no archive to look into")

    def is_wanted(path: str) -> bool:
        # Deeper down are the charts that it depends on.
        folder, _, file = path.removeprefix("./").partition("/")
        return folder not in ("", ".", "..") and file.lower() == name

    return await _from_archive(read, archives[0], is_wanted) or b""


async def _model_file(name: str, contents: Contents, read: ReadBlob) -> Addition:
    wanted, content_type = _MODEL_FILES[name]
    for layer in contents.layers:
        form = _MODEL_DOCUMENT(layer.media_type)
        if form is None or _model_path(layer).lower() not in wanted:
            continue
        if form[1] == "raw":
            return Addition(content_type=content_type, body=await _whole(read, layer, LARGEST_FILE))
        found = await _from_archive(read, layer, lambda _: True)
        if found is not None:
            return Addition(content_type=content_type, body=found)
    raise Unknown(f"this model has no {name}")


async def _from_archive(read: ReadBlob, layer: Content, is_wanted: Callable[[str], bool]) -> bytes | None:
    pieces = read(layer.digest)
    try:
        return await find_file(pieces, is_wanted)
    except ArchiveRefused as error:
        raise Unknown(f"{layer.digest} cannot be looked into as an archive: {error}") from error
    finally:
        await _close(pieces)


async def _whole(read: ReadBlob, content: Content, limit: int) -> bytes:
    whole = bytearray()
    pieces = read(content.digest)
    try:
        async for piece in pieces:
            whole += piece
            if len(whole) > limit:
                raise Unknown(f"{content.digest} is larger than the {limit} bytes that are shown")
    finally:
        await _close(pieces)
    return bytes(whole)


async def _close(pieces: AsyncIterator[bytes]) -> None:
    close = getattr(pieces, "aclose", None)
    if close is not None:
        await close()


def _model_path(layer: Content) -> str:
    return next((layer.annotations[name] for name in _MODEL_PATHS if layer.annotations.get(name)), "")


Tree = dict[str, "Tree | int"]
"""A folder: its folders, and its files with their sizes."""


def _file_list(contents: Contents) -> bytes:
    """The files of a model as a JSON tree, folders first; names that lead elsewhere are left out."""
    root: Tree = {}
    names = 0
    for layer in contents.layers:
        path = _model_path(layer)
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if not parts or len(parts) > _DEEPEST_FOLDER or ".." in parts:
            continue
        names += len(parts)
        if names > _MOST_NAMES:
            raise Unknown("this model has more files than can be listed")
        folder = _folder(root, parts if path.endswith("/") else parts[:-1])
        if folder is not None and not path.endswith("/"):
            folder.setdefault(parts[-1], layer.size)
    return msgspec.json.encode(_listed(root))


def _folder(root: Tree, parts: list[str]) -> Tree | None:
    """The folder, made if need be; None if a file has that name already."""
    for part in parts:
        below = root.setdefault(part, {})
        if isinstance(below, int):
            return None
        root = below
    return root


def _listed(folder: Tree) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    for name, below in sorted(folder.items(), key=lambda entry: (isinstance(entry[1], int), entry[0])):
        if isinstance(below, int):
            listed.append({"name": name, "type": "file"} | ({"size": below} if below else {}))
        else:
            listed.append({"name": name, "type": "directory"} | ({"children": _listed(below)} if below else {}))
    return listed
