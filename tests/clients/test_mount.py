"""Blobs that are already in the registry are not sent again: they are mounted from one repository into another."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .crane import Crane
from .docker import Daemon, Docker
from .files import some_files
from .program import Refused
from .server import Server, name_for
from .wire import Wire

pytestmark = pytest.mark.clients
PASSWORD = "Third-Horse-Battery-6"


def test_copying_mounts_every_layer(
    crane: Crane, reference: str, registry: Server, repository: str, wire: Wire
) -> None:
    layers = [some_files(), some_files()]
    crane.push_layers(reference, *layers)
    target = f"{registry.address}/{repository}-copy:1.0.0"
    answer = crane.program.run("copy", reference, target)
    for digest in wire.layers(repository, "1.0.0"):
        assert f"mounted blob: {digest}" in answer.text
    assert crane.pull(target) == layers[0] | layers[1]


def test_copy_outlives_what_it_was_mounted_from(
    crane: Crane, reference: str, registry: Server, repository: str
) -> None:
    files = some_files()
    crane.push(reference, files)
    target = f"{registry.address}/{repository}-copy:1.0.0"
    crane.copy(reference, target)
    crane.delete(f"{registry.address}/{repository}@{crane.digest(reference)}")
    assert crane.pull(target) == files


def test_docker_mounts_what_it_has_pulled(
    registry: Server, home: Callable[[], Path], docker_daemon: Daemon, crane: Crane, reference: str, repository: str
) -> None:
    docker = Docker(registry, home(), docker_daemon)
    docker.login(registry.user, registry.password)
    files = some_files()
    crane.push(reference, files)
    docker.program.run("pull", reference)
    target = f"{registry.address}/{repository}-copy:1.0.0"
    docker.program.run("tag", reference, target)
    answer = docker.program.run("push", target)
    docker.forget(reference)
    docker.forget(target)
    assert f"Mounted from {repository}" in answer.text
    assert docker.pull(target) == files


def test_nothing_is_mounted_from_where_one_may_not_pull(
    crane: Crane, registry: Server, home: Callable[[], Path], request: pytest.FixtureRequest
) -> None:
    secret, own = (f"{name_for(request.node.name)}-{end}" for end in ("secret", "own"))
    user = "curious"
    registry.create_user(user, PASSWORD)
    for project in (secret, own):
        registry.create_project(project)
    registry.add_member(own, user, "developer")
    source, target = f"{registry.address}/{secret}/image:1.0.0", f"{registry.address}/{own}/image:1.0.0"
    crane.push(source, some_files())
    [layer] = crane.pull_layout(source).manifest(crane.pull_layout(source).top())["layers"]
    curious = Crane(registry, home())
    curious.login(user, PASSWORD)
    with pytest.raises(Refused, match=r"(?i)denied|unauthorized|40[134]"):
        curious.copy(source, target)
    wire = Wire(registry.url, user, PASSWORD)
    answer = wire.mount(f"{own}/image", layer["digest"], f"{secret}/image")
    blob = wire.blob(f"{own}/image", layer["digest"])
    wire.close()
    assert answer.status_code in (202, 401, 403)
    assert blob.status_code == 404
