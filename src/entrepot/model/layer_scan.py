"""From an archive, read once from its beginning to its end, to what a layer holds.

Nothing is unpacked: of the content of files only digests are made. Names are data, never used as paths.
Source: OCI image-spec 1.1, layer.md ("Whiteouts", "Opaque Whiteout"); and `model.tar_header`.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from entrepot.model.layer_draft import LayerDraft, LayerRefused
from entrepot.model.layer_entry import Attributes, EntryKind
from entrepot.model.layer_path import LONGEST_PATH, joined, kept, split
from entrepot.model.tar_header import BLOCK, Extension, TarHeader, parse_header, parse_pax

_KINDS = {
    b"1": EntryKind.HARD_LINK,
    b"2": EntryKind.SYMLINK,
    b"3": EntryKind.CHARACTER_DEVICE,
    b"4": EntryKind.BLOCK_DEVICE,
    b"5": EntryKind.DIRECTORY,
    b"6": EntryKind.FIFO,
}
_LONG_NAME, _LONG_LINK, _PAX, _PAX_FOR_ALL, _SPARSE = b"L", b"K", b"x", b"g", b"S"
_WHITEOUT, _OPAQUE, _OF_THE_DRIVER = b".wh.", b".wh..wh..opq", b".wh..wh."
_MOST = 0xFFFFFFFF
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanLimits:
    """How much of a layer is taken in."""

    entries: int = 500_000
    """With whiteouts, and directories that are only implied."""
    names: int = 64 * 1024 * 1024
    """Bytes of names and targets of links together."""
    extension: int = 1024 * 1024
    """Bytes of one extended header."""


class ArchiveReader:
    """The bytes of an archive, taken from the front."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = memoryview(b"")
        self.place = 0
        """How many bytes were taken."""

    def block(self) -> bytes | None:
        """The next block; None if the archive ends here. Raises LayerRefused if it ends within."""
        if not self._held and not self._more():
            return None
        return self.take(BLOCK)

    def take(self, count: int) -> bytes:
        """Exactly that many bytes. Raises LayerRefused."""
        if len(self._held) >= count:
            taken = bytes(self._held[:count])
            self._held = self._held[count:]
            self.place += count
            return taken
        parts: list[bytes] = []
        self.feed(count, parts.append)
        return b"".join(parts)

    def feed(self, count: int, sink: Callable[[bytes], object]) -> None:
        """Gives exactly that many bytes to the sink, piece by piece. Raises LayerRefused."""
        self.place += count
        while count:
            if not self._held and not self._more():
                raise LayerRefused("it ends too early")
            piece = self._held[:count]
            self._held = self._held[len(piece) :]
            count -= len(piece)
            sink(bytes(piece) if len(piece) < _PIECE else piece.tobytes())

    def skip(self, count: int) -> None:
        """Passes over exactly that many bytes. Raises LayerRefused."""
        self.feed(count, len)

    def drain(self) -> None:
        """Takes all that is left."""
        self.place += len(self._held)
        self._held = memoryview(b"")
        for piece in self._pieces:
            self.place += len(piece)

    def _more(self) -> bool:
        piece = next(self._pieces, None)
        while piece is not None and not piece:
            piece = next(self._pieces, None)
        self._held = memoryview(piece or b"")
        return piece is not None


def scan(archive: ArchiveReader, limits: ScanLimits) -> LayerDraft:
    """What the archive holds, all of it read. Raises LayerRefused, and what the pieces raise."""
    draft = LayerDraft(limits.entries, limits.names)
    said = Extension()
    extensions = 0
    first = archive.block()
    block = first
    if first is None:
        raise LayerRefused("it is empty")
    while block is not None:
        header = parse_header(block)
        if header is None:
            archive.drain()
            break
        if header.kind in (_LONG_NAME, _LONG_LINK, _PAX, _PAX_FOR_ALL):
            extensions += 1
            if extensions > 2 * limits.entries:
                raise LayerRefused(f"it holds more than {limits.entries} files and directories")
            values = _extension(archive, header, limits)
            if header.kind != _PAX_FOR_ALL:
                said = Extension(said.values | values)
        else:
            _put(draft, archive, header, said)
            said = Extension()
        block = archive.block()
    return draft


