"""Who may pull and push: anybody pulls from a public project, nothing else happens without a right to it."""

from collections.abc import Callable

import pytest

from .contract import Client
from .files import some_files
from .program import Refused
from .server import Server, name_for

pytestmark = pytest.mark.clients
REFUSED = r"(?i)unauthorized|denied|forbidden|authentication required|\b40[13]\b|no basic auth credentials"
PASSWORD = "Second-Horse-Battery-8"


@pytest.fixture
def private(request: pytest.FixtureRequest, registry: Server) -> str:
    """A private project for this test alone."""
    name = name_for(request.node.name)
    registry.create_project(name)
    return name


def test_anybody_pulls_from_a_public_project(
    client: Client, client_name: str, somebody: Callable[[str], Client], reference: str
) -> None:
    files = some_files()
    client.push(reference, files)
    assert somebody(client_name).pull(reference) == files


def test_nobody_pushes_without_signing_in(client_name: str, somebody: Callable[[str], Client], reference: str) -> None:
    with pytest.raises(Refused, match=REFUSED):
        somebody(client_name).push(reference, some_files())


def test_private_project_is_closed_to_the_unknown(
    client: Client, client_name: str, somebody: Callable[[str], Client], registry: Server, private: str
) -> None:
    reference = f"{registry.address}/{private}/image:1.0.0"
    files = some_files()
    client.push(reference, files)
    with pytest.raises(Refused, match=REFUSED):
        somebody(client_name).pull(reference)
    assert client.pull(reference) == files


def test_roles_in_a_private_project(
    client: Client, client_name: str, somebody: Callable[[str], Client], registry: Server, private: str
) -> None:
    reference = f"{registry.address}/{private}/image:1.0.0"
    client.push(reference, some_files())
    people: dict[str, Client] = {}
    for role in ("stranger", "guest", "developer"):
        user = f"{role}-{client_name}"
        registry.create_user(user, PASSWORD)
        if role != "stranger":
            registry.add_member(private, user, role)
        people[role] = somebody(client_name)
        people[role].login(user, PASSWORD)
    files = some_files()
    people["developer"].push(reference, files)
    assert people["guest"].pull(reference) == files
    for role, action in (("stranger", "pull"), ("stranger", "push"), ("guest", "push")):
        with pytest.raises(Refused, match=REFUSED):
            people[role].pull(reference) if action == "pull" else people[role].push(reference, some_files())
    assert people["developer"].pull(reference) == files
