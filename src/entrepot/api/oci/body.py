"""The content of a request as it arrives."""

import asyncio
import re
from collections.abc import AsyncIterator

from entrepot.api.oci.asgi import Receive
from entrepot.model.errors import BodyCut, SizeInvalid

_LENGTH = re.compile(rb"[0-9]{1,18}").fullmatch


class Body:
    """The content of one request. Read once, from its beginning to wherever the reader stops."""

    __slots__ = ("_announced", "_receive", "ended", "touched")

    def __init__(self, receive: Receive, announced: bytes | None) -> None:
        """`announced` is the value of Content-Length, if it came."""
        self._receive = receive
        self._announced = announced
        self.touched = False
        """Whether anything was asked of the client: before that, one that waits for `100 Continue` sends nothing."""
        self.ended = False
        """Whether everything has come."""

    @property
    def length(self) -> int | None:
        """How many bytes are announced; None if that was left open. Raises SizeInvalid."""
        if self._announced is None:
            return None
        if not _LENGTH(self._announced):
            raise SizeInvalid("Content-Length is not a number of bytes")
        return int(self._announced)

    async def pieces(self) -> AsyncIterator[bytes]:
        """What comes, never an empty piece. Raises BodyCut if the client goes away before the end."""
        while not self.ended:
            piece = await self._next()
            if piece:
                yield piece

    async def discard(self, limit: int, seconds: float) -> bool:
        """Whether the rest came, and went, within so many bytes and so much time. Raises BodyCut as `pieces`."""
        try:
            async with asyncio.timeout(seconds):
                while not self.ended and limit >= 0:
                    limit -= len(await self._next())
        except TimeoutError:
            return False
        return self.ended

    async def _next(self) -> bytes:
        self.touched = True
        message = await self._receive()
        if message["type"] != "http.request":
            raise BodyCut("the client went away before everything had come")
        self.ended = not message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece
