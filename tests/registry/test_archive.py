"""Finding a file in an archive: what tarfile writes is found, and hostile archives cost little and end in a refusal."""

import asyncio
import gzip
import io
import tarfile
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from entrepot.registry.archive import ArchiveRefused, Limits, find_file

MIB = 1024 * 1024
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def tar(files: Iterable[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT, kind: bytes = tarfile.REGTYPE) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=form) as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.type = kind
            archive.addfile(member, io.BytesIO(content))
    return held.getvalue()


def header(
    name: bytes = b"a", size: bytes = b"00000000000\0", kind: bytes = b"0", magic: bytes = b"ustar\x0000"
) -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[124:136] = size
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = magic
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


async def pieces(content: bytes, length: int = MIB) -> AsyncIterator[bytes]:
    for place in range(0, len(content), length):
        yield content[place : place + length]


async def find(content: bytes, name: str = "wanted", length: int = MIB, limits: Limits | None = None) -> bytes | None:
    return await find_file(pieces(content, length), lambda path: path == name, limits)


async def refused(content: bytes, name: str = "wanted", limits: Limits | None = None) -> str:
    with pytest.raises(ArchiveRefused) as caught:
        await find(content, name, limits=limits)
    return str(caught.value)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("length", [1, 7, 512, MIB])
@pytest.mark.parametrize("packed", [False, True])
async def test_a_file_is_found(form: int, length: int, packed: bool) -> None:
    content = tar([("a", b"x" * 700), ("folder/wanted", b"no"), ("wanted", b"yes" * 400), ("wanted", b"later")], form)
    content = gzip.compress(content) if packed else content
    assert await find(content, length=length) == b"yes" * 400
    assert await find(content, "missing", length=length) is None


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
async def test_a_long_name_is_read_and_belongs_to_one_file_only(form: int) -> None:
    long = "folder/" * 60 + "wanted"
    content = tar([(long, b"long"), ("short", b"short")], form)
    assert await find(content, long) == b"long"
    assert await find(content, "short") == b"short"


async def test_a_name_in_two_parts_and_one_that_is_not_ascii() -> None:
    long = "f" * 90 + "/" + "n" * 60
    assert await find(tar([(long, b"x")], tarfile.USTAR_FORMAT), long) == b"x"
    for form in FORMATS:
        assert await find(tar([("naïve/é", b"x")], form), "naïve/é") == b"x"


async def test_a_size_of_gnu_and_one_of_pax() -> None:
    binary = header(b"wanted", size=b"\x80" + (3).to_bytes(11, "big")) + b"abc".ljust(512, b"\0")
    assert await find(binary) == b"abc"
    record = b"9 size=3\n"
    extended = header(b"x", b"%011o\0" % len(record), b"x") + record.ljust(512, b"\0")
    assert await find(extended + header(b"wanted") + b"abc".ljust(512, b"\0")) == b"abc"


async def test_global_headers_and_links_targets_are_passed_over() -> None:
    record = b"18 path=elsewhere\n"
    said_for_all = header(b"g", b"%011o\0" % len(record), b"g") + record.ljust(512, b"\0")
    target = header(b"././@LongLink", b"%011o\0" % 600, b"K") + b"t".ljust(1024, b"\0")
    wanted = header(b"wanted", b"%011o\0" % 3) + b"abc".ljust(512, b"\0")
    assert await find(said_for_all + target + wanted) == b"abc"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
async def test_what_is_no_plain_file_is_never_wanted(kind: bytes) -> None:
    member = header(b"wanted", kind=kind) + header(b"after", b"%011o\0" % 1) + b"x".ljust(512, b"\0") + bytes(1024)
    assert await find(member) is None
    assert await find(member, "after") == b"x"


async def test_a_link_that_claims_content_does_not_hide_what_follows() -> None:
    linked = header(b"link", b"%011o\0" % 512, b"2") + header(b"wanted", b"%011o\0" % 1) + b"x".ljust(512, b"\0")
    assert await find(linked) == b"x"


async def test_a_long_target_after_a_long_name_leaves_the_name_alone() -> None:
    name = b"n" * 150
    named = header(b"././@LongLink", b"%011o\0" % 151, b"L") + name.ljust(512, b"\0")
    target = header(b"././@LongLink", b"%011o\0" % 600, b"K") + b"t".ljust(1024, b"\0")
    assert await find(named + target + header(b"n" * 99, b"%011o\0" % 1) + b"x".ljust(512, b"\0"), "n" * 150) == b"x"


async def test_gzip_files_one_after_another() -> None:
    content = tar([("a", b"x" * 5000), ("wanted", b"yes")])
    parts = [content[place : place + 1000] for place in range(0, len(content), 1000)]
    packed = b"".join(gzip.compress(part) for part in parts)
    for length in (1, 3, 1000, MIB):
        assert await find(packed, length=length) == b"yes"
        assert await find(packed, "missing", length=length) is None


