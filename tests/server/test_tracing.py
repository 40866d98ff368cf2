"""Spans, as a collector receives them."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from running_server import PLAIN, Start


class Collector(ThreadingHTTPServer):
    """A collector that keeps what it gets."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.received: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> list[Span]:
        """Every span that came."""
        found = []
        for _, body in self.received:
            request = ExportTraceServiceRequest()
            request.ParseFromString(body)
            for resource in request.resource_spans:
                found += [span for scope in resource.scope_spans for span in scope.spans]
        return found


class Receiver(BaseHTTPRequestHandler):
    """Takes what is posted."""

    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_request_is_a_span_under_the_callers(start: Start, collector: Collector) -> None:
    server = start(f"tracing={collector.url}", workers=1)
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    headers = {"traceparent": f"00-{trace}-{parent}-01", "x-request-id": "mine", "authorization": "Bearer s3cret"}
    httpx.get(server.url + "/v2/library/x/manifests/y?token=s3cret", headers=headers, verify=PLAIN)
    server.get("/fail")
    server.get("/readyz")
    assert server.stop() == 0
    assert {path for path, _ in collector.received} == {"/v1/traces"}
    assert not any(b"s3cret" in body for _, body in collector.received)
    asked, failed = collector.spans()
    assert (asked.name, asked.kind) == ("GET manifest", Span.SPAN_KIND_SERVER)
    assert (asked.trace_id.hex(), asked.parent_span_id.hex()) == (trace, parent)
    attributes = {each.key: each.value.string_value or each.value.int_value for each in asked.attributes}
    assert attributes == {
        "http.request.method": "GET",
        "url.path": "/v2/library/x/manifests/y",
        "url.scheme": "http",
        "http.response.status_code": 200,
        "entrepot.kind": "manifest",
        "entrepot.request_id": "mine",
    }
    assert failed.parent_span_id == b""
    assert failed.status.code == Status.STATUS_CODE_ERROR


def test_nothing_of_it_is_loaded_when_it_is_off() -> None:
    program = "import sys, entrepot.cli; sys.exit('opentelemetry.sdk' in sys.modules)"
    source = Path(__file__).parents[2] / "src"
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": str(source)})
