"""GET, HEAD and DELETE of a blob."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from entrepot.api.oci.conditions import is_known, may_continue, unchanging
from entrepot.api.oci.errors import WireError
from entrepot.api.oci.exchange import Exchange
from entrepot.api.oci.ranges import wanted
from entrepot.model.digest import Digest
from entrepot.model.errors import ObjectMissing
from entrepot.model.grant import RepositoryGrant
from entrepot.registry.blobs import Blobs, Extent
from entrepot.wire.asgi import ZERO_COPY_SEND, Header

FILE_FROM = 256 * 1024
"""Bytes from which on the server is given the file to send: two turns through a thread cost more than copying less."""
WATCHED_FROM = 1024 * 1024
"""Bytes from which on a download is watched for its client going away; shorter ones are over before that pays."""


class BlobRoutes:
    """Answers for `/v2/<name>/blobs/<digest>`."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def get(self, exchange: Exchange, grant: RepositoryGrant, last: str) -> None:
        """Gives the blob or a range of it, or says that it is there."""
        digest = Digest.parse(last)
        try:
            await self._give(exchange, grant, digest, last)
        except ObjectMissing:
            await self._blobs.suspect(grant, digest)
            raise

    async def _give(self, exchange: Exchange, grant: RepositoryGrant, digest: Digest, last: str) -> None:
        blob = await self._blobs.find(grant, digest, for_push=exchange.head)
        size = blob.size
        name = last.encode()
        etag, described = description(grant, name)
        known = exchange.headers.get(b"if-none-match")
        if known is not None and is_known(known, etag):
            await exchange.answer(304, described)
            return
        described += OF_BYTES
        if exchange.head:
            await self._send_head(exchange, 200, described, size)
            await exchange.send({"type": "http.response.body", "body": b""})
            return
        redirect = await self._blobs.redirect(blob)
        if redirect is not None:
            # Its URL is good for a while only, and the store reads the Range itself.
            location = (b"location", redirect.url.encode("ascii"))
            await exchange.answer(307, [location, (b"docker-content-digest", name), (b"cache-control", b"no-store")])
            return
        status, start, end = 200, 0, size
        asked = exchange.headers.get(b"range")
        if asked is not None and may_continue(exchange.headers.get(b"if-range"), etag):
            part = wanted(asked, size)
            if part is not None:
                status = 206
                start, end = part
                described.append((b"content-range", self._content_range(start, end, size)))
        if end - start >= FILE_FROM and ZERO_COPY_SEND in (exchange.scope.get("extensions") or ()):
            extents = self._blobs.files(blob, start, end)
            if extents is not None:
                described.append((b"content-length", b"%d" % (end - start)))
                async with aclosing(extents):
                    await _send_files(exchange, status, described, extents, end - start)
                return
        await self._send_head(exchange, status, described, end - start)
        await _send_pieces(exchange, self._blobs.open(blob, start, end) if start < end else None, end - start)

    async def delete(self, exchange: Exchange, grant: RepositoryGrant, last: str) -> None:
        """Removes the blob from this repository."""
        await self._blobs.delete(grant, Digest.parse(last))
        await exchange.answer(202, ())

    @staticmethod
    def _content_range(start: int, end: int, size: int) -> bytes:
        if start == end:
            headers = [(b"content-range", b"bytes */%d" % size)]
            raise WireError(
                416, "RANGE_INVALID", f"the blob has {size} bytes, and none of the range asked for", headers
            )
        return b"bytes %d-%d/%d" % (start, end - 1, size)

    @staticmethod
    async def _send_head(exchange: Exchange, status: int, headers: list[Header], length: int) -> None:
        exchange.started = True
        headers.append((b"content-length", b"%d" % length))
        await exchange.send({"type": "http.response.start", "status": status, "headers": headers})


def description(grant: RepositoryGrant, digest: bytes) -> tuple[bytes, list[Header]]:
    """The ETag of a blob, and what its answers begin with."""
    etag = b'"%b"' % digest
    return etag, [(b"docker-content-digest", digest), (b"etag", etag), *unchanging(grant)]


OF_BYTES: tuple[Header, ...] = ((b"accept-ranges", b"bytes"), (b"content-type", b"application/octet-stream"))
"""Fields of an answer that gives the blob, or says that it is there."""


async def _send_pieces(exchange: Exchange, pieces: AsyncIterator[bytes] | None, length: int) -> None:
    """Sends `length` bytes, to the end or until nobody listens. Raises what `pieces` raises."""
    if pieces is None:
        await exchange.send({"type": "http.response.body", "body": b""})
        return
    # Servers drop what is sent to nobody without a word, so a blob would be read to its end for nobody.
    watch = asyncio.ensure_future(_gone(exchange)) if length >= WATCHED_FROM else None
    try:
        async for piece in pieces:
            length -= len(piece)
            await exchange.send({"type": "http.response.body", "body": piece, "more_body": length > 0})
            if watch is not None and watch.done():
                return
        if length:
            raise ObjectMissing(f"{length} bytes of a blob were missing at its end")
    finally:
        if watch is not None:
            watch.cancel()
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()


async def _send_files(
    exchange: Exchange, status: int, headers: list[Header], extents: AsyncIterator[Extent], left: int
) -> None:
    """Sends the head and all the extents, `left` bytes together. Raises ObjectMissing, before the head if it can."""
    async for extent in extents:
        if not exchange.started:
            exchange.started = True
            await exchange.send({"type": "http.response.start", "status": status, "headers": headers})
        left -= extent.count
        try:
            await exchange.send(
                {
                    "type": ZERO_COPY_SEND,
                    "file": extent.file,
                    "offset": extent.start,
                    "count": extent.count,
                    "more_body": left > 0,
                }
            )
        except EOFError as error:
            raise ObjectMissing("a part of a blob was missing at its end") from error


async def _gone(exchange: Exchange) -> None:
    while (await exchange.receive())["type"] != "http.disconnect":
        pass
