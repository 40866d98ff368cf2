"""One worker process: an event loop that serves until it is told to stop."""

import asyncio
import os
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import structlog
import uvicorn
import uvloop

from entrepot.model.errors import EntrepotError
from entrepot.server.allocator import keep_freed_memory
from entrepot.server.lane import Lane
from entrepot.server.protocol import BoundedProtocol
from entrepot.server.service import Asgi, Service

KEEP_ALIVE_SECONDS = 75
"""How long an idle connection is kept: longer than the minute after which common proxies drop theirs."""
LONGEST_PAUSE = 60.0
SENDERS = 16
"""How many downloads may wait for a disk at the same time, in each worker; for slow clients none waits."""

STARTED = b"1"
FAILED = b"0"
"""The first byte that a worker tells its parent; after FAILED comes the sentence that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What every worker is given."""

    sockets: list[socket.socket]
    tls: ssl.SSLContext | None
    stop_seconds: float
    """How long running requests may take to end when stopping."""
    trusted_proxies: str
    """Addresses, with commas between, whose forwarding headers are believed; empty for none."""


class _Server(uvicorn.Server):
    """Uvicorn's server, stopped by the worker instead of by signals of its own."""

    def __init__(self, config: uvicorn.Config, when_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_started = when_started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._when_started()


def work(
    serving: Serving, service: Service, *, hush: int | None, orphaned: int, report: Callable[[bytes], None]
) -> int:
    """Serves until SIGTERM, or until `orphaned` can be read, which means that the parent is gone; gives the exit code.

    Does the service's own work as well once `hush` can be read; None: another worker does that. `report` is told
    STARTED once requests are answered, or FAILED and why.
    """
    keep_freed_memory()
    return uvloop.run(_Worker(serving, service, report).run(hush=hush, orphaned=orphaned))


class _Worker:
    def __init__(self, serving: Serving, service: Service, report: Callable[[bytes], None]) -> None:
        self._serving = serving
        self._service = service
        self._report = report
        self._stop = asyncio.Event()
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="sending")
        self._log = structlog.get_logger("entrepot.server").bind(process=os.getpid())

    async def run(self, *, hush: int | None, orphaned: int) -> int:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        loop.add_reader(orphaned, self._be_orphaned, orphaned)
        try:
            application = await self._service.start()
            await self._serve(application, hush)
        except EntrepotError as error:
            self._report(FAILED + str(error).encode())
            return 1
        finally:
            loop.remove_reader(orphaned)
            await self._service.stop()
            await asyncio.to_thread(self._senders.shutdown)
        return 0

    def _be_orphaned(self, orphaned: int) -> None:
        asyncio.get_running_loop().remove_reader(orphaned)
        self._stop.set()

    async def _serve(self, application: Asgi, hush: int | None) -> None:
        server = _Server(self._config(application), lambda: self._report(STARTED))
        tasks = None if hush is None else asyncio.create_task(self._run_tasks(hush))
        ending = asyncio.create_task(self._end(server, tasks))
        await server.serve(sockets=self._serving.sockets)
        # Uvicorn cancels requests that took too long, but does not wait for them to notice.
        cancelled = list(server.server_state.tasks)
        if cancelled:
            await asyncio.wait(cancelled, timeout=1)
        self._stop.set()
        await ending

    async def _end(self, server: _Server, tasks: asyncio.Task[None] | None) -> None:
        """Ends the server and the background work at the same time, once the worker is to stop."""
        await self._stop.wait()
        self._service.closing()
        server.should_exit = True
        if tasks is None:
            return
        await asyncio.wait((tasks,), timeout=self._serving.stop_seconds)
        tasks.cancel()
        await asyncio.gather(tasks, return_exceptions=True)

    async def _run_tasks(self, hush: int) -> None:
        """Keeps the service's own work going: what fails is logged and begun again, after a pause that grows."""
        await self._until_readable(hush)
        pause = 1.0
        while not self._stop.is_set():
            began = asyncio.get_running_loop().time()
            try:
                await self._service.run_tasks(self._stop)
            except Exception:  # noqa: BLE001 - the edge of a job: serving goes on whatever became of it
                if asyncio.get_running_loop().time() - began > LONGEST_PAUSE:
                    pause = 1.0
                self._log.exception("background work failed", again_in_seconds=pause)
                await self._stop_within(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                return

    async def _until_readable(self, descriptor: int) -> None:
        """Returns at the latest when this is to stop."""
        loop, readable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(descriptor, readable.set)
        waiting = [asyncio.ensure_future(event.wait()) for event in (readable, self._stop)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(descriptor)
            for each in waiting:
                each.cancel()

    async def _stop_within(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    def _config(self, application: Asgi) -> uvicorn.Config:
        serving = self._serving
        tls, behind_proxies = serving.tls, bool(serving.trusted_proxies)
        quick = self._service.quick
        lane = None if quick is None else Lane(quick, behind_proxies=behind_proxies)
        config = uvicorn.Config(
            application,
            loop="uvloop",
            http=partial(BoundedProtocol, pool=self._senders, lane=lane),  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            workers=1,
            proxy_headers=behind_proxies,
            forwarded_allow_ips=serving.trusted_proxies,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        )
        # The parameter is declared as whole seconds; the attribute is only ever given to `asyncio.wait_for`.
        config.timeout_graceful_shutdown = serving.stop_seconds  # type: ignore[assignment]
        return config
