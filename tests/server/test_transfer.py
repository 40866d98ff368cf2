"""The extensions that a connection offers to an application, apart from the registry."""

import asyncio
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import uvloop
from served_registry import MIB, Passed, Served

from entrepot.server.protocol import BoundedProtocol
from entrepot.server.tls import context, self_signed
from entrepot.wire.asgi import BODY_SOURCE, ZERO_COPY_SEND

CONTENT = os.urandom(2 * MIB + 3)
START = "http.response.start"
BODY = "http.response.body"
Handle = Callable[[Any, Any, Any], Awaitable[None]]


class Serving:
    """An application of a few lines behind the protocol, in a thread."""

    def __init__(self, handle: Handle) -> None:
        self.errors: list[BaseException] = []
        self._handle = handle
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = self._listening.getsockname()
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=lambda: uvloop.run(self._serve()))
        self._thread.start()

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._handle(scope, receive, send)
        except Exception as error:
            self.errors.append(error)
            raise

    async def _serve(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            config = uvicorn.Config(
                self._application,
                http=partial(BoundedProtocol, pool=pool),  # type: ignore[arg-type]
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
            )
            self._server = uvicorn.Server(config)
            await self._server.serve([self._listening])

    def stop(self) -> None:
        while self._server is None:
            self._thread.join(0.01)
        self._server.should_exit = True
        self._thread.join(10)

    def ask(self, request: bytes) -> bytes:
        """Everything that is answered, up to the end of the connection."""
        with socket.create_connection(self.address, timeout=10) as connection:
            connection.sendall(request)
            answer = b""
            while piece := connection.recv(MIB):
                answer += piece
        return answer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "content"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def serve() -> Iterator[Callable[[Handle], Serving]]:
    serving: list[Serving] = []

    def begin(handle: Handle) -> Serving:
        serving.append(Serving(handle))
        return serving[-1]

    yield begin
    for server in serving:
        server.stop()


def request(method: str = "GET", *headers: str) -> bytes:
    lines = [f"{method} / HTTP/1.1", "host: x", "connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, CONTENT[100:]),
        ({"offset": 0}, CONTENT),
        ({"offset": 5, "count": 7}, CONTENT[5:12]),
        ({"count": 9}, CONTENT[100:109]),
        ({"offset": len(CONTENT)}, b""),
        ({"offset": 3, "count": 0}, b""),
    ],
)
@pytest.mark.parametrize("length", ["told", "chunked"])
def test_offset_and_count_are_as_the_specification_says(
    serve: Callable[[Handle], Serving], file: Path, asked: dict[str, int], expected: bytes, length: str
) -> None:
    async def handle(scope: Any, receive: Any, send: Any) -> None:
        assert ZERO_COPY_SEND in scope["extensions"]
        headers = [(b"content-length", b"%d" % (len(expected) + 6))] if length == "told" else []
        await send({"type": START, "status": 200, "headers": headers})
        await send({"type": BODY, "body": b"abc", "more_body": True})
        with file.open("rb") as opened:
            opened.seek(100)
            message = {"type": ZERO_COPY_SEND, "file": opened, "more_body": True, **asked}
            await send(message)
        assert message["count"] == len(expected)
        await send({"type": BODY, "body": b"xyz"})

    server = serve(handle)
    for _ in range(2):
        body = server.ask(request()).partition(b"\r\n\r\n")[2]
        if length == "chunked":
            between = b"%x\r\n%b\r\n" % (len(expected), expected) if expected else b""
            assert body == b"3\r\nabc\r\n" + between + b"3\r\nxyz\r\n0\r\n\r\n"
        else:
            assert body == b"abc" + expected + b"xyz"
    assert server.errors == []


