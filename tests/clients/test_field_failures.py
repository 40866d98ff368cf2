"""What has gone wrong elsewhere, with the clients it went wrong with.

Everything here runs against a registry that collects within seconds of a delete, so that each test sees the bytes go.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .crane import Crane
from .files import some_files
from .jib import RESOURCES, Jib
from .layout import Layout
from .oras import Oras
from .server import Server
from .skopeo import Skopeo
from .wire import Wire

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]
COLLECTED_SECONDS = 30.0
"""Lease, grace and pause add up to about three seconds; the rest is for a busy machine."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A registry that gives space back as soon as it may."""
    times = {"lease": "2s", "reader_grace": "1s", "trash": "0s", "collect_every": "0.2s"}
    server = Server(tmp_path_factory.mktemp("quick"), **times)
    server.start()
    yield server
    code = server.stop()
    assert code == 0, f"the registry ended with {code} after SIGTERM:\n{server.log_tail()}"


@pytest.fixture
def jib(registry: Server, home: Callable[[], Path]) -> Jib:
    """A project whose owner is the administrator."""
    return Jib(registry, home())


def wait_until_collected(stored: list[Path]) -> None:
    """Returns when those files have gone. Raises AssertionError if they stay."""
    assert stored, "nothing to wait for"
    deadline = time.monotonic() + COLLECTED_SECONDS
    while left := [path for path in stored if path.exists()]:
        assert time.monotonic() < deadline, f"not collected after {COLLECTED_SECONDS:.0f} s: {left}"
        time.sleep(0.1)


def whole(files: dict[str, bytes], reference: str, *clients: Crane | Skopeo, root: str = RESOURCES) -> None:
    """Returns if each client pulls just these files."""
    for client in clients:
        assert client.pull_layout(reference).files(root=root) == files


@pytest.mark.parametrize("collected", [False, True], ids=["at once", "after collection"])
@pytest.mark.parametrize("name", ["same name", "another name"])
def test_image_deleted_and_pushed_again_is_whole(
    name: str,
    collected: bool,
    jib: Jib,
    crane: Crane,
    skopeo: Skopeo,
    registry: Server,
    reference: str,
    repository: str,
    wire: Wire,
) -> None:
    files = some_files(size=500_000)
    jib.push(reference, files)
    # Of the layers only the one with the files is this image's own: jib's other layer is the same in every image.
    layers = wire.manifest(repository, "1.0.0", "GET").json()["layers"]
    stored = registry.stored(max(layers, key=lambda layer: layer["size"])["digest"])
    skopeo.delete(reference)
    if collected:
        wait_until_collected(stored)
    again = reference if name == "same name" else f"{registry.address}/{repository}-renamed:1.0.0"
    jib.push(again, files)
    whole(files, again, crane, skopeo)
    time.sleep(4)
    whole(files, again, crane, skopeo)


def test_jib_pushes_while_the_same_layers_are_collected(
    jib: Jib, crane: Crane, skopeo: Skopeo, registry: Server, reference: str, repository: str
) -> None:
    files = some_files(size=2_000_000)
    jib.push(reference, files)
    for pause in (0.0, 1.0, 2.0, 3.0):
        # The layers' lease ends and collection comes while Maven starts, asks for the layers and pushes.
        crane.delete(f"{registry.address}/{repository}@{crane.digest(reference)}")
        time.sleep(pause)
        pushing = jib.start_push(reference, files)
        jib.end_push(pushing)
        whole(files, reference, crane, skopeo)
    time.sleep(4)
    whole(files, reference, crane, skopeo)


def test_many_pushes_and_deletes_of_the_same_layers(crane: Crane, registry: Server, repository: str) -> None:
    files = some_files()

    def push_and_delete(worker: int) -> None:
        name = f"{registry.address}/{repository}-{worker}"
        for number in range(7):
            crane.push(f"{name}:1.0.0", files)
            assert crane.pull(f"{name}:1.0.0") == files
            crane.delete(f"{name}@{crane.digest(f'{name}:1.0.0')}")
            # Each repository meets the end of the lease and of the grace at other moments.
            time.sleep((number + 2 * worker) % 7 * 0.5)
        crane.push(f"{name}:1.0.0", files)
        time.sleep(4)
        assert crane.pull(f"{name}:1.0.0") == files

    with ThreadPoolExecutor(3) as workers:
        list(workers.map(push_and_delete, range(3)))


