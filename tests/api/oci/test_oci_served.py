"""Through a real server and sockets: what a refused client gets to read, and when reading from the store ends."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from oci_doubles import Content, digest_of

from entrepot.api.oci.app import OciApp


@pytest.fixture
async def port(app: OciApp) -> AsyncIterator[int]:
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http="httptools", lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status, *lines = head.strip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(status.split()[1]), headers, body


async def test_refused_client_that_writes_first_reads_why(port: int) -> None:
    """It writes 6 MiB, without looking up, to somebody who wants none of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    size = 6 * 1024 * 1024
    head = f"PUT /v2/library/a/manifests/1 HTTP/1.1\r\nHost: registry.test\r\nContent-Length: {size}\r\n\r\n"
    writer.write(head.encode() + bytes(size))
    await writer.drain()
    status, headers, body = await _answer(reader)
    assert (status, headers["connection"]) == (401, "close")
    assert b"UNAUTHORIZED" in body
    assert await reader.read() == b""
    writer.close()


async def test_refused_client_with_little_content_keeps_its_connection(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(
            b"PUT /v2/library/a/manifests/1 HTTP/1.1\r\nHost: registry.test\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        )
        status, headers, _ = await _answer(reader)
        assert status == 401
        assert "connection" not in headers
    writer.close()


async def test_client_that_waits_to_be_asked_is_not_asked(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"PATCH /v2/library/a/blobs/uploads/x HTTP/1.1\r\nHost: registry.test\r\n"
        b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    )
    status, headers, _ = await _answer(reader)
    assert (status, headers["connection"]) == (401, "close")
    assert await reader.read() == b""
    writer.close()


async def test_silent_client_is_not_waited_for(port: int) -> None:
    """Content is announced and never comes: the answer does, within the seconds given for reading."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PUT /v2/library/a/manifests/1 HTTP/1.1\r\nHost: registry.test\r\nContent-Length: 5\r\n\r\n")
    async with asyncio.timeout(10):
        status, headers, _ = await _answer(reader)
        assert (status, headers["connection"]) == (401, "close")
        assert await reader.read() == b""
    writer.close()


async def test_reading_ends_with_the_client(port: int, content: Content) -> None:
    size = 64 * 1024 * 1024
    blob = bytes(size)
    digest = content.keep_blob("library/a", blob)
    assert digest == digest_of(blob)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"GET /v2/library/a/blobs/{digest} HTTP/1.1\r\nHost: registry.test\r\nAuthorization: Bearer owner\r\n\r\n"
    writer.write(head.encode())
    await reader.readexactly(100_000)
    writer.transport.abort()
    before = -1
    while content.opened != before:
        before = content.opened
        await asyncio.sleep(0.3)
    assert content.opened < size
    assert content.asked_for_push == [False]
