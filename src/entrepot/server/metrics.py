"""Counters for Prometheus, of all workers together."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from entrepot.server.exchange import Exchange

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
_TRANSFERS = {"GET": "out", "POST": "in", "PUT": "in", "PATCH": "in"}
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600)
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared_by_workers(workers: int) -> Iterator[None]:
    """Sets a folder up through which workers share their counters; with one worker none is needed.

    The metrics library looks for the folder when it is first imported, so this must come before, in the parent.
    """
    if workers == 1:
        os.environ.pop(_VARIABLE, None)
        yield
        return
    folder = tempfile.mkdtemp(prefix="entrepot-metrics-")
    os.environ[_VARIABLE] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.pop(_VARIABLE, None)


def forget_worker(process: int) -> None:
    """Takes a dead worker's transfers in flight out of the sums; what it counted stays."""
    folder = os.environ.get(_VARIABLE)
    if folder:
        for file in Path(folder).glob(f"gauge_live*_{process}.db"):
            file.unlink(missing_ok=True)


class Metrics:
    """An observer that counts, in a registry of its own."""

    def __init__(self) -> None:
        # Imported here because the library decides at its import whether counters are shared between processes.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        self._requests = Counter(
            "entrepot_http_requests", "Requests answered.", ("method", "kind", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "entrepot_http_request_seconds",
            "Time from a request's head to the end of its answer.",
            ("method", "kind"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._received = Counter(
            "entrepot_http_received_bytes", "Bytes of request bodies.", ("kind",), registry=self._registry
        )
        self._sent = Counter(
            "entrepot_http_sent_bytes", "Bytes of answers' bodies.", ("kind",), registry=self._registry
        )
        self._in_flight = Gauge(
            "entrepot_transfers_in_flight",
            "Blobs being transferred now.",
            ("direction",),
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram, Counter, Counter]] = {}
        self._directions = {direction: self._in_flight.labels(direction) for direction in ("in", "out")}

    def began(self, exchange: Exchange) -> None:
        """Counts a transfer in."""
        direction = _direction(exchange)
        if direction:
            self._directions[direction].inc()

    def ended(self, exchange: Exchange) -> None:
        """Counts the request, and a transfer out."""
        method = exchange.scope["method"]
        if method not in _METHODS:
            method = "other"
        key = (method, exchange.kind, exchange.status)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (
                self._requests.labels(method, exchange.kind, str(exchange.status)),
                self._seconds.labels(method, exchange.kind),
                self._received.labels(exchange.kind),
                self._sent.labels(exchange.kind),
            )
        requests, seconds, received, sent = known
        requests.inc()
        seconds.observe(time.perf_counter() - exchange.began)
        if exchange.bytes_in:
            received.inc(exchange.bytes_in)
        if exchange.bytes_out:
            sent.inc(exchange.bytes_out)
        direction = _direction(exchange)
        if direction:
            self._directions[direction].dec()

    def render(self) -> tuple[bytes, str]:
        """What Prometheus reads, of all workers, and its media type."""
        from prometheus_client import (
            CONTENT_TYPE_LATEST,
            CollectorRegistry,
            GCCollector,
            PlatformCollector,
            ProcessCollector,
            generate_latest,
        )
        from prometheus_client.multiprocess import MultiProcessCollector

        if os.environ.get(_VARIABLE):
            together = CollectorRegistry()
            MultiProcessCollector(together)  # type: ignore[no-untyped-call]
            return generate_latest(together), CONTENT_TYPE_LATEST
        of_process = CollectorRegistry()
        for collector in (GCCollector, PlatformCollector, ProcessCollector):
            collector(registry=of_process)
        return generate_latest(self._registry) + generate_latest(of_process), CONTENT_TYPE_LATEST


def _direction(exchange: Exchange) -> str | None:
    return _TRANSFERS.get(exchange.scope["method"]) if exchange.kind in ("blob", "upload") else None
