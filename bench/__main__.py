"""`python -m bench`: one run, from finding the programs to the table."""

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import time
from pathlib import Path

from rich.console import Console

from bench import options as settings
from bench import run, table
from bench.binaries import Binaries
from bench.content import Content
from bench.entrepot import Entrepot
from bench.errors import NotHere
from bench.figures import Line, lines_of
from bench.rivals import Distribution, DockerRegistry, Nginx, Zot
from bench.rows import rows_of
from bench.servers import Server
from bench.stage import Stage
from bench.tokens import Issuer
from bench.trips import Trips

MET, UNMET, WRONG = 0, 1, 2


def main(arguments: list[str]) -> int:
    """The exit status: 0; 1 with --check when a goal is unmet; 2 when an answer was wrong, so that figures lack."""
    options = settings.parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    home = options.folder.resolve() / f"run-{os.getpid()}"
    home.mkdir(parents=True)
    issuer = Issuer(home)
    servers: list[Server] = []
    try:
        return _run(options, home, issuer, servers)
    finally:
        for server in servers:
            server.stop()
        issuer.close()
        if not options.keep:
            shutil.rmtree(home, ignore_errors=True)


def _run(options: argparse.Namespace, home: Path, issuer: Issuer, servers: list[Server]) -> int:
    console = Console()
    if not console.is_terminal:
        console = Console(width=table.WIDTH)
    notes = Console(stderr=True, highlight=False, soft_wrap=True)
    say = notes.print
    binaries = Binaries(options.folder.resolve() / "bin")
    sizes = settings.sizes(options)
    absent: dict[str, str] = {}
    for key in options.servers:
        try:
            servers.append(_server(key, home, issuer, binaries, options.workers))
        except NotHere as error:
            absent[key] = str(error)
    trips = None
    if "image" in options.rows:
        try:
            trips = Trips(home, binaries.crane(), sizes)
        except NotHere as error:
            absent["crane"] = str(error)
    content = Content(home, sizes.blob, sizes.volume // sizes.blob)
    stage = Stage(content, sizes)
    running, failed = run.start(servers, stage, say, lists="lists" in options.rows)
    absent |= failed
    rows = rows_of(options.rows, stage, trips)
    deadline = time.monotonic() + options.minutes * 60
    readings = run.measure(running, rows, options.rounds, deadline, say)
    titles = {server.key: server.title() for server in running}
    lines = lines_of(rows, list(titles), readings)
    cut = ", the last one cut short by --minutes" if readings.cut else ""
    console.print(f"{_machine()}; {readings.rounds} rounds, interleaved{cut}")
    table.show(console, lines, titles, absent, zot_wanted="zot" in options.servers)
    if options.json:
        record = {
            "machine": _machine(),
            "rounds": readings.rounds,
            "cut": readings.cut,
            "versions": titles,
            "absent": absent,
            "rows": table.as_json(lines),
        }
        options.json.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return _status(lines, wrong=bool(readings.failures), check=options.check)


def _server(key: str, home: Path, issuer: Issuer, binaries: Binaries, workers: int) -> Server:
    if key == Entrepot.key:
        return Entrepot(home / key, issuer, Path(sys.executable), workers)
    if key == Distribution.key:
        return Distribution(home / key, issuer, binaries.distribution(), workers)
    if key == DockerRegistry.key:
        return DockerRegistry(home / key, issuer, binaries.docker_registry(), workers)
    if key == Zot.key:
        return Zot(home / key, issuer, binaries.zot(), workers)
    return Nginx(home / key, issuer, binaries.nginx(), workers)


def _machine() -> str:
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    cores = f"{os.cpu_count()} cores of {model or platform.machine()}"
    return f"{cores}, Linux {platform.release()}, Python {platform.python_version()}"


def _status(lines: list[Line], *, wrong: bool, check: bool) -> int:
    if wrong:
        return WRONG
    return UNMET if check and any(line.unmet for line in lines) else MET


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
