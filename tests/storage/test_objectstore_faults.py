"""The object store's client against a server that refuses, breaks off, or stays away."""

import asyncio
import logging
import re
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlencode

import pytest

from entrepot.model.errors import ObjectMissing, StorageFailed
from entrepot.storage import objectwriter
from entrepot.storage.contract import Key, fresh_key
from entrepot.storage.objectstore import ATTEMPTS, ObjectStorage

MIB = 1 << 20
SECRET = "verysecretverysecret"
CONTENT = struct.pack(f">{5 * MIB // 8}Q", *range(5 * MIB // 8))

_HEAD = re.compile(rb"^([A-Z]+) (\S+) HTTP/1\.1\r\n(.*?)\r\n\r\n", re.DOTALL)
_RANGE = re.compile(rb"range: bytes=(\d+)-(\d+)", re.IGNORECASE)
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


Script = Callable[[str, str, int, int], bytes]
"""From method, path and range to an answer."""


class Server:
    """Speaks enough HTTP to answer as a test's script says, and keeps what it was asked."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[tuple[str, str]] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = _HEAD.match(await reader.readuntil(b"\r\n\r\n"))
            assert head is not None
            length, asked = _LENGTH.search(head[3]), _RANGE.search(head[3])
            if length:
                await reader.readexactly(int(length[1]))
            method, path = head[1].decode(), head[2].decode()
            self.asked.append((method, path))
            start, last = (int(asked[1]), int(asked[2])) if asked else (0, -1)
            writer.write(self.script(method, path, start, last + 1))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def answer(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def part_of_content(start: int, end: int, most: int) -> bytes:
    """An answer that announces the range and gives at most `most` bytes of it."""
    return answer(
        "206 Partial Content",
        CONTENT[start : min(end, start + most)],
        f"Content-Range: bytes {start}-{end - 1}/{len(CONTENT)}",
        'ETag: "whatever"',
        "Last-Modified: Tue, 03 Feb 2026 10:00:00 GMT",
        length=end - start,
    )


def refusal(status: str, code: str) -> bytes:
    body = f"<Error><Code>{code}</Code><Message>no, {SECRET}</Message></Error>"
    return answer(status, body.encode(), "Content-Type: application/xml")


Serve = Callable[[Script], Awaitable[tuple[ObjectStorage, Server]]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    running: list[asyncio.Server] = []

    async def start(script: Script) -> tuple[ObjectStorage, Server]:
        server = Server(script)
        listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
        running.append(listening)
        port = listening.sockets[0].getsockname()[1]
        return ObjectStorage.from_url(url(port)), server

    yield start
    for listening in running:
        listening.close()
        await listening.wait_closed()


def url(port: int) -> str:
    options = {"endpoint": f"http://127.0.0.1:{port}", "region": "r", "access_key_id": "a", "secret_access_key": SECRET}
    return f"s3://objects/prefix?{urlencode(options)}"


async def get(storage: ObjectStorage, key: Key, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in storage.read(key, start, end)])


async def send(storage: ObjectStorage, size: int) -> None:
    writer = await storage.create(fresh_key())
    try:
        for _ in range(0, size, MIB):
            await writer.write([b"x" * min(size, MIB)])
        await writer.finish()
    finally:
        await writer.abort()


async def test_a_read_that_breaks_off_is_taken_up_where_it_stopped(serve: Serve) -> None:
    storage, server = await serve(lambda method, path, start, end: part_of_content(start, end, 1_300_000))
    assert await get(storage, fresh_key(), 3, len(CONTENT) - 3) == CONTENT[3:-3]
    assert len(server.asked) >= 5


async def test_a_read_that_never_gives_anything_ends(serve: Serve) -> None:
    storage, server = await serve(lambda method, path, start, end: part_of_content(start, end, 0))
    with pytest.raises(StorageFailed, match="broke off"):
        await asyncio.wait_for(get(storage, fresh_key(), 0, 10), 60)
    assert len(server.asked) >= ATTEMPTS


async def test_an_object_that_vanishes_in_the_middle_of_a_read_is_missing(serve: Serve) -> None:
    def script(method: str, path: str, start: int, end: int) -> bytes:
        return part_of_content(start, end, MIB) if start == 0 else refusal("404 Not Found", "NoSuchKey")

    storage, _ = await serve(script)
    with pytest.raises(ObjectMissing):
        await get(storage, fresh_key(), 0, len(CONTENT))


@pytest.mark.parametrize(
    ("status", "code"), [("403 Forbidden", "AccessDenied"), ("401 Unauthorized", "InvalidToken"), ("400 Bad", "Odd")]
)
async def test_a_refusal_is_told_once_and_shows_no_secret(
    serve: Serve, caplog: pytest.LogCaptureFixture, status: str, code: str
) -> None:
    storage, server = await serve(lambda method, path, start, end: refusal(status, code))
    with caplog.at_level(logging.DEBUG):
        for doing in (send(storage, 10), get(storage, fresh_key(), 0, 10), storage.remove(fresh_key())):
            with pytest.raises(StorageFailed, match=f"{status[:3]} {code}") as failure:
                await doing
            assert SECRET not in str(failure.value)
            assert failure.value.__suppress_context__
    assert len(server.asked) == 3
    assert SECRET not in caplog.text


async def test_a_part_that_is_refused_stops_the_upload_and_clears_it_up(serve: Serve) -> None:
    started = b"<InitiateMultipartUploadResult><UploadId>upload7</UploadId></InitiateMultipartUploadResult>"

    def script(method: str, path: str, start: int, end: int) -> bytes:
        match method:
            case "HEAD":
                return answer("404 Not Found")
            case "POST":
                return answer("200 OK", started)
            case "DELETE":
                return answer("204 No Content")
        return refusal("403 Forbidden", "AccessDenied")

    storage, server = await serve(script)
    with pytest.raises(StorageFailed, match="AccessDenied"):
        await asyncio.wait_for(send(storage, 60 * MIB), 60)
    methods = [method for method, path in server.asked]
    assert methods[:2] == ["HEAD", "POST"]
    assert methods.count("PUT") <= 4
    assert ("DELETE", "uploadId=upload7") in [(method, path.partition("?")[2]) for method, path in server.asked]


async def test_an_upload_that_cannot_be_completed_is_not_finished(serve: Serve) -> None:
    def script(method: str, path: str, start: int, end: int) -> bytes:
        match method:
            case "HEAD":
                return answer("404 Not Found")
            case "POST" if "uploads" in path:
                return answer("200 OK", b"<X><UploadId>upload7</UploadId></X>")
            case "PUT":
                return answer("200 OK", b"", 'ETag: "part"')
            case "DELETE":
                return answer("204 No Content")
        return refusal("400 Bad Request", "InvalidPart")

    storage, server = await serve(script)
    with pytest.raises(StorageFailed, match="InvalidPart"):
        await asyncio.wait_for(send(storage, 20 * MIB), 60)
    assert server.asked[-1][0] in ("POST", "DELETE")


async def test_an_object_of_too_many_parts_is_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objectwriter, "MOST_PARTS", 2)
    storage, server = await serve(
        lambda method, path, start, end: (
            answer("404 Not Found")
            if method == "HEAD"
            else answer("200 OK", b"<X><UploadId>upload7</UploadId></X>", 'ETag: "part"')
        )
    )
    with pytest.raises(StorageFailed, match="part_size"):
        await asyncio.wait_for(send(storage, 17 * MIB), 60)
    assert server.asked[-1][0] == "DELETE"


async def test_a_store_that_is_not_there_is_told_in_bounded_time() -> None:
    listening = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    listening.close()
    await listening.wait_closed()
    storage = ObjectStorage.from_url(url(port))
    with pytest.raises(StorageFailed, match="not reached"):
        await asyncio.wait_for(send(storage, 10), 60)
