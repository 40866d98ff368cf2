"""What people are shown of layers and their files."""

from dataclasses import dataclass
from enum import StrEnum

from entrepot.db.artifact_lists import ArtifactRow
from entrepot.model.digest import Digest
from entrepot.model.job import Job
from entrepot.model.layer_entry import Entry, EntryKind
from entrepot.model.layer_path import shown
from entrepot.model.overlay import Gone, LayerSummary, Placed


class LayerState(StrEnum):
    """Whether the files of a layer can be shown."""

    READ = "read"
    WAITING = "waiting"
    """A job reads it, or will."""
    REFUSED = "refused"
    """They cannot; `reason` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerView:
    """A layer of an image."""

    number: int
    """From 0, the lowest."""
    digest: Digest
    media_type: str
    size: int
    """Bytes as it is kept and pulled."""
    state: LayerState
    reason: str
    """Why its files cannot be shown, as a sentence about `it`; empty if they can, or will."""
    entries: int
    unpacked: int
    left_out: int
    """Entries that are not shown, for paths that lead elsewhere or are too long."""
    summary: LayerSummary | None
    """What it added, changed and removed; None until every layer was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step of how the image was built, as its configuration tells it."""

    created: str
    created_by: str
    comment: str
    author: str
    layer: int | None
    """The number of the layer that it made; None: it made none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageView:
    """An image and its layers."""

    row: ArtifactRow
    ready: bool
    """Whether every layer was read as far as it can be."""
    job: Job | None
    """The latest job that reads them, if they are not; `state`, `done`, `total` (bytes) and `reason` tell how it is."""
    layers: tuple[LayerView, ...]
    steps: tuple[StepView, ...]
    """Empty if the configuration has none, or cannot be read."""
    gone: tuple[Gone, ...]
    """What is pulled for nothing, the largest first; empty until every layer was read."""

    @property
    def wasted(self) -> int:
        """Bytes that higher layers replaced or removed."""
        return sum(layer.summary.wasted for layer in self.layers if layer.summary is not None)

    @property
    def unpacked(self) -> int:
        """Bytes of the files of all layers."""
        return sum(layer.summary.bytes for layer in self.layers if layer.summary is not None)


class Did(StrEnum):
    """What a layer did to a path."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """An entry of a layer, or of all layers together."""

    path: str
    """As it is shown, and taken back by every operation; see `model.layer_path`."""
    name: str
    kind: EntryKind
    """`kind.name.lower()` is its word."""
    size: int
    mode: int
    uid: int
    gid: int
    mtime: int
    """Seconds since 1970; may be before."""
    link: str
    """What a link points at, a device's numbers."""
    layer: int
    digest: str
    """`sha256:…` of the content; empty if there is none."""
    did: Did | None = None
    """What its layer did to the path, where that was asked for."""
    opaque: bool = False
    """Of a directory, where one layer is looked at: it hides all that layers below hold there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderView:
    """A page of a directory."""

    path: str
    entries: tuple[FileView, ...]
    """By name."""
    total: int
    after: str | None
    """The name to go on after; None: that was all."""
    unread: tuple[int, ...]
    """Layers whose files cannot be shown, so that some may be lacking here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailView:
    """A path and its history."""

    file: FileView | None
    """What a container finds there; None: nothing, a layer removed it."""
    versions: tuple[FileView, ...]
    """What layers did to it, the highest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundView:
    """A file whose name holds what was searched for."""

    file: FileView
    visible: bool
    """Whether a container finds it: no layer above replaced or removed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchView:
    """What was found, the highest layer first."""

    found: tuple[FoundView, ...]
    more: bool
    """Whether there is more than was asked for."""


def file_view(placed: Placed, did: Did | None = None, *, opaque: bool = False) -> FileView:
    """What is shown of the entry."""
    entry: Entry = placed.entry
    about = entry.about
    return FileView(
        path=entry.text,
        name=shown(entry.name),
        kind=about.kind,
        size=about.size,
        mode=about.mode,
        uid=about.uid,
        gid=about.gid,
        mtime=about.mtime,
        link=shown(about.link),
        layer=placed.layer,
        digest=f"sha256:{about.digest.hex()}" if about.digest else "",
        did=did,
        opaque=opaque,
    )
