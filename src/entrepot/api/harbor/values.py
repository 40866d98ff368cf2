"""Values as Harbor's API writes them."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

LEAST, MOST = -(2**63), 2**63 - 1
"""What a database's integer holds. Without these bounds a greater number would be an error of the database."""

Number = Annotated[int, Meta(ge=LEAST, le=MOST)]
"""A whole number in a body, where the contract gives no format."""
Int = Annotated[int, Meta(ge=LEAST, le=MOST, extra_json_schema={"extra": {"format": "int"}})]
"""The same with Harbor's own format `int`."""
Int64 = Annotated[int, Meta(ge=LEAST, le=MOST, extra_json_schema={"extra": {"format": "int64"}})]
"""The same with the format `int64`."""
Int32 = Annotated[int, Meta(ge=LEAST, le=MOST, extra_json_schema={"extra": {"format": "int32"}})]
"""The same with the format `int32`."""
Uint64 = Annotated[int, Meta(ge=0, extra_json_schema={"extra": {"format": "uint64"}})]
"""The same with the format `uint64`."""
DateTime = Annotated[str, Meta(extra_json_schema={"extra": {"format": "date-time"}})]
"""A moment in a body, as `date_time` writes it."""


def date_time(microseconds: int) -> str:
    """A moment (microseconds since 1970) as Harbor writes it: UTC, to the millisecond."""
    moment = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{microseconds // 1000 % 1000:03}Z"


def optional_time(microseconds: int | None) -> str:
    """As `date_time`; of a moment that never was, Go's zero time."""
    return "0001-01-01T00:00:00.000Z" if microseconds is None else date_time(microseconds)
