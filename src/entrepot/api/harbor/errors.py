"""Errors as Harbor's API tells them: the table from the error tree to statuses and codes, and the body's form."""

import msgspec

from entrepot.model import errors
from entrepot.wire.asgi import Header

TABLE: dict[type[errors.EntrepotError], tuple[int, str]] = {
    errors.Invalid: (400, "BAD_REQUEST"),
    errors.NameInvalid: (400, "BAD_REQUEST"),
    errors.TagInvalid: (400, "BAD_REQUEST"),
    errors.DigestInvalid: (400, "DIGEST_INVALID"),
    errors.ManifestInvalid: (400, "MANIFEST_INVALID"),
    errors.ManifestTooLarge: (413, "REQUEST_ENTITY_TOO_LARGE"),
    errors.BlobUploadInvalid: (400, "BAD_REQUEST"),
    errors.SizeInvalid: (400, "BAD_REQUEST"),
    errors.PageInvalid: (422, "UNPROCESSABLE_ENTITY"),
    errors.Unknown: (404, "NOT_FOUND"),
    errors.RepositoryUnknown: (404, "NOT_FOUND"),
    errors.ManifestUnknown: (404, "NOT_FOUND"),
    errors.BlobUnknown: (404, "NOT_FOUND"),
    errors.BlobQuarantined: (404, "NOT_FOUND"),
    errors.BlobUploadUnknown: (404, "NOT_FOUND"),
    errors.ManifestReferencesUnknown: (404, "NOT_FOUND"),
    errors.ProjectUnknown: (404, "NOT_FOUND"),
    errors.UserUnknown: (404, "NOT_FOUND"),
    errors.MemberUnknown: (404, "NOT_FOUND"),
    errors.RecordUnknown: (404, "NOT_FOUND"),
    errors.Refused: (403, "FORBIDDEN"),
    errors.Unauthenticated: (401, "UNAUTHORIZED"),
    errors.ScopeInsufficient: (403, "FORBIDDEN"),
    errors.Denied: (403, "FORBIDDEN"),
    errors.ReadOnly: (403, "DENIED"),
    errors.QuotaExceeded: (403, "DENIED"),
    errors.TooManyAttempts: (429, "TOO_MANY_REQUEST"),
    errors.Conflict: (409, "CONFLICT"),
    errors.RangeInvalid: (409, "CONFLICT"),
    errors.InUse: (412, "PRECONDITION"),
    errors.Protected: (412, "PRECONDITION"),
    errors.Immutable: (412, "PRECONDITION"),
    errors.AlreadyExists: (409, "CONFLICT"),
    errors.NameTaken: (409, "CONFLICT"),
    errors.Failed: (503, "UNKNOWN"),
    errors.StorageFailed: (503, "UNKNOWN"),
    errors.StorageFull: (507, "UNKNOWN"),
    errors.BodyCut: (400, "BAD_REQUEST"),
    errors.ObjectMissing: (500, "UNKNOWN"),
    errors.DatabaseFailed: (503, "UNKNOWN"),
}

MASKED = "the registry failed; its log says more under the request's id"
"""What is told of a failure: its own words are for the log."""
_BY_STATUS = {
    400: "BAD_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    413: "REQUEST_ENTITY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "UNPROCESSABLE_ENTITY",
}
_JSON: Header = (b"content-type", b"application/json; charset=utf-8")


class Error(msgspec.Struct):
    """One reason."""

    code: str
    message: str


class Errors(msgspec.Struct):
    """The body of every answer that is none of success."""

    errors: list[Error]


def status_and_code(error: errors.EntrepotError) -> tuple[int, str]:
    """The row of the table for an error, or for the nearest class above it."""
    return next(TABLE[above] for above in type(error).__mro__ if above in TABLE)


def code_of(status: int) -> str:
    """The code for a status that no error of ours stands for: a wrong path, method or form."""
    return _BY_STATUS.get(status, "UNKNOWN" if status >= 500 else "BAD_REQUEST")


def body(code: str, message: str) -> bytes:
    """The body that tells of one error."""
    return msgspec.json.encode(Errors([Error(code, message)])) + b"\n"


def answer_to(error: errors.EntrepotError) -> tuple[int, list[Header], bytes]:
    """Status, headers and body that tell of an error."""
    status, code = status_and_code(error)
    content = body(code, MASKED if status >= 500 else str(error))
    headers = [_JSON, (b"content-length", b"%d" % len(content)), (b"cache-control", b"no-store")]
    if isinstance(error, errors.TooManyAttempts):
        headers.append((b"retry-after", b"%d" % error.retry_after))
    return status, headers, content
