"""Where a request's body ends in what comes on its connection: RFC 9112, sections 6.2 and 7.1, read strictly.

Everything is given back as parts of what was put in: of a body of many gigabytes nothing is copied here.
"""

import re
from collections.abc import Sequence
from typing import Protocol

TRAILER_LIMIT = 8 * 1024
"""The most bytes that the fields after a chunked body may take."""
_LINE_LIMIT = 1024
"""The most bytes of a line that begins a chunk, with its extensions."""
_END = 5
"""The bytes of `0\\r\\n\\r\\n`, which every chunked body ends with."""

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_EXTENSIONS = rb"(?:;" + _TOKEN + rb"(?:=" + _TOKEN + rb")?)*"  # Quoted values too would be allowed; nobody sends any.
# With the end of the chunk before it. Fifteen digits are more than any disk holds, and do not overflow anything.
_BEGIN = re.compile(rb"(\r\n)?([0-9A-Fa-f]{1,15})" + _EXTENSIONS + rb"\r\n").match
_BEGUN = re.compile(rb"(?:\r(?:\n)?)?(?:[0-9A-Fa-f]{1,15}(?:;[!-:<-~;]*)?\r?)?").fullmatch
_FIELD = _TOKEN + rb":[\t\x20-\x7e\x80-\xff]*\r\n"
_FIELD_LINE = re.compile(_FIELD).fullmatch


class Framing(Protocol):
    """A body that is being taken out of its frame, piece by piece."""

    @property
    def ended(self) -> bool:
        """Whether the last byte of the body and of its frame has come."""

    @property
    def failed(self) -> bool:
        """Whether what came is no body; nothing can be said about what follows it."""

    @property
    def rest(self) -> bytes:
        """What came after the end: the beginning of the next request."""

    @property
    def at_most(self) -> int | None:
        """How many bytes may be read without reading past the end; None if that cannot be known."""

    @property
    def at_least(self) -> int:
        """How many bytes will surely come still, if all goes well; at least 1 before the end."""

    def payload(self, data: memoryview) -> Sequence[memoryview]:
        """The parts of the data that are the body's. Whoever puts more in after the end makes a mistake."""


class Counted:
    """A body of a length that was announced."""

    failed = False

    def __init__(self, length: int) -> None:
        self._left = length
        self.rest = b""

    @property
    def ended(self) -> bool:
        """Whether all of it has come."""
        return not self._left

    @property
    def at_most(self) -> int:
        """What is left."""
        return self._left

    @property
    def at_least(self) -> int:
        """What is left."""
        return self._left

    def payload(self, data: memoryview) -> Sequence[memoryview]:
        """The data, up to the end."""
        if len(data) > self._left:
            self.rest = bytes(data[self._left :])
            data = data[: self._left]
        self._left -= len(data)
        return (data,) if data else ()


class Chunked:
    """A body in chunks. Extensions and trailers are read over; a line that ends otherwise than in CRLF is an error."""

    at_most: int | None = None

    def __init__(self) -> None:
        self.ended = False
        self.failed = False
        self.rest = b""
        self._left = 0
        """What is left of the chunk."""
        self._first = True
        self._held = b""
        """The beginning of a line that has not come whole."""
        self._in_trailer = False
        self._trailing = 0
        """The bytes that came after the last chunk."""

    @property
    def at_least(self) -> int:
        """The rest of the chunk, its end, and the last chunk."""
        return self._left + 2 + _END if self._left else 1

    def payload(self, data: memoryview) -> Sequence[memoryview]:
        """The content of the chunks that the data holds, or of parts of them."""
        parts: list[memoryview] = []
        at, end = 0, len(data)
        while at < end and not (self.ended or self.failed):
            if self._left:
                taken = min(self._left, end - at)
                parts.append(data[at : at + taken])
                self._left -= taken
                at += taken
            elif self._in_trailer:
                at = self._trailer(data, at)
            else:
                at = self._begin(data, at)
        if self.ended and at < end:
            self.rest = bytes(data[at:])
        return parts

    def _begin(self, data: memoryview, at: int) -> int:
        """Where in the data the line that begins the next chunk ends, or the data itself if that has not come."""
        held = len(self._held)
        window = self._held + data[at : at + _LINE_LIMIT]
        match = _BEGIN(window)
        if match is None or (match[1] is None) != self._first:
            self._held = window
            if len(window) >= _LINE_LIMIT or self._first == window.startswith(b"\r") or not _BEGUN(window):
                self.failed = True
            return len(data)
        self._held, self._first = b"", False
        self._left = int(match[2], 16)
        self._in_trailer = not self._left
        return at + match.end() - held

    def _trailer(self, data: memoryview, at: int) -> int:
        """Where in the data the next line after the last chunk ends, or the data itself if that has not come."""
        held = len(self._held)
        window = self._held + data[at : at + TRAILER_LIMIT + 1]
        end = window.find(b"\n") + 1
        self._trailing += (end or len(window)) - held
        if self._trailing > TRAILER_LIMIT:
            self.failed = True
            return len(data)
        if not end:
            self._held = window
            return len(data)
        self._held = b""
        line = window[:end]
        if line == b"\r\n":
            self.ended = True
        elif not _FIELD_LINE(line):
            self.failed = True
        return at + end - held


def framing_of(headers: Sequence[tuple[bytes, bytes]], counted_from: int) -> Framing | None:
    """The framing of an HTTP/1.1 request's body; None if it is shorter than `counted_from` or in any way unusual.

    The headers' names are in lower case, and a parser has accepted them already.
    """
    found = [(name, value) for name, value in headers if name in (b"content-length", b"transfer-encoding")]
    if len(found) != 1:
        return None
    name, value = found[0]
    if name == b"transfer-encoding":
        return Chunked() if value.lower() == b"chunked" else None
    if not value.isdigit() or len(value) > 18 or int(value) < counted_from:
        return None
    return Counted(int(value))
