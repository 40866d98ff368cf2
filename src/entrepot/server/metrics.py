"""Counters for Prometheus, of all workers together, and gauges of the registry's state."""

import time
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from entrepot.server.counts import SECONDS, Counts, Row
from entrepot.server.exchange import Exchange, Seen
from entrepot.server.service import Gauge

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
_TRANSFERS = {"GET": "out", "POST": "in", "PUT": "in", "PATCH": "in"}
_BOUNDS = (*(str(bound) for bound in SECONDS), "+Inf")


class Metrics:
    """An observer that counts."""

    def __init__(self, shared: Path | None) -> None:
        """`shared` is the folder through which the workers know each other's counts; None if there is only this one."""
        self._counts = Counts(shared)
        self._registry = CollectorRegistry()
        self._registry.register(_OfRequests(self._counts))
        if shared is None:  # Of several, each would say something else about itself.
            for collector in (GCCollector, PlatformCollector, ProcessCollector):
                collector(registry=self._registry)

    def began(self, exchange: Exchange) -> None:
        """Counts a transfer in."""
        direction = _direction(exchange)
        if direction:
            self._counts.transfer(direction, 1)

    def ended(self, exchange: Exchange) -> None:
        """Counts the request, and a transfer out."""
        direction = _direction(exchange)
        if direction:
            self._counts.transfer(direction, -1)
        self.glimpsed(exchange)

    def glimpsed(self, seen: Seen) -> None:
        """Counts the request."""
        method = seen.method
        key = (method if method in _METHODS else "other", seen.kind, seen.status)
        self._counts.request(key, time.perf_counter() - seen.began, seen.bytes_in, seen.bytes_out)

    def render(self, gauges: Iterable[Gauge] = ()) -> tuple[bytes, str]:
        """What Prometheus reads, of all workers, with the gauges, and its media type."""
        state = CollectorRegistry()
        for one in gauges:
            state.register(_OfState(one))
        return generate_latest(self._registry) + generate_latest(state), CONTENT_TYPE_LATEST


def _direction(exchange: Exchange) -> str | None:
    return _TRANSFERS.get(exchange.method) if exchange.kind in ("blob", "upload") else None


class _OfState(Collector):
    """One figure of the registry's state."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(self._gauge.name, self._gauge.help, value=self._gauge.value)


class _OfRequests(Collector):
    """The counts as Prometheus's families."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        tally = self._counts.together()
        requests = CounterMetricFamily(
            "entrepot_http_requests", "Requests answered.", labels=("method", "kind", "status")
        )
        durations: dict[tuple[str, str], Row] = {}
        kinds: dict[str, Row] = {}
        for (method, kind, status), row in sorted(tally.rows.items()):
            requests.add_metric((method, kind, str(status)), row.count)
            durations.setdefault((method, kind), Row()).add(row)
            kinds.setdefault(kind, Row()).add(row)
        yield requests
        yield _histogram(durations)
        received = CounterMetricFamily("entrepot_http_received_bytes", "Bytes of request bodies.", labels=("kind",))
        sent = CounterMetricFamily("entrepot_http_sent_bytes", "Bytes of answers' bodies.", labels=("kind",))
        for kind, row in kinds.items():
            received.add_metric((kind,), row.bytes_in)
            sent.add_metric((kind,), row.bytes_out)
        yield received
        yield sent
        in_flight = GaugeMetricFamily(
            "entrepot_transfers_in_flight", "Blobs being transferred now.", labels=("direction",)
        )
        for direction, count in tally.in_flight.items():
            in_flight.add_metric((direction,), count)
        yield in_flight


def _histogram(durations: dict[tuple[str, str], Row]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(
        "entrepot_http_request_seconds",
        "Time from a request's head to the end of its answer.",
        labels=("method", "kind"),
    )
    for key, row in durations.items():
        buckets, below = [], 0
        for bound, count in zip(_BOUNDS, row.buckets, strict=True):
            below += count
            buckets.append((bound, below))
        family.add_metric(key, buckets, row.seconds)
    return family
