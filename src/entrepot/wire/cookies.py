"""Our cookies: whose session it is, what proves that a change was asked for by a page of ours, and how pages look."""

from collections.abc import Iterable

SESSION = "sid"
CSRF = "_gorilla_csrf"
LANGUAGE = "language"
THEME = "theme"
SAID = "said"
"""What a page is to tell after the change that led to it."""
_OURS = frozenset({SESSION, CSRF, LANGUAGE, THEME, SAID})
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
                if key in _OURS:
                    found.setdefault(key, text.strip('"'))
    return found


def write(name: str, value: str, *, secure: bool, same_site: str) -> Header:
    """The header that sets a cookie for this host, out of reach of scripts, until the browser is closed."""
    return _header(f"{name}={value}", secure=secure, same_site=same_site)


def keep(name: str, value: str, *, secure: bool, seconds: int) -> Header:
    """As `write`, but the browser keeps it for so long."""
    return _header(f"{name}={value}; Max-Age={seconds}", secure=secure, same_site="Lax")


def clear(name: str, *, secure: bool, same_site: str) -> Header:
    """The header that removes a cookie."""
    return _header(f"{name}=; Max-Age=0", secure=secure, same_site=same_site)


def _header(start: str, *, secure: bool, same_site: str) -> Header:
    text = f"{start}; Path=/; HttpOnly; SameSite={same_site}{'; Secure' if secure else ''}"
    return (b"set-cookie", text.encode("latin-1"))
