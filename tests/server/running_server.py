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
        self.output = folder / "output"
        arguments = [str(folder), str(workers), str(port), str(stop_seconds), *options]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(TINY), *arguments],
                stdout=subprocess.PIPE,
                stderr=output,
                env={**os.environ, "PYTHONPATH": str(SOURCE)},
                start_new_session=True,
            )
        assert self.process.stdout is not None
        self._lines: list[str] = []
        self.ready = self._read_until("ready ")
        self.port = int(self.ready.split()[1]) if self.ready else 0
        scheme = "https" if "certificate" in " ".join(options) else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    def _read_until(self, start: str) -> str:
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            line = raw.decode()
            self._lines.append(line)
            if line.startswith(start):
                return line
        return ""

    def get(self, path: str) -> httpx.Response:
        """The answer to a GET on a connection of its own."""
        return httpx.get(self.url + path, timeout=10)

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
        assert self.process.stdout is not None
        self._lines += [line.decode() for line in self.process.stdout]
        return self.process.wait(timeout=20)

    @property
    def lines(self) -> list[str]:
        """What it printed on standard output until it ended."""
        return self._lines

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
