"""`entrepot serve`, as a process: from the first screen to the orderly stop."""

import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

SOURCE = Path(__file__).parents[2] / "src"


class Served:
    """A server, and what it printed so far."""

    def __init__(self, folder: Path, number: int, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        self.folder = folder
        self._out = folder / f"{number}.out"
        self._err = folder / f"{number}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "entrepot", "serve", *arguments],
                stdout=out,
                stderr=err,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(SOURCE), "ENTREPOT_LISTEN": "127.0.0.1:0", **environment},
            )
        while self.process.poll() is None and "Processes" not in self.err:
            time.sleep(0.02)

    @property
    def out(self) -> str:
        """Standard output so far."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """Standard error so far."""
        return self._err.read_text()

    @property
    def url(self) -> str:
        """Where it says that it is."""
        found = re.search(r"^Address +(\S+)$", self.err, re.MULTILINE)
        assert found, self.err
        return found[1]

    def stop(self) -> int:
        """The exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a server in a folder of its own; whatever still runs is killed after the test."""
    running: list[Served] = []

    def begin(*arguments: str, **environment: str) -> Served:
        running.append(Served(tmp_path, len(running), arguments, environment))
        return running[-1]

    yield begin
    for served in running:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait()


def test_the_first_start_prints_a_password_that_works_and_the_second_prints_none(serve: Serve, tmp_path: Path) -> None:
    first = serve()
    printed = re.search(r"^Password +(\S+)$", first.err, re.MULTILINE)
    assert printed
    kept = tmp_path / "data" / "admin-password"
    assert kept.read_text().strip() == printed[1]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert httpx.get(first.url + "/v2/", auth=("admin", printed[1])).status_code == 200
    assert httpx.get(first.url + "/v2/", auth=("admin", "wrong")).status_code == 401
    assert httpx.get(first.url + "/readyz").json() == {"database": "ok", "storage": "ok"}
    assert first.stop() == 0
    assert printed[1] not in first.out
    second = serve()
    assert "assword" not in second.err
    assert httpx.get(second.url + "/v2/", auth=("admin", printed[1])).status_code == 200
    assert second.stop() == 0


def test_the_first_screen_comes_before_all_that_is_logged(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    with seen.open("wb") as both:
        process = subprocess.Popen(
            [sys.executable, "-m", "entrepot", "serve", "--workers", "2"],
            stdout=both,
            stderr=both,
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(SOURCE),
                "ENTREPOT_LISTEN": "127.0.0.1:0",
                "ENTREPOT_LOG_FORMAT": "json",
            },
        )
    try:
        while process.poll() is None and "everything was read again" not in seen.read_text():
            time.sleep(0.02)
        assert seen.read_text().startswith("Entrepot is running\n")
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that was given its first password, for tests that leave it as it is."""
    served = Served(tmp_path_factory.mktemp("running"), 0, (), {"ENTREPOT_ADMIN_PASSWORD": "Correct-horse-9"})
    yield served
    assert served.stop() == 0


def test_a_password_that_was_given_is_not_printed(running: Served) -> None:
    assert "Correct-horse-9" not in running.err
    assert httpx.get(running.url + "/v2/", auth=("admin", "Correct-horse-9")).status_code == 200


def test_the_parent_has_one_thread_and_so_may_fork(running: Served) -> None:
    assert len(list(Path(f"/proc/{running.process.pid}/task").iterdir())) == 1


def test_a_second_server_on_the_same_folder_is_refused(running: Served, serve: Serve) -> None:
    data = running.folder / "data"
    second = serve("--data", str(data))
    assert second.process.wait() == 1
    sentence = f"entrepot: {data} is in use by a server that runs already (process {running.process.pid}): "
    assert second.err.startswith(sentence)
    assert second.err.count("\n") == 1


def test_a_port_that_is_taken_is_told_in_a_sentence(running: Served, serve: Serve) -> None:
    port = httpx.URL(running.url).port
    second = serve("--listen", f"127.0.0.1:{port}")
    assert second.process.wait() == 1
    assert second.err == (
        f"entrepot: port {port} of 127.0.0.1 is taken by another program: "
        "stop it, or choose another port with --listen HOST:PORT\n"
    )


def test_a_certificate_made_here_is_kept(serve: Serve, tmp_path: Path) -> None:
    certificate = tmp_path / "data" / "tls" / "certificate.pem"
    for _ in range(2):
        served = serve("--tls-self-signed")
        assert served.url.startswith("https://")
        assert f"sudo cp {certificate} " in served.err
        trusting = ssl.create_default_context(cafile=str(certificate))
        assert httpx.get(served.url + "/livez", verify=trusting).status_code == 200
        made = certificate.read_bytes()
        assert served.stop() == 0
    assert certificate.read_bytes() == made


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        ((), {"ENTREPOT_ADMIN_PASSWORD": "short"}, "password"),
        (("--tls-cert", "x.pem", "--tls-key", "y.pem"), {}, "cannot be read"),
        (("--database", "postgresql://127.0.0.1:1/x?connect_timeout=2"), {}, "database"),
        (("--storage", "s3://"), {}, "s3"),
        (("--data", "/proc/self/status"), {}, "choose another with --data DIR"),
        (("--data", "/proc/nothing/of/this"), {}, "choose another with --data DIR"),
        (("--data", "/proc"), {}, "choose another with --data DIR"),
    ],
)
def test_what_keeps_it_from_starting_is_told_in_a_sentence(
    serve: Serve, arguments: tuple[str, ...], environment: dict[str, str], sentence: str
) -> None:
    served = serve(*arguments, **environment)
    assert served.process.wait() in (1, 2)
    assert served.err.startswith("entrepot: ")
    assert sentence in served.err
    assert "Traceback" not in served.err + served.out
