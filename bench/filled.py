"""`python -m bench.filled`: what requests cost with 0, a million and ten million tags in the database, side by side.

No rival takes part: each column is Entrepot with so many tags. What PostgreSQL's server uses counts, too.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table
from stress.servers import postgresql

from bench import long, run
from bench.content import MIB, Content
from bench.cpu import cpu_seconds
from bench.entrepot import Entrepot
from bench.figures import Line, lines_of
from bench.many import PostgresqlFiller, SqliteFiller
from bench.rows import rows_of
from bench.servers import Command, Server
from bench.stage import Sizes, Stage
from bench.tokens import Issuer

GOAL = 1.2
"""What a figure may be of the same with no tags."""


class Filled(Entrepot):
    """Entrepot with so many tags."""

    def __init__(self, home: Path, issuer: Issuer, workers: int, tags: int, database: Path | None, url: str) -> None:
        """`database` is the folder of the PostgreSQL server at `url`; None for SQLite."""
        super().__init__(home, issuer, Path(sys.executable), workers)
        self.key = f"{tags:,} tags"  # type: ignore[misc]
        self.offers = self.offers if tags else self.offers - {"lists"}  # type: ignore[misc]
        self._tags = tags
        self._database = database
        self._url = url

    def command(self) -> Command:
        """As usual, with the database that was asked for."""
        usual = super().command()
        return Command(arguments=usual.arguments, environment={**usual.environment, "ENTREPOT_DATABASE": self._url})

    def cpu(self) -> float:
        """With the database's server."""
        if self._database is None:
            return super().cpu()
        server = int((self._database / "postmaster.pid").read_text().split()[0])
        return super().cpu() + cpu_seconds(server)

    def lengthen(self) -> None:
        """Nothing; the database has the tags. It is started anew."""
        self.stop()
        filler = PostgresqlFiller(self._url) if self._database else SqliteFiller(self.data / "entrepot.db")
        long.write_rows(filler, max(self._tags - long.TAGS, 0))
        self.start()


def main(arguments: list[str]) -> int:
    """The exit status: 1 with --check when a figure is beyond the goal, 2 when an answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.filled", description=__doc__)
    parser.add_argument("--database", default="sqlite", choices=["sqlite", "postgresql"])
    parser.add_argument("--tags", type=int, nargs="+", default=[0, 1_000_000, 10_000_000])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=10_000, help="requests of a small row")
    parser.add_argument("--folder", type=Path, default=None, help="where it works; some 4 GiB for 10 million tags")
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is not met")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    home = Path(tempfile.mkdtemp(prefix="entrepot-filled-", dir=options.folder))
    home.chmod(0o755)  # PostgreSQL runs as another user when this runs as root.
    issuer = Issuer(home)
    try:
        with ExitStack() as stack:
            return _run(options, home, issuer, stack)
    finally:
        issuer.close()
        shutil.rmtree(home, ignore_errors=True)


def _run(options: argparse.Namespace, home: Path, issuer: Issuer, stack: ExitStack) -> int:
    say = Console(stderr=True, highlight=False, soft_wrap=True).print
    servers: list[Server] = []
    for tags in options.tags:
        place = home / f"{tags}"
        place.mkdir()
        url = stack.enter_context(postgresql(place)) if options.database == "postgresql" else ""
        database = place / "postgresql" if url else None
        servers.append(Filled(place / "entrepot", issuer, options.workers, tags, database, url))
        stack.callback(servers[-1].stop)
    stage = Stage(Content(home, MIB, 2), Sizes(count=options.count, volume=2 * MIB, blob=MIB))
    running, absent = run.start(servers, stage, say, lists=True)
    rows = rows_of(("small", "lists"), stage, None)
    readings = run.measure(running, rows, options.rounds, time.monotonic() + 3600, say)
    lines = lines_of(rows, [server.key for server in running], readings)
    workers = f"{options.workers} {'process' if options.workers == 1 else 'processes'}"
    _show(lines, running, f"CPU seconds, {options.database}, {workers} of Entrepot, {os.cpu_count()} cores")
    for text in (*absent.values(), *readings.failures.values()):
        say(text, style="red")
    if absent or readings.failures:
        return 2
    ratios = [ratio for line in lines for ratio in _ratios(line, running)]
    return 1 if options.check and any(ratio > GOAL for ratio in ratios) else 0


def _ratios(line: Line, servers: list[Server]) -> list[float]:
    """The figures as multiples of the first there is, which is that with the fewest tags."""
    found = [line.cells[server.key].cpu for server in servers if server.key in line.cells]
    values = [cpu.median for cpu in found if cpu is not None]
    return [value / values[0] for value in values[1:] if values[0]]


def _show(lines: list[Line], servers: list[Server], title: str) -> None:
    table = Table("row", *(server.key for server in servers), "ratios", title=title, width=140)
    for line in lines:
        cells = []
        for server in servers:
            cpu = line.cells[server.key].cpu if server.key in line.cells else None
            cells.append(f"{cpu.median:.3f} ({cpu.least:.3f}-{cpu.most:.3f})" if cpu else "-")
        table.add_row(line.row.title, *cells, " ".join(f"{ratio:.2f}" for ratio in _ratios(line, servers)))
    Console(width=140).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
