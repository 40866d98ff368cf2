"""Reading a layer whole, once: what is in it, and from where it can be decompressed later.

Done in a thread of a worker, never on a request. Of a gzip file, which can only be decompressed from points that
somebody found, these are found by `indexed_gzip`, in a second reading, once all of it is known to be in order.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import indexed_gzip

from entrepot.model.layer_draft import LayerRefused
from entrepot.model.layer_index import Form, Point
from entrepot.model.layer_scan import ArchiveReader, ScanLimits, scan
from entrepot.registry.blob_file import BlobFile
from entrepot.registry.unpacking import Undecodable, form_of, packed_tree, unpacked

WINDOW = 32 * 1024
"""Bytes that decompression of gzip needs to know of what came before."""
CLOSEST_POINTS = 4 * 1024 * 1024
"""Bytes of the archive between points, at least."""
MOST_POINTS = 512
"""Of windows as many are held in memory while they are found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingLimits:
    """How much of a layer is read. Sizes in bytes."""

    unpacked: int = 64 * 1024**3
    ratio: int = 200
    """How many times its own size a layer may unpack to, beyond `free`."""
    free: int = 256 * 1024**2
    scan: ScanLimits = field(default_factory=ScanLimits)


@dataclass(frozen=True, slots=True)
class ReadLayer:
    """A layer's index, as its object holds it."""

    tree: bytes
    windows: tuple[bytes, ...]
    entries: int
    unpacked: int
    left_out: int

    @property
    def size(self) -> int:
        """Bytes of the object."""
        return len(self.tree) + sum(map(len, self.windows))


@dataclass(frozen=True, slots=True)
class _Mark:
    packed: int
    unpacked: int
    bits: int
    window: bytes


def read_layer(file: BlobFile, limits: ReadingLimits) -> ReadLayer:
    """The index of the layer in the file. Raises LayerRefused, ReadingStopped, and what reading raises."""
    try:
        form = form_of(_start(file))
        file.seek(0)
        marks: list[_Mark] = []

        def new_stream(packed: int, came: int) -> None:
            if came - (marks[-1].unpacked if marks else 0) >= CLOSEST_POINTS:
                marks.append(_Mark(packed, came, 0, b""))

        archive = ArchiveReader(_bounded(unpacked(form, _pieces(file), new_stream), file, limits))
        draft = scan(archive, limits.scan)
    except Undecodable as error:
        raise LayerRefused(str(error)) from error
    if form is Form.GZIP and archive.place > 2 * CLOSEST_POINTS:
        marks = _gzip_marks(file, archive.place)
    windows = tuple(zlib.compress(mark.window) if mark.window else b"" for mark in marks)
    points, place = [], 0
    for mark, window in zip(marks, windows, strict=True):
        points.append(Point(mark.packed, mark.unpacked, mark.bits, place, len(window)))
        place += len(window)
    tree, count = draft.encode(form, archive.place, points)
    return ReadLayer(packed_tree(tree), windows, count, archive.place, draft.left_out)


def _start(file: BlobFile) -> bytes:
    start = b""
    while len(start) < 8 and (more := file.read(8 - len(start))):
        start += more
    return start


def _pieces(file: BlobFile) -> Iterator[bytes]:
    while piece := file.read(1024 * 1024):
        yield piece


def _bounded(pieces: Iterator[bytes], file: BlobFile, limits: ReadingLimits) -> Iterator[bytes]:
    came = 0
    for piece in pieces:
        came += len(piece)
        if came > limits.unpacked:
            raise LayerRefused(f"it unpacks to more than {limits.unpacked // 1024**3} GiB")
        if came > limits.free + limits.ratio * file.furthest:
            raise LayerRefused(f"it unpacks to more than {limits.ratio} times its size")
        yield piece


_HEAD = struct.Struct("<5sBBQQIII")
_POINT = struct.Struct("<QQBB")


def _gzip_marks(file: BlobFile, size: int) -> list[_Mark]:
    """The points of a gzip file that unpacks to that size; none if they cannot be found."""
    spacing = max(CLOSEST_POINTS, size // MOST_POINTS)
    file.seek(0)
    try:
        with indexed_gzip.IndexedGzipFile(
            fileobj=file, spacing=spacing, window_size=WINDOW, readbuf_size=1024 * 1024, auto_build=False
        ) as opened:
            opened.build_full_index()
            exported = io.BytesIO()
            opened.export_index(fileobj=exported)
    except (indexed_gzip.ZranError, zlib.error, OSError):
        file.read(0)  # Says if it ended because nobody wants it any more.
        return []
    return _parsed(exported.getvalue(), spacing)


def _parsed(exported: bytes, spacing: int) -> list[_Mark]:
    """Source: `zran_export_index` of indexed_gzip 1.x, format version 1."""
    magic, version, _, _, _, _, window, count = _HEAD.unpack_from(exported)
    if magic != b"GZIDX" or version != 1 or window != WINDOW:
        return []
    marks: list[_Mark] = []
    place, windows = _HEAD.size, _HEAD.size + count * _POINT.size
    for _ in range(count):
        packed, came, bits, has_window = _POINT.unpack_from(exported, place)
        place += _POINT.size
        content = exported[windows : windows + window] if has_window else b""
        windows += len(content)
        if came - (marks[-1].unpacked if marks else 0) >= spacing // 2:
            marks.append(_Mark(packed, came, bits, content))
    return marks
