"""docker, with a daemon of the tests' own."""

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .files import ROOT, from_tar
from .program import Program, Refused
from .server import Server

START_SECONDS = 60.0


class Daemon:
    """A dockerd that has no network of its own and no images, in a short folder (socket names are limited)."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dockerd-"))
        self.host = f"unix://{self.folder}/docker.sock"
        self._log = self.folder / "log"
        options = ("--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs")
        folders = (f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec")
        listen = (f"--host={self.host}", f"--pidfile={self.folder}/pid", "--insecure-registry=127.0.0.0/8")
        assert os.geteuid() == 0, "dockerd needs root: run these tests as root"
        self._process = Program("dockerd", {}, (*options, *folders, *listen)).start(log=self._log)

    def wait(self) -> None:
        """Returns when the daemon answers. Raises AssertionError with its log if it does not."""
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            tail = self._log.read_text(errors="replace")[-3000:]
            assert self._process.poll() is None, f"dockerd ended:\n{tail}"
            assert time.monotonic() < deadline, f"dockerd does not answer:\n{tail}"
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends the daemon and removes what it kept."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            Program("docker", {"DOCKER_HOST": self.host}).run("version", timeout=10)
        except Refused:
            return False
        return True


class Docker:
    """One person's docker at that daemon. `address` is where it finds the server, if not at its own."""

    asks_at_login = True

    def __init__(self, server: Server, home: Path, daemon: Daemon, *, address: str = "") -> None:
        self.address = address or server.address
        self._home = home
        # The classic builder needs no plugin, and both it and the new one send the same to a registry.
        environment = {"DOCKER_HOST": daemon.host, "DOCKER_CONFIG": str(home / "config"), "DOCKER_BUILDKIT": "0"}
        self.program = Program("docker", environment)

    def login(self, user: str, password: str) -> None:
        self.program.run("login", "-u", user, "--password-stdin", self.address, stdin=password)

    def push(self, reference: str, files: Mapping[str, bytes]) -> None:
        self.build(reference, files)
        try:
            self.program.run("push", reference)
        finally:
            self.forget(reference)

    def pull(self, reference: str) -> dict[str, bytes]:
        self.program.run("pull", reference)
        try:
            return self.files(reference)
        finally:
            self.forget(reference)

    def build(self, reference: str, *layers: Mapping[str, bytes]) -> None:
        """Makes an image of the files, from scratch, with one layer for each of the arguments."""
        context = Path(tempfile.mkdtemp(dir=self._home))
        for number, files in enumerate(layers):
            (context / str(number)).mkdir()
            for name, data in files.items():
                (context / str(number) / name).write_bytes(data)
        copies = "".join(f"COPY {number} /{ROOT}\n" for number in range(len(layers)))
        (context / "Dockerfile").write_text(f'FROM scratch\n{copies}CMD ["/none"]\n')
        self.program.run("build", "-q", "-t", reference, context)

    def files(self, reference: str) -> dict[str, bytes]:
        """The files of an image that the daemon has."""
        container = self.program.run("create", reference, "/none").out.strip()
        try:
            return from_tar(self.program.read("cp", f"{container}:/{ROOT}", "-"))
        finally:
            self.program.run("rm", container)

    def inspect(self, reference: str) -> dict[str, Any]:
        """What the daemon knows of an image."""
        [found] = json.loads(self.program.run("image", "inspect", reference).out)
        described: dict[str, Any] = found
        return described

    def forget(self, reference: str) -> None:
        """Removes the image, so that the next pull goes over the network."""
        self.program.run("rmi", "-f", reference)
