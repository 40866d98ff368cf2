"""From whatever a handler raises to Harbor's error body."""

from collections.abc import Mapping
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from litestar.typing import FieldDefinition

from entrepot.api.harbor.errors import MASKED, Error, Errors, code_of, status_and_code
from entrepot.model.errors import EntrepotError

LARGEST_BODY = 4 << 20
"""Bytes of a request's body."""


def exception_handlers() -> ExceptionHandlersMap:
    """From whatever is raised to Harbor's error body; of a failure no words of its own are told, they are logged."""
    log = structlog.get_logger("entrepot.harbor")

    def of_ours(_: Request[Any, Any, Any], error: EntrepotError) -> Response[Errors]:
        status, code = status_and_code(error)
        if status >= 500:
            log.error("a request could not be served", exc_info=error)
        return _answer(status, code, MASKED if status >= 500 else str(error))

    def of_form(request: Request[Any, Any, Any], error: ValidationException) -> Response[Errors]:
        return _answer(422, code_of(422), _what_does_not_fit(request, error))

    def of_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Errors]:
        status = error.status_code
        if status >= 500:
            return of_failure(request, error)
        message = {
            404: f"there is nothing under {request.scope['path']}",
            405: f"this path does not take {request.method}",
            413: f"the body is longer than {LARGEST_BODY} bytes",
        }.get(status, error.detail)
        return _answer(status, code_of(status), message, error.headers)

    def of_failure(_: Request[Any, Any, Any], error: Exception) -> Response[Errors]:
        log.error("a request failed", exc_info=error)
        return _answer(500, code_of(500), MASKED)

    return {
        EntrepotError: of_ours,
        ValidationException: of_form,
        HTTPException: of_http,
        Exception: of_failure,
    }  # type: ignore[dict-item, unused-ignore]


def _answer(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response[Errors]:
    return Response(Errors([Error(code, message)]), status_code=status, headers=dict(headers or {}))


def _what_does_not_fit(request: Request[Any, Any, Any], error: ValidationException) -> str:
    """The places and reasons, without the request's own path and query that Litestar adds."""
    extra = error.extra
    if not isinstance(extra, list) or not extra:
        return error.detail.partition(" for path ")[0]
    parameters = request.route_handler.parsed_fn_signature.parameters
    return "; ".join(_reason(one, parameters) for one in extra if isinstance(one, dict))


def _reason(one: dict[str, Any], parameters: Mapping[str, FieldDefinition]) -> str:
    source = one.get("source", "")
    place, key = str(getattr(source, "value", source)), str(one.get("key", ""))
    if (place, key) == ("body", "data"):
        return "send a body"
    # Some have names in requests that Python could not give them.
    declared = parameters[key].kwarg_definition if key in parameters else None
    name = getattr(declared, "name", None) or key
    return f"{place} parameter {name}: {one.get('message', '')}"
