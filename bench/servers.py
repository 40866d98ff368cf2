"""A server under measurement: started on a free loopback port, asked for nothing but HTTP, ended by its process id."""

import base64
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import quote, urlencode, urlsplit

from bench.content import MANIFEST_TYPE, REPOSITORY, Content, Image
from bench.cpu import Memory, cpu_seconds, memory
from bench.errors import ServerFailed, WrongAnswer
from bench.load import launch
from bench.tokens import Issuer
from bench.work import Up

READY_WITHIN = 60.0
END_WITHIN = 10.0
SEED_WITHIN = 300.0
Need = Literal["pushes", "lists", "tokens"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """How a server is started: its arguments, and what it needs in its environment besides the usual."""

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None


class Server:
    """One server. A kind of server is a subclass that says how it is started and, where needed, how it is filled."""

    key: ClassVar[str]
    offers: ClassVar[frozenset[Need]] = frozenset({"pushes"})
    """What rows may need of a server that not every one has."""
    pages: ClassVar[int] = 4
    """How many pages of a long list make a figure: fewer where one costs a second."""
    credentials: tuple[str, str] | None = None

    def __init__(self, home: Path, issuer: Issuer, program: Path, workers: int) -> None:
        self.home = home
        self.data = home / "data"
        self.data.mkdir(parents=True)
        self.issuer = issuer
        self.program = program
        self.workers = workers
        self.port = 0
        self.idle = Memory(total=0, largest=0)
        self._process: subprocess.Popen[bytes] | None = None

    def title(self) -> str:
        """Its name for the table, with its version."""
        raise NotImplementedError

    def command(self) -> Command:
        """How to start it on `self.port` with its data in `self.data`; writes its settings into `self.home`."""
        raise NotImplementedError

    @property
    def pid(self) -> int:
        """The process id of its first process. Raises ServerFailed when it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise ServerFailed(f"{self.key} does not run; its log ended with: {self._last_words()}")
        return self._process.pid

    def start(self) -> None:
        """Nothing; it runs and answers. Raises ServerFailed, with its log's last lines, when it does not."""
        self.port = _free_port()
        command = self.command()
        with (self.home / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command.arguments,
                env={**os.environ, **command.environment},
                cwd=command.folder or self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_WITHIN
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                words = self._last_words()
                self.stop()
                raise ServerFailed(f"{self.key} did not become ready: {words}")
            time.sleep(0.05)
        time.sleep(0.5)
        self.idle = memory(self.pid)

    def stop(self) -> None:
        """Nothing; its processes have ended, by force after ten seconds."""
        process = self._process
        if process is None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_WITHIN)
        # It leads a session of its own, so what is left of that group was started by it alone.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._process = None

    def cpu(self) -> float:
        """Seconds of CPU it has used so far, with all that works for it. Raises ServerFailed when it does not run."""
        return cpu_seconds(self.pid)

    def authorization(self, scope: str = f"repository:{REPOSITORY}:pull,push") -> str:
        """An Authorization header's value got as clients get it: challenge, then token. Raises WrongAnswer if refused.

        A server that asks for nothing gets a token of the bench's own issuer, so that requests weigh the same.
        """
        realm = self.realm(scope)
        if realm is None:
            return "Bearer " + self.issuer.token("bench", [scope], "thumbprint")
        port, target, headers = realm
        answer, body = _ask(port, "GET", target, headers)
        if answer.status != 200:
            raise WrongAnswer(f"{self.key}'s token service answered {answer.status}")
        reply: dict[str, str] = json.loads(body)
        return f"Bearer {reply.get('token') or reply['access_token']}"

    def realm(self, scope: str) -> tuple[int, str, dict[str, str]] | None:
        """Where tokens for that scope are given: port, path and headers; None for a server that asks for none."""
        answer, _ = self.ask("GET", "/v2/")
        if answer.status != 401:
            return None
        challenge = answer.getheader("WWW-Authenticate", "")
        parameters = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        if not challenge.lower().startswith("bearer ") or "realm" not in parameters:
            raise WrongAnswer(f"{self.key} challenges with {challenge!r}, not with a token's realm")
        query = urlencode({"service": parameters.get("service", ""), "scope": scope})
        place = urlsplit(parameters["realm"])
        headers = {}
        if self.credentials is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(self.credentials).encode()).decode()
        return place.port or 80, f"{place.path}?{query}", headers

    def ask(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """The answer to one request outside the measurements, and its body. Raises WrongAnswer for a cut one."""
        return _ask(self.port, method, target, headers or {}, body)

    def seed(self, content: Content) -> None:
        """Nothing; the server has the content, by the public push API. Raises WrongAnswer for an unexpected answer."""
        authorization = self.authorization()
        for image in (*content.small, content.large):
            self._push(image, content, authorization)

    def lengthen(self) -> None:
        """Nothing; its lists are long: see `bench.long`. Only for those that offer `lists`."""
        raise NotImplementedError

    def _push(self, image: Image, content: Content, authorization: str) -> None:
        job = Up(
            port=self.port,
            authorization=authorization,
            connections=2,
            repository=REPOSITORY,
            way="put",
            piece=0,
            base=str(content.base),
            uploads=tuple(blob.upload for blob in (image.config, *image.layers)),
        )
        launch(job, SEED_WITHIN)
        answer, body = self.ask(
            "PUT",
            f"/v2/{REPOSITORY}/manifests/{quote(image.tag)}",
            {"Authorization": authorization, "Content-Type": MANIFEST_TYPE},
            image.manifest,
        )
        if answer.status != 201:
            raise WrongAnswer(f"{self.key} answered PUT of a manifest {answer.status}: {body[:200]!r}")

    def _answers(self) -> bool:
        try:
            answer, _ = self.ask("GET", "/v2/")
        except (OSError, WrongAnswer):
            return False
        return answer.status < 500

    def _last_words(self) -> str:
        try:
            lines = (self.home / "log").read_text(errors="replace").strip().splitlines()
        except FileNotFoundError:
            lines = []
        return " / ".join(lines[-3:])[-600:] or "nothing"


def output_of(program: Path, *arguments: str) -> str:
    """What the program prints, on either stream; for versions."""
    ended = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=30)
    return (ended.stdout + ended.stderr).strip()


def _ask(
    port: int, method: str, target: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return answer, answer.read()
    except http.client.HTTPException as error:
        raise WrongAnswer(f"{method} {target} had no whole answer: {type(error).__name__}") from error
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
