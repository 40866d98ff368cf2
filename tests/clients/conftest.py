"""The registry that all these tests share, and fresh clients for it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .buildah import Buildah
from .contract import Client
from .crane import Crane
from .docker import Daemon, Docker
from .helm import Helm
from .oras import Oras
from .podman import Podman
from .server import Server, name_for
from .skopeo import Skopeo
from .wire import Wire

MAKERS: dict[str, Callable[[Server, Path], Client]] = {
    "podman": Podman,
    "buildah": Buildah,
    "skopeo": Skopeo,
    "crane": Crane,
    "oras": Oras,
    "helm": Helm,
}
EVERY_CLIENT = ("docker", *MAKERS)
IMAGE_CLIENTS = ("docker", "podman", "buildah", "skopeo", "crane")


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A registry with its usual settings. It must end well when told to."""
    server = Server(tmp_path_factory.mktemp("registry"))
    server.start()
    yield server
    code = server.stop()
    assert code == 0, f"the registry ended with {code} after SIGTERM:\n{server.log_tail()}"


@pytest.fixture(scope="session")
def docker_daemon() -> Iterator[Daemon]:
    """The one dockerd."""
    daemon = Daemon()
    try:
        daemon.wait()
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture
def home() -> Iterator[Callable[[], Path]]:
    """Makes empty folders with short names: podman takes no run folder of more than 50 characters."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="home-")))
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def somebody(request: pytest.FixtureRequest, registry: Server, home: Callable[[], Path]) -> Callable[[str], Client]:
    """Makes a client of that name which knows no password."""

    def make(name: str) -> Client:
        if name == "docker":
            return Docker(registry, home(), request.getfixturevalue("docker_daemon"))
        return MAKERS[name](registry, home())

    return make


@pytest.fixture(params=EVERY_CLIENT)
def client_name(request: pytest.FixtureRequest) -> str:
    """Each client in turn."""
    name: str = request.param
    return name


@pytest.fixture
def client(client_name: str, somebody: Callable[[str], Client], registry: Server) -> Client:
    """Each client in turn, signed in as the administrator."""
    signed_in = somebody(client_name)
    signed_in.login(registry.user, registry.password)
    return signed_in


@pytest.fixture
def crane(registry: Server, home: Callable[[], Path]) -> Crane:
    """A crane signed in as the administrator."""
    crane = Crane(registry, home())
    crane.login(registry.user, registry.password)
    return crane


@pytest.fixture
def skopeo(registry: Server, home: Callable[[], Path]) -> Skopeo:
    """A skopeo signed in as the administrator."""
    skopeo = Skopeo(registry, home())
    skopeo.login(registry.user, registry.password)
    return skopeo


@pytest.fixture
def oras(registry: Server, home: Callable[[], Path]) -> Oras:
    """An oras signed in as the administrator."""
    oras = Oras(registry, home())
    oras.login(registry.user, registry.password)
    return oras


@pytest.fixture
def wire(registry: Server) -> Iterator[Wire]:
    """The administrator's view by plain HTTP."""
    wire = Wire(registry.url, registry.user, registry.password)
    yield wire
    wire.close()


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """A repository of the public project for this test alone."""
    return f"library/{name_for(request.node.name)}"


@pytest.fixture
def reference(registry: Server, repository: str) -> str:
    """A tag in that repository; the tag is one that helm takes as well."""
    return f"{registry.address}/{repository}:1.0.0"
