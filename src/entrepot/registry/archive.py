"""One file out of a tar archive that somebody pushed, read as it streams by.

An archive is never unpacked: only members that are plain files are looked at, by name, and nothing of a name is ever
used as a path. Links, devices and sparse files are passed over. However small the archive, no more is decompressed,
held or skipped than `Limits` allow.

Source: POSIX.1-2024 `pax` ("ustar Interchange Format", "pax Interchange Format"), and GNU tar's long names and
large numbers; RFC 1952 for gzip.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass

_BLOCK = 512
_STEP = 64 * 1024
_GZIP = b"\x1f\x8b"
_FILES = b"0\x007"
_WITHOUT_CONTENT = b"123456"
_LONG_NAME, _PAX, _SPARSE = b"L", b"x", b"S"
_ABOUT_OTHERS = b"KgX"
"""Long targets of links, and headers that are for all members to come: neither says anything of a plain file."""
_FREE = 1024 * 1024


class ArchiveRefused(Exception):
    """Not an archive, damaged, or beyond the limits; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of an archive is looked at; sizes in bytes."""

    packed: int = 32 * 1024 * 1024
    unpacked: int = 64 * 1024 * 1024
    members: int = 10_000
    file: int = 4 * 1024 * 1024
    name: int = 64 * 1024
    """Of one extended header, which holds a long name."""
    ratio: int = 200
    """How many times its own size an archive may unpack to, beyond its first MiB; text packs to about a tenth."""
    streams: int = 1000
    """How many gzip files one after another an archive may be."""


@dataclass(frozen=True, slots=True)
class _Header:
    name: str
    size: int
    kind: bytes


async def find_file(
    archive: AsyncIterator[bytes], is_wanted: Callable[[str], bool], limits: Limits | None = None
) -> bytes | None:
    """The first plain file whose name, as the archive writes it, is wanted; None if there is none.

    The archive may be gzipped. No more of it is read than needed. Raises ArchiveRefused, and what `archive` raises.
    """
    limits = limits or Limits()
    async with aclosing(_unpack(archive, limits)) as steps:
        return await _find(_Unpacked(steps, limits), is_wanted, limits)


async def _find(source: "_Unpacked", is_wanted: Callable[[str], bool], limits: Limits) -> bytes | None:
    long_name: str | None = None
    long_size: int | None = None
    for _ in range(limits.members):
        header = _parse_header(await source.take(_BLOCK))
        if header is None:
            return None
        if header.kind in (_LONG_NAME, _PAX):
            if header.size > limits.name:
                raise ArchiveRefused(f"a name in it is longer than {limits.name} bytes")
            extension = await source.take_padded(header.size)
            if header.kind == _LONG_NAME:
                long_name = _until_nul(extension)
            else:
                named, sized = _parse_pax(extension)
                long_name, long_size = named or long_name, long_size if sized is None else sized
            continue
        if header.kind in _ABOUT_OTHERS:
            await source.skip_padded(header.size)
            continue
        name, size = long_name or header.name, header.size if long_size is None else long_size
        long_name = long_size = None
        if header.kind in _FILES and is_wanted(name):
            if size > limits.file:
                raise ArchiveRefused(f"{name[:100]} has {size} bytes; at most {limits.file} are shown")
            return await source.take(size)
        if header.kind == _SPARSE:
            raise ArchiveRefused("it has sparse files")
        await source.skip_padded(0 if header.kind in _WITHOUT_CONTENT else size)
    raise ArchiveRefused(f"it has more than {limits.members} members")


class _Unpacked:
    """The bytes of an archive after decompression, taken from the front, in bounded memory."""

    def __init__(self, steps: AsyncIterator[bytes], limits: Limits) -> None:
        self._steps = steps
        self._limits = limits
        self._left = limits.unpacked
        self._held = bytearray()

    async def take(self, count: int) -> bytes:
        """Exactly `count` bytes."""
        self._claim(count)
        while len(self._held) < count:
            self._held += await self._more()
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken

    async def take_padded(self, count: int) -> bytes:
        """`count` bytes; what fills their last block is skipped."""
        taken = await self.take(count)
        await self.skip(-count % _BLOCK)
        return taken

    async def skip_padded(self, count: int) -> None:
        """Skips `count` bytes and what fills their last block."""
        await self.skip(count + -count % _BLOCK)

    async def skip(self, count: int) -> None:
        """Skips `count` bytes."""
        self._claim(count)
        while count > len(self._held):
            count -= len(self._held)
            self._held.clear()
            self._held += await self._more()
        del self._held[:count]

    def _claim(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise ArchiveRefused(f"it unpacks to more than {self._limits.unpacked} bytes")

    async def _more(self) -> bytes:
        try:
            return await anext(self._steps)
        except StopAsyncIteration:
            raise ArchiveRefused("it ends too early") from None


async def _unpack(archive: AsyncIterator[bytes], limits: Limits) -> AsyncGenerator[bytes, None]:
    """The archive, decompressed if it is gzipped, in pieces of bounded size; other tasks may run between them."""
    packed = 0
    unzip: _Unzip | None = None
    start: bytes | None = b""
    async for chunk in archive:
        packed += len(chunk)
        if packed > limits.packed:
            raise ArchiveRefused(f"it is larger than {limits.packed} bytes")
        if start is not None:
            start += chunk
            if len(start) < len(_GZIP):
                continue
            chunk, start = start, None
            unzip = _Unzip(limits) if chunk.startswith(_GZIP) else None
        if unzip is None:
            yield chunk
            continue
        for place in range(0, len(chunk), _STEP):
            for step in unzip.steps(chunk[place : place + _STEP], packed):
                yield step
                await asyncio.sleep(0)


class _Unzip:
    """Decompression of one gzip file, which may be several one after another (RFC 1952, section 2.2)."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._unpacked = 0
        self._streams = 0
        self._begin()

    def steps(self, data: bytes, packed: int) -> Iterator[bytes]:
        """What `data` unpacks to, in pieces of at most `_STEP` bytes; `packed` is how many bytes came until now."""
        while data:
            if self._unzip.eof:
                self._begin()
            try:
                step = self._unzip.decompress(data, _STEP)
            except zlib.error as error:
                raise ArchiveRefused("its compression is damaged") from error
            data = self._unzip.unused_data or self._unzip.unconsumed_tail
            # A few bytes may stay behind in it when a piece is full; they come with the next, for a trailer follows.
            self._unpacked += len(step)
            if self._unpacked > _FREE + self._limits.ratio * packed:
                raise ArchiveRefused(f"it unpacks to more than {self._limits.ratio} times its size")
            yield step

    def _begin(self) -> None:
        self._streams += 1
        if self._streams > self._limits.streams:
            raise ArchiveRefused(f"it is made of more than {self._limits.streams} gzip files")
        self._unzip = zlib.decompressobj(wbits=31)


