"""Paths inside layers: bytes that somebody pushed, made harmless to show and found again by what was shown.

A path is kept as the bytes that the archive holds, without `.`, empty parts and a leading `/`; the root is b"". What is
shown of it is text without anything that a terminal or a page would act on: control characters, characters that turn
the direction of writing, line separators, and bytes that are not UTF-8 stand as `\\x1b`.
"""

import re

LONGEST_PATH = 4096
DEEPEST_PATH = 256
"""Parts of a path."""

_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def kept(raw: bytes) -> bytes | None:
    """The path as it is kept; None for one that leads out of the layer, is too long or too deep, or holds a NUL."""
    if len(raw) > LONGEST_PATH + 2 or b"\0" in raw:
        return None
    parts = [part for part in raw.split(b"/") if part not in (b"", b".")]
    path = b"/".join(parts)
    if b".." in parts or len(parts) > DEEPEST_PATH or len(path) > LONGEST_PATH:
        return None
    return path


def split(path: bytes) -> tuple[bytes, bytes]:
    """The folder of the path, and its name there."""
    folder, _, name = path.rpartition(b"/")
    return folder, name


def joined(folder: bytes, name: bytes) -> bytes:
    """The path of that name in the folder."""
    return folder + b"/" + name if folder else name


def shown(raw: bytes) -> str:
    """The path, or a part of one, as people are shown it."""
    text = raw.decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(lambda found: "".join(f"\\x{byte:02x}" for byte in found[0].encode()), text)


def meant(text: str) -> list[bytes]:
    """The paths that the text may mean, the likeliest first: as it is written, and with its `\\x1b` undone."""
    said = kept(text.encode("utf-8", "surrogateescape") if _encodes(text) else b"\0")
    if said is None:
        return []
    undone = kept(_ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), said))
    return [said] if undone is None or undone == said else [said, undone]


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
