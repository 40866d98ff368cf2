"""The content of one file of a layer, decompressed from the nearest point before it, in constant memory."""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator

from entrepot.model.deflate_join import filled
from entrepot.model.errors import Conflict, StorageFailed
from entrepot.model.layer_index import Form, LayerIndex, Point
from entrepot.registry.blob_file import BlobFile
from entrepot.registry.blobs import Blob, Blobs
from entrepot.registry.unpacking import Undecodable, inflated, unpacked

FARTHEST = 1024**3
"""Bytes that are decompressed at most to come to a file: of zstd without frames, and of gzip without points."""
FAR = 32 * 1024**2
"""From there on, what comes to a file waits for others that do."""
FETCHED = 512 * 1024
_READ = 256 * 1024


class LayerContent:
    """Where contents of files lie in one layer."""

    def __init__(self, blobs: Blobs, blob: Blob, index: LayerIndex, heavy: asyncio.Semaphore) -> None:
        self._blobs = blobs
        self._blob = blob
        self._index = index
        self._heavy = heavy

    def point(self, offset: int) -> Point:
        """From where that place of the archive is reached."""
        return self._index.point_before(offset) or Point(0, 0, 0, 0, 0)

    async def read(self, start: int, end: int, window: bytes, digest: bytes | None) -> AsyncGenerator[bytes, None]:
        """The bytes of the archive from `start` up to `end`, in pieces of at most 1 MiB.

        `window` is what the point before needs; with a digest, an error is raised if they have another SHA-256. Raises
        Conflict if they lie too deep, StorageFailed, ObjectMissing.
        """
        if self._index.form is Form.PLAIN:
            async for piece in self._blobs.open(self._blob, start, end):
                yield piece
            return
        point = self.point(start)
        ahead = start - point.unpacked
        if ahead > FARTHEST:
            raise Conflict(
                f"this file lies {ahead} bytes deep in a layer that can only be read from its beginning; pull the image"
            )
        loop = asyncio.get_running_loop()
        file = BlobFile(lambda first, last: self._blobs.open(self._blob, first, last), self._blob.size, loop, FETCHED)
        span = _Span(self._pieces(file, point, window), ahead, end - start)
        try:
            if ahead > FAR:
                async with self._heavy:
                    await _in_thread(span.skip)
            else:
                await _in_thread(span.skip)
            hasher = hashlib.sha256()
            while piece := await _in_thread(span.take):
                if digest is not None:
                    await asyncio.to_thread(hasher.update, piece)
                yield piece
            if digest is not None and hasher.digest() != digest:
                raise StorageFailed("this file came out of its layer otherwise than it was read before")
        finally:
            file.stop()

    def _pieces(self, file: BlobFile, point: Point, window: bytes) -> Iterator[bytes]:
        """What is decompressed from the point on."""
        form = self._index.form
        if form is Form.ZSTD or not point.packed:
            file.seek(point.packed)
            return unpacked(form, _all(file))
        return self._from_middle(file, point, window)

    def _from_middle(self, file: BlobFile, point: Point, window: bytes) -> Iterator[bytes]:
        file.seek(point.packed - (1 if point.bits else 0))
        before = filled(point.bits, file.read(1)[0]) if point.bits else b""
        known = zlib.decompress(window) if window else b""
        yield from inflated(before, known, _all(file))


def _all(file: BlobFile) -> Iterator[bytes]:
    while piece := file.read(_READ):
        yield piece


class _Span:
    """Part of a stream."""

    def __init__(self, pieces: Iterator[bytes], ahead: int, count: int) -> None:
        self._pieces = pieces
        self._ahead = ahead
        self._count = count
        self._held = b""

    def skip(self) -> bytes:
        """Passes over what comes before."""
        while self._ahead:
            piece = self._next()
            passed = min(len(piece), self._ahead)
            self._ahead -= passed
            self._held = piece[passed:]
        return b""

    def take(self) -> bytes:
        """What comes next; b"" after the end."""
        while self._count and not self._held:
            self._held = self._next()
        piece, self._held = self._held[: self._count], b""
        self._count -= len(piece)
        return piece

    def _next(self) -> bytes:
        piece = next(self._pieces, None)
        if piece is None:
            raise Undecodable("it ends too early")
        return piece


async def _in_thread(work: Callable[[], bytes]) -> bytes:
    try:
        return await asyncio.to_thread(work)
    except (Undecodable, zlib.error) as error:
        raise StorageFailed(f"the layer cannot be decompressed: {error}") from error
