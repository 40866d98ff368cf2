"""The headers of tar archives, as any program may have written them.

Source: POSIX.1-2024 `pax` ("ustar Interchange Format", "pax Interchange Format"); GNU tar's long names, large numbers
and sparse files. Where programs differ, what counts is how Go's archive/tar reads, as that is what unpacks images.
"""

from dataclasses import dataclass, field

from entrepot.model.layer_draft import LayerRefused

BLOCK = 512
_ZEROS = bytes(BLOCK)
LARGEST_NUMBER = (1 << 63) - 1
_DEVICES = (b"3", b"4")
_DAMAGED = "an extended header in it is damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class TarHeader:
    """One header block."""

    name: bytes
    kind: bytes
    """The type, one byte."""
    size: int
    """Bytes that follow, unless the type has none."""
    mode: int
    uid: int
    gid: int
    mtime: int
    link: bytes
    device: bytes
    """The numbers of a device, as `8:1`."""
    real_size: int
    """Of a sparse file of GNU's."""
    extended: bool
    """Whether blocks that describe a sparse file follow the header."""


@dataclass(frozen=True, slots=True)
class Extension:
    """What extended headers say of the entry that follows."""

    values: dict[bytes, bytes] = field(default_factory=dict)

    def number(self, key: bytes, otherwise: int) -> int:
        """The number that is set, in whole; raises LayerRefused if it is none."""
        said = self.values.get(key)
        if said is None:
            return otherwise
        whole, _, fraction = said.partition(b".")
        sign = whole.startswith(b"-")
        digits = whole[sign:]
        if not digits.isdigit() or len(digits) > 19 or (fraction and not fraction.isdigit()):
            raise LayerRefused(_DAMAGED)
        return min(int(digits), LARGEST_NUMBER) * (-1 if sign else 1)

    @property
    def sparse(self) -> bool:
        """Whether the file is stored with its holes left out."""
        return any(key.startswith(b"GNU.sparse.") for key in self.values)


def parse_header(block: bytes) -> TarHeader | None:
    """The header; None for a block of zeros, which ends an archive. Raises LayerRefused."""
    if block == _ZEROS:
        return None
    said = _octal(block[148:156])
    if said is None or said not in _sums(block):
        raise LayerRefused("it is not a tar archive, or a damaged one")
    kind = block[156:157]
    name, gnu = _until_nul(block[:100]), block.startswith(b"ustar  \0", 257)
    if block.startswith(b"ustar\0", 257) and (prefix := _until_nul(block[345:500])):
        name = prefix + b"/" + name
    size = _number(block[124:136])
    if size is None or size < 0:
        raise LayerRefused("a file in it has no size")
    return TarHeader(
        name=name,
        kind=kind,
        size=size,
        mode=(_number(block[100:108]) or 0) & 0o7777,
        uid=_number(block[108:116]) or 0,
        gid=_number(block[116:124]) or 0,
        mtime=_number(block[136:148]) or 0,
        link=_until_nul(block[157:257]),
        device=b"%d:%d" % (_number(block[329:337]) or 0, _number(block[337:345]) or 0) if kind in _DEVICES else b"",
        real_size=(_number(block[483:495]) or 0) if gnu else 0,
        extended=gnu and block[482] != 0,
    )


def parse_pax(content: bytes) -> dict[bytes, bytes]:
    """The records of an extended header that are of use here; raises LayerRefused if it is damaged."""
    found: dict[bytes, bytes] = {}
    place, end = 0, len(content.rstrip(b"\0"))
    while place < end:
        space = content.find(b" ", place, place + 20)
        digits = content[place:space]
        if space < 0 or not digits.isdigit():
            raise LayerRefused(_DAMAGED)
        stop = place + int(digits)
        if stop > len(content) or stop <= space + 1:
            raise LayerRefused(_DAMAGED)
        key, equals, value = content[space + 1 : stop].removesuffix(b"\n").partition(b"=")
        if not equals:
            raise LayerRefused(_DAMAGED)
        if key in _USED or key.startswith(b"GNU.sparse."):
            found[key] = value
        place = stop
    return found


_USED = {b"path", b"linkpath", b"size", b"mtime", b"uid", b"gid"}


def _sums(block: bytes) -> tuple[int, int]:
    """The checksum of unsigned bytes, and of signed ones as old programs took it."""
    total = sum(block) - sum(block[148:156]) + 8 * 0x20
    if block.isascii():
        return total, total
    return total, total - 256 * sum(1 for byte in block[:148] + block[156:] if byte > 127)


def _number(field: bytes) -> int | None:
    """The number of a field, in octal or, as GNU writes large and negative ones, in binary."""
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40:
            value -= 1 << (8 * len(field) - 1)
        return value if abs(value) <= LARGEST_NUMBER else None
    return _octal(field)


def _octal(field: bytes) -> int | None:
    digits = field.strip(b" \0")
    if not digits.isdigit():
        digits = digits.partition(b"\0")[0].strip(b" ")
    if digits.translate(None, b"01234567"):
        return None
    return int(digits or b"0", 8)


def _until_nul(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
