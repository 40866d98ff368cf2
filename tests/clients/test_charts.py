"""Helm charts beyond pushing and pulling their files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .files import some_files
from .helm import Helm
from .server import Server
from .wire import Wire

pytestmark = pytest.mark.clients


def test_chart_is_shown_and_has_its_versions(
    registry: Server, home: Callable[[], Path], wire: Wire, repository: str
) -> None:
    helm = Helm(registry, home())
    helm.login(registry.user, registry.password)
    versions = ("0.9.0", "1.0.0", "1.0.0-rc.1")
    for version in versions:
        helm.push(f"{registry.address}/{repository}:{version}", some_files())
    assert wire.tags(repository) == sorted(versions)
    # Without a version helm takes the newest that is no preview, which it finds in the list of tags.
    shown = helm.program.run("show", "chart", "--plain-http", f"oci://{registry.address}/{repository}").out
    assert "version: 1.0.0\n" in shown
    manifest = wire.manifest(repository, "1.0.0", "GET").json()
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.helm.config.v1+json"
