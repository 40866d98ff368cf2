"""Under which address the client reached us, where an answer has to name it whole."""

import re
from collections.abc import Iterable

from entrepot.model.errors import Invalid
from entrepot.wire.asgi import Header, Scope

_HOST = re.compile(rb"[A-Za-z0-9.:\-\[\]_]{1,255}").fullmatch


def address_of(scope: Scope, public_url: str) -> str:
    """Scheme and host without a closing slash: of `public_url` if set, else as the client wrote them.

    Raises Invalid if the client's Host is not one, since it comes back in headers and pages.
    """
    if public_url:
        return public_url.rstrip("/")
    return f"{scope.get('scheme', 'http')}://{_host(scope)}"


def _host(scope: Scope) -> str:
    headers: Iterable[Header] = scope["headers"]
    hosts = [value for name, value in headers if name == b"host"]
    if not hosts and scope.get("server"):
        # HTTP/1.0 has no Host. The port is None on a Unix socket.
        name, port = scope["server"]
        hosts = [name.encode() if port is None else f"{name}:{port}".encode()]
    if len(hosts) != 1 or not _HOST(hosts[0]):
        raise Invalid("the Host header has to hold one host name or address, and may hold a port")
    return hosts[0].decode("ascii")
