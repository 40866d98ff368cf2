"""Requests that wait until the database was heard, before they are answered at once or in the usual way."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import uvicorn
import uvloop
from served_registry import Client

from entrepot.server.lane import Lane
from entrepot.server.protocol import BoundedProtocol
from entrepot.wire.asgi import Receive, Scope, Send
from entrepot.wire.ready import Ready

ONE, TWO = b"GET /one HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /two HTTP/1.1\r\nhost: x\r\n\r\n"


class Held:
    """A Quick that is heard when the test says so, and then answers `/one` alone."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.came: list[float] = []

    def hear(self, method: str, target: bytes, fields: object, then: Callable[[], None], /) -> bool:
        self.waiting.append(then)
        return True

    def __call__(self, method: str, target: bytes, fields: object, client: str, came: float, /) -> Ready | None:
        self.came.append(came)
        return Ready(b"content-length: 5\r\n", b"quick", "") if target == b"/one" else None


async def usually(scope: Scope, receive: Receive, send: Send) -> None:
    body = b"usual %b" % scope["path"].encode()
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Server:
    """A server of its own loop, in a thread."""

    def __init__(self) -> None:
        self.quick = Held()
        self._listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            usually,  # type: ignore[arg-type]
            http=partial(BoundedProtocol, lane=Lane(self.quick, behind_proxies=False)),  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
        )
        self.server = uvicorn.Server(config)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread = threading.Thread(target=lambda: uvloop.run(self._serve()))
        self.thread.start()

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        await self.server.serve([self._listening])

    def connect(self) -> Client:
        return Client(socket.create_connection(self._listening.getsockname(), timeout=10))

    def hears(self, count: int) -> None:
        """Lets so many requests go on, once they are there."""
        until(lambda: len(self.quick.waiting) >= count)
        waiting, self.quick.waiting = self.quick.waiting, []
        assert self.loop is not None
        for then in waiting:
            self.loop.call_soon_threadsafe(then)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive()


def until(true: Callable[[], Any]) -> None:
    for _ in range(1000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def test_what_was_heard_is_answered_at_once_or_in_the_usual_way(server: Server) -> None:
    with server.connect() as one, server.connect() as two:
        one.send(ONE)
        two.send(TWO)
        server.hears(2)
        assert (one.answer().body, two.answer().body) == (b"quick", b"usual /two")
        assert 0 < min(server.quick.came) <= time.perf_counter()
        for request, body in ((TWO, b"usual /two"), (ONE, b"quick")) * 3:
            one.send(request)
            server.hears(1)
            assert one.answer().body == body


@pytest.mark.parametrize("later", [ONE + TWO, TWO + ONE, ONE[:9]])
def test_what_comes_meanwhile_is_answered_afterwards(server: Server, later: bytes) -> None:
    with server.connect() as client:
        client.send(ONE)
        until(lambda: server.quick.waiting)
        client.send(later)
        time.sleep(0.1)
        assert len(server.quick.waiting) == 1
        server.hears(1)
        assert client.answer().body == b"quick"
        if later == ONE[:9]:
            client.send(ONE[9:])
            server.hears(1)
            assert client.answer().body == b"quick"
            return
        # Two that come together are asked in the usual way, in order.
        answered = [client.answer().body for _ in range(2)]
        assert answered == [b"usual /" + part[5:8] for part in later.split(b"\r\n\r\n") if part]


@pytest.mark.parametrize(("request_", "body"), [(ONE, b"quick"), (TWO, b"usual /two")])
def test_a_stop_waits_for_what_was_put_off(server: Server, request_: bytes, body: bytes) -> None:
    with server.connect() as client:
        client.send(request_)
        until(lambda: server.quick.waiting)
        server.server.should_exit = True
        time.sleep(0.5)
        server.hears(1)
        assert client.answer().body == body
        assert client.until_closed() == b""


def test_who_goes_away_meanwhile_is_forgotten(server: Server) -> None:
    gone = server.connect()
    gone.send(ONE)
    until(lambda: server.quick.waiting)
    gone.connection.close()
    time.sleep(0.1)
    server.hears(1)
    with server.connect() as client:
        client.send(ONE)
        server.hears(1)
        assert client.answer().body == b"quick"
