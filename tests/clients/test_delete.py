"""Deleting: a tag alone, or by digest for every tag."""

from collections.abc import Callable

import pytest

from .crane import Crane
from .files import some_files
from .layout import Layout
from .oras import Oras
from .program import Refused
from .server import Server
from .skopeo import Skopeo
from .wire import Wire

pytestmark = pytest.mark.clients
Named = Callable[[str], str]


@pytest.fixture
def named(registry: Server, repository: str) -> Named:
    """The reference to a tag (or, starting with `@`, a digest) of this test's repository."""
    name = f"{registry.address}/{repository}"
    return lambda what: f"{name}{what}" if what.startswith("@") else f"{name}:{what}"


def test_deleting_a_tag_leaves_the_image(crane: Crane, named: Named, wire: Wire, repository: str) -> None:
    files = some_files()
    crane.push(named("one"), files)
    crane.copy(named("one"), named("two"))
    digest = crane.digest(named("one"))
    crane.delete(named("one"))
    assert wire.tags(repository) == ["two"]
    with pytest.raises(Refused, match=r"MANIFEST_UNKNOWN|404"):
        crane.digest(named("one"))
    assert crane.pull(named("two")) == crane.pull(named(f"@{digest}")) == files


@pytest.mark.parametrize("deleter", ["crane", "skopeo", "oras"])
def test_deleting_a_digest_takes_all_its_tags(
    deleter: str, request: pytest.FixtureRequest, crane: Crane, named: Named, wire: Wire, repository: str
) -> None:
    crane.push(named("one"), some_files())
    crane.copy(named("one"), named("two"))
    kept = some_files()
    crane.push(named("other"), kept)
    digest = crane.digest(named("one"))
    client: Crane | Skopeo | Oras = request.getfixturevalue(deleter)
    # skopeo and oras look the digest up themselves, and delete that.
    client.delete(named(f"@{digest}") if deleter == "crane" else named("one"))
    assert wire.tags(repository) == ["other"]
    for gone in ("one", "two", digest):
        assert wire.manifest(repository, gone).status_code == 404, gone
    assert crane.pull(named("other")) == kept


def test_deleting_what_is_not_there(crane: Crane, named: Named) -> None:
    crane.push(named("one"), some_files())
    with pytest.raises(Refused, match=r"MANIFEST_UNKNOWN|404"):
        crane.delete(named("never"))
    with pytest.raises(Refused, match=r"MANIFEST_UNKNOWN|404"):
        crane.delete(named(f"@sha256:{'0' * 64}"))


def test_deleting_an_index_leaves_the_images_that_have_tags(
    crane: Crane, skopeo: Skopeo, named: Named, tmp_path_factory: pytest.TempPathFactory
) -> None:
    layout = Layout(tmp_path_factory.mktemp("layout"))
    files = {architecture: some_files() for architecture in ("amd64", "arm64")}
    images = [layout.add_image(held, architecture=name) for name, held in files.items()]
    layout.name(layout.add_index(*images), "all")
    skopeo.push_layout(layout, named("all"))
    crane.copy(named(f"@{images[1]['digest']}"), named("arm64"))
    crane.delete(named(f"@{layout.top()['digest']}"))
    with pytest.raises(Refused, match=r"MANIFEST_UNKNOWN|404"):
        crane.digest(named("all"))
    assert crane.pull(named("arm64")) == files["arm64"]


def test_guests_do_not_delete(registry: Server, crane: Crane, named: Named, wire: Wire, repository: str) -> None:
    crane.push(named("one"), some_files())
    registry.create_user("visitor", "Visiting-Horse-Battery-3")
    crane.login("visitor", "Visiting-Horse-Battery-3")
    with pytest.raises(Refused, match=r"(?i)denied|unauthorized|403|401"):
        crane.delete(named("one"))
    assert wire.tags(repository) == ["one"]