@pytest.mark.parametrize("length", [1, 100, MIB])
async def test_a_file_that_ends_with_its_gzip_file(length: int) -> None:
    for size in (64 * 1024 - 512 + extra for extra in (0, 1, 100, 257, 258, 600)):
        archive = gzip.compress(header(b"wanted", b"%011o\0" % size) + b"x" * size)
        assert await find(archive, length=length, limits=Limits(ratio=10**6)) == b"x" * size


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "too early"),
        (b"\x1f", "too early"),
        (b"\x1f\x8b", "too early"),
        (b"\x1f\x8b" + b"x" * 600, "compression is damaged"),
        (gzip.compress(b"x" * 600), "not a tar"),
        (b"PK\x03\x04" + b"x" * 600, "not a tar"),
        (header(size=b"00000000100\0"), "too early"),
        (gzip.compress(header(size=b"00000000100\0") + bytes(64)), "too early"),
        (gzip.compress(tar([("a", b"x")]))[:-30], "too early"),
        (header(size=b"0x1000000_1\0"), "no size"),
        (header(size=b"\xff" * 12), "unpacks to more"),
        (header(size=b"\x80" + b"\xff" * 11), "unpacks to more"),
        (header(size=b"77777777777\0"), "unpacks to more"),
        (header(kind=b"S"), "sparse"),
        (header(b"wanted", size=b"00040000000\0"), "at most"),
        (header(kind=b"L", size=b"00001000000\0"), "a name in it is longer"),
        (header(kind=b"x", size=b"%011o\0" % 9) + b"99 path=a\n".ljust(512, b"\0"), "extended header"),
        (header(kind=b"x", size=b"%011o\0" % 9) + b"0 path=aa".ljust(512, b"\0"), "extended header"),
        (header(kind=b"x", size=b"%011o\0" % 10) + b"10 size=-1".ljust(512, b"\0"), "gives no size"),
    ],
)
async def test_what_is_damaged_is_refused(content: bytes, reason: str) -> None:
    assert reason in await refused(content)


async def test_a_changed_header_is_refused() -> None:
    content = bytearray(tar([("wanted", b"x")]))
    content[3] ^= 1
    assert "damaged" in await refused(bytes(content))


async def test_a_bomb_is_refused_early_and_in_little_memory() -> None:
    packer = zlib.compressobj(9, wbits=31)
    start = packer.compress(header(b"a", b"%011o\0" % (60 * MIB)))
    bomb = start + b"".join(packer.compress(bytes(MIB)) for _ in range(60)) + packer.flush()
    assert len(bomb) < MIB // 8
    tracemalloc.start()
    assert "times its size" in await refused(bomb)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 4 * MIB


async def test_a_bomb_in_bombs_and_one_that_packs_moderately() -> None:
    assert "not a tar" in await refused(gzip.compress(gzip.compress(bytes(10 * MIB))))
    roomy = Limits(ratio=100_000, unpacked=2 * MIB)
    packed = gzip.compress(tar((str(number), bytes(MIB // 4)) for number in range(20)))
    assert "unpacks to more than" in await refused(packed, limits=roomy)


async def test_too_many_members_and_too_many_gzip_files() -> None:
    members = gzip.compress(header() * 20_000)
    assert "more than 10000 members" in await refused(members, limits=Limits(ratio=10**6))
    assert "more than 1000 gzip files" in await refused(gzip.compress(b"") * 5000)


async def test_a_large_archive_is_not_read_to_its_end() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += MIB
            yield bytes(8) * (MIB // 8) if read > MIB else header(size=b"%011o\0" % (63 * MIB)).ljust(MIB, b"\0")

    with pytest.raises(ArchiveRefused, match="larger than"):
        await find_file(endless(), lambda path: False)
    assert read <= 34 * MIB


async def test_others_run_while_an_archive_is_unpacked() -> None:
    packed = gzip.compress(tar([("a", bytes(range(256)) * 4 * 30 * 1024)]))
    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    assert await find(packed, limits=Limits(ratio=10**6)) is None
    watching.cancel()
    assert turns > 400, "30 MiB come in steps of 64 KiB"


@settings(max_examples=60, deadline=None)
@given(
    files=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=300).filter(
                lambda name: not name.endswith("/")
            ),
            st.binary(max_size=1500),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda file: file[0],
    ),
    form=st.sampled_from(FORMATS[1:]),
    packed=st.booleans(),
    length=st.integers(1, 2000),
)
@example(files=[("=", b"")], form=tarfile.PAX_FORMAT, packed=True, length=1)
async def test_whatever_tarfile_writes_is_found(
    files: list[tuple[str, bytes]], form: int, packed: bool, length: int
) -> None:
    content = tar(files, form)
    for name, inside in files:
        assert await find(gzip.compress(content) if packed else content, name, length) == inside


@settings(max_examples=200, deadline=None)
@given(
    place=st.integers(0, 4000),
    change=st.binary(min_size=1, max_size=40),
    packed=st.booleans(),
    cut=st.integers(0, 6000),
)
async def test_a_damaged_archive_is_refused_or_read(place: int, change: bytes, packed: bool, cut: int) -> None:
    content = tar([("f" * 200, b"x" * 900), ("wanted", b"yes" * 200)])
    content = gzip.compress(content, 0) if packed else content
    damaged = (content[:place] + change + content[place + len(change) :])[:cut]
    try:
        found = await find(damaged)
    except ArchiveRefused:
        return
    assert found is None or len(found) <= len(damaged)
