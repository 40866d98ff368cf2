"""What comes before every request of the management API: its path, who asks, and whether a page of ours asked.

A browser sends the session's cookie along with whatever any page asks for, so a request that changes something and
comes with that cookie must also show a token that only our own pages can know. What a page of another origin asks for
is refused besides, with whatever credentials: the browser says so itself.
"""

import hmac
import secrets
from dataclasses import dataclass, replace

from entrepot.access.identity import NOBODY, Identity
from entrepot.access.management import Asker
from entrepot.api.harbor.errors import answer_to
from entrepot.api.harbor.path import asked, routed
from entrepot.model.errors import Denied, EntrepotError, Unauthenticated
from entrepot.model.grant import Origin
from entrepot.wire import cookies
from entrepot.wire.asgi import Application, Header, Message, Receive, Scope, Send
from entrepot.wire.origin import is_foreign
from entrepot.wire.parts import Parts

_SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
_EXEMPT = {("PUT", "/api/v2.0/configurations"), ("POST", "/c/login"), ("POST", "/c/userExists")}
"""What may be done while the registry is read-only."""
_CHANGED_BY_GET = {"/c/log_out"}
_SESSIONS_ONLY = "/c/"
"""Paths that only pages use: there the token is asked for with or without a session."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the front found out about a request; handlers find it in the state under `arrival`, beside the `parts`."""

    asker: Asker
    session: str
    """What the session's cookie holds; empty if none came, or it is over."""
    secure: bool
    """Whether the client came by HTTPS."""
    random: str = ""
    """What the token of the pages is made of, beside the session."""
    from_page: bool = False
    """Whether a page of ours asked, for it knew the token."""


class Front:
    """An ASGI application around another one."""

    def __init__(self, application: Application, base: str, parts: Parts) -> None:
        """`base` is the beginning of every path, which the other application is not shown."""
        self._application = application
        self._base = base
        self._parts = parts
        self._gate = parts.gate
        self._sessions = parts.sessions
        self._configuration = parts.configuration

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on with its `Arrival`, or refuses it with Harbor's error body."""
        added: list[Header] = []
        try:
            path, arrival = await self._admit(scope, added)
        except EntrepotError as error:
            await _refuse(send, error, added)
            return
        path = path.removeprefix(self._base) or "/"
        scope = {
            **scope,
            "path": path,
            "raw_path": path.encode(),
            "query_string": asked(scope["query_string"]),
            "state": {**(scope.get("state") or {}), "arrival": arrival, "parts": self._parts},
        }

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and added:
                told = [*message.get("headers", ())]
                names = {name for name, _ in told}
                # Who has just begun a session was told its token, which is another.
                told += [header for header in added if header[0] != cookies.CSRF_HEADER or header[0] not in names]
                message = {**message, "headers": told}
            await send(message)

        await self._application(scope, receive, sending)

    async def _admit(self, scope: Scope, added: list[Header]) -> tuple[str, Arrival]:
        """The path, and what was found out; to `added` go headers of the answer, whatever that will be.

        Raises NameInvalid, Unauthenticated, TooManyAttempts, ReadOnly, Denied without the pages' token and to other
        origins' pages.
        """
        headers = dict(scope["headers"])
        found = cookies.read(scope["headers"])
        random = found.get(cookies.CSRF, "")
        path = routed(scope.get("raw_path") or scope["path"].encode())
        changing = scope["method"] not in _SAFE
        if (changing or path in _CHANGED_BY_GET) and is_foreign(headers, self._parts.public_url):
            raise Denied(
                "a page of another site asked for this change; if it is the registry's own, "
                "set public_url to the address that browsers use"
            )
        arrival = await self._arrive(scope, headers, found.get(cookies.SESSION, ""))
        if arrival.session or path.startswith(_SESSIONS_ONLY):
            fresh = random or secrets.token_urlsafe(24)
            token = await self._sessions.guard(arrival.session, fresh)
            added.append((cookies.CSRF_HEADER, token.encode()))
            if not random:
                added.append(cookies.write(cookies.CSRF, fresh, secure=arrival.secure, same_site="Strict"))
            arrival = replace(arrival, random=fresh, from_page=_knows(headers, random, token))
            if changing and not arrival.from_page:
                raise Denied("send the token of X-Harbor-CSRF-Token, as the last answer gave it, with each change")
        elif random and cookies.CSRF_HEADER in headers:
            token = await self._sessions.guard("", random)
            arrival = replace(arrival, from_page=_knows(headers, random, token))
        if changing and (scope["method"], path) not in _EXEMPT:
            await self._configuration.require_writable()
        return path, arrival

    async def _arrive(self, scope: Scope, headers: dict[bytes, bytes], cookie: str) -> Arrival:
        """Who asks, from where. Raises Unauthenticated for wrong credentials, TooManyAttempts."""
        state = scope.get("state") or {}
        client = scope.get("client")
        origin = Origin(
            address=str(client[0]) if client else "",
            request_id=str(state.get("request_id", "")),
            agent=headers.get(b"user-agent", b"").decode("latin-1"),
        )
        secure = scope.get("scheme") == "https"
        identity: Identity | None = None
        authorization = headers.get(b"authorization")
        if authorization is not None:
            # Whoever names themselves is not taken for somebody else when that fails.
            cookie = ""
            if authorization[:6].lower() != b"basic ":
                raise Unauthenticated("send a user name and password (Basic), or a session's cookie")
            identity = await self._gate.identify(authorization.decode("latin-1"), origin.address)
        elif cookie:
            identity = await self._sessions.find(
                cookie,
                await self._configuration.session_minutes(),
                renew=b"x-harbor-no-session-renewal" not in headers,
            )
            if identity is None:
                cookie = ""
        if identity is not None:
            state["principal"] = identity.principal.name
        return Arrival(Asker(identity or NOBODY, origin), cookie, secure)


def _knows(headers: dict[bytes, bytes], random: str, token: str) -> bool:
    """Whether the request shows the token that goes with its cookie."""
    return bool(random) and hmac.compare_digest(headers.get(cookies.CSRF_HEADER, b""), token.encode())


async def _refuse(send: Send, error: EntrepotError, added: list[Header]) -> None:
    status, headers, body = answer_to(error)
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *added]})
    await send({"type": "http.response.body", "body": body})
