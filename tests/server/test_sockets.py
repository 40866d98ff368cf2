"""Listening sockets, and the sentences when they cannot be had."""

import re
import socket

import pytest

from entrepot.server.sockets import ListenFailed, listen


def _close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_free_port_is_found(host: str) -> None:
    sockets = listen(host, 0)
    try:
        ports = {each.getsockname()[1] for each in sockets}
        assert len(ports) == 1
        with socket.create_connection((host, ports.pop()), timeout=5):
            pass
    finally:
        _close(sockets)


def test_an_empty_host_means_every_address_of_both_families() -> None:
    sockets = listen("", 0)
    try:
        port = sockets[0].getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            with socket.create_connection((host, port), timeout=5):
                pass
    finally:
        _close(sockets)


def test_a_port_that_is_taken_is_told() -> None:
    sockets = listen("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    try:
        with pytest.raises(ListenFailed, match=re.escape(f"port {port} of 127.0.0.1 is taken by another program")):
            listen("127.0.0.1", port)
    finally:
        _close(sockets)


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(ListenFailed, match=re.escape("this machine has no address 192.0.2.1")):
        listen("192.0.2.1", 0)


def test_a_name_without_an_address_is_told() -> None:
    with pytest.raises(ListenFailed, match=re.escape("its address cannot be found")):
        listen("nowhere.invalid", 5000)
