"""What the protocol adds to Uvicorn's, seen from the other end of a socket."""

import asyncio
import socket
from typing import Any

import httpx
import pytest
import uvicorn
from running_server import PLAIN, Start

from entrepot.server.protocol import BoundedProtocol

OFFER = b"connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAAAAAMAAAAA\r\n"


def test_heads_without_end_are_refused(start: Start) -> None:
    server = start(workers=1)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\n")
        answer = b""
        try:
            for number in range(100_000):
                connection.sendall(b"x-%d: %s\r\n" % (number, b"y" * 1000))
        except OSError:
            pass
        try:
            answer = connection.recv(1000)
        except ConnectionResetError:
            answer = b"HTTP/1.1 431"  # the answer was overtaken by the reset for what was sent after it
    assert answer.startswith(b"HTTP/1.1 431")
    assert server.get("/x").status_code == 200


def test_a_body_larger_than_a_head_may_be_is_no_head(start: Start) -> None:
    server = start(workers=1)
    with httpx.Client(base_url=server.url, verify=PLAIN) as client:
        for size in (10, 300_000, 1_000_000, 5):
            assert client.put("/x", content=b"y" * size).status_code == 200
        assert client.get("/x", headers={"x-long": "y" * 60_000}).status_code == 200


def test_many_requests_at_once_on_a_connection_are_all_answered(start: Start) -> None:
    server = start(workers=1)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        request = b"GET /x HTTP/1.1\r\nhost: x\r\nx-long: " + b"y" * 8000 + b"\r\n\r\n"
        connection.sendall(request * 40)
        connection.settimeout(5)
        answers = b""
        while answers.count(b"HTTP/1.1 200 OK") < 40:
            answers += connection.recv(100_000)
    assert b"HTTP/1.1 431" not in answers


@pytest.mark.parametrize("pieces", [1, 2, 7, 10_000])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_offer_to_upgrade_is_ignored_and_the_body_arrives(start: Start, pieces: int, framing: str) -> None:
    server = start(workers=1)
    body = b"upgrade: h2c\r\n\r\n" * 10
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(2):
            framed = b"content-length: %d\r\n\r\n" % len(body) + body
            if framing == "chunked":
                framed = b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            request = b"PUT /echo HTTP/1.1\r\nhost: x\r\n" + OFFER + framed
            step = -(-len(request) // pieces)
            for start_of_piece in range(0, len(request), step):
                connection.sendall(request[start_of_piece : start_of_piece + step])
            answer = b""
            while not answer.endswith(b"0\r\n\r\n"):
                answer += connection.recv(10_000)
            assert answer.startswith(b"HTTP/1.1 200 OK")
            assert body in answer


async def test_one_timer_closes_a_connection_that_is_idle_and_no_other() -> None:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(1.5 if scope["path"] == "/slow" else 0)
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    config = uvicorn.Config(
        answer, http=BoundedProtocol, ws="none", lifespan="off", interface="asgi3", log_config=None, port=0
    )
    config.timeout_keep_alive = 1
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listening := socket.create_server(("127.0.0.1", 0))]))
    reader, writer = await asyncio.open_connection(*listening.getsockname())

    async def ask(path: str) -> bool:
        writer.write(b"GET %s HTTP/1.1\r\nhost: x\r\n\r\n" % path.encode())
        return (await reader.readuntil(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200")

    for path in ("/", "/", "/slow", "/"):
        assert await ask(path), "closed while it was in use"
        await asyncio.sleep(0.7)
    began = asyncio.get_running_loop().time()
    assert await asyncio.wait_for(reader.read(), 3) == b""
    assert asyncio.get_running_loop().time() - began < 1.5
    writer.close()
    server.should_exit = True
    await serving


def test_trailers_do_not_become_headers(start: Start) -> None:
    server = start(workers=1)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        chunked = (
            b"PUT /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-late: 1\r\n\r\n"
        )
        connection.sendall(chunked + b"GET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        answer = b""
        while piece := connection.recv(10_000):
            answer += piece
    assert answer.count(b"HTTP/1.1 200 OK") == 2
