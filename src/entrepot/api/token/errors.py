"""How the token endpoint tells each error: status, and code in the registry API's error body."""

import json

from entrepot.model.errors import EntrepotError, Failed, Invalid, Refused, TooManyAttempts, Unauthenticated

# The first class that an error is one of; of what is not here, the endpoint knows no way to raise it.
_TABLE: tuple[tuple[type[EntrepotError], int, str], ...] = (
    (TooManyAttempts, 429, "TOOMANYREQUESTS"),
    (Unauthenticated, 401, "UNAUTHORIZED"),
    (Refused, 403, "DENIED"),
    (Invalid, 400, "BAD_REQUEST"),
    (Failed, 503, "UNAVAILABLE"),
    (EntrepotError, 409, "CONFLICT"),
)
_RETRY_FAILED_SECONDS = 5


def status_and_code(error: EntrepotError) -> tuple[int, str]:
    """The HTTP status and the code for the error."""
    return next((status, code) for kind, status, code in _TABLE if isinstance(error, kind))


def body(code: str, message: str) -> bytes:
    """The error body of the distribution specification."""
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


def headers(error: EntrepotError) -> list[tuple[bytes, bytes]]:
    """What an answer says besides: how to authenticate, when to come back."""
    if isinstance(error, TooManyAttempts):
        return [(b"retry-after", str(error.retry_after).encode())]
    if isinstance(error, Unauthenticated):
        return [(b"www-authenticate", b'Basic realm="entrepot"')]
    if isinstance(error, Failed):
        return [(b"retry-after", str(_RETRY_FAILED_SECONDS).encode())]
    return []
