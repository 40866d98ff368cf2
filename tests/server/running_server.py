"""A server that runs as a program of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

TINY = Path(__file__).with_name("tiny.py")
PLAIN = False
"""For `verify`, where there is no TLS: reading all the certificates of the world takes longer than most requests."""
SOURCE = Path(__file__).parents[2] / "src"


class Running:
    """A server under test, its output in a file."""

    def __init__(self, folder: Path, workers: int, port: int, stop_seconds: float, options: tuple[str, ...]) -> None:
        self.folder = folder
        self.output, self._printed = folder / "output", folder / "printed"
        arguments = [str(folder), str(workers), str(port), str(stop_seconds), *options]
        # Into files: a pipe that nobody reads is full at some time, and then the server waits with all its logs.
        with self.output.open("wb") as output, self._printed.open("wb") as printed:
            self.process = subprocess.Popen(
                [sys.executable, str(TINY), *arguments],
                stdout=printed,
                stderr=output,
                env={**os.environ, "PYTHONPATH": str(SOURCE)},
                start_new_session=True,
            )
        self.ready = self._ready()
        self.port = int(self.ready.split()[1]) if self.ready else 0
        scheme = "https" if "certificate" in " ".join(options) else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    def _ready(self) -> str:
        """The line that tells so, or nothing if the server ended instead."""
        found: list[str] = []

        def told() -> bool:
            ended = self.process.poll() is not None
            found.extend(line for line in self.lines if line.startswith("ready ") and line.endswith("\n"))
            return bool(found) or ended

        wait_for(told, seconds=60)
        return found[0] if found else ""

    def get(self, path: str) -> httpx.Response:
        """The answer to a GET on a connection of its own."""
        return httpx.get(self.url + path, timeout=10, verify=PLAIN)

    def pids(self, count: int) -> set[int]:
        """The processes that answer; gives up after many more requests than should be needed."""
        found: set[int] = set()
        for _ in range(400):
            found.add(int(self.get("/x").text))
            if len(found) == count:
                break
        return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit code after that signal."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """The exit code, once it ended."""
        return self.process.wait(timeout=20)

    @property
    def lines(self) -> list[str]:
        """What it printed on standard output until now."""
        return self._printed.read_text().splitlines(keepends=True)

    @property
    def errors(self) -> str:
        """What it printed on standard error."""
        return self.output.read_text()


Start = Callable[..., Running]


def alive(process: int) -> bool:
    """Whether the process is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether the condition came true within that time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False
