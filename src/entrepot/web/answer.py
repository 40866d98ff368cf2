"""What a page answers with."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence for the reader after a change, shown once; `undo` are deletions in the trash that can be undone."""

    sentence: str
    undo: tuple[int, ...] | int | None = None
    bad: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """A page: a template and what it shows."""

    template: str
    shown: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    topics: tuple[str, ...] = ()
    """What of `web.news` makes the page look again while it is open."""


@dataclass(frozen=True, slots=True)
class Go:
    """Another page, to be read next, as after every change (303)."""

    path: str
    said: Said | None = None
    cookies: tuple[tuple[bytes, bytes], ...] = ()
    """Headers that set them."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes as they are: a file of an image, a manifest."""

    media_type: str
    body: bytes | AsyncIterator[bytes]
    name: str = ""
    """Under which a browser saves it; empty: it is shown."""
    size: int | None = None


Answer = View | Go | Content