def _parse_header(block: bytes) -> _Header | None:
    """The header in `block`; None for a block of zeros, which ends an archive. Raises ArchiveRefused."""
    if not any(block):
        return None
    said = _octal(block[148:156])
    if said is None or said != sum(block[:148]) + 8 * 0x20 + sum(block[156:]):
        raise ArchiveRefused("it is not a tar archive, or a damaged one")
    if block[124] & 0x80:
        size: int | None = int.from_bytes(bytes([block[124] & 0x7F]) + block[125:136], "big")
    else:
        size = _octal(block[124:136])
    if size is None:
        raise ArchiveRefused("a member of it has no size")
    name = _until_nul(block[:100])
    if block.startswith(b"ustar\0", 257) and (prefix := _until_nul(block[345:500])):
        name = f"{prefix}/{name}"
    return _Header(name, size, block[156:157])


def _parse_pax(content: bytes) -> tuple[str | None, int | None]:
    """The path and the size that a pax header sets; None where it does not. Raises ArchiveRefused."""
    path: str | None = None
    size: int | None = None
    while content.strip(b"\0"):
        length, _, _ = content.partition(b" ")
        if not length.isdigit() or not len(length) < 8 or not len(length) + 1 < int(length) <= len(content):
            raise ArchiveRefused("an extended header of it is damaged")
        record, content = content[len(length) + 1 : int(length)], content[int(length) :]
        key, _, value = record.removesuffix(b"\n").partition(b"=")
        if key == b"path":
            path = value.decode("utf-8", "replace")
        elif key == b"size":
            if not value.isdigit() or len(value) > 19:
                raise ArchiveRefused("an extended header of it gives no size")
            size = int(value)
    return path, size


def _octal(field: bytes) -> int | None:
    digits = field.strip(b" \0")
    if digits.translate(None, b"01234567"):
        return None
    return int(digits or b"0", 8)


def _until_nul(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")
