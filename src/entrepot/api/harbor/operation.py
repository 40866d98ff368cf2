"""How an operation is declared: `@get(path, **operation("getUser", "user", errors=(401, 404, 500)))`."""

from typing import Annotated, TypedDict

from litestar.datastructures import ResponseHeader
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, ParameterKwarg, PathParameter, QueryParameter

from entrepot.api.harbor.errors import Errors
from entrepot.api.harbor.values import LEAST, MOST

LIST = ("Link", "X-Total-Count")
CREATED = ("Location", "X-Request-Id")
CHANGED = ("X-Request-Id",)


class Operation(TypedDict):
    """What `operation` gives to one of Litestar's decorators."""

    operation_id: str
    tags: list[str]
    status_code: int
    responses: dict[int, ResponseSpec]
    response_headers: list[ResponseHeader]
    raises: list[type[HTTPException]]


def operation(
    operation_id: str,
    tag: str,
    *,
    status: int = 200,
    errors: tuple[int, ...] = (),
    headers: tuple[str, ...] = (),
    also: tuple[int, ...] = (),
) -> Operation:
    """What the contract says of one operation, to be spread into its decorator: `@get(path, **operation(…))`.

    That values which do not fit are refused, by 400 or 422, and credentials that are wrong, by 401, goes without saying
    there, and is said here. `also`: other statuses of success that the contract has, without a body.
    """
    return Operation(
        operation_id=operation_id,
        tags=[tag],
        status_code=status,
        responses={**dict.fromkeys((400, 401, *errors, 422), _ERROR), **dict.fromkeys(also, _NOTHING)},
        response_headers=[ResponseHeader(name=name, value="", documentation_only=True) for name in headers],
        raises=[],
    )


_ERROR = ResponseSpec(Errors, generate_examples=False, description="Refused; the reason is in the body")

_NOTHING = ResponseSpec(None, generate_examples=False, description="Done")

REQUEST_ID = HeaderParameter(annotation=str, name="X-Request-Id", min_length=1, required=False)
"""Taken by every operation; the server reads it, so that no handler has to."""
IsName = Annotated[bool, HeaderParameter(name="X-Is-Resource-Name")]
"""Whether a project of digits alone is meant by its name, not by its id."""


def path_id(format_: str | None = "int64") -> ParameterKwarg:
    """An id in a path, with the format that the contract gives it."""
    return PathParameter(ge=LEAST, le=MOST, schema_extra={"format": format_} if format_ else None)


DryRun = Annotated[bool, QueryParameter(name="dry_run")]
"""Whether to tell only what would be deleted. Not Harbor's."""
Force = Annotated[bool, QueryParameter(name="force")]
"""Whether to delete what is not empty as well. Not Harbor's."""
Page = Annotated[int, QueryParameter(ge=LEAST, le=MOST, schema_extra={"format": "int64"})]
PageSize = Annotated[int, QueryParameter(ge=LEAST, le=100, schema_extra={"format": "int64"})]
Search = Annotated[str | None, QueryParameter(name="q")]
Sort = Annotated[str | None, QueryParameter(name="sort")]
