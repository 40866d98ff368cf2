"""The content of a request as it arrives."""

import asyncio
import re
from collections.abc import Callable

from entrepot.model.errors import BodyCut, SizeInvalid
from entrepot.storage.contract import Source
from entrepot.wire.asgi import BODY_SOURCE, Receive, Scope

_LENGTH = re.compile(rb"[0-9]{1,18}").fullmatch


class Body:
    """The content of one request. Read once, from its beginning to wherever the reader stops."""

    __slots__ = ("_announced", "_ended", "_receive", "_source", "touched")

    def __init__(self, receive: Receive, announced: bytes | None) -> None:
        """`announced` is the value of Content-Length, if it came."""
        self._receive = receive
        self._announced = announced
        self._ended = False
        self._source: Source | None = None
        self.touched = False
        """Whether anything was asked of the client: before that, one that waits for `100 Continue` sends nothing."""

    @property
    def ended(self) -> bool:
        """Whether everything has come."""
        return self._ended or (self._source is not None and self._source.whole)

    @property
    def length(self) -> int | None:
        """How many bytes are announced; None if that was left open. Raises SizeInvalid."""
        if self._announced is None:
            return None
        if not _LENGTH(self._announced):
            raise SizeInvalid("Content-Length is not a number of bytes")
        return int(self._announced)

    def pieces(self, scope: Scope | None = None) -> "Pieces":
        """What comes. Given the request's scope, it can also be fetched by a thread, if the server lets it."""
        extensions = (scope or {}).get("extensions") or {}
        return Pieces(self, extensions[BODY_SOURCE]["open"] if BODY_SOURCE in extensions else None)

    def keep_source(self, source: Source) -> None:
        """Notes that the body is being fetched from there."""
        self.touched = True
        self._source = source

    async def next(self) -> bytes:
        """What came next, perhaps nothing. Raises BodyCut if the client goes away before the end."""
        self.touched = True
        message = await self._receive()
        if message["type"] != "http.request":
            raise BodyCut("the client went away before everything had come")
        self._ended = not message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece

    async def discard(self, limit: int, seconds: float) -> bool:
        """Whether the rest came, and went, within so many bytes and so much time. Raises BodyCut as `pieces`."""
        try:
            async with asyncio.timeout(seconds):
                while not self.ended and limit >= 0:
                    limit -= len(await self.next())
        except TimeoutError:
            return False
        return self.ended


class Pieces:
    """A body as an iterator of pieces, none of them empty; or as a Source, see `registry.intake`."""

    __slots__ = ("_body", "_open_source")

    def __init__(self, body: Body, open_source: Callable[[], Source | None] | None) -> None:
        self._body = body
        self._open_source = open_source

    def __aiter__(self) -> "Pieces":
        return self

    async def __anext__(self) -> bytes:
        while not self._body.ended:
            piece = await self._body.next()
            if piece:
                return piece
        raise StopAsyncIteration

    def source(self) -> Source | None:
        """The rest of the body, for a thread to fetch; None if it can only be had by its pieces."""
        source = None if self._open_source is None else self._open_source()
        if source is not None:
            self._body.keep_source(source)
        return source
