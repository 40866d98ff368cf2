"""A store as it is in a cloud: some milliseconds away, and each connection to it only so fast."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from urllib.parse import parse_qs, quote, urlsplit

from stress.servers import s3

AWAY = 0.015
"""Seconds from a request's end to its answer's first byte, beside what the store itself takes."""
RATE = 80e6
"""Bytes a second of one connection."""
CHUNK = 64 * 1024


@contextmanager
def far_s3() -> Iterator[str]:
    """The URL of a bucket in such a store, which lives as long as the context."""
    context = multiprocessing.get_context("spawn")
    with s3() as url:
        near = _endpoint(url)
        ours, theirs = context.Pipe()
        process = context.Process(target=_pass_on, args=(theirs, near), daemon=True)
        process.start()
        try:
            yield url.replace(quote(near, safe=""), quote(f"http://127.0.0.1:{ours.recv()}", safe=""))
        finally:
            process.kill()
            process.join()


def _endpoint(url: str) -> str:
    return parse_qs(urlsplit(url).query)["endpoint"][0]


def _pass_on(pipe: Connection, near: str) -> None:
    asyncio.run(_serve(pipe, near))


async def _serve(pipe: Connection, near: str) -> None:
    port = urlsplit(near).port
    assert port is not None

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", port)
        line = _Line()
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(line.requests(reader, outer), line.answers(inner, writer))
        for each in (writer, outer):
            each.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Line:
    """One connection: what it carries back comes no sooner, and no faster, than it would from afar."""

    def __init__(self) -> None:
        self._free = 0.0
        """When the next byte may be sent, by the loop's clock."""

    async def requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            self._free = asyncio.get_running_loop().time() + AWAY
            writer.write(data)
            await writer.drain()
        writer.close()

    async def answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(CHUNK):
            if self._free > loop.time():
                await asyncio.sleep(self._free - loop.time())
            writer.write(data)
            await writer.drain()
            self._free = max(self._free, loop.time()) + len(data) / RATE
        writer.close()
