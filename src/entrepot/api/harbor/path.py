"""The path of a request, so that one name is one segment of it."""

from urllib.parse import quote, unquote_to_bytes

from entrepot.model.errors import NameInvalid

LONGEST_PATH = 4096


def routed(raw_path: bytes) -> str:
    """The path that is routed by: decoded once, slashes within a segment still written as `%2F`.

    Clients write a repository's name in one segment, encoded once or twice (`a%2Fb`, `a%252Fb`); both come out as
    `a%2Fb`. Doubled slashes are one, and a closing slash is none (as Harbor tolerates). Raises NameInvalid.
    """
    if len(raw_path) > LONGEST_PATH:
        raise NameInvalid(f"a path has at most {LONGEST_PATH} characters")
    try:
        segments = [_segment(part) for part in raw_path.split(b"/") if part]
    except UnicodeDecodeError as error:
        raise NameInvalid("the path is not UTF-8") from error
    return "/" + "/".join(segments)


def name_of(segment: str) -> str:
    """The name that a routed segment stands for. What was encoded twice is decoded a second time here."""
    return unquote_to_bytes(segment).decode("utf-8", "replace")


def segment_of(name: str) -> str:
    """The name as one segment of a URL."""
    return quote(name, safe="")


def asked(query_string: bytes) -> bytes:
    """The query without `page=` and `page_size=` that say nothing, as clients of Harbor send them."""
    if b"page" not in query_string:
        return query_string
    return b"&".join(part for part in query_string.split(b"&") if part not in (b"page=", b"page_size="))


def _segment(part: bytes) -> str:
    text = unquote_to_bytes(part).decode()
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise NameInvalid("no name has control characters")
    return text.replace("/", "%2F")
