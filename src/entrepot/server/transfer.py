"""One request whose bodies may pass by the event loop, as the application sees it.

Downwards that is the extension `http.response.zerocopysend` of the ASGI specification, upwards one of our own,
`entrepot.body.source`. Neither is offered where threads cannot use the socket as it is, such as with TLS.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from entrepot.server.lent import Lent
from entrepot.server.receiving import BodySource
from entrepot.server.sending import FileSending
from entrepot.server.service import Message, Receive, Scope, Send
from entrepot.wire.asgi import BODY_SOURCE, ZERO_COPY_SEND

OpenSource = Callable[[RequestResponseCycle], BodySource | None]
Lend = Callable[[int | None], Lent]


class Transfer:
    """An application around the connection's own, for one request."""

    __slots__ = ("_application", "_cycle", "_lend", "_open_source", "_pool", "_send_plainly")

    _send_plainly: Send

    def __init__(
        self, application: Any, cycle: RequestResponseCycle, pool: ThreadPoolExecutor, lend: Lend, source: OpenSource
    ) -> None:
        """`lend` gives the connection's socket, and a file beside it, to threads."""
        self._application = application
        self._cycle = cycle
        self._pool = pool
        self._lend = lend
        self._open_source = source

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """The application's own answer."""
        scope["extensions"] = {ZERO_COPY_SEND: {}, BODY_SOURCE: {"open": self._source}}
        self._send_plainly = send
        answering: Awaitable[None] = self._application(scope, receive, self._send)
        return answering

    def _source(self) -> BodySource | None:
        """What is left of the body; None if it is not worth a thread, or is to be had by messages only."""
        return self._open_source(self._cycle)

    def _send(self, message: Message) -> Awaitable[None]:
        if message["type"] == ZERO_COPY_SEND:
            return self._send_file(message)
        return self._send_plainly(message)

    async def _send_file(self, message: Message) -> None:
        """Sends a part of a file; sets the message's `count` to the bytes that went, also if it fails.

        Raises OSError if the client is gone, and EOFError, having closed the connection, if the file is too short.
        """
        cycle = self._cycle
        count, message["count"] = message.get("count"), 0
        if cycle.disconnected:
            raise ConnectionResetError("the client went away")
        if not cycle.response_started or cycle.response_complete:
            raise RuntimeError("a file can only be sent as a body, after its head and before its end")
        file: int = message["file"].fileno()
        offset = message.get("offset")
        if offset is None:
            offset = os.lseek(file, 0, os.SEEK_CUR)
        if count is None:
            count = max(0, os.fstat(file).st_size - offset)
        if cycle.scope["method"] != "HEAD":
            if not cycle.chunked_encoding and count > cycle.expected_content_length:
                raise RuntimeError("the file is longer than the Content-Length that was sent")
            await self._pass(file, offset, count, message)
        if not message.get("more_body", False):
            await self._send_plainly({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pass(self, file: int, offset: int, count: int, message: Message) -> None:
        cycle = self._cycle
        if count == 0:
            return
        if cycle.chunked_encoding:
            cycle.transport.write(b"%x\r\n" % count)
        lent = self._lend(file)
        sending = FileSending(lent, offset, count)
        try:
            await self._drain()
            await sending.run(self._pool)
        except BaseException:
            # Whatever the client has, it is not the whole, and nothing may follow it.
            cycle.transport.close()
            raise
        finally:
            message["count"] = sending.sent
            lent.close()
        if cycle.chunked_encoding:
            cycle.transport.write(b"\r\n")
        else:
            cycle.expected_content_length -= count

    async def _drain(self) -> None:
        """Returns when the kernel has everything that was written to the transport. Raises ConnectionError."""
        cycle = self._cycle
        transport = cycle.transport
        if transport.get_write_buffer_size():
            await asyncio.sleep(0)  # It is written at the end of this turn, unless the client is slow.
        if transport.get_write_buffer_size():
            transport.set_write_buffer_limits(high=0)
            try:
                while transport.get_write_buffer_size() and not (cycle.disconnected or transport.is_closing()):
                    await cycle.flow.drain()
                    await asyncio.sleep(0)
            finally:
                transport.set_write_buffer_limits()
        if cycle.disconnected or transport.is_closing():
            raise ConnectionResetError("the client went away")
