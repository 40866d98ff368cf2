"""A registry served in a thread of this process, and a client that speaks HTTP by hand.

In this process, so that a test can see which way a body took and which descriptors are left.
"""

import asyncio
import base64
import contextlib
import hashlib
import os
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import uvloop

from entrepot.app import RegistryService
from entrepot.config import Settings
from entrepot.db.migrate import migrate_sqlite
from entrepot.server import protocol
from entrepot.server.exchange import Exchange, Seen, observed
from entrepot.server.glimpse import Glimpsed
from entrepot.server.lane import Lane
from entrepot.server.protocol import BoundedProtocol
from entrepot.server.receiving import BodySource
from entrepot.wire.ready import Quick, Ready

PASSWORD = "Correct-Horse-7"
AUTHORIZATION = b"authorization: Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()) + b"\r\n"
MIB = 1 << 20


@cache
def _migrated() -> bytes:
    """A database of the newest schema: making it takes longer than most that a registry does here."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "entrepot.db"
        migrate_sqlite(path)
        return path.read_bytes()


class Passed:
    """The bytes that passed by the event loop, as threads moved them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.down = 0
        self.up = 0
        send, fill = os.sendfile, BodySource.fill

        def counted_send(*args: int) -> int:
            sent = send(*args)
            self.down += sent
            return sent

        def counted_fill(source: BodySource, buffer: memoryview, *, patient: bool) -> object:
            assert threading.current_thread().name.startswith("storage")
            parts = fill(source, buffer, patient=patient)
            self.up += sum(map(len, parts))
            return parts

        monkeypatch.setattr(os, "sendfile", counted_send)
        monkeypatch.setattr(BodySource, "fill", counted_fill)


class Sometimes:
    """A Quick that answers while it is allowed to."""

    def __init__(self, quick: Quick, allowed: Callable[[], bool]) -> None:
        self._quick = quick
        self._allowed = allowed

    def hear(self, *asked: Any) -> bool:
        return self._allowed() and self._quick.hear(*asked)

    def __call__(self, *asked: Any) -> Ready | None:
        return self._quick(*asked) if self._allowed() else None


class Served:
    """The registry while it runs."""

    def __init__(
        self,
        data: Path,
        *,
        by_threads: bool,
        tls: ssl.SSLContext | None = None,
        stop_seconds: float = 5,
        **named: object,
    ) -> None:
        settings = Settings(data=data, admin_password=PASSWORD, **named)  # type: ignore[arg-type]
        self.data = data
        self.by_threads = by_threads
        self.ended: list[Exchange] = []
        self.glimpsed: list[Seen] = []
        self.quickly = True
        """Whether requests may be answered at once."""
        if settings.sqlite_file is not None and not settings.sqlite_file.exists():
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            settings.sqlite_file.write_bytes(_migrated())
        self._service = RegistryService(settings)
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="sending") if by_threads else None
        self._tls = tls
        self._stop_seconds = stop_seconds
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=lambda: uvloop.run(self._serve()), name="server")
        self._thread.start()
        self._wait_until_it_answers()

    async def _serve(self) -> None:
        application = await self._service.start()
        tls = self._tls
        recorder = Recorder(self.ended, self.glimpsed)
        quick = self._service.quick
        assert quick is not None
        lane = Lane(Sometimes(Glimpsed(quick, [recorder]), lambda: self.quickly), behind_proxies=False)
        config = uvicorn.Config(
            observed(application, [recorder]),
            http=partial(BoundedProtocol, pool=self._pool, lane=lane),  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        )
        config.timeout_graceful_shutdown = self._stop_seconds  # type: ignore[assignment]
        self._server = uvicorn.Server(config)
        await self._server.serve([self._listening])
        left = list(self._server.server_state.tasks)
        if left:
            await asyncio.wait(left, timeout=1)
        await self._service.stop()
        if self._pool is not None:
            self._pool.shutdown()

    def _wait_until_it_answers(self) -> None:
        with self.connect() as client:
            client.send(b"GET /v2/ HTTP/1.1\r\nhost: x\r\n" + AUTHORIZATION + b"\r\n")
            assert client.answer().status == 200

    def connect(self) -> "Client":
        """A client on a connection of its own."""
        connection: socket.socket = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        if self._tls is not None:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = context.wrap_socket(connection)
        return Client(connection)

    def stop(self, seconds: float = 20) -> None:
        """Returns when everything has come to its end."""
        while self._server is None:
            self._thread.join(0.01)
        self._server.should_exit = True
        self._thread.join(seconds)
        assert not self._thread.is_alive()

    def objects(self) -> list[Path]:
        """The files of the store."""
        return [path for path in (self.data / "objects").glob("??/*") if path.is_file()]


