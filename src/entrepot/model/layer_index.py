"""The index of a layer: everything that is in it, found without reading the layer again.

It is one value of bytes, searched as it lies, so that an index of 100 000 entries takes about 8 MB and no time to
open: a table of directories sorted by path; a table of entries sorted by directory and name, and their digests; the
points from which the layer can be decompressed; and the names.

The format is this program's own and has a version: an index of another version is made again.
"""

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from entrepot.model.layer_entry import Attributes, Entry, EntryKind
from entrepot.model.layer_path import split

VERSION = 1

HEAD = struct.Struct("<8sIIIIIBQ")
"""Magic; how many directories, entries, points, bytes of names, entries left out; form; bytes uncompressed."""
FOLDER = struct.Struct("<IHIIB")
"""Place and length of the path among the names; the first entry; how many; whether it hides what is below it."""
ENTRY = struct.Struct("<IHBHIIqQQIH")
"""Place and length of the name; kind, mode, uid, gid, mtime, size, offset; place and length of the link's target."""
POINT = struct.Struct("<QQBII")
"""As `Point`."""
MAGIC = b"entrepot"
DIGEST = 32
NO_DIGEST = bytes(DIGEST)


class Form(IntEnum):
    """How a layer is compressed."""

    PLAIN = 0
    GZIP = 1
    ZSTD = 2


class Point(NamedTuple):
    """Where decompression can begin within a layer."""

    packed: int
    """The place in the blob of the first whole byte."""
    unpacked: int
    """The place in the archive that comes first."""
    bits: int
    """How many bits of the byte before `packed` belong to it, the upper ones; of gzip only."""
    window: int
    """Where, among the windows of the index's object, that lies which decompression needs to know."""
    window_size: int
    """Compressed; 0: nothing needs to be known."""


class DamagedIndex(Exception):
    """The bytes are no index of this version."""


