"""Listening sockets, with a sentence for each way in which they cannot be had."""

import errno
import socket
from contextlib import ExitStack

BACKLOG = 2048


class ListenFailed(Exception):
    """The address cannot be listened on; the message says why and what to do."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Listening sockets for every address that `host` means; an empty host means every address of the machine.

    With port 0 they all share one free port. Raises ListenFailed.
    """
    if not host:
        return [_every_address(port)]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise ListenFailed(f"cannot listen on {host}: its address cannot be found ({error.strerror})") from None
    sockets: list[socket.socket] = []
    with ExitStack() as undo:
        for family, _, _, _, address in dict.fromkeys(found):
            taken = port or (sockets[0].getsockname()[1] if sockets else 0)
            listening = _bind(family, (address[0], taken, *address[2:]), host, taken)
            undo.callback(listening.close)
            sockets.append(listening)
        undo.pop_all()
    return sockets


def _every_address(port: int) -> socket.socket:
    dual = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual else socket.AF_INET
    return _bind(family, ("::", port, 0, 0) if dual else ("0.0.0.0", port), "", port, dual=dual)  # noqa: S104 - as asked


def _bind(family: int, address: tuple[object, ...], host: str, port: int, *, dual: bool = False) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual else 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise ListenFailed(_sentence(error, host, port)) from None
    return listening


def _sentence(error: OSError, host: str, port: int) -> str:
    where = f"port {port} of {host}" if host else f"port {port}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is taken by another program: stop it, or choose another port with --listen HOST:PORT"
    if error.errno == errno.EACCES:
        return (
            f"{where} needs more rights than this user has: choose a port from 1024 on, as in --listen 127.0.0.1:5000"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this machine has no address {host}: choose one of its own with --listen, or :{port} for all of them"
    return f"cannot listen on {where}: {error.strerror}"
