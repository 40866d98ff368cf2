"""What people fill in: the fields of a form, and the query of an address."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from entrepot.model.errors import Invalid
from entrepot.wire.asgi import Receive

LARGEST = 256 * 1024
"""Bytes of a form; a description or a list of a thousand ticked rows fits well."""
MOST_FIELDS = 2000


class Fields:
    """Names and values; a name may come more than once."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def text(self, name: str, default: str = "") -> str:
        """The last value of that name, without blanks around it; NUL, which no database keeps, is U+FFFD."""
        return self._values.get(name, [default])[-1].strip().replace("\0", "\ufffd")

    def secret(self, name: str) -> str:
        """The value exactly as it was typed."""
        return self._values.get(name, [""])[-1]

    def many(self, name: str) -> tuple[str, ...]:
        """Every value of that name."""
        return tuple(self._values.get(name, ()))

    def ticked(self, name: str) -> bool:
        """Whether a box of that name is ticked."""
        return bool(self.text(name))

    def whole(self, name: str, default: int | None = None, *, least: int = 0, most: int = 2**53) -> int:
        """A whole number; the default if the field is empty. Raises Invalid."""
        text = self.text(name)
        if not text and default is not None:
            return default
        if not (text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and len(text) <= 17):
            raise Invalid(f"{name} is a whole number")
        if not least <= (value := int(text)) <= most:
            raise Invalid(f"{name} is at least {least} and at most {most}")
        return value

    def as_pairs(self) -> Mapping[str, tuple[str, ...]]:
        """Everything, to be filled in again."""
        return {name: tuple(values) for name, values in self._values.items()}


def fields_of(encoded: bytes) -> Fields:
    """The fields of a query or of a form's body. Raises Invalid."""
    try:
        return Fields(parse_qsl(encoded.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise Invalid("the form is malformed, or has too many fields") from error


async def read_form(content_type: bytes, receive: Receive) -> Fields:
    """The fields of a request's body. Raises Invalid."""
    if content_type.partition(b";")[0].strip().lower() not in (b"application/x-www-form-urlencoded", b""):
        raise Invalid("send a form: Content-Type: application/x-www-form-urlencoded")
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("the form broke off before its end")
        body += message.get("body", b"")
        if len(body) > LARGEST:
            raise Invalid(f"a form has at most {LARGEST // 1024} KiB")
        if not message.get("more_body"):
            return fields_of(bytes(body))
