"""The ways in which clients bring a blob."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from random import Random

from entrepot.model.errors import BlobUploadUnknown, BodyCut
from entrepot.model.grant import RepositoryGrant
from entrepot.registry.blobs import Blob
from stress.house import House
from stress.journal import Journal
from stress.universe import Content

PIECE = 64 * 1024
ATTEMPTS = 4
DAWDLING = 0.002
"""How many of the uploads take longer than they may."""


async def bring(house: House, grant: RepositoryGrant, content: Content, dice: Random, journal: Journal) -> Blob:
    """The blob, uploaded in one of the ways that there are; begun again, as clients do, if it took too long.

    Raises BlobUploadUnknown if it took too long every time.
    """
    for attempt in range(ATTEMPTS):
        dawdling = house.rules.upload_expiry / 1e6 * 1.2 if attempt == 0 and dice.random() < DAWDLING else 0.0
        try:
            blob = await _bring(house, grant, content, dice, dawdling)
        except BlobUploadUnknown:
            journal.count("uploads that took too long")
            if attempt == ATTEMPTS - 1:
                raise
        else:
            journal.count("uploads")
            if blob.digest != content.digest or blob.size != len(content.data):
                journal.violation("wrong answer", f"an upload of {content.digest} was answered with {blob}")
            return blob
    raise AssertionError("the last attempt returns or raises")


async def _bring(house: House, grant: RepositoryGrant, content: Content, dice: Random, dawdling: float) -> Blob:
    uploads, digest, data = house.uploads, content.digest, content.data
    way = dice.choices(("at once", "closed with it", "pieces", "cut"), (4, 3, 2, 1))[0]
    if way == "at once":
        return await uploads.put(grant, _body(data, dawdling), digest, length=len(data))
    session = (await uploads.start(grant)).id
    if way == "closed with it":
        return await uploads.finish(grant, session, _body(data, dawdling), digest, start=0, length=len(data))
    middle = dice.randrange(len(data) + 1)
    if way == "cut":
        with suppress(BodyCut):
            await uploads.append(grant, session, _body(data[:middle], 0.0, cut=True), start=0)
        middle = (await uploads.status(grant, session)).size
    else:
        await uploads.append(grant, session, _body(data[:middle], dawdling), start=0, length=middle)
    if dice.random() < 0.5:
        return await uploads.finish(grant, session, _body(data[middle:], 0.0), digest, start=middle)
    if data[middle:]:
        await uploads.append(grant, session, _body(data[middle:], 0.0))
    return await uploads.finish(grant, session, None, digest)


async def _body(data: bytes, dawdling: float, *, cut: bool = False) -> AsyncIterator[bytes]:
    for start in range(0, len(data), PIECE):
        if start == 0 and dawdling:
            await asyncio.sleep(dawdling)
        yield data[start : start + PIECE]
    if cut:
        raise BodyCut("the connection was closed")
