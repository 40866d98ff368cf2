"""Syslog servers: RFC 5424 messages by UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425)."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from entrepot.model.errors import Invalid

PORT = 514
LARGEST_DATAGRAM = 60_000
# Facility 13 (log audit), severity 6 (informational).
_PRIORITY = 13 * 8 + 6


class Syslog:
    """A syslog server."""

    def __init__(self, url: str) -> None:
        """`udp://host:port`, `tcp://host:port` or `tls://host:port`; TCP without a scheme. Raises Invalid."""
        parts = urlsplit(url if "://" in url else f"tcp://{url}")
        try:
            host, port = parts.hostname, parts.port or PORT
        except ValueError as error:
            raise Invalid(f"{url[:100]} has no port that can be") from error
        if parts.scheme not in ("udp", "tcp", "tls") or not host:
            raise Invalid("a syslog server is named as udp://host:port, tcp://host:port or tls://host:port")
        self._way, self._host, self._port = parts.scheme, host, port

    async def send(self, messages: Sequence[bytes]) -> None:
        """Returns when all were taken by the network; by UDP nobody tells whether they arrived.

        Raises OSError. Waits without end: the caller bounds it.
        """
        if self._way == "udp":
            await self._by_datagrams(messages)
        else:
            await self._by_stream(messages)

    async def _by_stream(self, messages: Sequence[bytes]) -> None:
        context = ssl.create_default_context() if self._way == "tls" else None
        _, writer = await asyncio.open_connection(self._host, self._port, ssl=context)
        try:
            for message in messages:
                # Octet counting: a message may hold anything.
                writer.write(b"%d %b" % (len(message), message))
            await writer.drain()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _by_datagrams(self, messages: Sequence[bytes]) -> None:
        loop = asyncio.get_running_loop()
        (family, kind, protocol, _, address), *_ = await loop.getaddrinfo(
            self._host, self._port, type=socket.SOCK_DGRAM
        )
        with socket.socket(family, kind, protocol) as sender:
            sender.setblocking(False)
            for message in messages:
                await loop.sock_sendto(sender, message[:LARGEST_DATAGRAM], address)


def message(at: str, kind: str, text: bytes) -> bytes:
    """An RFC 5424 message from this machine: `at` a timestamp of RFC 3339, `kind` its MSGID."""
    head = f"<{_PRIORITY}>1 {at} {socket.gethostname()[:255] or '-'} entrepot - {kind} - "
    return head.encode("ascii", "replace") + text
