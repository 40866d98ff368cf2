"""The types of ASGI 3 as they are used here."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

Header = tuple[bytes, bytes]

ZERO_COPY_SEND = "http.response.zerocopysend"
"""The extension of ASGI, and its message, by which a part of a file is sent without being read here."""
BODY_SOURCE = "entrepot.body.source"
"""An extension that this server offers: `open` is a function of no arguments that gives the rest of the request's body
as a Source (see `storage.contract`), or None if it can only be received as messages."""