class Recorder:
    """An observer that keeps what it is told."""

    def __init__(self, ended: list[Exchange], at_once: list[Seen]) -> None:
        self._ended = ended
        self._at_once = at_once

    def began(self, exchange: Exchange) -> None:
        """Nothing."""

    def ended(self, exchange: Exchange) -> None:
        """Keeps it."""
        self._ended.append(exchange)

    def glimpsed(self, seen: Seen) -> None:
        """Keeps it."""
        self._at_once.append(seen)


class Answer:
    """One answer as it came."""

    def __init__(self, head: bytes, body: bytes) -> None:
        self.head = head
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if line)}
        self.body = body


class Client:
    """A connection, and what was read of it too early."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._ahead = b""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, data: bytes) -> None:
        """Sends it all."""
        self.connection.sendall(data)

    def request(self, method: str, target: str, body: bytes = b"", *headers: bytes, length: int | None = None) -> None:
        """Sends a request; with another `length` its body is not all of it, or too much."""
        self.send(head(method, target, len(body) if length is None else length, *headers) + body)

    def answer(self, *, bodiless: bool = False) -> Answer:
        """The next answer but for `100 Continue`."""
        while True:
            while b"\r\n\r\n" not in self._ahead:
                self._read()
            text, _, self._ahead = self._ahead.partition(b"\r\n\r\n")
            if not text.startswith(b"HTTP/1.1 100"):
                break
        answer = Answer(text, b"")
        size = 0 if bodiless else int(answer.headers.get("content-length", 0))
        body = [self._ahead]
        missing = size - len(self._ahead)
        while missing > 0:
            body.append(self._receive(min(missing, MIB)))
            missing -= len(body[-1])
        whole = b"".join(body)
        answer.body, self._ahead = whole[:size], whole[size:]
        return answer

    def until_closed(self) -> bytes:
        """Everything up to the end of the connection."""
        pieces = [self._ahead]
        with contextlib.suppress(ConnectionResetError):
            while piece := self.connection.recv(MIB):
                pieces.append(piece)
        return b"".join(pieces)

    def _read(self) -> None:
        self._ahead += self._receive(65536)

    def _receive(self, size: int) -> bytes:
        piece = self.connection.recv(size)
        if not piece:
            raise EOFError(f"the connection was closed after {self._ahead[:200]!r}")
        return piece

    def start(self, repository: str) -> str:
        """Where a new upload is to be sent."""
        self.request("POST", f"/v2/{repository}/blobs/uploads/")
        answer = self.answer()
        assert answer.status == 202, answer.body
        return answer.headers["location"]

    def put(self, repository: str, content: bytes, *, chunked: int = 0) -> str:
        """The digest of a blob that was pushed."""
        location, digest = self.start(repository), digest_of(content)
        self.send(put(location, content, chunked=chunked))
        answer = self.answer()
        assert answer.status == 201, answer.body
        return digest

    def get(self, repository: str, digest: str, *headers: bytes) -> Answer:
        """The answer to a GET of the blob."""
        self.send(get(repository, digest, *headers))
        return self.answer()


def digest_of(content: bytes) -> str:
    """`sha256:…`"""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def head(method: str, target: str, length: int | None, *headers: bytes) -> bytes:
    """A request's head; without a length it says nothing of its body."""
    lines = [f"{method} {target} HTTP/1.1\r\nhost: registry.test\r\n".encode(), AUTHORIZATION]
    if length is not None and method not in ("GET", "HEAD"):
        lines.append(b"content-length: %d\r\n" % length)
    return b"".join([*lines, *(header + b"\r\n" for header in headers), b"\r\n"])


def get(repository: str, digest: str, *headers: bytes) -> bytes:
    """A request for a blob."""
    return head("GET", f"/v2/{repository}/blobs/{digest}", None, *headers)


def put(location: str, content: bytes, *, chunked: int = 0) -> bytes:
    """A request that closes an upload with its content, in chunks of that size if it is not 0."""
    target = f"{location}?digest={digest_of(content)}"
    if not chunked:
        return head("PUT", target, len(content)) + content
    return head("PUT", target, None, b"transfer-encoding: chunked") + in_chunks(content, chunked)


def in_chunks(content: bytes, size: int) -> bytes:
    """The content in chunked transfer coding."""
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    return b"".join([*(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces), b"0\r\n\r\n"])


def descriptors() -> dict[str, str]:
    """What this process has open, but for what a listing itself opens."""
    found = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - a path object for each would be slower than they change
        with contextlib.suppress(OSError):
            found[name] = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115 - as above
    return found


def serving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, by_threads: bool, **named: object) -> Iterator[Served]:
    """A registry, stopped in the end."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 5)
    served = Served(tmp_path / "data", by_threads=by_threads, **named)  # type: ignore[arg-type]
    try:
        yield served
    finally:
        served.stop()
