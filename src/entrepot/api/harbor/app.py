"""The management API as one application, under the paths that Harbor's clients know."""

import asyncio
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from entrepot.api.harbor import (
    sessions,
)
from entrepot.api.harbor.application import BASE, application
from entrepot.api.harbor.document import document
from entrepot.api.harbor.front import Front
from entrepot.api.harbor.handlers import HANDLERS
from entrepot.wire.asgi import Application, Receive, Scope, Send
from entrepot.wire.parts import Parts

DOCUMENT = f"{BASE}/openapi.json"


class HarborApp:
    """The ASGI application for `/api/…` and `/c/…`."""

    def __init__(self, parts: Parts) -> None:
        self._management = Front(_management(), BASE, parts)
        self._pages = Front(_pages(), "", parts)
        self._document = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        path = scope["path"]
        if path == DOCUMENT and scope["method"] in ("GET", "HEAD"):
            await self._show_document(send)
        elif path.startswith(f"{BASE}/"):
            await self._management(scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    async def _show_document(self, send: Send) -> None:
        if not self._document:
            # Made when first asked for: it takes longer than all else at the start.
            self._document = await asyncio.to_thread(lambda: json.dumps(served()).encode())
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self._document))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._document})


@cache
def served() -> Mapping[str, Any]:
    """The OpenAPI document of what is served. The first call takes a second."""
    return document(HANDLERS)


@cache
def _management() -> Application:
    # Litestar names the kinds of scopes and messages more narrowly than the specification's plain mappings.
    return cast(Application, application(HANDLERS))


@cache
def _pages() -> Application:
    return cast(Application, application(sessions.HANDLERS))
