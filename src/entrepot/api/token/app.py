"""`GET /service/token` and `GET /service/jwks.json`, as one ASGI application without a framework.

The token endpoint is distribution's token specification as Harbor serves it: Basic credentials or none, a token even
if nothing asked for is allowed. POST is 405: clients that try the OAuth2 form first fall back to GET on that.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from datetime import UTC, datetime
from typing import Any

from entrepot.access.gate import Gate
from entrepot.access.identity import NOBODY, Identity
from entrepot.access.keys import Keys
from entrepot.access.tokens import Tokens
from entrepot.api.token import errors
from entrepot.api.token.scopes import parse_query
from entrepot.model.errors import EntrepotError, Invalid, Unauthenticated

TOKEN_PATH = "/service/token"  # noqa: S105 - a path
KEYS_PATH = "/service/jwks.json"
KEYS_FRESH_SECONDS = 300

Headers = Iterable[tuple[bytes, bytes]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_NO_STORE = (b"cache-control", b"no-store")


class TokenApp:
    """The ASGI application for the two paths; anything else is 404."""

    def __init__(self, gate: Gate, tokens: Tokens, keys: Keys) -> None:
        self._gate = gate
        self._tokens = tokens
        self._keys = keys

    async def __call__(self, scope: MutableMapping[str, Any], _receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        path, method = scope["path"], scope["method"]
        if path not in (TOKEN_PATH, KEYS_PATH):
            await _answer(send, 404, errors.body("NOT_FOUND", "there is nothing at this path"))
        elif method != "GET":
            message = f"{path} answers GET only"
            await _answer(send, 405, errors.body("UNSUPPORTED", message), [(b"allow", b"GET"), _NO_STORE])
        elif path == KEYS_PATH:
            await self._guarded(send, self._send_keys(send))
        else:
            await self._guarded(send, self._send_token(scope, send))

    async def _guarded(self, send: Send, work: Awaitable[None]) -> None:
        try:
            await work
        except EntrepotError as error:
            status, code = errors.status_and_code(error)
            await _answer(send, status, errors.body(code, str(error)), [*errors.headers(error), _NO_STORE])

    async def _send_keys(self, send: Send) -> None:
        published = json.dumps(await self._keys.published()).encode()
        fresh = f"public, max-age={KEYS_FRESH_SECONDS}".encode()
        await _answer(send, 200, published, [(b"cache-control", fresh)], b"application/jwk-set+json")

    async def _send_token(self, scope: MutableMapping[str, Any], send: Send) -> None:
        wanted = parse_query(scope["query_string"])
        identity = await self._identify(scope)
        if identity.principal.anonymous and not wanted.anything:
            raise Unauthenticated("sign in with a user name and password, or say which scope the token is for")
        allowed = await self._gate.permitted(identity, wanted.repositories)
        catalog = wanted.catalog and not identity.principal.anonymous
        issued = await self._tokens.issue(identity, allowed, catalog=catalog)
        answer = {
            "token": issued.token,
            "access_token": issued.token,
            "expires_in": issued.lifetime,
            "issued_at": datetime.fromtimestamp(issued.issued_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        await _answer(send, 200, json.dumps(answer).encode(), [_NO_STORE])

    async def _identify(self, scope: MutableMapping[str, Any]) -> Identity:
        """Who asks, by Basic credentials alone: a token that could get another would never end."""
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if not given:
            return NOBODY
        if len(given) > 1:
            raise Invalid("there is more than one Authorization header")
        authorization = given[0].decode("latin-1")
        if authorization.lstrip()[:6].lower() != "basic ":
            raise Unauthenticated("a token is given for a user name and password (Basic)")
        client = scope.get("client")
        return await self._gate.identify(authorization, client[0] if client else "")


async def _answer(
    send: Send, status: int, content: bytes, headers: Headers = (), content_type: bytes = b"application/json"
) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type),
                (b"content-length", str(len(content)).encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": content})
