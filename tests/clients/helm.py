"""helm, whose charts are artifacts named after themselves."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from .program import Program
from .server import Server

HTTP = "--plain-http"


class Helm:
    """One person's helm. A reference's last name is the chart's name, its tag the version."""

    asks_at_login = True

    def __init__(self, server: Server, home: Path) -> None:
        self._server = server
        self._home = home
        places = {name: str(home / name.lower()) for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}
        registry = {"HELM_REGISTRY_CONFIG": str(home / "registry.json"), "DOCKER_CONFIG": str(home / "docker")}
        self.program = Program("helm", places | registry)

    def login(self, user: str, password: str) -> None:
        self.program.run(
            "registry", "login", HTTP, "-u", user, "--password-stdin", self._server.address, stdin=password
        )

    def push(self, reference: str, files: Mapping[str, bytes]) -> None:
        folder, name, version = _parts(reference)
        chart = Path(tempfile.mkdtemp(dir=self._home)) / name
        (chart / "files").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: {version}\n")
        for file_name, data in files.items():
            (chart / "files" / file_name).write_bytes(data)
        self.program.run("package", chart, "-d", chart.parent)
        self.program.run("push", HTTP, chart.parent / f"{name}-{version}.tgz", f"oci://{folder}")

    def pull(self, reference: str) -> dict[str, bytes]:
        folder, name, version = _parts(reference)
        target = Path(tempfile.mkdtemp(dir=self._home))
        self.program.run("pull", HTTP, f"oci://{folder}/{name}", "--version", version, "--untar", "-d", target)
        return {path.name: path.read_bytes() for path in (target / name / "files").iterdir()}

    def show(self, reference: str) -> str:
        """The chart's own description, read from the registry."""
        folder, name, version = _parts(reference)
        return self.program.run("show", "chart", HTTP, f"oci://{folder}/{name}", "--version", version).out


def _parts(reference: str) -> tuple[str, str, str]:
    folder, _, last = reference.rpartition("/")
    name, _, version = last.partition(":")
    return folder, name, version
