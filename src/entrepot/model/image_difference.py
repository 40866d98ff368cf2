"""How the files of two images differ."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from entrepot.model.layer_entry import Attributes, Entry, EntryKind
from entrepot.model.overlay import Layers, Merged, Placed, target


class Change(StrEnum):
    """What became of a path."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    """Its content, its kind, or what it points at."""
    ATTRIBUTES = "attributes"
    """Its mode or owner only."""


class Changed(NamedTuple):
    """A path that differs."""

    path: bytes
    change: Change
    before: Entry | None
    after: Entry | None
    size_before: int
    size_after: int


class Tally(NamedTuple):
    """How many paths differ, and what files were and are of size."""

    added: int
    removed: int
    changed: int
    attributes: int
    bytes_before: int
    bytes_after: int


class Side(NamedTuple):
    """One of the two images."""

    layers: Layers
    merged: Merged


def differences(before: Side, after: Side) -> Iterator[Changed]:
    """Every path that differs, by directory and name; of directories on both sides only attributes count."""
    for folder in sorted(before.merged.tree.keys() | after.merged.tree.keys()):
        mine, theirs = before.merged.tree.get(folder, {}), after.merged.tree.get(folder, {})
        for name in sorted(mine.keys() | theirs.keys()):
            one, other = mine.get(name), theirs.get(name)
            old = None if one is None else one.entry
            new = None if other is None else other.entry
            was = None if one is None else _meant(before, one.layer, one.entry)
            now = None if other is None else _meant(after, other.layer, other.entry)
            change = _change(was, now)
            if change is not None:
                path = (new or old or _NOTHING).path
                yield Changed(path, change, old, new, was.size if was else 0, now.size if now else 0)


def tally(before: Side, after: Side, found: list[Changed]) -> Tally:
    """How many of each kind there are, and the bytes of all files of either side."""
    count = {change: sum(1 for each in found if each.change is change) for change in Change}
    return Tally(
        count[Change.ADDED],
        count[Change.REMOVED],
        count[Change.CHANGED],
        count[Change.ATTRIBUTES],
        total_bytes(before.merged),
        total_bytes(after.merged),
    )


def total_bytes(merged: Merged) -> int:
    """The bytes of all files of an image; what is linked is counted once."""
    kinds = (EntryKind.FILE, EntryKind.SPARSE)
    return sum(placed.entry.about.size for _, placed in merged.files() if placed.entry.about.kind in kinds)


_NOTHING = Entry(b"", b"", Attributes(EntryKind.OTHER))


def _meant(side: Side, layer: int, entry: Entry) -> Attributes:
    """What the entry says; for a hard link what its target does, so that a link and a copy are the same content."""
    if entry.about.kind is not EntryKind.HARD_LINK or entry.about.digest:
        return entry.about
    found = target(side.layers, Placed(layer, entry))
    return (
        entry.about
        if found is None
        else entry.about._replace(digest=found.entry.about.digest, size=found.entry.about.size)
    )


def _change(was: Attributes | None, now: Attributes | None) -> Change | None:
    if was is None or now is None:
        return Change.ADDED if was is None else Change.REMOVED
    if _content(was) != _content(now):
        return Change.CHANGED
    if EntryKind.IMPLIED not in (was.kind, now.kind) and (was.mode, was.uid, was.gid) != (now.mode, now.uid, now.gid):
        return Change.ATTRIBUTES
    return None


def _content(about: Attributes) -> tuple[object, ...]:
    if about.kind.is_directory:
        return ("directory",)
    if about.digest:
        return ("file", about.size, about.digest)
    return (about.kind, about.link)
