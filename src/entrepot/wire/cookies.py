"""The two cookies: whose session it is, and what proves that a change was asked for by a page of ours."""

from collections.abc import Iterable

SESSION = "sid"
CSRF = "_gorilla_csrf"
CSRF_HEADER = b"x-harbor-csrf-token"
LONGEST = 8192

Header = tuple[bytes, bytes]


def read(headers: Iterable[Header]) -> dict[str, str]:
    """Our cookies in a request, the first of each name. Others are passed over."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name == b"cookie" and len(value) <= LONGEST:
            for part in value.decode("latin-1").split(";"):
                key, _, text = part.strip().partition("=")
                if key in (SESSION, CSRF):
                    found.setdefault(key, text.strip('"'))
    return found


def write(name: str, value: str, *, secure: bool, same_site: str) -> Header:
    """The header that sets a cookie for this host, out of reach of scripts, until the browser is closed."""
    return _header(f"{name}={value}", secure=secure, same_site=same_site)


def clear(name: str, *, secure: bool, same_site: str) -> Header:
    """The header that removes a cookie."""
    return _header(f"{name}=; Max-Age=0", secure=secure, same_site=same_site)


def _header(start: str, *, secure: bool, same_site: str) -> Header:
    text = f"{start}; Path=/; HttpOnly; SameSite={same_site}{'; Secure' if secure else ''}"
    return (b"set-cookie", text.encode("latin-1"))
