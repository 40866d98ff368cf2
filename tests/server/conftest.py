"""Servers that run as programs of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from running_server import Running, Start


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a server; whatever still runs is killed after the test."""
    running: list[Running] = []

    def begin(*options: str, workers: int = 2, port: int = 0, stop_seconds: float = 5) -> Running:
        running.append(Running(tmp_path, workers, port, stop_seconds, options))
        return running[-1]

    yield begin
    for server in running:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