def test_shared_layer_outlives_the_other_image(
    crane: Crane, skopeo: Skopeo, registry: Server, reference: str, repository: str, wire: Wire
) -> None:
    shared, mine, others = some_files(), {"mine.txt": b"mine\n"}, {"other.txt": some_files()["hello.txt"]}
    other = f"{registry.address}/{repository}-other:1.0.0"
    crane.push_layers(reference, shared, mine)
    crane.push_layers(other, shared, others)
    base, its_own = wire.layers(f"{repository}-other", "1.0.0")
    assert base in wire.layers(repository, "1.0.0")
    stored = registry.stored(its_own)
    skopeo.delete(other)
    wait_until_collected(stored)
    time.sleep(2)
    registry.stored(base)
    whole(shared | mine, reference, crane, skopeo, root="content/")


def test_shared_layer_in_one_repository_outlives_the_other_tag(
    crane: Crane, registry: Server, repository: str, wire: Wire
) -> None:
    shared, mine, others = some_files(), {"mine.txt": b"mine\n"}, {"other.txt": some_files()["hello.txt"]}
    name = f"{registry.address}/{repository}"
    crane.push_layers(f"{name}:one", shared, mine)
    crane.push_layers(f"{name}:two", shared, others)
    [_, its_own] = wire.layers(repository, "two")
    stored = registry.stored(its_own)
    crane.delete(f"{name}@{crane.digest(f'{name}:two')}")
    wait_until_collected(stored)
    time.sleep(2)
    assert crane.pull(f"{name}:one") == shared | mine


def test_children_of_an_index_outlive_collection(
    skopeo: Skopeo, crane: Crane, reference: str, repository: str, wire: Wire, home: Callable[[], Path]
) -> None:
    layout = Layout(home())
    images = [layout.add_image(some_files(), architecture=name) for name in ("amd64", "arm64")]
    layout.name(layout.add_index(*images), "1.0.0")
    skopeo.push_layout(layout, reference)
    time.sleep(5)
    crane.validate(reference)
    assert [image["digest"] for image in skopeo.pull_all(reference).images()] == [image["digest"] for image in images]


def test_signatures_outlive_collection(crane: Crane, oras: Oras, reference: str, repository: str) -> None:
    crane.push(reference, some_files())
    files = some_files()
    digest = oras.attach(reference, "application/vnd.example.signature", files)
    time.sleep(5)
    assert [one["digest"] for one in oras.discover(reference)] == [digest]
    assert oras.pull(f"{reference.rpartition(':')[0]}@{digest}") == files


def test_deleted_is_gone_from_every_view_at_once(
    crane: Crane, oras: Oras, registry: Server, reference: str, repository: str, wire: Wire
) -> None:
    crane.push(reference, some_files())
    subject = crane.digest(reference)
    referrer = oras.attach(reference, "application/vnd.example.report", some_files())
    [layer] = wire.layers(repository, "1.0.0")
    stored = registry.stored(layer)
    assert repository in wire.catalog()
    wire.manifest(repository, referrer, "DELETE").raise_for_status()
    assert wire.referrers(repository, subject) == []
    assert wire.manifest(repository, referrer).status_code == 404
    wire.manifest(repository, subject, "DELETE").raise_for_status()
    for gone in ("1.0.0", subject):
        for method in ("HEAD", "GET"):
            assert wire.manifest(repository, gone, method).status_code == 404, f"{method} {gone}"
    assert wire.tags(repository) == []
    assert repository not in wire.catalog()
    wait_until_collected(stored)
    for method in ("HEAD", "GET"):
        assert wire.blob(repository, layer, method).status_code == 404


def test_a_layer_that_answers_head_is_downloaded_whole(
    crane: Crane, registry: Server, reference: str, repository: str, wire: Wire
) -> None:
    crane.push(reference, some_files(size=300_000))
    [layer] = wire.layers(repository, "1.0.0")
    size = len(wire.blob(repository, layer, "GET").content)
    crane.delete(f"{registry.address}/{repository}@{crane.digest(reference)}")
    deadline = time.monotonic() + COLLECTED_SECONDS
    # From the delete until the bytes have gone: either it is there, whole, or it is not there.
    while (answer := wire.blob(repository, layer, "GET")).status_code == 200:
        assert len(answer.content) == size == int(answer.headers["Content-Length"])
        assert time.monotonic() < deadline, "never collected"
        time.sleep(0.01)
    assert answer.status_code == 404
    assert wire.blob(repository, layer).status_code == 404
