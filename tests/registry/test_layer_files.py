"""Files of images: seen, taken away, and compared with what was there before, out of layers of every form."""

import asyncio
import gzip
import json
import random
from collections.abc import Callable
from functools import cache

import pytest

from contracts.archives import END, member, tar
from contracts.layers import TAG, Reading
from contracts.place import Place, stream
from entrepot.model.digest import Digest
from entrepot.model.errors import Invalid, Unknown
from entrepot.model.file_kind import FileKind
from entrepot.model.line_difference import Sign
from entrepot.registry.unpacking import zstd
from entrepot.storage.contract import Key

BASE = [("etc", None), ("etc/hosts", b"one\ntwo\n"), ("bin", None), ("bin/sh", b"\x7fELF" * 100), ("old", b"o" * 50)]
UPPER = [("etc/hosts", b"one\nTWO\n"), (".wh.old", b""), ("app/run.py", b"print()\n"), ("bin/bash", "=> bin/sh")]


@pytest.fixture
def reading(place: Place) -> Reading:
    return Reading(place)


async def test_files_are_opened_of_all_layers_and_of_one(reading: Reading) -> None:
    await reading.push_files(BASE, UPPER)
    await reading.read()
    grant = await reading.place.grant()
    assert await reading.content("etc/hosts") == b"one\nTWO\n"
    assert await reading.content("etc/hosts", layer=0) == b"one\ntwo\n"
    assert await reading.content("bin/bash") == b"\x7fELF" * 100, "a hard link to a file of a layer below"
    text = await reading.files.preview(grant, TAG, "/etc/hosts")
    assert (text.kind, text.content, text.whole) == (FileKind.TEXT, b"one\nTWO\n", True)
    program = await reading.files.preview(grant, TAG, "bin/sh", start=4, count=3)
    assert (program.kind, program.content, program.size, program.whole) == (FileKind.BINARY, b"\x7fEL", 400, False)
    assert (await reading.files.preview(grant, TAG, "bin/sh", start=9999)).content == b""
    for path, error in (("etc", Invalid), ("old", Unknown), ("", Unknown), ("etc/none", Unknown)):
        with pytest.raises(error):
            await reading.files.open(grant, TAG, path)
    with pytest.raises(Invalid):
        await reading.files.open(grant, TAG, "etc/hosts", start=5, end=99)


async def test_what_a_layer_made_of_a_file_is_shown_line_by_line(reading: Reading) -> None:
    await reading.push_files(BASE, UPPER)
    await reading.read()
    grant = await reading.place.grant()
    made = await reading.files.difference(grant, TAG, "etc/hosts", 1)
    assert [(line.sign, line.text) for line in made.lines] == [
        (Sign.GAP, ""),
        (Sign.SAME, "one"),
        (Sign.REMOVED, "two"),
        (Sign.ADDED, "TWO"),
    ]
    new = await reading.files.difference(grant, TAG, "app/run.py", 1)
    assert (new.before, [line.text for line in new.lines]) == (None, ["", "print()"])
    gone = await reading.files.difference(grant, TAG, "old", 1)
    assert gone.after is None
    assert [line.sign for line in gone.lines] == [Sign.GAP, Sign.REMOVED]
    binary = await reading.files.difference(grant, TAG, "bin/sh", 0)
    assert binary.lines == ()
    assert "no text" in binary.reason
    with pytest.raises(Unknown, match="did nothing"):
        await reading.files.difference(grant, TAG, "bin/sh", 1)


@cache
def large(count: int) -> tuple[bytes, dict[str, bytes]]:
    """An archive of some megabytes, which compresses as programs do."""
    made = random.Random(count)
    words = [made.randbytes(made.randrange(3, 9)) for _ in range(2000)]
    files = {
        f"d{number % 7}/f{number}": b"".join(made.choices(words, k=made.randrange(1, 60_000)))
        for number in range(count)
    }
    return tar(*files.items()), files


