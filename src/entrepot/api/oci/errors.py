"""How the error tree looks on this wire: one table, and the JSON body of distribution-spec 1.1, section "Error Codes".

Codes beyond the specification's are those of Docker's registry, which clients know.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from entrepot.model import errors
from entrepot.wire.asgi import Header

TABLE: dict[type[errors.EntrepotError], tuple[int, str]] = {
    errors.Invalid: (400, "UNSUPPORTED"),
    errors.NameInvalid: (400, "NAME_INVALID"),
    errors.TagInvalid: (400, "TAG_INVALID"),
    errors.DigestInvalid: (400, "DIGEST_INVALID"),
    errors.ManifestInvalid: (400, "MANIFEST_INVALID"),
    errors.ManifestTooLarge: (413, "MANIFEST_INVALID"),
    errors.BlobUploadInvalid: (400, "BLOB_UPLOAD_INVALID"),
    errors.SizeInvalid: (400, "SIZE_INVALID"),
    errors.PageInvalid: (400, "PAGINATION_NUMBER_INVALID"),
    errors.Unknown: (404, "NAME_UNKNOWN"),
    errors.RepositoryUnknown: (404, "NAME_UNKNOWN"),
    errors.ProjectUnknown: (404, "NAME_UNKNOWN"),
    errors.UserUnknown: (404, "NAME_UNKNOWN"),
    errors.MemberUnknown: (404, "NAME_UNKNOWN"),
    errors.RecordUnknown: (404, "NAME_UNKNOWN"),
    errors.ManifestUnknown: (404, "MANIFEST_UNKNOWN"),
    errors.BlobUnknown: (404, "BLOB_UNKNOWN"),
    # As if it were not there: so pushers bring it again, and HEAD promises nothing that GET could not give.
    errors.BlobQuarantined: (404, "BLOB_UNKNOWN"),
    errors.BlobUploadUnknown: (404, "BLOB_UPLOAD_UNKNOWN"),
    # 400 as Docker's registry has it: to clients 404 here would say that the repository does not exist.
    errors.ManifestReferencesUnknown: (400, "MANIFEST_BLOB_UNKNOWN"),
    errors.Refused: (403, "DENIED"),
    errors.Unauthenticated: (401, "UNAUTHORIZED"),
    errors.ScopeInsufficient: (401, "UNAUTHORIZED"),
    errors.Denied: (403, "DENIED"),
    errors.ReadOnly: (403, "DENIED"),
    errors.QuotaExceeded: (403, "DENIED"),
    errors.TooManyAttempts: (429, "TOOMANYREQUESTS"),
    errors.Conflict: (409, "DENIED"),
    errors.RangeInvalid: (416, "RANGE_INVALID"),
    errors.InUse: (409, "DENIED"),
    errors.BeingRead: (409, "DENIED"),
    errors.Protected: (412, "DENIED"),
    errors.Immutable: (412, "PRECONDITION"),
    errors.AlreadyExists: (409, "DENIED"),
    errors.NameTaken: (409, "DENIED"),
    errors.Failed: (503, "UNAVAILABLE"),
    errors.StorageFailed: (503, "UNAVAILABLE"),
    errors.StorageFull: (507, "UNAVAILABLE"),
    errors.DatabaseFailed: (503, "UNAVAILABLE"),
    # The database says that it is there: asking again will not help, somebody has to look.
    errors.ObjectMissing: (500, "UNKNOWN"),
}

_JSON: Header = (b"content-type", b"application/json")
_NOT_KEPT: Header = (b"cache-control", b"no-store")
_VERSION: Header = (b"docker-distribution-api-version", b"registry/2.0")
_SOON: Header = (b"retry-after", b"1")


class WireError(Exception):
    """A refusal that only this wire format knows of, such as a wrong method."""

    def __init__(self, status: int, code: str, message: str, headers: Sequence[Header] = ()) -> None:
        self.status = status
        self.code = code
        self.headers = tuple(headers)
        super().__init__(message)


def status_and_code(error: errors.EntrepotError) -> tuple[int, str]:
    """The row of the table for an error, or for the nearest class above it."""
    return next(TABLE[above] for above in type(error).__mro__ if above in TABLE)


def answer_to(error: errors.EntrepotError | WireError) -> tuple[int, list[Header], bytes]:
    """Status, headers and body that tell of an error; a challenge is for the caller to add."""
    headers = [_JSON, _NOT_KEPT, _VERSION]
    if isinstance(error, WireError):
        headers.extend(error.headers)
        return error.status, headers, _body([_entry(error.code, str(error))])
    status, code = status_and_code(error)
    if isinstance(error, errors.TooManyAttempts):
        headers.append((b"retry-after", b"%d" % error.retry_after))
    elif status == 503:
        headers.append(_SOON)
    if isinstance(error, errors.ManifestReferencesUnknown):
        return status, headers, _body(_missing(error, code))
    return status, headers, _body([_entry(code, str(error))])


def _missing(error: errors.ManifestReferencesUnknown, code: str) -> list[dict[str, Any]]:
    blobs = [_entry(code, "push this blob before the manifest", {"digest": digest}) for digest in error.blobs]
    children = [
        _entry("MANIFEST_UNKNOWN", "push this manifest before the one that refers to it", {"digest": digest})
        for digest in error.manifests
    ]
    return [*blobs, *children] or [_entry(code, str(error))]


def _entry(code: str, message: str, detail: dict[str, str] | None = None) -> dict[str, Any]:
    entry: dict[str, Any] = {"code": code, "message": message}
    if detail is not None:
        entry["detail"] = detail
    return entry


def _body(entries: list[dict[str, Any]]) -> bytes:
    return msgspec.json.encode({"errors": entries})
