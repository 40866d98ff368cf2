"""A registry's worth of server around an application of a few lines, run as a program of its own.

Prints `ready PORT` once every worker answers.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from entrepot.model.errors import DatabaseFailed
from entrepot.server.counts import forget_worker, shared_by_workers
from entrepot.server.edge import Edge, Watching
from entrepot.server.logs import configure
from entrepot.server.service import Asgi, Gauge, Receive, Scope, Send
from entrepot.server.sockets import listen
from entrepot.server.tls import context
from entrepot.server.worker import Serving
from entrepot.server.workers import StartFailed, Workers
from entrepot.wire.ready import Quick


class Tiny:
    """Answers `/slow` in ten pieces over a good second, `/fail` with an exception, and the rest with its process id."""

    def __init__(self, number: int, folder: Path) -> None:
        self._number = number
        self._folder = folder

    async def start(self) -> Asgi:
        if (self._folder / "refuse").exists():
            raise DatabaseFailed("the database is at lunch")
        return answer

    @property
    def quick(self) -> Quick | None:
        return None

    @property
    def probes(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        return {"database": self._database}

    async def _database(self) -> None:
        if (self._folder / "broken").exists():
            raise DatabaseFailed("the database is at lunch")

    async def gauges(self) -> Sequence[Gauge]:
        return [Gauge("tiny_gauge", "A figure.", 7)]

    async def run_tasks(self, stop: asyncio.Event) -> None:
        with (self._folder / "tasks").open("a") as file:
            file.write(f"begin {self._number} {os.getpid()}\n")
        await stop.wait()
        with (self._folder / "tasks").open("a") as file:
            file.write(f"end {self._number} {os.getpid()}\n")

    def closing(self) -> None:
        pass

    async def stop(self) -> None:
        with (self._folder / "stopped").open("a") as file:
            file.write(f"{os.getpid()}\n")


async def work_beside(folder: Path, stop: asyncio.Event, when_ready: Callable[[], None]) -> None:
    """Serves nothing."""
    when_ready()
    with (folder / "beside").open("a") as file:
        file.write(f"begin {os.getpid()}\n")
    await stop.wait()
    with (folder / "beside").open("a") as file:
        file.write(f"end {os.getpid()}\n")


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """The application."""
    scope["state"]["principal"] = "someone"
    if scope["path"] == "/fail":
        raise RuntimeError("as asked")
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    if scope["path"] == "/slow":
        for _ in range(10):
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
            await asyncio.sleep(0.12)
        await send({"type": "http.response.body", "body": b""})
    elif scope["path"] == "/echo":
        await send({"type": "http.response.body", "body": body})
    else:
        await send({"type": "http.response.body", "body": str(os.getpid()).encode()})


def main(folder: Path, workers: int, port: int, stop_seconds: float, *options: str) -> None:
    """Serves until it is told to stop."""
    named: dict[str, Any] = dict(option.split("=", 1) for option in options)
    sockets = listen("127.0.0.1", port)
    port = sockets[0].getsockname()[1]
    tls = context(Path(named["certificate"]), Path(named["key"])) if "certificate" in named else None
    as_json = configure("json", "info")
    serving = Serving(sockets=sockets, tls=tls, stop_seconds=stop_seconds, trusted_proxies="")
    with shared_by_workers(workers) as counts:
        watching = Watching(
            log_requests=True, as_json=as_json, tracing_endpoint=named.get("tracing", ""), counts=counts
        )
        Workers(
            serving,
            lambda number: Edge(Tiny(number, folder), watching),
            workers,
            background=[partial(work_beside, folder)] * int(named.get("beside", 0)),
            when_ready=lambda: print("ready", port, flush=True),
            when_lost=partial(forget_worker, counts),
        ).run()
    print("ended", flush=True)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), *sys.argv[5:])
    except StartFailed as error:
        sys.exit(f"start failed: {error}")