class LayerIndex:
    """An index as it was made; never changes."""

    def __init__(self, content: bytes) -> None:
        """Raises DamagedIndex."""
        try:
            magic, folders, entries, points, names, left_out, form, unpacked = HEAD.unpack_from(content)
        except struct.error as error:
            raise DamagedIndex("it is too short") from error
        self._folders = HEAD.size
        self._entries = self._folders + folders * FOLDER.size
        self._digests = self._entries + entries * ENTRY.size
        self._points = self._digests + entries * DIGEST
        self._names = self._points + points * POINT.size
        if magic != MAGIC or len(content) != self._names + names:
            raise DamagedIndex("its tables do not fit together")
        self._content = content
        self._folder_count, self._point_count = folders, points
        self.entries: int = entries
        """How many entries there are, with whiteouts and implied directories."""
        self.left_out: int = left_out
        """How many entries of the archive are not in it, for paths that lead elsewhere or are too long."""
        self.form = Form(form)
        self.unpacked: int = unpacked
        """Bytes of the archive."""

    @property
    def size(self) -> int:
        """Bytes that it takes in memory."""
        return len(self._content)

    def find(self, path: bytes) -> Entry | None:
        """What the layer puts under the path; a whiteout is nothing. The root is in no layer."""
        folder, name = split(path)
        for number in self._named(folder, name):
            entry = self._entry(folder, number)
            if entry.about.kind is not EntryKind.WHITEOUT:
                return entry
        return None

    def removes(self, path: bytes) -> bool:
        """Whether it has a whiteout there."""
        folder, name = split(path)
        return any(self._kind(number) == EntryKind.WHITEOUT for number in self._named(folder, name))

    def is_opaque(self, folder: bytes) -> bool:
        """Whether it hides all that layers below hold in the directory."""
        row = self._folder(folder)
        return row is not None and bool(row[4])

    def hides(self, path: bytes) -> bool:
        """Whether what layers below hold under the path cannot be seen for it."""
        if self.removes(path):
            return True
        while path:
            path, _ = split(path)
            if self.is_opaque(path):
                return True
            if path:
                if self.removes(path):
                    return True
                found = self.find(path)
                if found is not None and not found.about.kind.is_directory:
                    return True
        return False

    def children(self, folder: bytes) -> Iterator[Entry]:
        """What it puts into the directory, by name; a whiteout comes after what has the same name."""
        row = self._folder(folder)
        if row is not None:
            for number in range(row[2], row[2] + row[3]):
                yield self._entry(folder, number)

    def folders(self) -> Iterator[tuple[bytes, bool, list[Entry]]]:
        """Every directory that it says anything of, by path: whether it is opaque, and what it puts there."""
        for number in range(self._folder_count):
            place, length, first, count, opaque = FOLDER.unpack_from(
                self._content, self._folders + number * FOLDER.size
            )
            path = self._text(place, length)
            yield path, bool(opaque), [self._entry(path, each) for each in range(first, first + count)]

    def search(self, text: bytes) -> Iterator[Entry]:
        """The entries whose names, or whose paths if it has a `/`, hold the text; letters of ASCII in either case."""
        wanted = text.lower()
        if b"/" in wanted:
            for _, _, entries in self.folders():
                yield from (entry for entry in entries if wanted in entry.path.lower())
            return
        names = self._content[self._names :].lower()
        place = names.find(wanted)
        while place >= 0 and wanted:
            number = bisect_right(range(self.entries), place, key=self._place) - 1
            if number >= 0:
                start, length = ENTRY.unpack_from(self._content, self._entries + number * ENTRY.size)[:2]
                if place + len(wanted) <= start + length:
                    yield self._entry(self._folder_of(number), number)
                    place = start + length - 1
            place = names.find(wanted, place + 1)

    def _place(self, number: int) -> int:
        place: int = ENTRY.unpack_from(self._content, self._entries + number * ENTRY.size)[0]
        return place

    def _folder_of(self, number: int) -> bytes:
        """The directory of the entry of that number."""
        at = bisect_right(range(self._folder_count), number, key=self._first_of) - 1
        return self._folder_path(at)

    def _first_of(self, number: int) -> int:
        first: int = FOLDER.unpack_from(self._content, self._folders + number * FOLDER.size)[2]
        return first

    def point_before(self, offset: int) -> Point | None:
        """The last point from which that place of the archive is reached; None: from the beginning."""
        found = None
        low, high = 0, self._point_count
        while low < high:
            middle = (low + high) // 2
            point = Point(*POINT.unpack_from(self._content, self._points + middle * POINT.size))
            if point.unpacked <= offset:
                found, low = point, middle + 1
            else:
                high = middle
        return found

    def _folder(self, path: bytes) -> tuple[int, int, int, int, int] | None:
        number = bisect_left(range(self._folder_count), path, key=self._folder_path)
        if number == self._folder_count or self._folder_path(number) != path:
            return None
        row: tuple[int, int, int, int, int] = FOLDER.unpack_from(self._content, self._folders + number * FOLDER.size)
        return row

    def _folder_path(self, number: int) -> bytes:
        row = FOLDER.unpack_from(self._content, self._folders + number * FOLDER.size)
        return self._text(row[0], row[1])

    def _named(self, folder: bytes, name: bytes) -> Iterator[int]:
        row = self._folder(folder)
        if row is None:
            return
        end = row[2] + row[3]
        number = bisect_left(range(end), name, lo=row[2], hi=end, key=self._name)
        while number < end and self._name(number) == name:
            yield number
            number += 1

    def _name(self, number: int) -> bytes:
        row = ENTRY.unpack_from(self._content, self._entries + number * ENTRY.size)
        return self._text(row[0], row[1])

    def _kind(self, number: int) -> int:
        kind: int = ENTRY.unpack_from(self._content, self._entries + number * ENTRY.size)[2]
        return kind

    def _entry(self, folder: bytes, number: int) -> Entry:
        place, length, kind, mode, uid, gid, mtime, size, offset, link, link_length = ENTRY.unpack_from(
            self._content, self._entries + number * ENTRY.size
        )
        start = self._digests + number * DIGEST
        digest = self._content[start : start + DIGEST]
        about = Attributes(
            _KINDS[kind],
            size,
            mode,
            uid,
            gid,
            mtime,
            self._text(link, link_length),
            offset,
            b"" if digest == NO_DIGEST else digest,
        )
        return Entry(folder, self._text(place, length), about)

    def _text(self, place: int, length: int) -> bytes:
        start = self._names + place
        return self._content[start : start + length]


_KINDS = list(EntryKind)
