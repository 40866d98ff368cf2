"""HTTP/1.1 on a connection, with bounds that Uvicorn's own protocol does not set."""

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from entrepot.server.framing import Framing, framing_of
from entrepot.server.lane import Lane, Plain
from entrepot.server.lent import Lent
from entrepot.server.receiving import BodySource
from entrepot.server.transfer import Transfer

HEAD_LIMIT = 64 * 1024
"""The most bytes that a request's line and headers may take."""
HEAD_SECONDS = 60
"""How many seconds the head of a request may take to come, and a new connection to say anything."""

LARGE = 64 * 1024
"""Bytes from which on a body of a length that was announced may be read by a thread; a chunked one may always."""

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

    Given a pool of threads, and where no TLS is in between, it offers what `transfer` describes. A large body is then
    taken out of its frame here, not by Uvicorn's parser, because that could not be gone on with by somebody else.

    Given a lane, a request is answered there if it can be, and if nothing else is under way on the connection.
    """

    def __init__(
        self, *args: Any, pool: ThreadPoolExecutor | None = None, lane: Lane | None = None, **named: Any
    ) -> None:
        super().__init__(*args, **named)
        self._pool = pool
        self._lane = lane
        self._alone = False
        """Whether the head that is being parsed is all that came, and no other request is under way."""
        self._answered = False
        """Whether the lane answers the request whose end is about to be parsed."""
        self._put_off: tuple[Plain, float] | None = None
        """The request that the lane answers as soon as it was heard from elsewhere, and when it came."""
        self._last = False
        """Whether the connection ends with the request that was put off."""
        self._framing: Framing | None = None
        """Of the large body that is coming."""
        self._lent: Lent | None = None
        """What threads were lent last."""
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
        if transport.get_extra_info("sslcontext") is not None:
            self._pool = None
        self._impatience = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._be_patient()
        if self._lent is not None:
            self._lent.close()
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
        waiting = self._held or not self._between or self.pipeline or self._put_off
        busy = waiting or (self.cycle and not self.cycle.response_complete)
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if not busy and left <= 0:
            self.transport.close()
            return
        wait = self.timeout_keep_alive if busy else left
        self.timeout_keep_alive_task = self.loop.call_later(wait, self.timeout_keep_alive_handler)

    def on_message_begin(self) -> None:
        # As Uvicorn's, but for the scope, which `on_headers_complete` has it make if there is a use for one.
        self._between = False
        self._in_head = True
        self._heads += 1
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # a trailer comes later; nothing here reads those, and they have no bound
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._impatience is not None:
            self._be_patient()
        if self._alone and self._answer_at_once():
            self._answered = True
            return
        self._ask_usually()

    def _ask_usually(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()

    def _answer_at_once(self) -> bool:
        """Whether the request was answered, or will be when it was heard from elsewhere."""
        assert self._lane is not None
        request = self._lane.plain(self.parser, self.url, self.headers)
        if request is None:
            return False
        if self._lane.hear(request, self._heard):
            self._put_off = request, time.perf_counter()
            self.flow.pause_reading()
            return True
        return self._give(request, 0.0)

    def _heard(self) -> None:
        """Goes on with the request that was put off, by the lane or in the usual way."""
        assert self._put_off is not None
        request, came = self._put_off
        self._put_off = None
        if self.transport.is_closing():
            return
        if not self._give(request, came):
            self._ask_usually()
            super().on_message_complete()
        self.flow.resume_reading()
        if self._last:
            self.shutdown()
        elif self._held:
            held, self._held = self._held, b""
            self.data_received(held)

    def _give(self, request: Plain, came: float) -> bool:
        assert self._lane is not None
        client = self.client
        common = self.server_state.default_headers
        if not self._lane.answer(request, client[0] if client else "", came, common, self.transport):
            return False
        self.server_state.total_requests += 1
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        return True

    def shutdown(self) -> None:
        """As Uvicorn's, which does not know of requests that were put off."""
        if self._put_off is not None:
            self._last = True
        else:
            super().shutdown()

    def on_body(self, body: bytes) -> None:
        # What waits to be taken is added to in place: of a chunked body a dozen chunks may come with one read, and
        # making a new text of all of them for each would copy every byte several times.
        cycle: Any = self.cycle
        if cycle.body and type(cycle.body) is bytes:
            cycle.body = bytearray(cycle.body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._between = True
        if self._answered:
            self._answered = False
            return
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        while data and not self.transport.is_closing():
            if self._put_off is not None:
                self._hold(self._held + data)
                return
            if self._framing is not None:
                data = self._receive_framed(self._framing, data)
                continue
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
            head, data = whole[:end], whole[end:]
            self._alone = self._lane is not None and not data and self._is_idle()
            super().data_received(_UPGRADE.sub(rb"\nx\1", head) if _UPGRADE.search(head) else head)
            self._alone = False
            self._framing = self._framing_of_body()

    def _is_idle(self) -> bool:
        """Whether everything that was asked was answered, and the answers taken."""
        cycle: RequestResponseCycle | None = self.cycle
        answered = (cycle is None or cycle.response_complete) and not self.pipeline and self._put_off is None
        return answered and not self.flow.write_paused

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

    def send_400_response(self, msg: str) -> None:
        """Answers what is no request, unless that would get into the middle of another answer."""
        if self._is_answering():
            self.transport.abort()
        else:
            super().send_400_response(msg)

    def _refuse(self, answer: bytes = _TOO_LARGE) -> None:
        if self._is_answering():
            self.transport.abort()
            return
        self.transport.write(answer)
        self.transport.close()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            return True
        return self._lent is not None and self._lent.file >= 0 and not self._lent.over

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self._pool is not None:
            app = Transfer(app, cycle, self._pool, self._lend, self._open_source)
        super()._start_asgi_task(cycle, app)

    def _lend(self, file: int | None) -> Lent:
        self._lent = Lent(self.transport.get_extra_info("socket").fileno(), file)
        return self._lent

    def _open_source(self, cycle: RequestResponseCycle) -> BodySource | None:
        """What is left of the body of that request, taken from the event loop until it is closed."""
        framing = self._framing
        if framing is None or cycle is not self.cycle or cycle.disconnected or self.transport.is_closing():
            return None
        self.flow.pause_reading()
        if cycle.waiting_for_100_continue:
            cycle.waiting_for_100_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        parsed, cycle.body = cycle.body, bytearray()
        return BodySource(self._lend(None), framing, parsed, lambda source: self._settle(source, cycle, framing))

    def _settle(self, source: BodySource, cycle: RequestResponseCycle, framing: Framing) -> None:
        """Takes the connection back from a source, as far as it has come."""
        cycle.body[:0] = source.unread
        if source.cut or source.busy:
            cycle.disconnected = True
            self.transport.abort()
        elif source.broken:
            cycle.disconnected = True
            self._refuse(_NOT_UNDERSTOOD)
        elif framing.ended:
            self.data_received(self._end_framed(framing))

    def _framing_of_body(self) -> Framing | None:
        """The framing of the body that the head just parsed announces; None if it is for Uvicorn's parser."""
        if self._between or self._pool is None or self.transport.is_closing():
            return None
        return framing_of(self.headers, LARGE) if self.parser.get_http_version() == "1.1" else None

    def _receive_framed(self, framing: Framing, data: bytes) -> bytes:
        """What comes after the body, if it ends in the data."""
        for part in framing.payload(memoryview(data)):
            self.on_body(part)  # type: ignore[arg-type]
        if framing.failed:
            self._refuse(_NOT_UNDERSTOOD)
        return self._end_framed(framing) if framing.ended else b""

    def _end_framed(self, framing: Framing) -> bytes:
        self._framing = None
        # Uvicorn's parser has seen the head and waits for the body still: another one begins with what comes next.
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.on_message_complete()
        return framing.rest

    def _be_patient(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None
