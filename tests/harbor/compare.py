"""Holds an OpenAPI document to Harbor's contract: every difference that is not tolerated, and what is still missing.

Both sides are brought into one form (`form.py`) and compared there. Whatever is let pass is a row of `TOLERATED`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from form import Answer, Operation, Parameter, Shape, contracted, documented

SHAPE_KEYS = (
    "type",
    "nullable",
    "format",
    "enum",
    "default",
    "maximum",
    "minimum",
    "max_length",
    "min_length",
    "read_only",
)
MACHINE_WIDTHS = {"int", "int8", "int32", "uint64", "float", "float64"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the contract says in another way than the document."""

    operation: str
    """Its operationId."""
    place: str
    """Where in it: `query parameter page`, `body.metadata.public`, `answer 200[].id`."""
    kind: str
    """What differs: `type`, `required`, `field`, `header`, …"""
    contract: object
    """What the contract says; None if nothing."""
    document: object
    """What the document says; None if nothing."""

    def __str__(self) -> str:
        return f"{self.operation}: {self.place}: {self.kind}: {self.contract!r} in the contract, {self.document!r} here"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A kind of difference that is let pass."""

    name: str
    reason: str
    holds: Callable[[Difference], bool]


OURS = frozenset(
    {
        "getProjectTrash",
        "getProjectUsage",
        "getQuarantined",
        "getScrub",
        "getScrubLog",
        "getStorageUsage",
        "getTrash",
        "liftHold",
        "listBlobUsage",
        "listHolds",
        "listQuarantine",
        "listRepositoryUsage",
        "listScrubs",
        "listTagHistory",
        "listTrash",
        "placeHold",
        "purgeTrash",
        "restoreTrash",
        "rollBackTag",
        "startScrub",
        "stopScrub",
        "updateProjectTrash",
    }
)
"""Operations that Harbor does not have."""

UNTOLD_SETTINGS = ("pull_audit_log_disable", "pull_count_update_disable", "pull_time_update_disable")

TOLERATED = (
    Tolerance(
        "more refusals",
        "a refusal that Harbor gives as well, or that this registry gives, without the contract saying so",
        lambda found: found.kind == "status" and found.contract is None and found.place.startswith("answer 4"),
    ),
    Tolerance(
        "parameters of our own",
        "what may be asked for beside what Harbor knows; left out, everything is as in Harbor",
        lambda found: (
            found.kind == "parameter"
            and found.contract is None
            and found.place in ("query parameter dry_run", "query parameter force")
        ),
    ),
    Tolerance(
        "closing slash",
        "the same route answers with and without it",
        lambda found: found.kind == "path" and found.contract == f"{found.document}/",
    ),
    Tolerance(
        "always sent",
        "a field that is in every answer is more than was promised; in a body it would be a demand",
        lambda found: found.kind == "always sent" and found.document is True,
    ),
    Tolerance(
        "zero default",
        "what a body leaves out is Go's zero value, whether or not it is spelled out",
        lambda found: (
            found.kind == "default"
            and " parameter " not in found.place
            and {str(found.contract), str(found.document)} <= {"None", "", "0", "False", "[]", "{}"}
        ),
    ),
    Tolerance(
        "widths of Go",
        "`int`, `int8`, `uint64`, `float64` are widths of Harbor's memory; no client has to know them",
        lambda found: (
            found.kind == "format" and found.contract in MACHINE_WIDTHS and found.document in (None, "int64", "double")
        ),
    ),
    Tolerance(
        "widths of free values",
        "what generates the document does not say the width of the values of an object whose names are free",
        lambda found: found.kind == "format" and found.place.endswith("{}") and found.contract == "int64",
    ),
    Tolerance(
        "never negative",
        "that a number is at least 0 is what its format uint64 says",
        lambda found: found.kind == "minimum" and found.contract is None and found.document == 0,
    ),
    Tolerance(
        "free form",
        "an object without fields is any value in Harbor's Go, so the document says any value",
        lambda found: (
            found.kind == "type"
            and (found.contract, found.document) in (("free object", "any"), ("object", "free object"))
        ),
    ),
    Tolerance(
        "any addition",
        "what is shown beside an artifact is JSON of any form; the contract calls it a string",
        lambda found: found.kind == "type" and (found.contract, found.document) == ("string", "any"),
    ),
    Tolerance(
        "file",
        "OpenAPI 3 has no type `file`: a download is a string",
        lambda found: found.kind == "type" and (found.contract, found.document) == ("file", "string"),
    ),
    Tolerance(
        "error with words",
        "where Harbor declares an error without a body, it has Harbor's usual one",
        lambda found: found.kind == "content" and found.contract is None and found.document == ERROR,
    ),
    Tolerance(
        "settings that were not told",
        "Harbor has these settings and takes them from its environment; its contract does not list them",
        lambda found: (
            found.operation in ("getConfigurations", "updateConfigurations")
            and found.kind == "field"
            and found.contract is None
            and found.place.endswith(UNTOLD_SETTINGS)
        ),
    ),
    Tolerance(
        "operations of our own",
        "what Harbor does not have at all, under paths that it does not use",
        lambda found: found.kind == "not in the contract" and found.operation in OURS,
    ),
)
"""Everything that is let pass, each with its reason. A difference that matches no row is one."""

ERROR = Shape(
    type="object",
    fields={
        "errors": Shape(
            type="array",
            items=Shape(
                type="object",
                fields={"code": Shape(type="string"), "message": Shape(type="string")},
                required=frozenset({"code", "message"}),
            ),
        )
    },
    required=frozenset({"errors"}),
)
"""Harbor's body of errors, as a document shows it."""


