"""cosign, with a key of its own and without any service."""

from pathlib import Path

from .program import Program
from .server import Server


class Cosign:
    """One person's cosign and key pair."""

    def __init__(self, server: Server, home: Path) -> None:
        self._server = server
        self._home = home
        environment = {"DOCKER_CONFIG": str(home / "config"), "COSIGN_PASSWORD": "the key's own", "HOME": str(home)}
        self.program = Program("cosign", environment)

    def login(self, user: str, password: str) -> None:
        """Remembers who it is, without asking the registry."""
        self.program.run("login", "-u", user, "--password-stdin", self._server.address, stdin=password)

    def make_key(self) -> None:
        """Makes the key pair."""
        self.program.run("generate-key-pair", cwd=self._home)

    def sign(self, reference: str, *options: str) -> None:
        """Signs what the reference (by digest) names and pushes the signature."""
        offline = ("--tlog-upload=false", "--use-signing-config=false", "--allow-http-registry", "--yes")
        self.program.run("sign", "--key", self._home / "cosign.key", *offline, *options, reference)

    def verify(self, reference: str, *options: str) -> None:
        """Returns if a signature by this key is found. Raises Refused otherwise."""
        offline = ("--insecure-ignore-tlog=true", "--allow-http-registry")
        self.program.run("verify", "--key", self._home / "cosign.pub", *offline, *options, reference)
