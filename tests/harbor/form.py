"""An operation in the one form to which both the contract and an OpenAPI document are brought."""

from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
METHODS = {"get", "put", "post", "delete", "head", "patch", "options", "trace"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value looks like, references followed."""

    type: str
    """JSON's name of it; `any`; `free object` for one that may have any fields and says nothing of their values."""
    nullable: bool = False
    format: str | None = None
    enum: frozenset[Any] | None = None
    default: Any = None
    maximum: float | None = None
    minimum: float | None = None
    max_length: int | None = None
    min_length: int | None = None
    read_only: bool = False
    fields: dict[str, "Shape"] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    always: frozenset[str] = frozenset()
    """The fields that the contract wants in every answer, zero or not (`x-omitempty: false`)."""
    items: "Shape | None" = None
    values: "Shape | None" = None
    """Of an object whose names are free: what their values look like."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter."""

    required: bool
    shape: Shape


@dataclass(frozen=True, slots=True)
class Answer:
    """One status."""

    shape: Shape | None
    headers: frozenset[str]
    """In lower case."""
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, with its full path."""

    method: str
    path: str
    tag: str
    deprecated: bool
    parameters: dict[tuple[str, str], Parameter]
    """By place (`path`, `query`, `header`) and name."""
    body: Shape | None
    body_required: bool
    answers: dict[str, Answer]
    """Good and bad, by status."""


def contracted(contract: dict[str, Any]) -> dict[str, Operation]:
    """The operations of Harbor's contract by id."""
    return {told["id"]: _contracted(told, contract) for told in contract["operations"]}


def documented(document: dict[str, Any]) -> dict[str, Operation]:
    """The operations of an OpenAPI 3 document by id."""
    base = document.get("servers", [{"url": ""}])[0]["url"].rstrip("/")
    return {
        told["operationId"]: _documented(method, base + path, told, document)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
        if method in METHODS
    }


def _contracted(told: dict[str, Any], contract: dict[str, Any]) -> Operation:
    schemas = contract["schemas"]
    parameters = {}
    for index in told["params"]:
        one = contract["param_table"][index]
        # In a parameter, `required` says whether it must come; in a schema, which fields must.
        schema = {key: value for key, value in one.items() if key != "required"}
        parameters[one["in"], _named(one)] = Parameter(one.get("required", False), _contracted_shape(schema, schemas))
    (media_type,) = told.get("produces", [JSON])
    answers = {
        status: Answer(
            None if schema is None else _contracted_shape(schema, schemas),
            frozenset(header.lower() for header in headers),
            media_type,
        )
        for status, (schema, *headers) in told["ok"].items()
    }
    for status, schema in contract["error_table"][told["err"]].items():
        answers[status] = Answer(None if schema is None else _contracted_shape(schema, schemas), frozenset())
    return Operation(
        method=told["m"],
        path=contract["meta"]["basePath"] + told["p"],
        tag=told["tag"],
        deprecated=told.get("deprecated", False),
        parameters=parameters,
        body=_contracted_shape(told["body"], schemas) if "body" in told else None,
        body_required=told.get("bodyRequired", False),
        answers=answers,
    )


def _contracted_shape(schema: Any, schemas: dict[str, Any]) -> Shape:
    if isinstance(schema, str):
        return _contracted_shape(schemas[schema], schemas)
    if "$ref" in schema:
        schema = {**schemas[schema["$ref"]], **{key: value for key, value in schema.items() if key != "$ref"}}
    fields = schema.get("properties", {})
    values = schema.get("additionalProperties")
    return Shape(
        type=_type_of(schema),
        nullable=_marked(schema, "x-nullable") or _marked(schema, "x-isnullable"),
        fields={name: _contracted_shape(inner, schemas) for name, inner in fields.items()},
        # The contract notes at each field what Harbor's file lists for the whole object.
        required=_fields_with(fields, "required", True),
        always=_fields_with(fields, "x-omitempty", False),
        items=_contracted_shape(schema["items"], schemas) if "items" in schema else None,
        values=_contracted_shape(values, schemas) if values and values is not True else None,
        **_limits(schema),
    )


def _documented(method: str, path: str, told: dict[str, Any], document: dict[str, Any]) -> Operation:
    body = told.get("requestBody")
    answers = {}
    for status, answer in told["responses"].items():
        media_type, schema = _content(answer)
        answers[status] = Answer(
            None if schema is None else _documented_shape(schema, document),
            frozenset(header.lower() for header in answer.get("headers", ())),
            media_type,
        )
    return Operation(
        method=method.upper(),
        path=path,
        tag=told.get("tags", [""])[0],
        deprecated=told.get("deprecated", False),
        parameters={
            (one["in"], _named(one)): Parameter(one.get("required", False), _documented_shape(one["schema"], document))
            for one in told.get("parameters", ())
        },
        body=_documented_shape(_content(body)[1], document) if body else None,
        body_required=bool(body and body.get("required", False)),
        answers=answers,
    )


def _content(holder: dict[str, Any]) -> tuple[str, Any]:
    """The media type and schema of a body; the schema is None if there is none."""
    for media_type, told in holder.get("content", {}).items():
        return media_type, told.get("schema", {})
    return JSON, None


def _documented_shape(schema: dict[str, Any], document: dict[str, Any]) -> Shape:
    schema, nullable = _resolved(schema, document)
    values = schema.get("additionalProperties")
    return Shape(
        type=_type_of(schema),
        nullable=nullable,
        fields={name: _documented_shape(inner, document) for name, inner in schema.get("properties", {}).items()},
        required=frozenset(schema.get("required", ())),
        items=_documented_shape(schema["items"], document) if "items" in schema else None,
        values=_documented_shape(values, document) if values and values is not True else None,
        **_limits(schema),
    )


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema with its reference, its one alternative and null taken out of it, and whether it may be null."""
    nullable = False
    while True:
        rest = {key: value for key, value in schema.items() if key not in ("$ref", "oneOf", "anyOf", "allOf")}
        if "$ref" in schema:
            inner = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        else:
            choices = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf") or []
            wanted = [one for one in choices if one.get("type") != "null"]
            nullable = nullable or len(wanted) < len(choices)
            if len(wanted) != 1:
                break
            inner = wanted[0]
        schema = {**inner, **rest}
    kinds = schema.get("type")
    if isinstance(kinds, list):
        rest_of = [kind for kind in kinds if kind != "null"]
        nullable = nullable or len(rest_of) < len(kinds)
        schema = {**schema, "type": rest_of[0] if len(rest_of) == 1 else " or ".join(sorted(rest_of))}
    if any(key in schema for key in ("oneOf", "anyOf", "allOf")):
        schema = {**schema, "type": "one of several"}
    return schema, nullable


def _type_of(schema: dict[str, Any]) -> str:
    kind = str(schema.get("type") or ("object" if "properties" in schema else "any"))
    if kind == "object" and not schema.get("properties") and not schema.get("additionalProperties"):
        return "free object"
    if kind == "object" and schema.get("additionalProperties") is True:
        return "free object"
    return kind


def _limits(schema: dict[str, Any]) -> dict[str, Any]:
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    return {
        "format": schema.get("format"),
        "enum": frozenset(choices) if choices is not None else None,
        "default": schema.get("default"),
        "maximum": schema.get("maximum"),
        "minimum": schema.get("minimum"),
        "max_length": schema.get("maxLength"),
        "min_length": schema.get("minLength"),
        "read_only": schema.get("readOnly", False),
    }


def _fields_with(fields: dict[str, Any], mark: str, value: bool) -> frozenset[str]:
    return frozenset(name for name, told in fields.items() if isinstance(told, dict) and told.get(mark) is value)


def _marked(schema: dict[str, Any], mark: str) -> bool:
    return schema.get(mark) is True


def _named(parameter: dict[str, Any]) -> str:
    """Names of headers are the same in any case."""
    name: str = parameter["name"]
    return name.lower() if parameter["in"] == "header" else name
