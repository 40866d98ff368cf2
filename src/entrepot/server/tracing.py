"""OpenTelemetry: a span for each request, sent to a collector. Nothing of it is imported unless it is switched on."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from entrepot import __version__
from entrepot.server.exchange import kind_of
from entrepot.server.service import Asgi, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


def tracer_provider(endpoint: str) -> "TracerProvider":
    """A provider that sends spans to the OTLP endpoint (HTTP), `/v1/traces` below the address given.

    Starts a thread, so it is made in the worker, after the fork; `shutdown()` sends what is left.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    address = endpoint if endpoint.endswith("/v1/traces") else f"{endpoint}/v1/traces"
    resource = Resource.create({"service.name": "entrepot", "service.version": __version__})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    return provider


def traced(application: Asgi, provider: "TracerProvider") -> Asgi:
    """The application with a server span around each request, under the caller's `traceparent` if it sent one.

    Attributes follow OpenTelemetry's semantic conventions for HTTP. The query is left out: it can hold secrets.
    """
    from opentelemetry.trace import SpanKind, Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    tracer = provider.get_tracer("entrepot", __version__)
    extract = TraceContextTextMapPropagator().extract

    async def tracing(scope: Scope, receive: Receive, send: Send) -> None:
        carrier = {
            name.decode(): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in (b"traceparent", b"tracestate")
        }
        kind = kind_of(scope["path"])
        with tracer.start_as_current_span(
            f"{scope['method']} {kind}",
            context=extract(carrier),
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": scope["method"],
                "url.path": scope["path"],
                "url.scheme": scope["scheme"],
                "entrepot.kind": kind,
                "entrepot.request_id": scope.get("state", {}).get("request_id", ""),
            },
        ) as span:

            def note(status: int) -> None:
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_status(Status(StatusCode.ERROR))

            await application(scope, receive, _noting(send, note))

    return tracing


def _noting(send: Send, note: Callable[[int], None]) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            note(message["status"])
        await send(message)

    return noting
