"""A request of the management API, and an answer to it without a body."""

from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.response.base import ASGIResponse

from entrepot.api.harbor.front import Arrival
from entrepot.wire.parts import Parts


class HarborRequest(Request[Any, Any, State]):
    """A request whose JSON is checked once, strictly, against the type of the handler's `data`."""

    @property
    def parts(self) -> Parts:
        """What operations work on."""
        parts: Parts = self.scope["state"]["parts"]
        return parts

    @property
    def arrival(self) -> Arrival:
        """Who asks."""
        arrival: Arrival = self.scope["state"]["arrival"]
        return arrival

    async def json(self) -> Any:
        """The body as the handler's `data`.

        A field that is null counts as left out, as Go's clients expect. Raises HTTPException 415 if it is not sent as
        JSON, 400 if it is not JSON, ValidationException (answered 422) if it does not fit.
        """
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise HTTPException(status_code=415, detail="send the body with Content-Type: application/json")
        wanted = self.route_handler.parsed_fn_signature.parameters["data"].annotation
        try:
            told = _without_nulls(msgspec.json.decode(await self.body()))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HTTPException(status_code=400, detail=f"the body is not JSON: {error}") from error
        try:
            return msgspec.convert(told, type=wanted)
        except msgspec.ValidationError as error:
            raise ValidationException(detail=f"body: {error}") from error


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


class Done(ASGIResponse):
    """An answer without a body: 200 as it is, 201 with the `location` of what was made, or 202."""

    def __init__(self, status: int = 200, *, location: str = "") -> None:
        super().__init__(status_code=status, headers={"location": location} if location else None)
        del self.headers["content-type"]
