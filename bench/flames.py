"""`python -m bench.flames`: where the time of each row goes, as flame graphs, one SVG a row, of one serving process.

py-spy (a development dependency) looks at the process some hundred times a second, C's own functions included.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.binaries import Binaries
from bench.content import MIB, Content
from bench.cpu import children
from bench.entrepot import Entrepot
from bench.load import ROOT
from bench.rows import GROUPS, Row, rows_of
from bench.servers import Command
from bench.stage import Sizes, Stage
from bench.tokens import Issuer
from bench.trips import Trips

ROWS = {
    "manifest-get-tag": "GET of a manifest by its tag",
    "manifest-head-tag": "HEAD of a manifest by its tag",
    "blob-head": "HEAD of a blob",
    "blob-get": "GET of 4 KiB",
    "tokens": "A token",
    "tags-first": "1000 of 300 000 tags",
    "catalog-first": "1000 of 100 000 repositories",
    "down-1": "256 MiB down, 1 connection",
    "down-8": "256 MiB down, 8 connections",
    "range-8": "Ranges of 4 MiB, 8 connections",
    "up-put-8": "128 MiB up, 8 connections",
    "up-patch-8": "128 MiB up in PATCHes, 8 connections",
    "up-stream-8": "128 MiB up in one chunked PATCH, 8 connections",
    "image-push": "20 layers pushed by crane",
    "image-pull": "20 layers pulled by crane",
}
RATE = 250
"""Looks a second."""


class Alone(Entrepot):
    """Entrepot in one process that serves, and none that does jobs."""

    def command(self) -> Command:
        """As usual otherwise."""
        usual = super().command()
        return Command(arguments=usual.arguments, environment={**usual.environment, "ENTREPOT_JOB_WORKERS": "0"})


def main(arguments: list[str]) -> int:
    """The exit status: 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.flames", description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("docs/images/flames"), help="the folder of the SVGs")
    parser.add_argument("--seconds", type=int, default=8, help="how long each row is looked at")
    parser.add_argument("--rows", nargs="+", choices=sorted(ROWS), default=sorted(ROWS), help="which rows")
    options = parser.parse_args(arguments)
    wanted: list[str] = options.rows
    options.into.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="entrepot-flames-"))
    issuer = Issuer(home)
    server = Alone(home / "entrepot", issuer, Path(sys.executable), 1)
    try:
        server.start()
        stage = Stage(Content(home, 256 * MIB, 4), Sizes())
        server.seed(stage.content)
        server.lengthen()
        trips = Trips(home, Binaries(ROOT / "build" / "bench" / "bin").crane(), stage.sizes)
        for row in rows_of(GROUPS, stage, trips):
            if row.key in wanted:
                _record(server, row, options.into / f"{row.key}.svg", options.seconds)
    finally:
        server.stop()
        issuer.close()
        shutil.rmtree(home, ignore_errors=True)
    return 0


def _record(server: Entrepot, row: Row, picture: Path, seconds: int) -> None:
    """Has the row done again and again while py-spy looks. Raises CalledProcessError if it cannot look."""
    row.measure(server)
    [worker] = children(server.pid)
    looking = ["record", "--native", "--rate", f"{RATE}", "--duration", f"{seconds}", "--output", f"{picture}"]
    spy = subprocess.Popen(
        [Path(sys.executable).with_name("py-spy"), *looking, "--pid", f"{worker}"], stdout=subprocess.DEVNULL
    )
    time.sleep(0.5)
    _again_until(lambda: spy.poll() is not None, lambda: row.measure(server))
    if spy.returncode:
        raise subprocess.CalledProcessError(spy.returncode, "py-spy")
    # Its title would be the command.
    picture.write_text(re.sub(r'(id="title"[^>]*>)[^<]*', rf"\g<1>{ROWS[row.key]}", picture.read_text()))


def _again_until(over: Callable[[], bool], job: Callable[[], object]) -> None:
    while not over():
        job()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
