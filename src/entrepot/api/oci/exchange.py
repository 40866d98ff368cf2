"""One request and its answer."""

from collections.abc import Sequence

from entrepot.access.identity import Identity
from entrepot.api.oci.body import Body
from entrepot.api.oci.path import Target
from entrepot.api.oci.query import parse_query
from entrepot.model.errors import BodyCut, SizeInvalid
from entrepot.model.grant import Origin
from entrepot.wire.asgi import Header, Message, Receive, Scope, Send

READ_BEFORE_REFUSING = 1024 * 1024
"""Bytes of an unwanted body that are read so that the connection can go on; with more to come it is closed."""
READ_AFTER_REFUSING = 8 * 1024 * 1024
"""Bytes that are read after the answer: a client that is still writing would find the connection reset, and not read
the answer, if it were closed at once."""
SECONDS_TO_READ = 2.0

_CLOSE: Header = (b"connection", b"close")


class ClientGone(Exception):
    """Nobody is there to be answered."""


class Exchange:
    """What a handler sees of a request, and how it answers."""

    __slots__ = (
        "_body",
        "_send",
        "also_wanted",
        "head",
        "headers",
        "identity",
        "label",
        "method",
        "receive",
        "refusal_headers",
        "scope",
        "started",
        "target",
        "wanted",
    )

    identity: Identity
    """Who asks, as far as they proved it. Set before a handler of a repository's address is called."""
    target: Target
    """What is asked for. Set before anybody is asked who they are."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self._send = send
        self.method: str = scope["method"]
        self.head = self.method == "HEAD"
        # Of headers that may come once only; of those that may come often none is read here.
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.started = False
        """Whether an answer is under way, so that no other can be given."""
        self.label = ""
        """The route, as metrics name it."""
        self.wanted = ""
        """The actions a token needs for this, as a challenge names them."""
        self.also_wanted = ""
        """A further scope that a token needs for this."""
        self.refusal_headers: Sequence[Header] = ()
        """Headers for the answer, should it become a refusal."""
        self._body: Body | None = None

    @property
    def origin(self) -> Origin:
        """Where the request came from, for whatever is told of what it does."""
        return Origin(
            address=self.address,
            request_id=str((self.scope.get("state") or {}).get("request_id", "")),
            agent=self.headers.get(b"user-agent", b"").decode("latin-1"),
        )

    @property
    def address(self) -> str:
        """The address the client came from; empty if it has none."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    @property
    def authorization(self) -> str | None:
        """The credentials as they came; None if none came."""
        value = self.headers.get(b"authorization")
        return None if value is None else value.decode("latin-1")

    @property
    def body(self) -> Body:
        """The content of the request."""
        if self._body is None:
            self._body = Body(self.receive, self.headers.get(b"content-length"))
        return self._body

    @property
    def has_body(self) -> bool:
        """Whether content may come with the request."""
        length = self.headers.get(b"content-length")
        if length is not None:
            return length.strip(b"0") != b""
        # HTTP/1.1 announces a body always, HTTP/2 does not.
        return b"transfer-encoding" in self.headers or self.scope.get("http_version", "1.1") >= "2"

    def query(self) -> dict[str, list[str]]:
        """The parameters of the query. Raises WireError."""
        return parse_query(self.scope.get("query_string", b""))

    async def send(self, message: Message) -> None:
        """Sends a message of the answer. Raises ClientGone if the server says that nobody listens."""
        try:
            await self._send(message)
        except OSError as error:  # what ASGI 2.4 raises for it
            raise ClientGone from error

    async def answer(self, status: int, headers: Sequence[Header], body: bytes = b"") -> None:
        """Gives a whole answer, with its Content-Length."""
        self.started = True
        if status not in (204, 304):
            headers = [*headers, (b"content-length", b"%d" % len(body))]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": b"" if self.head else body})

    async def refuse(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Gives a whole answer although content of the request may be on its way still.

        A bounded part of it is read and thrown away; is there more, the connection ends with the answer.
        """
        unread = self.body if self.has_body and not self.body.ended else None
        if unread is None:
            await self.answer(status, headers, body)
            return
        waits = b"expect" in self.headers and not unread.touched
        try:
            short = not waits and not self._surely_long(unread)
            if short and await unread.discard(READ_BEFORE_REFUSING, SECONDS_TO_READ):
                await self.answer(status, headers, body)
                return
            await self._answer_and_close(status, headers, body, None if waits else unread)
        except BodyCut as error:
            raise ClientGone from error

    @staticmethod
    def _surely_long(body: Body) -> bool:
        try:
            return (body.length or 0) > READ_BEFORE_REFUSING
        except SizeInvalid:
            return False

    async def _answer_and_close(self, status: int, headers: Sequence[Header], body: bytes, unread: Body | None) -> None:
        self.started = True
        headers = [*headers, (b"content-length", b"%d" % len(body)), _CLOSE]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": b"" if self.head else body, "more_body": True})
        if unread is not None:
            await unread.discard(READ_AFTER_REFUSING, SECONDS_TO_READ)
        await self.send({"type": "http.response.body", "body": b""})
