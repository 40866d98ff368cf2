"""Java projects that jib makes images of."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .crane import Crane
from .files import some_files
from .jib import RESOURCES, Jib
from .program import Refused
from .server import Server
from .skopeo import Skopeo
from .wire import Wire

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]


@pytest.fixture
def jib(registry: Server, home: Callable[[], Path]) -> Jib:
    """A project whose owner is the administrator."""
    return Jib(registry, home())


@pytest.mark.parametrize("media_types", ["Docker", "OCI"])
def test_image_of_jib_is_pulled(
    media_types: str, jib: Jib, reference: str, crane: Crane, skopeo: Skopeo, wire: Wire, repository: str
) -> None:
    files = some_files(size=3_000_000)
    jib.push(reference, files, f"jib.container.format={media_types}")
    assert media_types.lower() in wire.manifest(repository, "1.0.0").headers["Content-Type"]
    assert skopeo.pull_layout(reference).files(root=RESOURCES) == files
    assert crane.pull_layout(reference).files(root=RESOURCES) == files


def test_jib_pushes_twice(jib: Jib, registry: Server, repository: str, crane: Crane) -> None:
    files = some_files()
    for tag in ("1.0.0", "2.0.0"):
        jib.push(f"{registry.address}/{repository}:{tag}", files)
        crane.validate(f"{registry.address}/{repository}:{tag}")


def test_jib_takes_its_base_from_the_registry(
    jib: Jib, registry: Server, repository: str, reference: str, crane: Crane
) -> None:
    base = f"{registry.address}/{repository}-base:1.0.0"
    below, files = some_files(), some_files()
    crane.push(base, below)
    jib.push(reference, files, f"jib.from.image={base}")
    layout = crane.pull_layout(reference)
    assert layout.files() == below
    assert layout.files(root=RESOURCES) == files


def test_jib_for_several_platforms(
    jib: Jib, registry: Server, repository: str, reference: str, skopeo: Skopeo, crane: Crane
) -> None:
    jib.push(reference, files := some_files(), "jib.from.platforms=linux/amd64,linux/arm64")
    for architecture in ("amd64", "arm64"):
        layout = skopeo.pull_layout(reference, f"--override-arch={architecture}")
        assert layout.files(root=RESOURCES) == files
    crane.validate(reference)


@pytest.mark.parametrize("user", ["admin", ""], ids=["wrong password", "no password"])
def test_jib_is_refused(user: str, jib: Jib, reference: str, registry: Server) -> None:
    if user:
        user = "absent-minded"
        registry.create_user(user, "Right-Horse-Battery-5")
    jib.login(user, "Wrong-Horse-Battery-5" if user else "")
    with pytest.raises(Refused, match=r"(?i)unauthorized|401"):
        jib.push(reference, some_files())
