"""Images for several platforms: pushed as one index, pulled whole or for one platform."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .crane import Crane
from .docker import Daemon, Docker
from .files import some_files
from .layout import Layout
from .oras import Oras
from .podman import TLS, Podman
from .program import Program
from .server import Server
from .skopeo import Skopeo
from .wire import Wire

pytestmark = pytest.mark.clients
Files = dict[str, bytes]
ARCHITECTURES = ("amd64", "arm64")


@pytest.fixture
def content() -> dict[str, Files]:
    """Other files for each architecture."""
    return {architecture: some_files() for architecture in ARCHITECTURES}


@pytest.fixture
def layout(home: Callable[[], Path], content: dict[str, Files]) -> Layout:
    """A layout that holds an index of them."""
    layout = Layout(home())
    images = [layout.add_image(files, architecture=name) for name, files in content.items()]
    layout.name(layout.add_index(*images), "1.0.0")
    return layout


@pytest.fixture
def pushed(skopeo: Skopeo, layout: Layout, reference: str) -> str:
    """A reference to that index in the registry."""
    skopeo.push_layout(layout, reference)
    return reference


def by_architecture(layout: Layout) -> dict[str, Files]:
    """The files of each image of an index."""
    index = layout.manifest(layout.top())
    return {child["platform"]["architecture"]: layout.files(child) for child in index["manifests"]}


@pytest.mark.parametrize("name", ["skopeo", "crane", "oras"])
def test_index_is_pushed_and_pulled_whole(
    name: str,
    request: pytest.FixtureRequest,
    layout: Layout,
    content: dict[str, Files],
    reference: str,
    wire: Wire,
    repository: str,
) -> None:
    client: Skopeo | Crane | Oras = request.getfixturevalue(name)
    client.push_layout(layout, reference)
    assert wire.digest(repository, "1.0.0") == layout.top()["digest"]
    pulled = client.pull_all(reference) if isinstance(client, Skopeo) else client.pull_layout(reference)
    assert pulled.top()["digest"] == layout.top()["digest"]
    assert by_architecture(pulled) == content


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_one_platform_is_pulled(
    architecture: str,
    skopeo: Skopeo,
    crane: Crane,
    oras: Oras,
    docker: Docker,
    podman: Podman,
    content: dict[str, Files],
    pushed: str,
) -> None:
    platform = f"linux/{architecture}"
    assert skopeo.pull_layout(pushed, f"--override-arch={architecture}").files() == content[architecture]
    assert crane.pull_layout(pushed, f"--platform={platform}").files() == content[architecture]
    assert oras.pull_layout(pushed, f"--platform={platform}").files() == content[architecture]
    docker.program.run("pull", f"--platform={platform}", pushed)
    assert docker.inspect(pushed)["Architecture"] == architecture
    assert docker.files(pushed) == content[architecture]
    docker.forget(pushed)
    podman.program.run("pull", TLS, f"--arch={architecture}", pushed)
    assert podman.files(pushed) == content[architecture]


def test_docker_makes_and_pushes_an_index(
    docker: Docker, skopeo: Skopeo, layout: Layout, content: dict[str, Files], registry: Server, repository: str
) -> None:
    address = f"{registry.address}/{repository}"
    for image in layout.images():
        architecture = image["platform"]["architecture"]
        part = Layout(layout.folder)
        part.name(image, architecture)
        # Docker's own format: docker 20.10 makes no index of OCI images.
        skopeo.push_layout(part, f"{address}:{architecture}", "--format=v2s2")
    manifests = Program("docker", {**docker.program.environment, "DOCKER_CLI_EXPERIMENTAL": "enabled"})
    parts = [f"{address}:{architecture}" for architecture in ARCHITECTURES]
    manifests.run("manifest", "create", "--insecure", f"{address}:1.0.0", *parts)
    manifests.run("manifest", "push", "--insecure", f"{address}:1.0.0")
    assert by_architecture(skopeo.pull_all(f"{address}:1.0.0")) == content


def test_podman_builds_and_pushes_an_index(
    podman: Podman, skopeo: Skopeo, content: dict[str, Files], reference: str
) -> None:
    podman.program.run("manifest", "create", "many")
    for architecture, files in content.items():
        podman.build(f"part:{architecture}", files, "--manifest=many", f"--platform=linux/{architecture}")
    podman.program.run("manifest", "push", TLS, "--all", "many", f"docker://{reference}")
    assert by_architecture(skopeo.pull_all(reference)) == content


@pytest.fixture
def docker(registry: Server, home: Callable[[], Path], docker_daemon: Daemon) -> Docker:
    """A docker signed in as the administrator."""
    docker = Docker(registry, home(), docker_daemon)
    docker.login(registry.user, registry.password)
    return docker


@pytest.fixture
def podman(registry: Server, home: Callable[[], Path]) -> Podman:
    """A podman signed in as the administrator."""
    podman = Podman(registry, home())
    podman.login(registry.user, registry.password)
    return podman
