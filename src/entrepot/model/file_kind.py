"""What the content of a file seems to be, by how it begins: for showing it as text, as a picture, or as bytes."""

from enum import StrEnum

LOOKED_AT = 4096
"""Bytes from the beginning that tell."""

_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
)
_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_NO_TEXT = frozenset({*range(32), 127}) - {9, 10, 12, 13, 27}


class FileKind(StrEnum):
    """How a file may be shown."""

    TEXT = "text"
    PICTURE = "picture"
    BINARY = "binary"


def kind_of(start: bytes) -> tuple[FileKind, str]:
    """How a file that begins like that may be shown, and its content type: never one that a browser would run.

    SVG is text: it may hold scripts.
    """
    start = start[:LOOKED_AT]
    for mark, content_type in _PICTURES:
        if start.startswith(mark):
            return FileKind.PICTURE, content_type
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return FileKind.PICTURE, "image/webp"
    if _NO_TEXT.isdisjoint(start) and _is_utf8(start):
        return FileKind.TEXT, _TEXT
    return FileKind.BINARY, _BYTES


def _is_utf8(start: bytes) -> bool:
    try:
        start.decode()
    except UnicodeDecodeError as error:
        # The last character may have been cut in two.
        return error.start >= len(start) - 3 and error.reason == "unexpected end of data"
    return True
