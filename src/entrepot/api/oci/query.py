"""The query of a request: `n`, `last`, `digest`, `mount` and the like."""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote_to_bytes

from entrepot.api.oci.errors import WireError
from entrepot.model.errors import EntrepotError, PageInvalid

LONGEST_QUERY = 16 * 1024
"""Bytes; a hundred of the longest tags fit."""
MOST_PARAMETERS = 128
LARGEST_PAGE = 10_000
"""The most tags or repositories in one answer, and as many as come when `n` is not given."""
LARGEST_REFERRER_PAGE = 1_000
_LONGEST_LAST = 512

_ESCAPES_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})").search
_PRINTABLE = re.compile(r"[ -~]*").fullmatch
_DIGITS = re.compile(r"[0-9]+").fullmatch


def parse_query(raw: bytes) -> dict[str, list[str]]:
    """The parameters by name, in order of appearance. Raises WireError if they cannot be read.

    A plus sign stands for itself (media types have them, and nothing here has spaces).
    """
    if not raw:
        return {}
    if len(raw) > LONGEST_QUERY:
        raise WireError(414, "UNSUPPORTED", f"the query is longer than {LONGEST_QUERY} bytes")
    if _ESCAPES_BROKEN(raw):
        raise WireError(400, "UNSUPPORTED", "after % in the query come two hexadecimal digits")
    pairs = raw.split(b"&", MOST_PARAMETERS)
    if len(pairs) > MOST_PARAMETERS:
        raise WireError(414, "UNSUPPORTED", f"the query has more than {MOST_PARAMETERS} parameters")
    found: dict[str, list[str]] = {}
    for pair in pairs:
        name, _, value = pair.partition(b"=")
        try:
            found.setdefault(unquote_to_bytes(name).decode(), []).append(unquote_to_bytes(value).decode())
        except UnicodeDecodeError:
            raise WireError(400, "UNSUPPORTED", "the query is not UTF-8") from None
    return found


def one(query: Mapping[str, list[str]], name: str, wrong: type[EntrepotError]) -> str | None:
    """The value of a parameter, None if it is not there. Raises `wrong` if it is there with different values."""
    values = query.get(name)
    if values is None:
        return None
    if any(value != values[0] for value in values):
        raise wrong(f"the query has different values for {name}; send one")
    return values[0]


def page_count(query: Mapping[str, list[str]], largest: int) -> int:
    """How many entries are asked for: `n`, at most `largest`, which it also is when not given. Raises PageInvalid."""
    text = one(query, "n", PageInvalid)
    if text is None:
        return largest
    if not _DIGITS(text):
        raise PageInvalid("n is how many entries to give, a number from 0 on")
    # Longer numbers are not read at all: what is asked for beyond the largest page makes no difference.
    return min(int(text), largest) if len(text) <= 9 else largest


def page_start(query: Mapping[str, list[str]]) -> str:
    """The entry after which the page begins: `last`, empty if not given. Raises PageInvalid."""
    text = one(query, "last", PageInvalid) or ""
    if len(text) > _LONGEST_LAST or not _PRINTABLE(text):
        raise PageInvalid("last is the last entry of the page before")
    return text


def next_page(path: str, **parameters: str | int | None) -> tuple[bytes, bytes]:
    """The Link header (RFC 8288) that leads to the next page; parameters that are None are left out."""
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in parameters.items() if value is not None)
    return b"link", f'<{path}?{query}>; rel="next"'.encode()
