"""The lane for requests that are answered at once, without a task: see `wire.ready`."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import httptools

from entrepot.wire.asgi import Header
from entrepot.wire.ready import Quick

Plain = tuple[str, bytes, Mapping[bytes, bytes]]
"""A request without content: its method, its path, its fields."""
_METHODS = {b"GET": "GET", b"HEAD": "HEAD"}
# With content, or the promise of some, a request is not plain.
_CONTENT = frozenset({b"content-length", b"transfer-encoding", b"expect"})
_FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})
COPIED_UP_TO = 16 * 1024
"""Bytes of a body that are put into one piece with its header; a larger one is written from where it is."""


class Lane:
    """The lane of one worker, for all its connections."""

    def __init__(self, quick: Quick, *, behind_proxies: bool) -> None:
        """`behind_proxies`: whether fields may say that a request came from elsewhere, and are believed."""
        self._quick = quick
        self._unusual = _CONTENT | _FORWARDED if behind_proxies else _CONTENT
        self._common: Sequence[Header] = ()
        self._opening = b""

    def plain(self, parser: httptools.HttpRequestParser, target: bytes, headers: Sequence[Header]) -> Plain | None:
        """The request whose head was just read, if it is one for the lane."""
        method = _METHODS.get(parser.get_method())
        if method is None or b"?" in target or not parser.should_keep_alive() or parser.get_http_version() != "1.1":
            return None
        fields = dict(headers)
        return (method, target, fields) if self._unusual.isdisjoint(fields) else None

    def hear(self, request: Plain, then: Callable[[], None]) -> bool:
        """Whether to wait until `then` is called, and to ask for the answer there."""
        return self._quick.hear(*request, then)

    def answer(
        self, request: Plain, client: str, came: float, common: Sequence[Header], transport: asyncio.Transport
    ) -> bool:
        """Whether the request was answered.

        `came`: as for `Quick`; `common` are the fields that every answer begins with.
        """
        ready = self._quick(*request, client, came)
        if ready is None:
            return False
        if common is not self._common:
            self._common = common
            self._opening = b"HTTP/1.1 200 OK\r\n" + b"".join(b"%b: %b\r\n" % field for field in common)
        head, body, _ = ready
        if len(body) <= COPIED_UP_TO:
            transport.write(b"%b%b\r\n%b" % (self._opening, head, body))
        else:
            transport.writelines((b"%b%b\r\n" % (self._opening, head), body))
        return True
