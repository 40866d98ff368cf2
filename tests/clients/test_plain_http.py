"""A registry without TLS, as clients find it: most of them try HTTPS first and turn to HTTP when told."""

import socket
import ssl
import time

import pytest

from .server import Server

pytestmark = pytest.mark.clients


def test_https_on_the_plain_port_is_answered_at_once(registry: Server) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    outgoing = ssl.MemoryBIO()
    shaking = context.wrap_bio(ssl.MemoryBIO(), outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        shaking.do_handshake()
    host, _, port = registry.address.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        began = time.monotonic()
        connection.sendall(outgoing.read())
        # docker waits ten seconds for an answer; jib takes none for a failure of the network and gives up.
        with connection.makefile("rb") as answer:
            assert answer.read().startswith(b"HTTP/1.1 400 ")
        assert time.monotonic() - began < 2
