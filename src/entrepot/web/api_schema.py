"""A schema of the OpenAPI document as people read it: lines, each further in than what holds it; and an example."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schemas = Mapping[str, Mapping[str, Any]]
DEEPEST = 6
"""How far in a schema is told."""
IN_EXAMPLE = 8
"""How many fields an example has of a schema that requires none."""
_REFERENCE = "#/components/schemas/"
_LIMITS = ("minimum", "maximum", "minLength", "maxLength")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One value of a schema."""

    depth: int
    name: str
    kind: str
    """`integer`, `Robot`, `[Robot]` for a list of them, `{string}` for values by any name, `string | null`."""
    required: bool
    default: str
    """As JSON; empty if there is none."""
    choices: tuple[str, ...]
    limits: tuple[tuple[str, int], ...]
    """By the schema's own words: `("maximum", 100)`."""
    read_only: bool


def line_of(name: str, schema: Mapping[str, Any], *, required: bool, depth: int = 0) -> Line:
    """The line of one value."""
    default = schema.get("default")
    return Line(
        depth=depth,
        name=name,
        kind=kind_of(schema),
        required=required,
        default="" if default is None or default == "" else json.dumps(default, ensure_ascii=False),
        choices=tuple(str(one) for one in schema.get("enum", ())),
        limits=tuple((word, int(schema[word])) for word in _LIMITS if word in schema),
        read_only=bool(schema.get("readOnly")),
    )


def lines_of(schema: Mapping[str, Any], schemas: Schemas) -> tuple[Line, ...]:
    """Every field of the schema and of those within it; nothing for a plain value."""
    return tuple(_lines(schema, schemas, 0, frozenset()))


def kind_of(schema: Mapping[str, Any]) -> str:
    """What kind of value it is, in a word."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REFERENCE)
    if "oneOf" in schema:
        return " | ".join(kind_of(one) for one in schema["oneOf"])
    kind = schema.get("type", "")
    if isinstance(kind, list):
        return " | ".join(kind_of({**schema, "type": one}) for one in kind)
    if kind == "array":
        return f"[{kind_of(schema.get('items', {}))}]"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"{{{kind_of(schema['additionalProperties'])}}}"
    return str(schema.get("format") if schema.get("format") in ("date-time", "binary") else kind) or "any"


def example_of(schema: Mapping[str, Any], schemas: Schemas, depth: int = 0) -> Any:
    """A value that fits: what is required, or if nothing is, the first fields."""
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    name = _named(schema)
    if name is not None:
        return example_of(schemas.get(name, {}), schemas, depth + 1) if depth < DEEPEST else {}
    if "oneOf" in schema:
        return example_of(schema["oneOf"][0], schemas, depth)
    kind = schema.get("type", "")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        return [example_of(schema.get("items", {}), schemas, depth)]
    if kind == "object":
        fields = {name: one for name, one in schema.get("properties", {}).items() if not one.get("readOnly")}
        wanted = [name for name in fields if name in schema.get("required", ())] or [*fields][:IN_EXAMPLE]
        return {name: example_of(fields[name], schemas, depth) for name in wanted}
    return {"integer": 0, "number": 0, "boolean": False}.get(kind, "")


def _lines(schema: Mapping[str, Any], schemas: Schemas, depth: int, within: frozenset[str]) -> Iterator[Line]:
    name = _named(schema)
    if name is not None:
        if name not in within and name in schemas:
            yield from _lines(schemas[name], schemas, depth, within | {name})
        return
    if depth >= DEEPEST:
        return
    for inner in (schema.get("items"), schema.get("additionalProperties"), *schema.get("oneOf", ())):
        if isinstance(inner, dict):
            yield from _lines(inner, schemas, depth, within)
    required = schema.get("required", ())
    for field, value in schema.get("properties", {}).items():
        yield line_of(field, value, required=field in required, depth=depth)
        yield from _lines(value, schemas, depth + 1, within)


def _named(schema: Mapping[str, Any]) -> str | None:
    reference = schema.get("$ref")
    return None if reference is None else str(reference).removeprefix(_REFERENCE)
