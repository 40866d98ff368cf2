"""What is pushed is what is pulled, whoever pushes and whoever pulls."""

from collections.abc import Callable

import pytest

from .conftest import IMAGE_CLIENTS
from .contract import Client
from .files import some_files
from .server import Server
from .wire import Wire

pytestmark = pytest.mark.clients


def test_pulled_is_what_was_pushed(client: Client, reference: str) -> None:
    files = some_files()
    client.push(reference, files)
    assert client.pull(reference) == files


def test_large_layers_arrive_whole(client: Client, client_name: str, reference: str) -> None:
    # helm takes no file over 5 MiB into a chart
    files = some_files(size=5_000_000 if client_name == "helm" else 24_000_000)
    client.push(reference, files)
    assert client.pull(reference) == files


def test_pushing_again_under_another_tag(client: Client, registry: Server, repository: str, wire: Wire) -> None:
    files = some_files()
    first, second = (f"{registry.address}/{repository}:{tag}" for tag in ("1.0.0", "2.0.0"))
    client.push(first, files)
    client.push(second, files)
    assert wire.tags(repository) == ["1.0.0", "2.0.0"]
    assert client.pull(first) == client.pull(second) == files


def test_pushing_other_content_under_the_same_tag(client: Client, reference: str) -> None:
    client.push(reference, some_files())
    files = some_files()
    client.push(reference, files)
    assert client.pull(reference) == files


@pytest.mark.parametrize("pusher", IMAGE_CLIENTS)
def test_every_client_pulls_what_another_pushed(
    pusher: str, somebody: Callable[[str], Client], registry: Server, reference: str
) -> None:
    files = some_files()
    pushing = somebody(pusher)
    pushing.login(registry.user, registry.password)
    pushing.push(reference, files)
    for name in IMAGE_CLIENTS:
        assert somebody(name).pull(reference) == files, f"{name} pulls something else"
