"""The files that pages load: style, scripts, fonts, icons. Read once, compressed once, found under their own hash."""

import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

from entrepot.wire.asgi import Header, Send

_FOLDER = Path(__file__).parent / "static"
BASE = "/-/static/"
_TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".woff2": b"font/woff2",
}
_COMPRESSED = {".css", ".js", ".svg"}
_FOREVER: Header = (b"cache-control", b"public, max-age=31536000, immutable")
_ASK_AGAIN: Header = (b"cache-control", b"no-cache")


class _Asset(NamedTuple):
    media_type: bytes
    body: bytes
    compressed: bytes | None


class Assets:
    """The files of `static/`. Addresses change with the content of any, so browsers keep them for good."""

    def __init__(self) -> None:
        self._assets: dict[str, _Asset] = {}
        hashed = hashlib.sha256()
        for path in sorted(_FOLDER.rglob("*")):
            if path.suffix in _TYPES:
                body = path.read_bytes()
                hashed.update(body)
                small = gzip.compress(body, 9, mtime=0) if path.suffix in _COMPRESSED else None
                self._assets[path.relative_to(_FOLDER).as_posix()] = _Asset(_TYPES[path.suffix], body, small)
        self._version = hashed.hexdigest()[:12]

    def address(self, name: str) -> str:
        """Where a file is found. KeyError for one that there is not."""
        self._assets[name]
        return f"{BASE}{self._version}/{name}"

    async def answer(self, page: str, *, compressed: bool, head: bool, send: Send) -> bool:
        """Answers a request for `static/<version>/<name>`; False if there is no such file, and nothing was sent."""
        version, _, name = page.removeprefix("static/").partition("/")
        asset = self._assets.get(name)
        if asset is None:
            return False
        small = asset.compressed if compressed else None
        body = asset.body if small is None else small
        headers: list[Header] = [
            (b"content-type", asset.media_type),
            (b"content-length", b"%d" % len(body)),
            (b"x-content-type-options", b"nosniff"),
            _FOREVER if version == self._version else _ASK_AGAIN,
        ]
        if asset.compressed is not None:
            headers.append((b"vary", b"accept-encoding"))
        if small is not None:
            headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else body})
        return True