def differences(document: dict[str, Any], contract: dict[str, Any], served: set[str]) -> list[Difference]:
    """Where the document, for the operations of these ids, says something else than the contract.

    An operation that is served and not in the document is one, as is any that is not in the contract.
    """
    found = list(all_differences(document, contract, served))
    return [one for one in found if not any(tolerance.holds(one) for tolerance in TOLERATED)]


def all_differences(document: dict[str, Any], contract: dict[str, Any], served: set[str]) -> Iterator[Difference]:
    """The same with what is tolerated."""
    here, there = documented(document), contracted(contract)
    for name in sorted(here.keys() - there.keys()):
        yield Difference(name, "operation", "not in the contract", None, here[name].path)
    for name in sorted(served):
        if name not in there:
            if name not in here:
                yield Difference(name, "operation", "not in the contract", None, None)
        elif name not in here:
            yield Difference(name, "operation", "not in the document", there[name].path, None)
        else:
            yield from _operation(name, there[name], here[name])


def missing(document: dict[str, Any], contract: dict[str, Any]) -> dict[str, list[str]]:
    """The operations of the contract that the document does not have, by tag."""
    here = documented(document)
    absent: dict[str, list[str]] = defaultdict(list)
    for name, operation in sorted(contracted(contract).items()):
        if name not in here:
            absent[operation.tag].append(name)
    return dict(absent)


def _operation(name: str, there: Operation, here: Operation) -> Iterator[Difference]:
    for kind in ("method", "path", "tag", "deprecated"):
        if getattr(there, kind) != getattr(here, kind):
            yield Difference(name, "operation", kind, getattr(there, kind), getattr(here, kind))
    for key in sorted(there.parameters.keys() | here.parameters.keys()):
        yield from _parameter(name, f"{key[0]} parameter {key[1]}", there.parameters.get(key), here.parameters.get(key))
    if there.body_required != here.body_required:
        yield Difference(name, "body", "required", there.body_required, here.body_required)
    yield from _content(name, "body", there.body, here.body, asked=True)
    for status in sorted(there.answers.keys() | here.answers.keys()):
        yield from _answer(name, f"answer {status}", there.answers.get(status), here.answers.get(status))


def _parameter(name: str, place: str, there: Parameter | None, here: Parameter | None) -> Iterator[Difference]:
    if there is None or here is None:
        yield Difference(name, place, "parameter", there and there.shape.type, here and here.shape.type)
        return
    if there.required != here.required:
        yield Difference(name, place, "required", there.required, here.required)
    yield from _shape(name, place, there.shape, here.shape, asked=True)


def _answer(name: str, place: str, there: Answer | None, here: Answer | None) -> Iterator[Difference]:
    if there is None or here is None:
        yield Difference(name, place, "status", there and "declared", here and "declared")
        return
    for header in sorted(there.headers ^ here.headers):
        yield Difference(
            name,
            place,
            "header",
            header if header in there.headers else None,
            header if header in here.headers else None,
        )
    if there.shape and here.shape and there.media_type != here.media_type:
        yield Difference(name, place, "media type", there.media_type, here.media_type)
    yield from _content(name, place, there.shape, here.shape, asked=False)


def _content(name: str, place: str, there: Shape | None, here: Shape | None, *, asked: bool) -> Iterator[Difference]:
    if there is not None and here is not None:
        yield from _shape(name, place, there, here, asked=asked)
    elif there is not here:
        yield Difference(name, place, "content", there, here)


def _shape(name: str, place: str, there: Shape, here: Shape, *, asked: bool) -> Iterator[Difference]:
    """Field by field. `asked` is for what clients send: there a required field is a demand, else a promise."""
    for key in SHAPE_KEYS:
        said, says = getattr(there, key), getattr(here, key)
        if said != says or isinstance(said, bool) != isinstance(says, bool):
            yield Difference(name, place, key, said, says)
    if there.type != here.type:
        return
    for field in sorted(there.fields.keys() | here.fields.keys()):
        inner = f"{place}.{field}"
        if field not in there.fields or field not in here.fields:
            yield Difference(name, inner, "field", _type(there.fields.get(field)), _type(here.fields.get(field)))
            continue
        demanded = field in (there.required if asked else there.required | there.always)
        if demanded != (field in here.required):
            yield Difference(name, inner, "required" if asked else "always sent", demanded, field in here.required)
        yield from _shape(name, inner, there.fields[field], here.fields[field], asked=asked)
    for part, mark in (("items", "[]"), ("values", "{}")):
        yield from _content(name, place + mark, getattr(there, part), getattr(here, part), asked=asked)


def _type(shape: Shape | None) -> str | None:
    return shape.type if shape else None
