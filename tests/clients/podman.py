"""podman."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from .files import ROOT, from_tar
from .program import Program
from .server import Server

TLS = "--tls-verify=false"


class Podman:
    """One person's podman, with images and sign-ins of its own."""

    asks_at_login = True

    def __init__(self, server: Server, home: Path) -> None:
        self._server = server
        self._home = home
        (home / "auth.json").write_text("{}")  # podman and buildah do not pull where this file is missing
        options = (
            f"--root={home}/root",
            f"--runroot={home}/run",
            f"--tmpdir={home}/tmp",
            "--storage-driver=vfs",
            "--cgroup-manager=cgroupfs",
            "--events-backend=none",
        )
        self.program = Program("podman", {"REGISTRY_AUTH_FILE": str(home / "auth.json")}, options)

    def login(self, user: str, password: str) -> None:
        self.program.run("login", TLS, "-u", user, "--password-stdin", self._server.address, stdin=password)

    def push(self, reference: str, files: Mapping[str, bytes]) -> None:
        self.build(reference, files)
        self.program.run("push", TLS, reference)
        self.program.run("rmi", "-f", reference)

    def pull(self, reference: str) -> dict[str, bytes]:
        self.program.run("pull", TLS, reference)
        found = self.files(reference)
        self.program.run("rmi", "-f", reference)
        return found

    def build(self, reference: str, files: Mapping[str, bytes], *options: str) -> None:
        """Makes an image of the files, from scratch."""
        context = Path(tempfile.mkdtemp(dir=self._home))
        (context / ROOT).mkdir()
        for name, data in files.items():
            (context / ROOT / name).write_bytes(data)
        (context / "Dockerfile").write_text(f'FROM scratch\nCOPY {ROOT} /{ROOT}\nCMD ["/none"]\n')
        self.program.run("build", "-q", "--isolation=chroot", *options, "-t", reference, context)

    def files(self, reference: str) -> dict[str, bytes]:
        """The files of an image that is here."""
        container = self.program.run("create", "--network=none", reference, "/none").out.strip()
        try:
            return from_tar(self.program.read("export", container))
        finally:
            self.program.run("rm", container)
