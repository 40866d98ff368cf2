"""What Prometheus reads, of all workers together."""

import os
import signal
import threading
import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from running_server import PLAIN, Running, Start, wait_for

from entrepot.server.counts import WRITE_AFTER
from entrepot.server.exchange import kind_of


def _samples(server: Running) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = server.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def _value(server: Running, name: str, **labels: str) -> float:
    return _samples(server).get((name, tuple(sorted(labels.items()))), 0.0)


MANIFEST_GETS = {"method": "GET", "kind": "manifest", "status": "200"}


@pytest.mark.parametrize("workers", [1, 2])
def test_requests_of_every_worker_are_counted_wherever_one_asks(start: Start, workers: int) -> None:
    server = start(workers=workers)
    pids = {server.get("/v2/library/x/manifests/y").text for _ in range(40)}
    assert len(pids) == workers
    for _ in range(5):
        assert wait_for(lambda: _value(server, "entrepot_http_requests_total", **MANIFEST_GETS) == 40)
    httpx.put(server.url + "/v2/library/x/blobs/uploads/1", content=b"y" * 1000, verify=PLAIN)
    assert wait_for(lambda: _value(server, "entrepot_http_received_bytes_total", kind="upload") == 1000)
    assert _value(server, "entrepot_http_sent_bytes_total", kind="manifest") >= 40
    assert _value(server, "entrepot_http_request_seconds_count", method="GET", kind="manifest") == 40


def test_the_registry_s_own_figures_are_told(start: Start) -> None:
    assert _value(start(workers=1), "tiny_gauge") == 7


def test_counts_survive_a_killed_worker(start: Start) -> None:
    server = start(workers=2)
    pids = {int(server.get("/v2/library/x/manifests/y").text) for _ in range(30)}
    assert wait_for(lambda: _value(server, "entrepot_http_requests_total", **MANIFEST_GETS) == 30)
    time.sleep(2 * WRITE_AFTER)  # also those of the one that will die are written down
    os.kill(pids.pop(), signal.SIGKILL)
    assert wait_for(lambda: len(server.pids(2)) == 2)
    assert _value(server, "entrepot_http_requests_total", **MANIFEST_GETS) == 30


def test_transfers_in_flight_go_up_and_down_and_die_with_their_worker(start: Start) -> None:
    server = start(workers=2)
    path = "/v2/library/x/blobs/uploads/1"

    def in_flight() -> float:
        return _value(server, "entrepot_transfers_in_flight", direction="in")

    def slowly() -> None:
        def body() -> object:
            yield b"x"
            time.sleep(1)
            yield b"y"

        try:
            httpx.put(server.url + path, content=body(), verify=PLAIN)  # type: ignore[arg-type]
        except httpx.HTTPError:
            return

    upload = threading.Thread(target=slowly)
    upload.start()
    assert wait_for(lambda: in_flight() == 1)
    upload.join()
    assert wait_for(lambda: in_flight() == 0)
    upload = threading.Thread(target=slowly)
    upload.start()
    assert wait_for(lambda: in_flight() == 1)
    for pid in server.pids(2):
        os.kill(pid, signal.SIGKILL)
    upload.join()

    def gone() -> bool:
        try:
            return in_flight() == 0
        except httpx.HTTPError:
            return False

    assert wait_for(gone)


def test_unknown_methods_and_paths_do_not_make_labels(start: Start) -> None:
    server = start(workers=1)
    httpx.request("REPORT", server.url + "/secret-1", verify=PLAIN)
    httpx.request("GET", server.url + "/secret-2", verify=PLAIN)
    names = {labels for name, labels in _samples(server) if name == "entrepot_http_requests_total"}
    assert names == {
        (("kind", "other"), ("method", "other"), ("status", "200")),
        (("kind", "other"), ("method", "GET"), ("status", "200")),
    }


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v2/", "base"),
        ("/v2/_catalog", "catalog"),
        ("/v2/library/x/manifests/latest", "manifest"),
        ("/v2/library/x/blobs/sha256:0", "blob"),
        ("/v2/library/x/blobs/uploads/", "upload"),
        ("/v2/library/x/blobs/uploads", "upload"),
        ("/v2/library/x/blobs/uploads/1-2", "upload"),
        ("/v2/manifests/blobs/tags/list", "tags"),
        ("/v2/library/x/referrers/sha256:0", "referrers"),
        ("/v2/library/x", "other"),
        ("/service/token", "token"),
        ("/api/v2.0/projects", "api"),
        ("/", "other"),
        ("", "other"),
    ],
)
def test_kinds(path: str, kind: str) -> None:
    assert kind_of(path) == kind
