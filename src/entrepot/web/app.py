"""The pages as one application: from a request to the page it names."""

import base64
import gzip
import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from functools import cache
from typing import Any
from urllib.parse import quote

import structlog

from entrepot.db.contract import Database
from entrepot.model.errors import EntrepotError, Unauthenticated, Unknown
from entrepot.model.grant import ANONYMOUS, Principal
from entrepot.web.answer import Answer, Content, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.asset import Assets
from entrepot.web.door import Door, Visitor, masked
from entrepot.web.errors import BROKEN, WRONG_METHOD, Trouble, trouble_of
from entrepot.web.form import Fields, fields_of, read_form
from entrepot.web.live import Live, until_gone
from entrepot.web.render import SEEN, TOKEN, Renderer
from entrepot.web.route import Route, Table
from entrepot.web.routes import ROUTES
from entrepot.web.subject import Place, Subject, address, subject_of
from entrepot.web.topic import listener_of
from entrepot.wire import cookies
from entrepot.wire.address import address_of
from entrepot.wire.asgi import Header, Receive, Scope, Send
from entrepot.wire.parts import Parts

_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    b"connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FILE_POLICY = b"sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_HEADERS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_WORTH_COMPRESSING = 1024


class WebApp:
    """The ASGI application for every path that no other room answers."""

    def __init__(self, parts: Parts, db: Database) -> None:
        self._parts = parts
        self._assets = _assets()
        self._renderer = _renderer()
        self._door = Door(parts.sessions, parts.configuration, parts.public_url)
        self._table = Table(ROUTES)
        self._live = Live(db)
        self._log = structlog.get_logger("entrepot.web")

    def close(self) -> None:
        """Ends the streams of open pages."""
        self._live.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        path = scope["path"]
        if path == "/favicon.ico":
            path = "/-/static/0/mark.svg"
        head = scope["method"] == "HEAD"
        if path.startswith("/-/static/") and scope["method"] in ("GET", "HEAD"):
            page = path.removeprefix("/-/")
            if await self._assets.answer(page, compressed=_takes_gzip(scope), head=head, send=send):
                return
        visitor = await self._door.visitor(scope)
        seen = 0
        try:
            # Before the page is made, so that nothing between its making and its stream goes unseen.
            seen = await self._live.newest()
            if path == "/-/live" and scope["method"] == "GET":
                await self._stream(scope, receive, send, visitor)
                return
            answer, ask = await self._serve(scope, receive, visitor)
        except Unauthenticated as error:
            answer, ask = _sign_in_first(scope, error), None
        except EntrepotError as error:
            trouble = trouble_of(error)
            if trouble.status >= 500:
                self._log.error("a page could not be shown", path=path, exc_info=error)
            answer, ask = _of_trouble(trouble, str(error)), None
        except Exception as error:  # noqa: BLE001 - the edge of a request
            answer, ask = self._broken(scope, error), None
        await self._send(scope, receive, send, visitor, answer, ask, seen)

    def _broken(self, scope: Scope, error: Exception) -> View:
        """What is told of a failure that nobody foresaw; the log says the rest."""
        number = (scope.get("state") or {}).get("request_id") or secrets.token_hex(8)
        self._log.error("a page failed", path=scope["path"], request_id=number, exc_info=error)
        return _of_trouble(BROKEN, str(number))

    async def _serve(self, scope: Scope, receive: Receive, visitor: Visitor) -> tuple[Answer, Ask | None]:
        subject = subject_of(scope["path"])
        route, captured, allowed = self._table.find(scope["method"], subject.place, subject.page)
        if route is None:
            if allowed:
                return _of_trouble(WRONG_METHOD, ""), None
            raise Unknown(f"there is no page {scope['path'][:300]!r}")
        state = scope.get("state")
        if state is not None:
            state["route"] = f"{route.place}:{route.page}"
        form = await self._form(scope, receive, visitor, route)
        whole = address_of(scope, self._parts.public_url)
        ask = Ask(
            parts=self._parts,
            asker=visitor.asker,
            session=visitor.session,
            random=visitor.random,
            secure=visitor.secure,
            subject=subject,
            path=scope["path"],
            captured=captured,
            query=fields_of(scope["query_string"]),
            form=form,
            voice=visitor.voice,
            host=whole.partition("://")[2],
            address=whole,
        )
        return await route.handler(ask), ask

    async def _form(self, scope: Scope, receive: Receive, visitor: Visitor, route: Route) -> Fields:
        if route.method != "POST":
            return Fields([])
        form = await read_form(dict(scope["headers"]).get(b"content-type", b""), receive)
        self._door.check(scope, visitor, form.text("token"))
        if not route.while_read_only:
            await self._parts.configuration.require_writable()
        return form

    async def _stream(self, scope: Scope, receive: Receive, send: Send, visitor: Visitor) -> None:
        query = fields_of(scope["query_string"])
        listener, states = await listener_of(self._parts, visitor.asker, query.many("on"))
        seen = query.whole("seen", 0)
        if self._live.full:
            raise Unknown("there are too many open pages; this one looks again by itself")
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), *_HEADERS]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for message in until_gone(receive, self._live.stream(listener, seen, states)):
            await send({"type": "http.response.body", "body": message, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _send(
        self, scope: Scope, receive: Receive, send: Send, visitor: Visitor, answer: Answer, ask: Ask | None, seen: int
    ) -> None:
        if isinstance(answer, Go):
            headers = [(b"location", answer.path.encode("latin-1", "ignore")), *answer.cookies]
            if answer.said is not None:
                told = _told(answer.said)
                headers.append(cookies.write(cookies.SAID, told, secure=visitor.secure, same_site="Lax"))
            kept = [cookie for cookie in visitor.cookies if not cookie[1].startswith(b"said=")]
            await _respond(send, 303, [*headers, *kept, (b"cache-control", b"no-store")], b"")
        elif isinstance(answer, Content):
            await _give(scope, receive, send, answer)
        else:
            await self._show(scope, send, visitor, answer, ask, seen)

    async def _show(self, scope: Scope, send: Send, visitor: Visitor, view: View, ask: Ask | None, seen: int) -> None:
        who = await self._who(visitor)
        shown: dict[str, Any] = {
            "me": who,
            "theme": visitor.theme,
            # As an address writes it: whatever stands in it comes back in forms and links.
            "path": quote(scope["path"], safe="/:@"),
            "query": ask.query if ask else Fields([]),
            "subject": ask.subject if ask else Subject(place=Place.HOUSE, page=""),
            "host": ask.host if ask else "",
            "said": _said(visitor.said),
            "topics": view.topics,
            **view.shown,
        }
        try:
            text = self._renderer.render(visitor.voice, view.template, shown)
        except Exception as error:  # noqa: BLE001 - a template is the edge of a request, too
            view = self._broken(scope, error)
            text = self._renderer.render(visitor.voice, view.template, {**shown, **view.shown, "topics": ()})
        # Of the page without the token, which is another each time.
        tag = b'"%s"' % hashlib.sha256(text.encode()).hexdigest()[:32].encode()
        headers: list[Header] = [
            (b"etag", tag),
            # What a form is answered with may hold a secret that is shown this once.
            (b"cache-control", b"no-store" if scope["method"] == "POST" else b"private, no-cache"),
            (b"vary", b"cookie, accept-language, accept-encoding"),
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-language", visitor.voice.tag.encode()),
            (b"content-security-policy", _POLICY),
            *_HEADERS,
            *visitor.cookies,
        ]
        if view.status == 200 and tag in dict(scope["headers"]).get(b"if-none-match", b""):
            await _respond(send, 304, headers, b"")
            return
        body = text.replace(TOKEN, masked(visitor.token)).replace(SEEN, str(seen)).encode()
        if len(body) >= _WORTH_COMPRESSING and _takes_gzip(scope):
            body = gzip.compress(body, 5, mtime=0)
            headers.append((b"content-encoding", b"gzip"))
        await _respond(send, view.status, headers, body, head=scope["method"] == "HEAD")

    async def _who(self, visitor: Visitor) -> Principal:
        """Who is signed in, as of now; nobody if that cannot be found out."""
        try:
            return (await self._parts.management.visible(visitor.asker)).principal
        except EntrepotError:
            return ANONYMOUS


def _sign_in_first(scope: Scope, error: Unauthenticated) -> Answer:
    """The way to sign in and back here; what a form was to do is not done again by itself."""
    if scope["method"] == "POST" and scope["path"] == address(page="sign-in"):
        return _of_trouble(trouble_of(error), str(error))
    back = scope["path"] if scope["method"] in ("GET", "HEAD") else "/"
    return Go(f"{address(page='sign-in')}?next={quote(back)}")


def _of_trouble(trouble: Trouble, sentence: str) -> View:
    return View("error", {"trouble": trouble, "sentence": sentence}, status=trouble.status)


def _told(said: Said) -> str:
    """What the cookie holds for the next page to tell."""
    undo = [said.undo] if isinstance(said.undo, int) else [*(said.undo or ())]
    return base64.urlsafe_b64encode(json.dumps([said.sentence, undo, said.bad]).encode()).decode()


def _said(text: str) -> Said | None:
    """What the cookie tells; None if it is none of ours."""
    try:
        sentence, undo, bad = json.loads(base64.urlsafe_b64decode(text.encode()))
        return Said(str(sentence)[:500], tuple(int(one) for one in undo), bool(bad))
    except (ValueError, TypeError):
        return None


def _takes_gzip(scope: Scope) -> bool:
    return b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")


async def _respond(send: Send, status: int, headers: list[Header], body: bytes, *, head: bool = False) -> None:
    length = [] if status == 304 else [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": b"" if head else body})


async def _give(scope: Scope, receive: Receive, send: Send, content: Content) -> None:
    """Bytes that somebody else wrote: never run, never guessed at, kept by nobody between."""
    headers: list[Header] = [
        (b"content-type", content.media_type.encode("latin-1", "replace")),
        (b"content-security-policy", _FILE_POLICY),
        (b"cache-control", b"private, no-store"),
        *_HEADERS,
    ]
    if content.name:
        name = quote(content.name, safe="")
        headers.append((b"content-disposition", f"attachment; filename*=UTF-8''{name}".encode()))
    if isinstance(content.body, bytes):
        await _respond(send, 200, headers, content.body, head=scope["method"] == "HEAD")
        return
    if content.size is not None:
        headers.append((b"content-length", b"%d" % content.size))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if scope["method"] != "HEAD":
        stream: AsyncIterator[bytes] = until_gone(receive, content.body)
        async for piece in stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


# Read and compiled once a process, whatever number of applications it has.
@cache
def _assets() -> Assets:
    return Assets()


@cache
def _renderer() -> Renderer:
    return Renderer(_assets())
