"""The outermost layer of a worker: health, request ids, request log, metrics and traces around the service."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from entrepot.api.health import Health
from entrepot.model.errors import EntrepotError
from entrepot.server.exchange import Observer, observed
from entrepot.server.glimpse import Glimpsed
from entrepot.server.logs import RequestLog
from entrepot.server.metrics import Metrics
from entrepot.server.service import Asgi, Gauge, Service
from entrepot.server.tracing import traced, tracer_provider
from entrepot.wire.ready import Quick


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What is told about requests, and to whom."""

    log_requests: bool
    as_json: bool
    tracing_endpoint: str
    """Where traces go; empty for nowhere."""
    counts: Path | None
    """The folder through which the workers know each other's counts; None if there is only one."""


class Edge:
    """A service as it is seen from outside: itself a Service, made in the worker around another one."""

    def __init__(self, service: Service, watching: Watching) -> None:
        self._service = service
        self._watching = watching
        self._started = False
        self._observers: list[Observer] = []
        self._request_log: RequestLog | None = None
        self._provider = tracer_provider(watching.tracing_endpoint) if watching.tracing_endpoint else None

    async def start(self) -> Asgi:
        """The service's application with everything around it."""
        application = await self._service.start()
        if self._provider is not None:
            application = traced(application, self._provider)
        metrics = Metrics(self._watching.counts)
        self._observers = [metrics]
        if self._watching.log_requests:
            self._request_log = RequestLog(sys.stdout.fileno(), as_json=self._watching.as_json)
            self._observers.append(self._request_log)
        self._started = True
        return Health(
            observed(application, self._observers),
            probes=self._service.probes,
            started=lambda: self._started,
            metrics=lambda: self._render(metrics),
        )

    @property
    def quick(self) -> Quick | None:
        """The service's, with everything around it; none where requests are traced, for a trace is of the usual way."""
        quick = self._service.quick
        return None if quick is None or self._provider is not None else Glimpsed(quick, self._observers)

    async def gauges(self) -> Sequence[Gauge]:
        """The service's."""
        return await self._service.gauges()

    async def _render(self, metrics: Metrics) -> tuple[bytes, str]:
        gauges: Sequence[Gauge] = ()
        try:
            gauges = await self._service.gauges()
        except EntrepotError as error:  # Counters are worth most when something does not work.
            structlog.get_logger("entrepot.metrics").warning("metrics without the registry's state", error=str(error))
        # Reads a few small files of each worker; a thread keeps that away from requests.
        return await asyncio.to_thread(metrics.render, gauges)

    @property
    def probes(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """The service's."""
        return self._service.probes

    def closing(self) -> None:
        """As the service's."""
        self._service.closing()

    async def run_tasks(self, stop: asyncio.Event) -> None:
        """Does the service's own work."""
        await self._service.run_tasks(stop)

    async def stop(self) -> None:
        """Stops the service, and writes and sends what lines and traces are left."""
        await self._service.stop()
        if self._request_log is not None:
            self._request_log.flush()
        if self._provider is not None:
            await asyncio.to_thread(self._provider.shutdown)
