"""A registry that runs as its users run it: a process of its own, started by one command."""

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

SOURCE = Path(__file__).parents[2] / "src"
START_SECONDS = 40.0
STOP_SECONDS = 30.0
PASSWORD = "Correct-Horse-Battery-9"


class Server:
    """One `entrepot serve` with a data folder of its own; `settings` are its environment, as `ENTREPOT_<NAME>`.

    Without a `password` it makes one for the administrator at its first start, as it does for whoever sets none.
    """

    user = "admin"

    def __init__(self, folder: Path, *, password: str = PASSWORD, **settings: str) -> None:
        self.password = password
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.address = f"127.0.0.1:{_free_port()}"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens, as a URL without a slash at the end."""
        return f"http://{self.address}"

    def start(self) -> None:
        """Returns when the registry says that it is ready. Raises AssertionError with its log if it never does."""
        self.data.mkdir(parents=True, exist_ok=True)
        command = [*_ENTREPOT, "serve", "--data", str(self.data), "--listen", self.address]
        environment = self._environment(**({"ENTREPOT_ADMIN_PASSWORD": self.password} if self.password else {}))
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            code = self._process.poll()
            assert code is None, f"the registry ended with {code} instead of starting:\n{self.log_tail()}"
            if time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
                raise AssertionError(f"the registry was not ready in {START_SECONDS:.0f} s:\n{self.log_tail()}")
            time.sleep(0.05)

    def stop(self) -> int:
        """The exit code after SIGTERM. Raises AssertionError if the process does not end by itself."""
        assert self._process is not None, "it was never started"
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise AssertionError(f"still running {STOP_SECONDS:.0f} s after SIGTERM:\n{self.log_tail()}") from None

    def create_project(self, name: str, *, public: bool = False) -> None:
        """Makes a project with the registry's own command, while it serves."""
        self._command("project", "create", name, *(["--public"] if public else []))

    def create_user(self, name: str, password: str) -> None:
        """Makes somebody who may sign in."""
        self._command("user", "create", name, password=password)

    def add_member(self, project: str, user: str, role: str) -> None:
        """Gives `user` that role in the project."""
        self._command("project", "member", "add", project, user, role)

    def stored(self, *digests: str) -> list[Path]:
        """The files that hold those blobs; found by their content. Raises AssertionError if one is nowhere."""
        wanted = set(digests)
        found = [path for path in self.data.rglob("*") if path.is_file() and _digest(path) in wanted]
        assert {_digest(path) for path in found} == wanted, f"not all of {wanted} are in {self.data}"
        return found

    def log_tail(self) -> str:
        """The end of what the registry wrote."""
        return self.log.read_text(errors="replace")[-4000:]

    def _command(self, *arguments: str, password: str | None = None) -> None:
        environment = self._environment(**({"ENTREPOT_PASSWORD": password} if password else {}))
        command = [*_ENTREPOT, *arguments, "--data", str(self.data)]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 0, f"entrepot {' '.join(arguments)}: {ended.stdout}{ended.stderr}"

    def _environment(self, **more: str) -> dict[str, str]:
        # What the caller's shell has set for a registry of its own must not reach this one.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
        settings = {f"ENTREPOT_{name.upper()}": value for name, value in self._settings.items()}
        return inherited | {"PYTHONPATH": str(SOURCE)} | settings | more

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False


_ENTREPOT = (sys.executable, "-m", "entrepot")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _digest(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def name_for(node: str) -> str:
    """A repository name made of a test's name, so that no test sees another's images."""
    return re.sub(r"[^a-z0-9]+", "-", node.lower()).strip("-")[:80]
