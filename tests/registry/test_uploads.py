"""Bringing blobs: in one request, in sessions, broken off, repeated, and by two at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from contracts.place import EVERYTHING, Place, stream
from entrepot.model.digest import Digest
from entrepot.model.errors import (
    BlobUnknown,
    BlobUploadInvalid,
    BlobUploadUnknown,
    Denied,
    DigestInvalid,
    RangeInvalid,
    SizeInvalid,
)
from entrepot.model.project import Action
from entrepot.registry.uploads import Uploads

MIB = 1 << 20


async def test_a_blob_of_one_request_is_read_as_it_was_sent(place: Place) -> None:
    content = bytes(range(256)) * 20_000
    chunks = [content[at : at + 70_001] for at in range(0, len(content), 70_001)]
    blob = await place.uploads.put(await place.grant(), stream(*chunks), Digest.of(content), length=len(content))
    assert (blob.digest, blob.size) == (Digest.of(content), len(content))
    assert await place.read(content) == content
    assert await place.read_blob(blob, 5, 70_010) == content[5:70_010]
    assert await place.leaving() == set()


async def test_the_same_content_again_keeps_the_first_object(place: Place) -> None:
    first = await place.push(b"content")
    again = await place.push(b"content")
    elsewhere = await place.push(b"content", "other/place")
    assert first == again == elsewhere
    assert len(await place.owned()) == 1
    assert len(await place.leaving()) == 2
    await place.collect()
    assert await place.stored() == {first.key}


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_the_empty_blob_is_a_blob(place: Place, algorithm: str) -> None:
    digest = Digest.of(b"", algorithm)
    assert (await place.uploads.put(await place.grant(), stream(), digest, length=0)).size == 0
    assert await place.read(digest) == b""
    await place.uploads.start(await place.grant("library/empty"))
    grant = await place.grant("library/empty")
    for body in (None, stream(), stream(b"", b"")):
        upload = await place.uploads.start(grant)
        assert (await place.uploads.finish(grant, upload.id, body, digest)).digest == digest
    assert await place.read(digest, "library/empty") == b""


async def test_content_of_another_digest_is_refused_and_let_go(place: Place) -> None:
    with pytest.raises(DigestInvalid, match=str(Digest.of(b"content"))):
        await place.uploads.put(await place.grant(), stream(b"content"), Digest.of(b"other"))
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    await place.uploads.append(grant, upload.id, stream(b"con"))
    with pytest.raises(DigestInvalid):
        await place.uploads.finish(grant, upload.id, stream(b"tent"), Digest.of(b"other"))
    with pytest.raises(BlobUploadUnknown):
        await place.uploads.status(grant, upload.id)
    for content in (b"content", b"other"):
        with pytest.raises(BlobUnknown):
            await place.read(content)
    await place.collect()
    assert await place.stored() == set()


@pytest.mark.parametrize("length", [0, 6, 8])
async def test_a_wrong_length_is_refused_and_let_go(place: Place, length: int) -> None:
    with pytest.raises(SizeInvalid, match="7 came"):
        await place.uploads.put(await place.grant(), stream(b"con", b"tent"), Digest.of(b"content"), length=length)
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    with pytest.raises(SizeInvalid):
        await place.uploads.append(grant, upload.id, stream(b"con", b"tent"), length=length)
    assert (await place.uploads.status(grant, upload.id)).size == 0
    await place.collect()
    assert await place.stored() == set()


async def test_a_session_of_one_part_becomes_the_blob_as_it_lies_there(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    assert (await place.uploads.append(grant, upload.id, stream(b"content"), start=0, length=7)).size == 7
    before = await place.stored()
    blob = await place.uploads.finish(grant, upload.id, None, Digest.of(b"content"))
    assert await place.stored() == {blob.key} == before
    assert await place.leaving() == set()
    assert await place.read(b"content") == b"content"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("last", [b"", b"the end"])
async def test_a_session_of_several_parts_becomes_one_blob(place: Place, algorithm: str, last: bytes) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    whole = b""
    for number, size in enumerate((1, MIB + 1, 3, 70_000)):
        part = bytes([number]) * size
        state = await place.uploads.append(grant, upload.id, stream(part), start=len(whole), length=size)
        whole += part
        assert state.size == len(whole) == (await place.uploads.status(grant, upload.id)).size
    body = stream(last) if last else None
    whole += last
    blob = await place.uploads.finish(grant, upload.id, body, Digest.of(whole, algorithm))
    assert blob.size == len(whole)
    assert await place.read(blob.digest) == whole
    await place.collect()
    parts = [blob.key, *(part.key for part in blob.further)]
    assert len(parts) == (5 if last else 4)
    assert await place.stored() == set(parts) == await place.owned()
    for start in (0, 1, 2, MIB + 1, MIB + 2, MIB + 5, len(whole) - 1):
        for end in (start, start + 1, start + MIB, len(whole)):
            end = min(end, len(whole))
            assert b"".join([piece async for piece in place.blobs.open(blob, start, end)]) == whole[start:end]
    assert await place.findings() == []


async def test_a_blob_in_parts_goes_with_all_of_them(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    for part in (b"con", b"tent"):
        await place.uploads.append(grant, upload.id, stream(part))
    blob = await place.uploads.finish(grant, upload.id, None, Digest.of(b"content"))
    assert len(await place.stored()) == 2
    await place.blobs.delete(grant, blob.digest)
    await place.let_time_pass(place.rules.reader_grace + 1)
    await place.collect()
    assert await place.stored() == set()
    assert await place.leaving() == set()


async def test_parts_taken_by_another_process_are_read_again(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    elsewhere = Uploads(place.db, place.storage, place.rules)
    await place.uploads.append(grant, upload.id, stream(b"con"))
    await elsewhere.append(grant, upload.id, stream(b"te"))
    await place.uploads.append(grant, upload.id, stream(b"nt"))
    with pytest.raises(DigestInvalid):
        await elsewhere.finish(grant, upload.id, None, Digest.of(b"contents"))
    upload = await place.uploads.start(grant)
    await place.uploads.append(grant, upload.id, stream(b"con"))
    await elsewhere.append(grant, upload.id, stream(b"tent"))
    blob = await place.uploads.finish(grant, upload.id, None, Digest.of(b"content"))
    assert await place.read(blob.digest) == b"content"


async def test_a_session_may_be_closed_with_sha512_though_its_bytes_were_hashed_otherwise(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    await place.uploads.append(grant, upload.id, stream(b"content"))
    blob = await place.uploads.finish(grant, upload.id, None, Digest.of(b"content", "sha512"))
    assert await place.read(blob.digest) == b"content"
    with pytest.raises(BlobUnknown):
        await place.read(Digest.of(b"content"))


async def test_a_wrong_sha512_is_found_too(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    await place.uploads.append(grant, upload.id, stream(b"content"))
    with pytest.raises(DigestInvalid):
        await place.uploads.finish(grant, upload.id, None, Digest.of(b"other", "sha512"))


async def test_a_repeated_close_is_answered_again(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    first = await place.uploads.finish(grant, upload.id, stream(b"content"), Digest.of(b"content"))
    for body in (None, stream(b"content")):
        assert await place.uploads.finish(grant, upload.id, body, Digest.of(b"content")) == first
    for digest in (Digest.of(b"other"), Digest.of(b"content", "sha512")):
        with pytest.raises(BlobUploadUnknown):
            await place.uploads.finish(grant, upload.id, None, digest)
    assert await place.uploads.finish(grant, upload.id, None, Digest.of(b"content")) == first


async def test_a_closed_session_takes_nothing_more(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    await place.uploads.finish(grant, upload.id, stream(b"content"), Digest.of(b"content"))
    with pytest.raises(BlobUploadUnknown):
        await place.uploads.append(grant, upload.id, stream(b"more"))
    with pytest.raises(BlobUploadUnknown):
        await place.uploads.status(grant, upload.id)
    with pytest.raises(BlobUploadUnknown):
        await place.uploads.cancel(grant, upload.id)


async def test_closes_at_once_are_all_answered_alike(place: Place) -> None:
    for parts in ([b"content"], [b"con", b"tent"]):
        upload = await place.uploads.start(await place.grant())
        grant = await place.grant()
        for part in parts:
            await place.uploads.append(grant, upload.id, stream(part))
        digest = Digest.of(b"content")
        blobs = await asyncio.gather(*(place.uploads.finish(grant, upload.id, None, digest) for _ in range(5)))
        assert len(set(blobs)) == 1
    await place.collect()
    assert await place.stored() == await place.owned() == {blobs[0].key}


async def test_a_session_goes_on_in_another_process(place: Place) -> None:
    others = [Uploads(place.db, place.storage, place.rules) for _ in range(4)]
    upload = await others[0].start(await place.grant())
    grant = await place.grant()
    await others[1].append(grant, upload.id, stream(b"con"), start=0)
    assert (await others[2].status(grant, upload.id)).size == 3
    await others[2].append(grant, upload.id, stream(b"te"), start=3)
    await others[3].finish(grant, upload.id, stream(b"nt"), Digest.of(b"content"), start=5)
    assert await place.read(b"content") == b"content"


@pytest.mark.parametrize("start", [0, 2, 4, MIB])
async def test_a_chunk_that_does_not_continue_is_refused_and_the_end_told(place: Place, start: int) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    await place.uploads.append(grant, upload.id, stream(b"con"))
    with pytest.raises(RangeInvalid) as caught:
        await place.uploads.append(grant, upload.id, stream(b"tent"), start=start)
    assert caught.value.offset == 3
    with pytest.raises(RangeInvalid):
        await place.uploads.finish(grant, upload.id, stream(b"tent"), Digest.of(b"content"), start=start)
    await place.uploads.finish(grant, upload.id, stream(b"tent"), Digest.of(b"content"), start=3)
    assert await place.read(b"content") == b"content"


@pytest.mark.parametrize("start", [3, None])
async def test_of_two_chunks_for_one_place_one_is_kept_and_nothing_is_mixed(place: Place, start: int | None) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    await place.uploads.append(grant, upload.id, stream(b"con"))
    chunks = [bytes([65 + number]) * (MIB + number) for number in range(4)]

    all_begun = asyncio.Barrier(len(chunks))

    async def slowly(chunk: bytes) -> AsyncIterator[bytes]:
        await all_begun.wait()
        for at in range(0, len(chunk), 100_000):
            await asyncio.sleep(0.001)
            yield chunk[at : at + 100_000]

    outcomes = await asyncio.gather(
        *(place.uploads.append(grant, upload.id, slowly(chunk), start=start) for chunk in chunks),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes].count(RangeInvalid) == 3
    [winner] = [number for number, outcome in enumerate(outcomes) if not isinstance(outcome, BaseException)]
    assert {getattr(outcome, "offset", None) for outcome in outcomes} == {None, 3 + len(chunks[winner])}
    assert (await place.uploads.status(grant, upload.id)).size == 3 + len(chunks[winner])
    whole = b"con" + chunks[winner]
    await place.uploads.finish(grant, upload.id, None, Digest.of(whole))
    assert await place.read(whole) == whole
    await place.collect()
    assert len(await place.stored()) == 2


async def test_a_cancelled_session_is_gone_with_what_it_held(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    for part in (b"con", b"tent"):
        await place.uploads.append(grant, upload.id, stream(part))
    await place.uploads.cancel(grant, upload.id)
    with pytest.raises(BlobUploadUnknown):
        await place.uploads.status(grant, upload.id)
    with pytest.raises(BlobUploadUnknown):
        await place.uploads.cancel(grant, upload.id)
    await place.collect()
    assert await place.stored() == set()


async def test_a_session_belongs_to_who_started_it_and_to_its_repository(place: Place) -> None:
    """CVE-2026-32589: a session that anybody who knows its name can read, feed, close or cancel."""
    upload = await place.uploads.start(await place.grant(who="ada"))
    owner = await place.grant(who="ada")
    await place.uploads.append(owner, upload.id, stream(b"content"))
    await place.uploads.start(await place.grant("library/other", who="ada"))
    strangers = [
        await place.grant(who="bob"),
        await place.grant(who="anonymous"),
        await place.grant("library/other", who="ada"),
        await place.grant("library/never-pushed", who="ada"),
    ]
    for grant in strangers:
        for attempt in (
            place.uploads.status(grant, upload.id),
            place.uploads.append(grant, upload.id, stream(b"more")),
            place.uploads.finish(grant, upload.id, None, Digest.of(b"content")),
            place.uploads.finish(grant, upload.id, stream(b"more"), Digest.of(b"contentmore")),
            place.uploads.cancel(grant, upload.id),
        ):
            with pytest.raises(BlobUploadUnknown):
                await attempt
    await place.uploads.finish(owner, upload.id, None, Digest.of(b"content"))
    for grant in strangers:
        with pytest.raises(BlobUploadUnknown):
            await place.uploads.finish(grant, upload.id, None, Digest.of(b"content"))
    assert await place.read(b"content") == b"content"


@pytest.mark.parametrize("upload_id", ["", "x", "0" * 32, "' OR 1 --", "../..", "\u00e9" * 1000])
async def test_a_session_that_never_was_is_unknown(place: Place, upload_id: str) -> None:
    await place.uploads.start(await place.grant())
    with pytest.raises(BlobUploadUnknown):
        await place.uploads.append(await place.grant(), upload_id, stream(b"content"))


async def test_only_who_may_push_can_bring_anything(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant(actions=EVERYTHING - {Action.PUSH})
    for attempt in (
        place.uploads.start(grant),
        place.uploads.status(grant, upload.id),
        place.uploads.append(grant, upload.id, stream(b"content")),
        place.uploads.finish(grant, upload.id, None, Digest.of(b"")),
        place.uploads.cancel(grant, upload.id),
        place.uploads.put(grant, stream(b"content"), Digest.of(b"content")),
    ):
        with pytest.raises(Denied):
            await attempt
    assert await place.stored() == set()


async def test_a_blob_larger_than_allowed_is_refused_before_all_of_it_came(place: Place) -> None:
    small = place.ruled(largest_blob=10)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 4
            yield b"1234"

    grant = await place.grant()
    with pytest.raises(BlobUploadInvalid):
        await small.uploads.put(grant, endless(), Digest.of(b""))
    assert sent == 12
    upload = await small.uploads.start(grant)
    grant = await place.grant()
    await small.uploads.append(grant, upload.id, stream(b"1234567890"))
    with pytest.raises(BlobUploadInvalid):
        await small.uploads.append(grant, upload.id, stream(b"1"))
    await small.uploads.finish(grant, upload.id, stream(b""), Digest.of(b"1234567890"))
    assert await place.read(b"1234567890") == b"1234567890"


async def test_many_pushes_of_one_content_at_once_make_one_blob(place: Place) -> None:
    content = b"content" * 1000
    grant = await place.grant()
    blobs = await asyncio.gather(
        *(place.uploads.put(grant, stream(content), Digest.of(content)) for _ in range(12)),
        *(place.push(content, f"library/r{number % 3}") for number in range(12)),
    )
    assert len({blob.key for blob in blobs}) == 1
    for name in ("library/hello", "library/r0", "library/r1", "library/r2"):
        assert await place.read(content, name) == content
    await place.collect()
    assert await place.stored() == {blobs[0].key}
