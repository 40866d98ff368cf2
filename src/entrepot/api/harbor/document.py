"""The OpenAPI document of what is served, made from the handlers themselves."""

from collections.abc import Sequence
from typing import Any

from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from entrepot.api.harbor.application import application
from entrepot.api.harbor.values import LEAST, MOST


def document(handlers: Sequence[ControllerRouterHandler]) -> dict[str, Any]:
    """The OpenAPI document of these handlers, freed of what Litestar adds by itself.

    Made by an application of its own, since one that serves requests would also serve Litestar's pages.
    """
    app = application(handlers, documented=True)
    made = app.openapi_schema.to_schema()
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for method, (handler, _) in route.route_handler_map.items():
            told = made["paths"].get(route.path_format, {}).get(method.lower())
            if told is None:
                continue
            if 400 not in (handler.responses or {}):
                told["responses"].pop("400", None)  # Litestar's own form of it, which nothing here answers
            body = handler.parsed_fn_signature.parameters.get("data")
            if body is not None and body.has_default:
                told["requestBody"]["required"] = False
                _never_null(told["requestBody"]["content"]["application/json"])
            for parameter in told.get("parameters", ()):
                _never_null(parameter)
            counted = told["responses"][str(handler.status_code)].get("headers", {}).get("X-Total-Count")
            if counted is not None:
                counted["schema"] = {"type": "integer", "format": "int64"}
    tidied: dict[str, Any] = _tidied(made)
    return tidied


def _never_null(holder: dict[str, Any]) -> None:
    """What is left out is not null: of `X | None` the document says X."""
    schema = holder["schema"]
    if "oneOf" in schema:
        holder["schema"] = {**schema, "oneOf": [one for one in schema["oneOf"] if one != {"type": "null"}]}


def _tidied(value: Any) -> Any:
    """Without choices of one (`X | UnsetType`), `X | None` as two types of one schema, no bounds of 64 bits.

    The bounds are said by the format; as the floating-point numbers that Litestar writes they would not even be exact.
    """
    if isinstance(value, list):
        return [_tidied(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    bounds = {"minimum": (LEAST, float(LEAST)), "maximum": (MOST, float(MOST))}
    tidied = {key: _tidied(inner) for key, inner in value.items() if inner not in bounds.get(key, ())}
    choices = tidied.get("oneOf", ())
    if len(choices) == 1:
        return {**tidied.pop("oneOf")[0], **tidied}
    if len(choices) == 2 and choices[1] == {"type": "null"} and isinstance(choices[0].get("type"), str):
        return {**choices[0], "type": [choices[0]["type"], "null"], **{k: v for k, v in tidied.items() if k != "oneOf"}}
    return tidied
