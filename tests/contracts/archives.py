"""Layers as tests make them: with Python's tarfile, and by hand where that makes nothing so hostile."""

import io
import tarfile
from collections.abc import Iterable, Iterator

from entrepot.model.layer_draft import LayerDraft
from entrepot.model.layer_index import Form, LayerIndex
from entrepot.model.layer_scan import ArchiveReader, ScanLimits, scan
from entrepot.model.tar_header import BLOCK

Member = tuple[str | bytes, bytes | str | None]
"""A path, and a content; or None for a directory, or `-> target`, `=> target` for a symbolic and a hard link."""


def tar(*members: Member, form: int = tarfile.PAX_FORMAT, mtime: int = 1_700_000_000) -> bytes:
    """An archive of these members."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as archive:
        for path, content in members:
            info = tarfile.TarInfo(path if isinstance(path, str) else path.decode("utf-8", "surrogateescape"))
            info.mtime = mtime
            info.mode = 0o644
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(info)
            elif isinstance(content, str):
                kind, _, info.linkname = content.partition(" ")
                info.type = tarfile.SYMTYPE if kind == "->" else tarfile.LNKTYPE
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def header(
    name: bytes,
    size: int = 0,
    kind: bytes = b"0",
    *,
    link: bytes = b"",
    magic: bytes = b"ustar\x0000",
    rest: bytes = b"",
) -> bytes:
    """A header block with exactly these fields."""
    fields = (
        name[:100].ljust(100, b"\0")
        + b"0000644\0" + b"0000000\0" * 2
        + b"%011o\0" % size + b"00000000000\0"
        + b" " * 8
        + kind
        + link[:100].ljust(100, b"\0")
        + magic
        + rest
    ).ljust(BLOCK, b"\0")  # fmt: skip
    return fields[:148] + b"%06o\0 " % sum(fields) + fields[156:]


def member(name: bytes, content: bytes = b"", kind: bytes = b"0", **more: bytes) -> bytes:
    """A header and the content, filled up to whole blocks."""
    return header(name, len(content), kind, **more) + content + bytes(-len(content) % BLOCK)


def pax(**records: bytes) -> bytes:
    """An extended header of these records."""
    content = b""
    for key, value in records.items():
        rest = b" " + key.replace("_", ".").encode() + b"=" + value + b"\n"
        length = len(rest)
        while length != len(str(length)) + len(rest):
            length = len(str(length)) + len(rest)
        content += b"%d" % length + rest
    return member(b"pax", content, b"x")


END = bytes(2 * BLOCK)


def pieces(content: bytes, size: int = 1000) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def drafted(content: bytes, limits: ScanLimits | None = None) -> LayerDraft:
    return scan(ArchiveReader(pieces(content)), limits or ScanLimits())


def indexed(content: bytes, limits: ScanLimits | None = None) -> LayerIndex:
    """The index of the archive."""
    return LayerIndex(drafted(content, limits).encode(Form.PLAIN, len(content))[0])


def stack(*layers: Iterable[Member]) -> list[LayerIndex | None]:
    return [indexed(tar(*members)) for members in layers]
