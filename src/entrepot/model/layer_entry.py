"""What a layer holds under one path."""

from enum import IntEnum
from typing import NamedTuple

from entrepot.model.layer_path import joined, shown


class EntryKind(IntEnum):
    """What is under a path. The numbers are kept in indexes, so they never change."""

    FILE = 0
    DIRECTORY = 1
    SYMLINK = 2
    HARD_LINK = 3
    CHARACTER_DEVICE = 4
    BLOCK_DEVICE = 5
    FIFO = 6
    SPARSE = 7
    """A file with holes: it is listed with its size, and its content is not shown."""
    IMPLIED = 8
    """A directory that the layer says nothing of but through what lies in it."""
    WHITEOUT = 9
    """Nothing: what layers below hold under the path is removed."""
    OTHER = 10

    @property
    def is_directory(self) -> bool:
        """Whether it may hold others."""
        return self is EntryKind.DIRECTORY or self is EntryKind.IMPLIED


class Attributes(NamedTuple):
    """What is told of an entry beside its place."""

    kind: EntryKind
    size: int = 0
    """Bytes of the content of a file; of a hard link, that of its target if the layer has it."""
    mode: int = 0
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    """Seconds since 1970."""
    link: bytes = b""
    """What a link points at; of a hard link as a path is kept; of a device its numbers, as `8:1`."""
    offset: int = 0
    """Where the content begins in the uncompressed archive; 0: it has none here."""
    digest: bytes = b""
    """SHA-256 of the content, 32 bytes; of a sparse file that of what is stored of it; empty if there is none."""


class Entry(NamedTuple):
    """An entry of a layer."""

    folder: bytes
    name: bytes
    about: Attributes

    @property
    def path(self) -> bytes:
        """Its whole path, as `model.layer_path` keeps it."""
        return joined(self.folder, self.name)

    @property
    def text(self) -> str:
        """Its path as people are shown it."""
        return shown(self.path)


ROOT = Entry(b"", b"", Attributes(EntryKind.IMPLIED, mode=0o755))
"""The directory that all paths are in."""
