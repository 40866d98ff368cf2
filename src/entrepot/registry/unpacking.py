"""Decompression of layers, piece by piece: what goes in and what comes out at once is bounded.

A layer may be several gzip files, or zstd frames, one after another (RFC 1952, section 2.2; RFC 8878, section 3).
"""

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator

from entrepot.model.layer_index import Form

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

STEP = 1024 * 1024
"""Bytes that come out at once."""
_INPUT = 64 * 1024
"""Bytes that go in at once: of what is left over each time, a copy is made."""
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
_OTHERS = {b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x04\x22\x4d\x18": "lz4"}
LARGEST_WINDOW = 25
"""Of zstd, as a power of two: 32 MiB are held while such a layer is read."""
MOST_STREAMS = 500_000


class Undecodable(Exception):
    """What came is not compressed as it seems to be; the message is a sentence that says of it why."""


Pieces = Iterator[bytes]
NewStream = Callable[[int, int], object]
"""Told where a stream begins that needs nothing of what was before: in what goes in, and in what comes out."""


def form_of(start: bytes) -> Form:
    """How a layer that begins like that is compressed. Raises Undecodable for what is not read here."""
    if start.startswith(_GZIP):
        return Form.GZIP
    if start.startswith(_ZSTD) or (start[1:4] == _ZSTD_SKIPPABLE and start[0] & 0xF0 == 0x50):
        return Form.ZSTD
    for mark, name in _OTHERS.items():
        if start.startswith(mark):
            raise Undecodable(f"it is compressed with {name}, which is not read here")
    return Form.PLAIN


def unpacked(form: Form, pieces: Iterable[bytes], new_stream: NewStream | None = None) -> Pieces:
    """What the pieces are, decompressed, in pieces of at most `STEP` bytes, some perhaps empty. Raises Undecodable."""
    if form is Form.GZIP:
        return _gunzipped(pieces, zlib.decompressobj(31), begun=False)
    if form is Form.ZSTD:
        return _unzstd(pieces, new_stream)
    return iter(pieces)


def inflated(before: bytes, window: bytes, pieces: Iterable[bytes]) -> Pieces:
    """As `unpacked`, of gzip that is begun in its middle: after `window`, with `before` in front of what comes."""
    inner = zlib.decompressobj(-15, zdict=window)

    def whole() -> Pieces:
        if before:
            yield before
        yield from pieces

    return _gunzipped(whole(), inner, begun=True)


_TRAILER = 8


def _gunzipped(pieces: Iterable[bytes], stream: "zlib._Decompress", *, begun: bool) -> Pieces:
    members = _Members(raw=begun)
    for piece in _cut(pieces):
        data = piece
        while data:
            if stream.eof:
                data = members.after(data)
                if not data:
                    break
                stream = zlib.decompressobj(31)
            if members.is_padding(data):
                return
            try:
                out = stream.decompress(data, STEP)
            except zlib.error as error:
                raise Undecodable("its compression is damaged") from error
            data = stream.unused_data if stream.eof else stream.unconsumed_tail
            yield out
    if not stream.eof:
        raise Undecodable("it ends too early")


class _Members:
    """Gzip files one after another, and what lies between and behind them."""

    def __init__(self, *, raw: bool) -> None:
        """`raw`: the first is begun in its middle."""
        self._skip = _TRAILER if raw else 0  # A raw stream leaves the trailer, a checksum of the whole, to us.
        self._first = _GZIP if raw else b""
        self._count = 1

    def after(self, data: bytes) -> bytes:
        """What of the data belongs to the next one, when one has ended."""
        passed = data[: self._skip]
        self._skip -= len(passed)
        data = data[len(passed) :]
        if data:
            self._count += 1
            self._first = b""
            if self._count > MOST_STREAMS:
                raise Undecodable(f"it is made of more than {MOST_STREAMS} gzip files")
        return data

    def is_padding(self, data: bytes) -> bool:
        """Whether what follows the last one is none: it is passed over, as all programs do."""
        if len(self._first) < len(_GZIP):
            self._first = (self._first + data)[: len(_GZIP)]
        return self._count > 1 and not _GZIP.startswith(self._first)


def _unzstd(pieces: Iterable[bytes], new_stream: NewStream | None) -> Pieces:
    stream, streams, fed, came = _frame(), 1, 0, 0
    fresh = True
    for data in _cut(pieces):
        fed += len(data)
        while data or not (stream.needs_input or stream.eof):
            if stream.eof:
                streams += 1
                if streams > MOST_STREAMS:
                    raise Undecodable(f"it is made of more than {MOST_STREAMS} zstd frames")
                stream, fresh = _frame(), True
                if new_stream is not None:
                    new_stream(fed - len(data), came)
            try:
                out = stream.decompress(data, STEP)
            except zstd.ZstdError as error:
                if "memory" in str(error):
                    raise Undecodable(f"it needs a window of more than {1 << LARGEST_WINDOW} bytes") from error
                raise Undecodable("its compression is damaged") from error
            data = stream.unused_data if stream.eof else b""
            fresh = False
            came += len(out)
            yield out
    if not stream.eof and not fresh:
        raise Undecodable("it ends too early")


def _frame() -> "zstd.ZstdDecompressor":
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: LARGEST_WINDOW})


def _cut(pieces: Iterable[bytes]) -> Pieces:
    for piece in pieces:
        for at in range(0, len(piece), _INPUT):
            yield piece[at : at + _INPUT]


def packed_tree(content: bytes) -> bytes:
    """An index, compressed, with a checksum."""
    return zstd.compress(content, options={
        zstd.CompressionParameter.compression_level: 9, zstd.CompressionParameter.checksum_flag: 1
    })  # fmt: skip


def unpacked_tree(content: bytes) -> bytes:
    """What `packed_tree` was given. Raises Undecodable."""
    try:
        return zstd.decompress(content)
    except zstd.ZstdError as error:
        raise Undecodable("it is damaged") from error
