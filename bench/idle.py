"""`python -m bench.idle`: how long small requests take beside thousands of connections that say nothing, or half of it.

One connection asks for a manifest again and again; then 5 000 others are open, every other one of which has sent half
the head of a request and goes on a byte at a time.
"""

import argparse
import http.client
import resource
import shutil
import socket
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import quantiles

from bench.content import MANIFEST_TYPE, MIB, REPOSITORY, Content
from bench.entrepot import Entrepot
from bench.stage import PULL
from bench.tokens import Issuer

GOAL = 2.0
HALF = b"GET /v2/ HTTP/1.1\r\nhost: registry\r\nx-slow: "
EVERY = 1.0
"""Seconds between the bytes of a slow head."""


def main(arguments: list[str]) -> int:
    """The exit status: 1 with --check when the p99 is more than twice what it was."""
    parser = argparse.ArgumentParser(prog="python -m bench.idle", description=__doc__)
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument("--requests", type=int, default=5000, help="in each of five rounds, before and beside")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="exit 1 when the goal is not met")
    options = parser.parse_args(arguments)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    home = Path(tempfile.mkdtemp(prefix="entrepot-idle-"))
    issuer = Issuer(home)
    server = Entrepot(home / "entrepot", issuer, Path(sys.executable), options.workers)
    try:
        server.start()
        server.seed(Content(home, MIB, 1))
        return _compare(server, options)
    finally:
        server.stop()
        issuer.close()
        shutil.rmtree(home, ignore_errors=True)


def _compare(server: Entrepot, options: argparse.Namespace) -> int:
    alone: list[float] = []
    beside: list[float] = []
    _ask(server, options.requests, [])
    for _ in range(5):
        alone += _ask(server, options.requests, [])
        crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(options.connections)]
        for connection in crowd[::2]:
            connection.sendall(HALF)
        try:
            beside += _ask(server, options.requests, crowd[::2])
        finally:
            for connection in crowd:
                connection.close()
        time.sleep(0.5)
    before, during = _p99(alone), _p99(beside)
    print(
        f"p99 of {len(alone)} requests: {before * 1e6:.0f} µs alone, {during * 1e6:.0f} µs beside "
        f"{options.connections} idle connections: {during / before:.2f} times; goal ≤ {GOAL:.1f}"
    )
    return 1 if options.check and during > GOAL * before else 0


def _ask(server: Entrepot, count: int, slow: list[socket.socket]) -> list[float]:
    """Seconds of each request, one after another; meanwhile each of the slow ones sends its byte."""
    headers = {"Authorization": server.authorization(PULL), "Accept": MANIFEST_TYPE}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    taken: list[float] = []
    gap = EVERY / max(len(slow), 1)
    due, turn = time.perf_counter(), 0
    for _ in range(count):
        began = time.perf_counter()
        connection.request("GET", f"/v2/{REPOSITORY}/manifests/small-0", headers=headers)
        answer = connection.getresponse()
        answer.read()
        taken.append(time.perf_counter() - began)
        if answer.status != 200:
            raise RuntimeError(f"the manifest was answered {answer.status}")
        while slow and (now := time.perf_counter()) >= due and due - now > -EVERY:
            with suppress(OSError):  # Who takes too long over a head is not listened to any more.
                slow[turn % len(slow)].sendall(b"a")
            due, turn = due + gap, turn + 1
        due = max(due, time.perf_counter() - EVERY)
    connection.close()
    return taken


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