def _extension(archive: ArchiveReader, header: TarHeader, limits: ScanLimits) -> dict[bytes, bytes]:
    if header.size > limits.extension:
        raise LayerRefused(f"a header in it is larger than {limits.extension} bytes")
    content = archive.take(header.size)
    archive.skip(-header.size % BLOCK)
    if header.kind == _LONG_NAME:
        return {b"path": content.partition(b"\0")[0]}
    if header.kind == _LONG_LINK:
        return {b"linkpath": content.partition(b"\0")[0]}
    return parse_pax(content)


def _put(draft: LayerDraft, archive: ArchiveReader, header: TarHeader, said: Extension) -> None:
    """Takes in the entry that the header begins."""
    name = said.values.get(b"path", header.name)
    if said.sparse:
        name = said.values.get(b"GNU.sparse.name", name)
    link = said.values.get(b"linkpath", header.link)
    kind = _kind(header, said, name)
    stored = 0 if header.kind in _KINDS else max(0, said.number(b"size", header.size))
    extended = header.extended and header.kind == _SPARSE
    while extended:
        extended = archive.take(BLOCK)[504] != 0
    hasher = hashlib.sha256()
    offset = archive.place
    archive.feed(stored, hasher.update)
    archive.skip(-stored % BLOCK)
    path = kept(name)
    if path is None or len(link) > LONGEST_PATH:
        draft.left_out += 1
        return
    about = Attributes(
        kind,
        size=_size(kind, header, said, stored),
        mode=header.mode,
        uid=min(max(0, said.number(b"uid", header.uid)), _MOST),
        gid=min(max(0, said.number(b"gid", header.gid)), _MOST),
        mtime=said.number(b"mtime", header.mtime),
        link=_link(kind, header, link),
        offset=offset if kind is EntryKind.FILE else 0,
        digest=hasher.digest() if kind in (EntryKind.FILE, EntryKind.SPARSE) else b"",
    )
    _settle(draft, path, about)


def _settle(draft: LayerDraft, path: bytes, about: Attributes) -> None:
    """Puts the entry where it belongs; what its name makes a whiteout removes instead."""
    folder, name = split(path)
    if name == _OPAQUE:
        draft.hide_below(folder)
    elif name.startswith(_OF_THE_DRIVER):
        return  # What storage drivers keep for themselves; programs that unpack layers pass over it, too.
    elif name.startswith(_WHITEOUT):
        gone = name.removeprefix(_WHITEOUT)
        if gone in (b"", b".", b".."):
            draft.left_out += 1
        else:
            draft.remove(joined(folder, gone))
    elif about.kind is EntryKind.HARD_LINK:
        target = draft.find(about.link)
        if target is not None and target.kind in (EntryKind.FILE, EntryKind.SPARSE, EntryKind.HARD_LINK):
            about = about._replace(size=target.size, offset=target.offset, digest=target.digest)
        draft.put(path, about)
    else:
        draft.put(path, about)


def _kind(header: TarHeader, said: Extension, name: bytes) -> EntryKind:
    if header.kind == _SPARSE or said.sparse:
        return EntryKind.SPARSE
    if header.kind == b"\0" and name.endswith(b"/"):
        return EntryKind.DIRECTORY  # As archives were written before there was a type for it.
    if header.kind in (b"0", b"\0", b"7"):
        return EntryKind.FILE
    return _KINDS.get(header.kind, EntryKind.OTHER)


def _size(kind: EntryKind, header: TarHeader, said: Extension, stored: int) -> int:
    if kind is EntryKind.FILE:
        return stored
    if kind is EntryKind.SPARSE:
        otherwise = header.real_size if header.kind == _SPARSE else stored
        return max(0, said.number(b"GNU.sparse.realsize", said.number(b"GNU.sparse.size", otherwise)))
    return 0


def _link(kind: EntryKind, header: TarHeader, link: bytes) -> bytes:
    if kind is EntryKind.SYMLINK:
        return link
    if kind is EntryKind.HARD_LINK:
        return kept(link) or b""
    if kind in (EntryKind.CHARACTER_DEVICE, EntryKind.BLOCK_DEVICE):
        return header.device
    return b""
