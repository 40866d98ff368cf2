"""HTTP/1.1 on a connection, with bounds that Uvicorn's own protocol does not set."""

import asyncio
import re
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 64 * 1024
"""The most bytes that a request's line and headers may take."""
HEAD_SECONDS = 60
"""How many seconds the head of a request may take to come, and a new connection to say anything."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_NOT_UNDERSTOOD = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
# docker, podman and others try TLS first and go on in plain HTTP once they are told that it is not spoken here. A TLS
# greeting has no end that a head has, so waiting for one would cost each of their commands ten seconds.
_NOT_HTTP = re.compile(rb"[^A-Za-z\r\n]").match
_END = b"\r\n\r\n"
_UPGRADE = re.compile(rb"\n[Uu]([Pp][Gg][Rr][Aa][Dd][Ee][ \t]*:)")


class BoundedProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, but the head of a request is limited in size and in time, and cannot offer an upgrade.

    Without the limits a client could fill the memory with headers that never end, or hold a connection by saying
    nothing. An offer to upgrade (Java's HTTP client makes one for HTTP/2 with each request on a plain connection) is
    to be ignored, RFC 9110 section 7.8; the parser would take it as accepted and drop the body, so it is hidden.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._between = True
        """Whether the next byte begins a request."""
        self._held = b""
        """The beginning of a head."""
        self._in_head = False
        self._heads = 0
        self._head_bytes = 0
        self._impatience: asyncio.TimerHandle | None = None
        self._idle_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._impatience = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._be_patient()
        super().connection_lost(exc)
        super()._unset_keepalive_if_required()

    def _unset_keepalive_if_required(self) -> None:
        """Nothing: one timer per connection runs on and looks when it ends, instead of a new one for each request."""

    def on_response_complete(self) -> None:
        if self.pipeline or self.timeout_keep_alive_task is None:
            super().on_response_complete()
            self._idle_since = self.loop.time()
            return
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._idle_since = self.loop.time()

    def timeout_keep_alive_handler(self) -> None:
        """Closes the connection if nothing was asked for long enough; else looks again when that will be so."""
        self.timeout_keep_alive_task = None
        if self.transport.is_closing():
            return
        busy = self._held or not self._between or self.pipeline or (self.cycle and not self.cycle.response_complete)
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if not busy and left <= 0:
            self.transport.close()
            return
        wait = self.timeout_keep_alive if busy else left
        self.timeout_keep_alive_task = self.loop.call_later(wait, self.timeout_keep_alive_handler)

    def on_message_begin(self) -> None:
        self._between = False
        self._in_head = True
        self._heads += 1
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # a trailer comes later; nothing here reads those, and they have no bound
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._be_patient()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        # What waits to be taken is added to in place: of a chunked body a dozen chunks may come with one read, and
        # making a new text of all of them for each would copy every byte several times.
        cycle: Any = self.cycle
        if cycle.body and type(cycle.body) is bytes:
            cycle.body = bytearray(cycle.body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._between = True
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        while data and not self.transport.is_closing():
            if not self._between:
                self._receive_body(data)
                return
            whole = self._held + data if self._held else data
            end = whole.find(_END) + len(_END)
            if end < len(_END):
                if _NOT_HTTP(whole):
                    self._refuse(_NOT_UNDERSTOOD)
                    return
                self._hold(whole)
                return
            self._held = b""
            if end > HEAD_LIMIT:
                self._refuse()
                return
            head = whole[:end]
            super().data_received(_UPGRADE.sub(rb"\nx\1", head) if _UPGRADE.search(head) else head)
            data = whole[end:]

    def _receive_body(self, data: bytes) -> None:
        """Passes on what may be followed by whole further requests, if the client does not wait for answers."""
        in_head, heads = self._in_head, self._heads
        super().data_received(data)
        if not self._in_head:
            self._head_bytes = 0
        elif in_head and heads == self._heads:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT:
                self._refuse()

    def _hold(self, head: bytes) -> None:
        self._held = head
        if len(head) > HEAD_LIMIT:
            self._refuse()
        elif self._impatience is None:
            self._impatience = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _refuse(self, answer: bytes = _TOO_LARGE) -> None:
        self.transport.write(answer)
        self.transport.close()

    def _be_patient(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None
