"""Signing in: every client asks in its own way, and all get the same answer."""

from collections.abc import Callable

import pytest

from .contract import Client
from .files import some_files
from .program import Refused
from .server import Server

pytestmark = pytest.mark.clients


def test_right_password_is_taken(client: Client, reference: str) -> None:
    client.push(reference, some_files())


def test_wrong_password_is_refused(
    client_name: str, somebody: Callable[[str], Client], registry: Server, reference: str
) -> None:
    # A user for each client: a registry may well stop listening to a name that was tried too often.
    user = f"forgetful-{client_name}"
    registry.create_user(user, "Right-Horse-Battery-7")
    client = somebody(client_name)

    def sign_in() -> None:
        client.login(user, "Wrong-Horse-Battery-7")
        if not client.asks_at_login:
            client.push(reference, some_files())

    with pytest.raises(Refused, match=r"(?i)unauthorized|\b401\b|invalid username/password"):
        sign_in()
