"""What lets an answer be kept by clients and caches, and asked for again only if it changed (RFC 9110, RFC 9111)."""

from entrepot.model.grant import RepositoryGrant
from entrepot.wire.asgi import Header

# What a digest names never changes. Who had to sign in to get it is the reason that a cache between may not pass it on;
# and a cache must not answer for us somebody who pushes, since only we know whether it is still here.
_ANYBODYS: tuple[Header, ...] = (
    (b"cache-control", b"public, max-age=31536000, immutable"),
    (b"vary", b"authorization"),
    (b"x-content-type-options", b"nosniff"),
)
_ONES_OWN: tuple[Header, ...] = (
    (b"cache-control", b"private, max-age=31536000, immutable"),
    (b"x-content-type-options", b"nosniff"),
)
TO_BE_CHECKED: tuple[Header, ...] = (
    (b"cache-control", b"no-cache"),
    (b"x-content-type-options", b"nosniff"),
)
"""For what is found under a tag: to be kept, but to be asked for every time."""


def unchanging(grant: RepositoryGrant) -> tuple[Header, ...]:
    """Headers for what is found under a digest: public only if anybody may pull it and nobody signed in to."""
    return _ANYBODYS if grant.project.public and grant.principal.anonymous else _ONES_OWN


def is_known(if_none_match: bytes, etag: bytes) -> bool:
    """Whether the client that sent this If-None-Match has what `etag` (with its quotes) names."""
    return etag in if_none_match or if_none_match.strip() == b"*"


def may_continue(if_range: bytes | None, etag: bytes) -> bool:
    """Whether a Range may be honoured beside this If-Range. Dates never match, as nothing here has one."""
    return if_range is None or if_range.strip() == etag
