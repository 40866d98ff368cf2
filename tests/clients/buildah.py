"""buildah."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from .files import ROOT
from .program import Program
from .server import Server

TLS = "--tls-verify=false"


class Buildah:
    """One person's buildah, with images and sign-ins of its own."""

    asks_at_login = True

    def __init__(self, server: Server, home: Path) -> None:
        self._server = server
        self._home = home
        (home / "auth.json").write_text("{}")  # podman and buildah do not pull where this file is missing
        options = (f"--root={home}/root", f"--runroot={home}/run", "--storage-driver=vfs")
        environment = {"REGISTRY_AUTH_FILE": str(home / "auth.json"), "BUILDAH_ISOLATION": "chroot"}
        self.program = Program("buildah", environment, options)

    def login(self, user: str, password: str) -> None:
        self.program.run("login", TLS, "-u", user, "--password-stdin", self._server.address, stdin=password)

    def push(self, reference: str, files: Mapping[str, bytes]) -> None:
        source = Path(tempfile.mkdtemp(dir=self._home))
        for name, data in files.items():
            (source / name).write_bytes(data)
        container = self.program.run("from", "scratch").out.strip()
        self.program.run("copy", container, source, "/" + ROOT)
        self.program.run("commit", "--rm", container, reference)
        self.program.run("push", TLS, reference, f"docker://{reference}")
        self.program.run("rmi", "-f", reference)

    def pull(self, reference: str) -> dict[str, bytes]:
        self.program.run("pull", TLS, reference)
        container = self.program.run("from", "--pull-never", reference).out.strip()
        root = Path(self.program.run("mount", container).out.strip())
        found = {path.name: path.read_bytes() for path in (root / ROOT).iterdir()}
        self.program.run("rm", container)
        self.program.run("rmi", "-f", reference)
        return found
