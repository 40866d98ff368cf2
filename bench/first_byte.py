"""`python -m bench.first_byte`: how long a blob takes from an object store, and through Entrepot.

The store is an S3 server that is 15 ms away and gives 80 MB a second to a connection (`bench.far_store`). It is asked
by a signed URL and by way of Entrepot in turns, over one kept connection each. What is told is wall time, so it counts
only as a ratio; with --check the first byte is held to 1.3 times the store's own.
"""

import argparse
import http.client
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from bench.content import MIB, REPOSITORY
from bench.entrepot import Entrepot
from bench.far_store import far_s3
from bench.servers import Command
from bench.tokens import Issuer

GOAL = 1.3
SIZES = {"4 KiB": 4096, "1 MiB": MIB, "64 MiB": 64 * MIB}


class OnStore(Entrepot):
    """Entrepot with its objects in a store; with `redirect` it sends clients there."""

    storage: str
    redirect = False

    def command(self) -> Command:
        """As usual, with the store."""
        usual = super().command()
        redirect = "true" if self.redirect else "false"
        return Command(
            arguments=[*usual.arguments, "--storage", self.storage],
            environment={**usual.environment, "ENTREPOT_STORAGE_REDIRECT": redirect},
        )


class Asker:
    """Asks one server over one connection."""

    def __init__(self, netloc: str, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection(netloc, timeout=120)
        self._headers = headers

    def location(self, path: str) -> str:
        """Where the server sends who asks for that."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.headers["Location"]

    def fetch(self, path: str) -> tuple[float, float]:
        """Seconds until the first byte of the content was there, and until all was."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        if answer.status != 200 or not answer.read(1):
            raise SystemExit(f"{path} was answered {answer.status}")
        took = time.perf_counter() - began
        while answer.read(MIB):
            pass
        return took, time.perf_counter() - began

    def push(self, content: bytes) -> str:
        """The path of the blob of that content."""
        digest = f"sha256:{sha256(content).hexdigest()}"
        self._connection.request("POST", f"/v2/{REPOSITORY}/blobs/uploads/?digest={digest}", content, self._headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise SystemExit(f"a push was answered {answer.status}")
        return f"/v2/{REPOSITORY}/blobs/{digest}"


def main(arguments: list[str]) -> int:
    """The exit status: 1 if it is checked and the goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.first_byte", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--check", action="store_true", help="fail if the goal is missed")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    home = Path(tempfile.mkdtemp(prefix="entrepot-first-byte-"))
    issuer = Issuer(home)
    server = OnStore(home / "entrepot", issuer, Path(sys.executable), 1)
    try:
        with far_s3() as storage:
            server.storage = storage
            found = _measure(server, options.rounds)
    finally:
        server.stop()
        issuer.close()
        shutil.rmtree(home, ignore_errors=True)
    _show(found)
    return int(options.check and any(line.through[0] / line.own[0] > GOAL for line in found.values()))


class Line(NamedTuple):
    """Median seconds until the first byte, and until all was there: of the store's own, and through Entrepot."""

    own: tuple[float, float]
    through: tuple[float, float]


def _measure(server: OnStore, rounds: int) -> dict[str, Line]:
    """By size."""
    server.start()
    through = Asker(f"127.0.0.1:{server.port}", {"Authorization": server.authorization()})
    paths = {name: through.push(os.urandom(size)) for name, size in SIZES.items()}
    server.stop()
    server.redirect = True
    server.start()
    asker = Asker(f"127.0.0.1:{server.port}", {"Authorization": server.authorization()})
    signed = {name: asker.location(path) for name, path in paths.items()}
    server.stop()
    server.redirect = False
    server.start()
    through = Asker(f"127.0.0.1:{server.port}", {"Authorization": server.authorization()})
    own = Asker(urlsplit(next(iter(signed.values()))).netloc, {})
    found = {}
    for name in SIZES:
        target = urlsplit(signed[name])
        pairs = [
            (own.fetch(f"{target.path}?{target.query}"), through.fetch(paths[name]))
            for _ in range(rounds if SIZES[name] <= MIB else max(5, rounds // 3))
        ]
        owns, throughs = zip(*pairs, strict=True)
        found[name] = Line(_medians(owns), _medians(throughs))
    return found


def _medians(taken: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return median(first for first, _ in taken), median(whole for _, whole in taken)


def _show(found: dict[str, Line]) -> None:
    table = Table("blob", "", "the store's own, ms", "through Entrepot, ms", "ratio")
    for name, line in found.items():
        for what, own, through in zip(("first byte", "all of it"), line.own, line.through, strict=True):
            table.add_row(name, what, f"{1000 * own:.1f}", f"{1000 * through:.1f}", f"{through / own:.2f}")
            name = ""
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
