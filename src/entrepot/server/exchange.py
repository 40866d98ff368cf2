"""One request and its answer as seen from outside: measured once, told to whoever observes."""

import random
import re
import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from entrepot.server.service import Asgi, Message, Receive, Scope, Send
from entrepot.wire.asgi import BODY_SOURCE, ZERO_COPY_SEND

is_sane_id = re.compile(rb"[A-Za-z0-9._-]{1,64}").fullmatch
"""Whether a request id that came is one to go on with."""
_BY_SECOND_LAST = {
    "manifests": "manifest",
    "blobs": "blob",
    "uploads": "upload",
    "tags": "tags",
    "referrers": "referrers",
}


class Source(Protocol):
    """Of what the extension for bodies gives, as much as is looked at here."""

    @property
    def received(self) -> int:
        """The bytes that were taken from it so far."""


class Exchange:
    """A request under way, then ended; byte counts are of bodies, also of what passes by the event loop."""

    __slots__ = (
        "_open_source",
        "_receive",
        "_received",
        "_send",
        "_sources",
        "began",
        "bytes_out",
        "complete",
        "kind",
        "method",
        "path",
        "request_id",
        "scope",
        "status",
        "user_agent",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.began = time.perf_counter()
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.status = 0
        """0 until the answer begins."""
        self.bytes_out = 0
        self.complete = False
        """Whether the whole answer was given to the connection."""
        self.kind = kind_of(self.path)
        self.request_id = b""
        self.user_agent = b""
        for name, value in scope["headers"]:
            if name == b"x-request-id" and is_sane_id(value):
                self.request_id = value
            elif name == b"user-agent":
                self.user_agent = value
        if not self.request_id:
            self.request_id = b"%016x" % random.getrandbits(64)
        self._receive = receive
        self._send = send
        self._received = 0
        self._sources: tuple[Source, ...] = ()
        extensions = scope.get("extensions")
        if extensions is not None and BODY_SOURCE in extensions:
            self._open_source = extensions[BODY_SOURCE]["open"]
            scope["extensions"] = {**extensions, BODY_SOURCE: {"open": self.open_source}}

    @property
    def bytes_in(self) -> int:
        """The bytes of the request's body that were taken so far."""
        return self._received + sum(source.received for source in self._sources)

    @property
    def client(self) -> str:
        """The address that the request came from; empty if it has none."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    @property
    def principal(self) -> str:
        """The name of who asked, if the application left it in the state under `principal`; else empty."""
        return str(self.scope["state"].get("principal", ""))

    async def receive(self) -> Message:
        """The next message of the request, counted."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
        return message

    def open_source(self) -> Source | None:
        """What is left of the body for a thread to read, counted; None if there is no such thing."""
        source: Source | None = self._open_source()
        if source is not None:
            self._sources = (*self._sources, source)
        return source

    async def send(self, message: Message) -> None:
        """Passes on a message of the answer, counted; the answer's head gets the request's id."""
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (b"x-request-id", self.request_id)]
        elif kind == ZERO_COPY_SEND:
            await self._send_file(message)
            return
        await self._send(message)
        if kind == "http.response.body":
            self.bytes_out += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)

    async def _send_file(self, message: Message) -> None:
        try:
            await self._send(message)
        finally:
            self.bytes_out += message.get("count", 0)  # What went, by now; see `transfer`.
        self.complete = not message.get("more_body", False)


def kind_of(path: str) -> str:
    """What a path is about, as one of a dozen words, so that it can label a metric."""
    if path.startswith("/v2/"):
        if path == "/v2/":
            return "base"
        if path == "/v2/_catalog":
            return "catalog"
        parts = path.rsplit("/", 2)
        return "upload" if parts[1:] == ["blobs", "uploads"] else _BY_SECOND_LAST.get(parts[1], "other")
    if path.startswith("/api/"):
        return "api"
    return "token" if "token" in path else "other"


class Seen(Protocol):
    """What is to be known of a request that is over: an Exchange, or a Glimpse."""

    method: str
    path: str
    kind: str
    status: int
    began: float
    bytes_out: int
    complete: bool
    request_id: bytes
    user_agent: bytes

    @property
    def bytes_in(self) -> int: ...

    @property
    def client(self) -> str: ...

    @property
    def principal(self) -> str: ...


class Observer(Protocol):
    """Somebody who is told of every request. Must be quick, and must not raise."""

    def began(self, exchange: Exchange) -> None:
        """The request's head has come."""

    def ended(self, exchange: Exchange) -> None:
        """The application is done with it."""

    def glimpsed(self, seen: Seen) -> None:
        """A request came, and was answered at once; neither of the other two is told."""


def observed(application: Asgi, observers: Sequence[Observer]) -> Asgi:
    """The application with every request told to the observers.

    Puts `request_id` (str) into the scope's state. An exception is logged under that id, and answered with 500.
    """
    log = structlog.get_logger("entrepot.server")

    async def observing(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        scope.setdefault("state", {})["request_id"] = exchange.request_id.decode()
        for observer in observers:
            observer.began(exchange)
        try:
            await application(scope, exchange.receive, exchange.send)
        except Exception:  # the edge of a request
            log.exception("a request failed", request_id=exchange.request_id.decode(), method=scope["method"])
            if not exchange.status:
                await _answer_failure(exchange)
        finally:
            for observer in observers:
                observer.ended(exchange)

    return observing


async def _answer_failure(exchange: Exchange) -> None:
    body = b'{"errors":[{"code":"UNKNOWN","message":"the registry failed; its log says more under request %s"}]}'
    body %= exchange.request_id
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await exchange.send({"type": "http.response.start", "status": 500, "headers": headers})
    await exchange.send({"type": "http.response.body", "body": body})
