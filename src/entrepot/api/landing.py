"""The page at `/`: what this is, and how to push to it from where the reader is."""

import base64
import hashlib
import html
import re
from pathlib import Path
from string import Template

from entrepot.model.errors import Invalid
from entrepot.wire.address import address_of
from entrepot.wire.asgi import Header, Receive, Scope, Send

_HERE = Path(__file__).parent
_LANGUAGES = {"en": "en", "zh": "zh-Hans"}
"""The languages there are, and what they are called in HTML; the first is for who wants none of them."""
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_TEXT: Header = (b"content-type", b"text/plain; charset=utf-8")
_ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1b5e85"/>'
    b'<path d="M3 6l5-3 5 3v7H3z" fill="none" stroke="#fff" stroke-width="1.4"/>'
    b'<path d="M6 13V9h4v4" fill="none" stroke="#fff" stroke-width="1.4"/></svg>'
)


class LandingPage:
    """An ASGI application that answers `/` and `/favicon.ico`; any other path is not found."""

    def __init__(self, public_url: str) -> None:
        """`public_url` is the address the page names; if empty, that which the reader used. Reads the page's files."""
        self._public_url = public_url
        frame = (_HERE / "landing.html").read_text(encoding="utf-8")
        style = _STYLE.search(frame)
        assert style is not None
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        self._pages = {
            language: Template(
                frame.replace("{{language}}", name).replace(
                    "{{text}}", (_HERE / f"landing.{language}.html").read_text(encoding="utf-8")
                )
            )
            for language, name in _LANGUAGES.items()
        }
        self._headers: tuple[Header, ...] = (
            (b"content-type", b"text/html; charset=utf-8"),
            (
                b"content-security-policy",
                f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; base-uri 'none'; "
                "form-action 'none'; frame-ancestors 'none'".encode(),
            ),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"vary", b"accept-language, host"),
            (b"cache-control", b"no-cache"),
        )

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answers one request."""
        status, headers, body = self._answer(scope)
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _answer(self, scope: Scope) -> tuple[int, list[Header], bytes]:
        if scope["path"] not in ("/", "/favicon.ico"):
            return 404, [_TEXT], b"there is nothing here\n"
        if scope["method"] not in ("GET", "HEAD"):
            return 405, [_TEXT, (b"allow", b"GET, HEAD")], b"this page can only be read\n"
        if scope["path"] == "/favicon.ico":
            return 200, [(b"content-type", b"image/svg+xml"), (b"cache-control", b"public, max-age=86400")], _ICON
        try:
            address = address_of(scope, self._public_url)
        except Invalid as error:
            return 400, [_TEXT], f"{error}\n".encode()
        wanted = b",".join(value for name, value in scope["headers"] if name == b"accept-language")
        language = preferred_language(wanted.decode("latin-1"))
        host = address.partition("://")[2]
        page = self._pages[language].substitute(host=html.escape(host))
        return 200, [*self._headers, (b"content-language", _LANGUAGES[language].encode())], page.encode()


def preferred_language(accept_language: str) -> str:
    """`en` or `zh`, whichever the header (RFC 9110, section 12.5.4) prefers; `en` if neither."""
    best, best_weight = "en", 0.0
    for part in accept_language[:1024].split(","):
        tag, _, parameter = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        weight = 1.0
        if parameter:
            written = re.fullmatch(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", parameter)
            weight = float(written[1]) if written else 0.0
        if primary in _LANGUAGES and weight > best_weight:
            best, best_weight = primary, weight
    return best