def test_a_head_has_no_body(serve: Callable[[Handle], Serving], file: Path) -> None:
    async def handle(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": START, "status": 200, "headers": [(b"content-length", b"%d" % len(CONTENT))]})
        with file.open("rb") as opened:
            await send({"type": ZERO_COPY_SEND, "file": opened})

    server = serve(handle)
    head, _, body = server.ask(request("HEAD")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b""
    assert server.errors == []


def test_more_than_was_announced_is_not_sent(serve: Callable[[Handle], Serving], file: Path) -> None:
    async def handle(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": START, "status": 200, "headers": [(b"content-length", b"10")]})
        with file.open("rb") as opened:
            await send({"type": ZERO_COPY_SEND, "file": opened})

    server = serve(handle)
    assert server.ask(request()).partition(b"\r\n\r\n")[2] == b""
    assert [type(error) for error in server.errors] == [RuntimeError]


def test_a_file_is_no_head_and_no_second_end(serve: Callable[[Handle], Serving], file: Path) -> None:
    async def handle(scope: Any, receive: Any, send: Any) -> None:
        with file.open("rb") as opened:
            with pytest.raises(RuntimeError):
                await send({"type": ZERO_COPY_SEND, "file": opened})
            await send({"type": START, "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": BODY})
            with pytest.raises(RuntimeError):
                await send({"type": ZERO_COPY_SEND, "file": opened})

    server = serve(handle)
    assert server.ask(request()).endswith(b"\r\n\r\n")
    assert server.errors == []


def test_what_was_written_before_goes_out_before(serve: Callable[[Handle], Serving], file: Path) -> None:
    """More than the kernel takes at once, in front of a file, to a client that does not read yet."""
    before = os.urandom(12 * MIB)
    written = threading.Event()

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": START, "status": 200, "headers": []})
        await send({"type": BODY, "body": before, "more_body": True})
        asyncio.get_running_loop().call_later(0.3, written.set)
        with file.open("rb") as opened:
            await send({"type": ZERO_COPY_SEND, "file": opened})

    server = serve(handle)
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert written.wait(10)
        answer = b""
        while piece := connection.recv(MIB):
            answer += piece
    body = answer.partition(b"\r\n\r\n")[2]
    assert body == b"%x\r\n" % len(before) + before + b"\r\n%x\r\n" % len(CONTENT) + CONTENT + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_can_be_taken_in_part_by_a_source_and_then_by_messages(
    serve: Callable[[Handle], Serving], framing: str
) -> None:
    found: list[bytes] = []

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        source = scope["extensions"][BODY_SOURCE]["open"]()
        buffer = memoryview(bytearray(100_000))
        while len(body) < MIB:
            parts = await asyncio.to_thread(source.fill, buffer)
            body += b"".join(parts)
            if not parts:
                await source.ready()
        source.close()
        more = True
        while more:
            message = await receive()
            assert message["type"] == "http.request"
            body += message["body"]
            more = message["more_body"]
        found.append(body)
        assert scope["extensions"][BODY_SOURCE]["open"]() is None
        await send({"type": START, "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": BODY, "body": b"ok"})

    server = serve(handle)
    if framing == "length":
        asked = f"PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT
    else:
        asked = b"PUT / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        asked += b"%x\r\n%b\r\n" % (len(CONTENT), CONTENT) + b"0\r\n\r\n"
    answer = server.ask(asked + asked.replace(b"host: x", b"connection: close"))
    assert server.errors == []
    assert found == [CONTENT, CONTENT]
    assert answer.count(b"HTTP/1.1 200") == 2


def test_a_small_body_is_for_messages_only(serve: Callable[[Handle], Serving]) -> None:
    async def handle(scope: Any, receive: Any, send: Any) -> None:
        assert scope["extensions"][BODY_SOURCE]["open"]() is None
        message = await receive()
        await send({"type": START, "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": BODY, "body": message["body"]})

    server = serve(handle)
    assert server.ask(request("PUT", "content-length: 5") + b"hello").endswith(b"hello")
    assert server.errors == []


def test_with_tls_messages_are_all_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that wrote to such a socket itself would write in plain text."""
    passed = Passed(monkeypatch)
    served = Served(tmp_path / "data", by_threads=True, tls=context(*self_signed(tmp_path / "tls", "localhost")))
    try:
        with served.connect() as client:
            for chunked in (0, 100_000):
                digest = client.put("library/a", CONTENT, chunked=chunked)
                assert client.get("library/a", digest).body == CONTENT
    finally:
        served.stop()
    assert (passed.up, passed.down) == (0, 0)
