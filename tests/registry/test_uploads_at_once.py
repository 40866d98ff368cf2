"""Requests of one upload that come at once: the one that is later must not leave a trace of its bytes in any digest."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from contracts.place import Place, stream
from entrepot.model.digest import Digest
from entrepot.model.errors import DigestInvalid, RangeInvalid
from entrepot.model.grant import RepositoryGrant


class Late:
    """A body that has begun to come, and goes on when it is told to."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        self.begun.set()
        await self.go_on.wait()
        yield self._content


async def begun(place: Place, before: bytes) -> tuple[RepositoryGrant, str]:
    """A session that holds so much."""
    session = (await place.uploads.start(await place.grant())).id
    grant = await place.grant()
    if before:
        await place.uploads.append(grant, session, stream(before))
    return grant, session


@pytest.mark.parametrize("before", [b"", b"abc"])
async def test_what_was_refused_is_in_no_digest(place: Place, before: bytes) -> None:
    """Both chunks are as long: what is kept of hashes cannot be told apart by where it ends."""
    grant, session = await begun(place, before)
    late = Late(b"YYY")
    refused = asyncio.create_task(place.uploads.append(grant, session, late.pieces(), start=len(before)))
    await late.begun.wait()
    await place.uploads.append(grant, session, stream(b"XXX"), start=len(before))
    late.go_on.set()
    with pytest.raises(RangeInvalid):
        await refused
    await place.uploads.append(grant, session, stream(b"Z"), start=len(before) + 3)
    blob = await place.uploads.finish(grant, session, None, Digest.of(before + b"XXXZ"))
    assert await place.read_blob(blob) == before + b"XXXZ"
    await place.collect()
    await place.assert_whole()


async def test_no_blob_gets_the_digest_of_what_was_refused(place: Place) -> None:
    grant, session = await begun(place, b"")
    late = Late(b"YYY")
    refused = asyncio.create_task(place.uploads.append(grant, session, late.pieces(), start=0))
    await late.begun.wait()
    await place.uploads.append(grant, session, stream(b"XXX"), start=0)
    late.go_on.set()
    with pytest.raises(RangeInvalid):
        await refused
    await place.uploads.append(grant, session, stream(b"Z"), start=3)
    with pytest.raises(DigestInvalid):
        await place.uploads.finish(grant, session, None, Digest.of(b"YYYZ"))
    await place.collect()
    await place.assert_whole()


@pytest.mark.parametrize("before", [b"", b"abc"])
async def test_a_last_chunk_that_came_too_late_is_refused(place: Place, before: bytes) -> None:
    grant, session = await begun(place, before)
    late = Late(b"YYY")
    closing = place.uploads.finish(grant, session, late.pieces(), Digest.of(before + b"YYY"))
    refused = asyncio.create_task(closing)
    await late.begun.wait()
    await place.uploads.append(grant, session, stream(b"XX"))
    late.go_on.set()
    with pytest.raises(RangeInvalid) as caught:
        await refused
    assert caught.value.offset == len(before) + 2
    blob = await place.uploads.finish(grant, session, stream(b"Z"), Digest.of(before + b"XXZ"))
    assert await place.read_blob(blob) == before + b"XXZ"
    await place.collect()
    await place.assert_whole()
