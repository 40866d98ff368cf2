"""Whether a browser asks for a page that is none of ours."""

from collections.abc import Mapping
from urllib.parse import urlsplit

_OWN = {b"same-origin", b"none"}
"""Of `Sec-Fetch-Site`: a page of ours, and somebody who typed the address (Fetch Metadata, section 2.4)."""


def is_foreign(headers: Mapping[bytes, bytes], public_url: str) -> bool:
    """Whether the request says that a page of another origin asked for it.

    `Sec-Fetch-Site` counts, which no page can forge; browsers leave it out where the registry is reached by plain HTTP,
    and then `Origin` (RFC 6454, section 7) is compared with the Host of the request, and with `public_url`, for a proxy
    may have written another Host. Programs send neither, and are never foreign.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in _OWN
    origin = headers.get(b"origin")
    if origin is None:
        return False
    named = origin.partition(b"://")[2].lower()
    own = {headers.get(b"host", b"").lower(), urlsplit(public_url).netloc.lower().encode()}
    return not named or named not in own