def in_members(archive: bytes) -> bytes:
    """As several gzip files, of levels of their own."""
    cuts = range(0, len(archive), 3_333_333)
    return b"".join(gzip.compress(archive[at : at + 3_333_333], 1 + number % 9) for number, at in enumerate(cuts))


def in_frames(archive: bytes) -> bytes:
    cuts = range(0, len(archive), 1_111_111)
    return b"".join(zstd.compress(archive[at : at + 1_111_111]) for at in cuts)


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip-members": in_members,
    "zstd": zstd.compress,
    "zstd-frames": in_frames,
    "padded": lambda archive: gzip.compress(archive) + bytes(999),
}
ON_BOTH = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
"""A database knows of a large layer no more than of a small one."""


@cache
def packed(form: str) -> bytes:
    """The large archive in that form."""
    return PACKED[form](large(130)[0])


@ON_BOTH
@pytest.mark.parametrize("form", PACKED)
async def test_every_file_of_a_large_layer_comes_out_as_it_went_in(place: Place, form: str) -> None:
    archive, files = large(130)
    assert len(archive) > 16_000_000
    reading = Reading(place)
    await reading.push(packed(form))
    await reading.read()
    for path in [*files][::9]:
        assert await reading.content(path) == files[path], path


@ON_BOTH
async def test_of_gzip_only_what_lies_near_is_decompressed(place: Place) -> None:
    _, files = large(130)
    reading = Reading(place)
    await reading.push(packed("gzip"))
    await reading.read()
    grant = await place.grant()
    asked: list[int] = []
    real = place.storage.read

    def counting(key: Key, start: int, end: int) -> object:
        asked.append(end - start)
        return real(key, start, end)

    last = [*files][-1]
    place.storage.read = counting  # type: ignore[method-assign, assignment]
    opened = await reading.files.open(grant, TAG, last)
    content = b"".join([piece async for piece in opened.content])
    assert content == files[last]
    assert sum(asked) < len(packed("gzip")) // 2


async def test_an_upload_that_came_in_parts_is_read(place: Place) -> None:
    content = gzip.compress(tar(*BASE))
    reading = Reading(place)
    grant = await place.grant()
    upload = await place.uploads.start(grant)
    grant = await place.grant()
    for at in range(0, len(content), 100):
        piece = content[at : at + 100]
        await place.uploads.append(grant, upload.id, stream(piece))
    await place.uploads.finish(grant, upload.id, stream(), Digest.of(content))
    assert len(await place.rows("SELECT * FROM blob_parts")) == 1
    await reading.push(content)
    await reading.read()
    assert await reading.content("etc/hosts") == b"one\ntwo\n"


async def test_hostile_names_are_shown_inert_and_can_be_opened(reading: Reading) -> None:
    names = [b"b\xff", b"esc\x1b[2J", b"sys\\x2d.service", b"new\nline"]
    archive = b"".join(member(name, b"of " + name) for name in names) + member(b"../../etc/passwd", b"up") + END
    await reading.push(gzip.compress(archive))
    await reading.read()
    view = await reading.layers.folder(await reading.place.grant(), TAG)
    assert [entry.name for entry in view.entries] == ["b\\xff", "esc\\x1b[2J", "new\\x0aline", "sys\\x2d.service"]
    for name, entry in zip(sorted(names), view.entries, strict=True):
        assert await reading.content(entry.path) == b"of " + name
        json.dumps(entry.path).encode()
    assert (await reading.layers.image(await reading.place.grant(), TAG)).layers[0].left_out == 1


@ON_BOTH
async def test_a_reader_who_goes_away_leaves_nothing_running(place: Place) -> None:
    _, files = large(130)
    reading = Reading(place)
    await reading.push(packed("zstd"))
    await reading.read()
    opened = await reading.files.open(await place.grant(), TAG, [*files][-1])
    await opened.content.aclose()
    asking = asyncio.create_task(reading.files.open(await place.grant(), TAG, [*files][-1]))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await reading.content([*files][-1]) == files[[*files][-1]]
