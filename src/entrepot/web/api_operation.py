"""The operations of the management API, as its OpenAPI document tells them."""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from entrepot.web.api_schema import Line, Schemas, example_of, kind_of, line_of, lines_of

Document = Mapping[str, Any]
_METHODS = ("get", "head", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Parameter:
    """What is sent beside the body."""

    place: str
    """`path`, `query` or `header`."""
    line: Line

    @property
    def field(self) -> str:
        """What forms call it, so that it is no other of the same name."""
        return f"{self.place}.{self.line.name}"


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, or comes back, in a body."""

    media_type: str
    kind: str
    lines: tuple[Line, ...]
    example: str
    """As JSON."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request is answered with."""

    status: int
    phrase: str
    headers: tuple[str, ...]
    body: Body | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation."""

    id: str
    tag: str
    method: str
    base: str
    """Before every path."""
    path: str
    told: str
    """What it does; code is between backticks, as in Markdown."""
    parameters: tuple[Parameter, ...]
    body: Body | None
    replies: tuple[Reply, ...]

    def address(self, values: Mapping[str, str]) -> str:
        """The path and query, parameters filled in by their `field`; nothing if a part of the path is missing."""
        path, query = self.path, []
        for one in self.parameters:
            value = values.get(one.field, "")
            if one.place == "path":
                if value in ("", ".", ".."):
                    return ""
                # Twice, as Harbor asks for it: proxies open the first.
                segment = quote(value, safe="")
                path = path.replace(f"{{{one.line.name}}}", quote(segment, safe="") if "/" in value else segment)
            elif one.place == "query" and value:
                query.append((one.line.name, value))
        return self.base + path + (f"?{urlencode(query)}" if query else "")

    def command(self, host: str, who: str, values: Mapping[str, str]) -> str:
        """The line for curl, which asks for the password; what is not filled in stands in capitals."""
        named = {one.field: one.line.name.upper() for one in self.parameters if one.place == "path"}
        filled = {**named, **{field: value for field, value in values.items() if value}}
        words = ["curl", "-u", who]
        if self.method != "GET":
            words += ["-I"] if self.method == "HEAD" else ["-X", self.method]
        if self.body is not None:
            words += ["-H", f"Content-Type: {self.body.media_type}", "-d", self.body.example]
        return shlex.join([*words, host + self.address(filled)])


@cache
def operations_of(document: Callable[[], Document]) -> Mapping[str, Operation]:
    """Every operation by its id, in the order of the document. The first call takes a second."""
    told = document()
    schemas: Schemas = told.get("components", {}).get("schemas", {})
    base = told["servers"][0]["url"]
    found = [
        _operation(base, path, method, item[method], schemas)
        for path, item in told["paths"].items()
        for method in _METHODS
        if method in item
    ]
    return {one.id: one for one in found}


def _operation(base: str, path: str, method: str, told: Mapping[str, Any], schemas: Schemas) -> Operation:
    parameters = [
        Parameter(one["in"], line_of(one["name"], one["schema"], required=bool(one.get("required"))))
        for one in told.get("parameters", ())
    ]
    return Operation(
        id=told["operationId"],
        tag=next(iter(told.get("tags", ())), ""),
        method=method.upper(),
        base=base,
        path=path,
        told=told.get("description", ""),
        parameters=tuple(parameters),
        body=_body(told.get("requestBody", {}), schemas),
        replies=tuple(_reply(int(status), reply, schemas) for status, reply in sorted(told["responses"].items())),
    )


def _reply(status: int, told: Mapping[str, Any], schemas: Schemas) -> Reply:
    return Reply(status, HTTPStatus(status).phrase, tuple(sorted(told.get("headers", {}))), _body(told, schemas))


def _body(holder: Mapping[str, Any], schemas: Schemas) -> Body | None:
    for media_type, content in holder.get("content", {}).items():
        schema = content.get("schema", {})
        example = json.dumps(example_of(schema, schemas), ensure_ascii=False)
        return Body(media_type, kind_of(schema), lines_of(schema, schemas), example)
    return None
