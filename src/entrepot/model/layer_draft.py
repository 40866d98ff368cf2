"""A layer's index while it is made: what comes later under a path replaces what was there."""

from collections.abc import Iterable

from entrepot.model.layer_entry import Attributes, EntryKind
from entrepot.model.layer_index import DIGEST, ENTRY, FOLDER, HEAD, MAGIC, NO_DIGEST, POINT, Form, Point
from entrepot.model.layer_path import joined, split

IMPLIED = Attributes(EntryKind.IMPLIED, mode=0o755)
WHITEOUT = Attributes(EntryKind.WHITEOUT)


class LayerRefused(Exception):
    """The layer cannot be indexed; the message is a sentence that says of it why."""


class LayerDraft:
    """Gathers entries as they come in an archive."""

    def __init__(self, most_entries: int, most_names: int) -> None:
        """`most_entries` counts whiteouts and implied directories as well; `most_names` is bytes of names and links."""
        self._most_entries = most_entries
        self._names_left = most_names
        self._folders: dict[bytes, dict[bytes, Attributes]] = {b"": {}}
        self._whiteouts: dict[bytes, set[bytes]] = {}
        self._opaque: set[bytes] = set()
        self._count = 0
        self.left_out = 0

    def put(self, path: bytes, about: Attributes) -> None:
        """The path holds that from now on. Raises LayerRefused if there is too much."""
        folder, name = split(path)
        if not name:
            return
        inside = self._folder(folder)
        before = inside.get(name)
        if before is None:
            self._claim(name, about.link)
        elif before.kind.is_directory and not about.kind.is_directory:
            self._forget(path)
        elif about.kind.is_directory and not before.kind.is_directory:
            self._opaque.add(path)  # What layers below hold there went when the path was no directory.
        inside[name] = about
        if about.kind.is_directory:
            self._folders.setdefault(path, {})

    def remove(self, path: bytes) -> None:
        """What layers below hold there is removed. Raises LayerRefused if there is too much."""
        folder, name = split(path)
        self._folder(folder)
        names = self._whiteouts.setdefault(folder, set())
        if name and name not in names:
            self._claim(name, b"")
            names.add(name)

    def hide_below(self, folder: bytes) -> None:
        """All that layers below hold in the directory is removed. Raises LayerRefused if there is too much."""
        self._folder(folder)
        self._opaque.add(folder)

    def find(self, path: bytes) -> Attributes | None:
        """What was put there."""
        folder, name = split(path)
        return self._folders.get(folder, {}).get(name)

    def _folder(self, path: bytes) -> dict[bytes, Attributes]:
        """The directory, made with those that it is in if need be."""
        missing = []
        while (found := self._folders.get(path)) is None:
            missing.append(path)
            path, _ = split(path)
        for each in reversed(missing):
            _, name = split(each)
            if name not in found:
                self._claim(name, b"")
            else:
                self._opaque.add(each)
            found[name] = IMPLIED
            found = self._folders[each] = {}
        return found

    def _forget(self, path: bytes) -> None:
        """A directory is replaced: what the layer itself put into it is gone."""
        gone = [path]
        while gone:
            folder = gone.pop()
            for name, about in self._folders.pop(folder, {}).items():
                self._count -= 1
                if about.kind.is_directory:
                    gone.append(joined(folder, name))
            self._count -= len(self._whiteouts.pop(folder, ()))
            self._opaque.discard(folder)

    def _claim(self, name: bytes, link: bytes) -> None:
        self._count += 1
        self._names_left -= len(name) + len(link)
        if self._count > self._most_entries:
            raise LayerRefused(f"it holds more than {self._most_entries} files and directories")
        if self._names_left < 0:
            raise LayerRefused("the names in it are longer than can be kept")

    def encode(self, form: Form, unpacked: int, points: Iterable[Point] = ()) -> tuple[bytes, int]:
        """The index, for `LayerIndex`, and how many entries are in it."""
        names = bytearray()
        folders, entries, digests = bytearray(), bytearray(), bytearray()
        count = 0
        listed = sorted(self._folders)
        for folder in listed:
            inside, gone = self._folders[folder], self._whiteouts.get(folder, set())
            first = count
            for name in sorted(inside.keys() | gone):
                held = [inside[name]] if name in inside else []
                for about in [*held, WHITEOUT] if name in gone else held:
                    entries += ENTRY.pack(
                        len(names), len(name), about.kind, about.mode, about.uid, about.gid,
                        about.mtime, about.size, about.offset, len(names) + len(name), len(about.link),
                    )  # fmt: skip
                    names += name
                    names += about.link
                    digests += about.digest or NO_DIGEST
                    count += 1
            folders += FOLDER.pack(len(names), len(folder), first, count - first, folder in self._opaque)
            names += folder
        assert len(digests) == count * DIGEST
        marks = [POINT.pack(*point) for point in points]
        head = HEAD.pack(
            MAGIC, len(listed), count, len(marks), len(names), min(self.left_out, 0xFFFFFFFF), form, unpacked
        )
        return b"".join((head, folders, entries, digests, *marks, names)), count
