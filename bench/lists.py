"""`python -m bench.lists`: what a page of each list costs with 100 000 rows in each table, and the audit with millions.

A row is the CPU time of all processes that serve, the database's own included, for one request. There is no rival: the
figure is held to a goal of its own.
"""

import argparse
import base64
import http.client
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from stress.servers import postgresql

from bench.cpu import cpu_seconds
from bench.load import ROOT
from bench.many import MEMBER, Amounts, PostgresqlFiller, SqliteFiller, fill

GOAL = 0.1
"""CPU seconds of one page."""
LEAST = 0.3
"""Seconds of CPU that a figure is made from, as the clock ticks every hundredth."""
MOST_REQUESTS = 200
BIG = "/api/v2.0/projects/project-000000/repositories/app/artifacts"

LISTS = (
    "/api/v2.0/projects",
    "/api/v2.0/projects?page=9000",
    "/api/v2.0/projects?name=99",
    "/api/v2.0/projects?public=true",
    "/api/v2.0/projects?q=name=~0999&sort=-name",
    "/api/v2.0/projects/project-000000/summary",
    "/api/v2.0/repositories",
    "/api/v2.0/repositories?page=9000",
    "/api/v2.0/repositories?q=name=~0999",
    "/api/v2.0/repositories?sort=-update_time",
    "/api/v2.0/projects/project-000000/repositories",
    BIG,
    f"{BIG}?page=900&page_size=100&with_tag=true&with_label=true",
    f"{BIG}?q=tags=v099999",
    f"{BIG}?q=tags=~0999",
    f"{BIG}?q=tags=nil",
    f"{BIG}?sort=push_time",
    f"{BIG}/v050000",
    f"{BIG}/v050000/tags",
    "/api/v2.0/projects/project-000000/artifacts",
    "/v2/project-000000/app/tags/list?n=100",
    "/v2/project-000000/app/tags/list?n=100&last=v090000",
    "/v2/_catalog?n=100",
    "/v2/_catalog?n=100&last=project-090000/app",
    "/api/v2.0/search?q=0999",
    "/api/v2.0/statistics",
    "/api/v2.0/users?page=900",
    "/api/v2.0/users/search?username=0999",
    "/api/v2.0/labels?scope=g",
    "/api/v2.0/labels?scope=g&name=0999",
    "/api/v2.0/quotas",
    "/api/v2.0/quotas?sort=-used.storage&page=900",
    "/api/v2.0/audit-logs",
    "/api/v2.0/audit-logs?page=100&page_size=100",
    "/api/v2.0/audit-logs?q=username=user-000007",
    "/api/v2.0/auditlog-exts?q=operation=create,resource_type=artifact",
    "/api/v2.0/auditlog-exts?q=resource=nothing",
    "/api/v2.0/projects/project-000000/logs",
)
NOT_OF_A_MEMBER = ("/api/v2.0/quotas", "/api/v2.0/users", "/api/v2.0/projects/project-000000/logs")
OF_A_MEMBER = tuple(path for path in LISTS if path.split("?")[0] not in NOT_OF_A_MEMBER)


@dataclass
class Figures:
    """CPU seconds of a request, by who asks and what."""

    seconds: dict[tuple[str, str], float] = field(default_factory=dict)


class Registry:
    """`entrepot serve` in one process, over a database that may be a server's."""

    def __init__(self, data: Path, database: str) -> None:
        self.data = data
        self.password = f"Bench-1-{secrets.token_urlsafe(12)}"
        self._database = database
        self.port = 0

    @contextmanager
    def serving(self) -> Iterator[int]:
        """The id of its process, once it answers; it is stopped afterwards."""
        self.port = 20_000 + secrets.randbelow(20_000)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
        environment |= {"PYTHONPATH": str(ROOT / "src"), "ENTREPOT_ADMIN_PASSWORD": self.password}
        environment |= {"ENTREPOT_LOG_REQUESTS": "false", "ENTREPOT_DATABASE": self._database}
        command = [sys.executable, "-m", "entrepot", "serve", "--data", str(self.data), "--workers", "1"]
        with (self.data.parent / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--listen", f"127.0.0.1:{self.port}"], env=environment, stdout=log, stderr=log
            )
        try:
            self._wait(process)
            yield process.pid
        finally:
            process.terminate()
            process.wait(60)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(self.log())

    def log(self) -> str:
        """The end of what it logged."""
        return (self.data.parent / "log").read_text()[-2000:]

    def set_password_of(self, name: str) -> None:
        """Gives the user the administrator's password."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "ENTREPOT_PASSWORD": self.password}
        environment["ENTREPOT_DATABASE"] = self._database
        command = [sys.executable, "-m", "entrepot", "user", "password", name, "--data", str(self.data)]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def measure(registry: Registry, who: str, path: str, cpu: Callable[[], float]) -> float:
    """CPU seconds of one request. Raises RuntimeError for an answer that is no success."""
    connection = http.client.HTTPConnection("127.0.0.1", registry.port, timeout=120)
    credentials = base64.b64encode(f"{who}:{registry.password}".encode()).decode()

    def ask() -> None:
        connection.request("GET", path, headers={"Authorization": f"Basic {credentials}"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} for {who}: {answer.status} {body[:200]!r}\n{registry.log()}")

    ask()  # The first one proves a password, and opens what is kept open.
    began, count = cpu(), 0
    while count < MOST_REQUESTS and (count == 0 or cpu() - began < LEAST):
        ask()
        count += 1
    return (cpu() - began) / count


def run(options: argparse.Namespace, folder: Path, database: str) -> Figures:
    """Fills a registry, and measures each list for an administrator and for a member of 1000 projects."""
    figures, data = Figures(), folder / "data"
    with ExitStack() as stack:
        url = stack.enter_context(postgresql(folder)) if database == "postgresql" else ""
        server = int((folder / "postgresql" / "postmaster.pid").read_text().split()[0]) if url else None
        registry = Registry(data, url)
        with registry.serving():
            pass  # It makes the schema and the administrator.
        filler = PostgresqlFiller(url) if url else SqliteFiller(data / "entrepot.db")
        fill(filler, Amounts(events=options.events))
        filler.finish()
        registry.set_password_of(MEMBER)
        with registry.serving() as pid:

            def cpu() -> float:
                return cpu_seconds(pid) + (cpu_seconds(server) if server else 0.0)

            for who, paths in (("admin", LISTS), (MEMBER, OF_A_MEMBER)):
                for path in paths:
                    figures.seconds[who, path] = measure(registry, who, path, cpu)
                    print(f"{database}: {who}: {path}: {figures.seconds[who, path] * 1000:.1f} ms", file=sys.stderr)
    return figures


def main(arguments: list[str]) -> int:
    """The exit status: 1 with --check when a page costs more than the goal."""
    parser = argparse.ArgumentParser(prog="python -m bench.lists", description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    parser.add_argument("--events", type=int, default=Amounts.events, help="rows of the audit")
    parser.add_argument("--folder", type=Path, default=None, help="where it works; some 5 GiB for 10 million events")
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is not met")
    options = parser.parse_args(arguments)
    found: dict[str, Figures] = {}
    for database in options.databases:
        folder = Path(tempfile.mkdtemp(prefix="entrepot-lists-", dir=options.folder))
        folder.chmod(0o755)  # PostgreSQL runs as another user when this runs as root.
        (folder / "data").mkdir()
        try:
            found[database] = run(options, folder, database)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    show(options, found)
    slow = [value for figures in found.values() for value in figures.seconds.values() if value > GOAL]
    return 1 if options.check and slow else 0


def show(options: argparse.Namespace, found: dict[str, Figures]) -> None:
    """Prints a table of the figures."""
    title = (
        f"CPU milliseconds of a page; {Amounts.projects:,} rows in each table, {options.events:,} events; goal ≤ 100"
    )
    table = Table("who", "page", *found, title=title, width=140)
    for who, path in next(iter(found.values())).seconds:
        cells = [f"{figures.seconds[who, path] * 1000:.1f}" for figures in found.values()]
        table.add_row(who, path, *cells)
    Console(width=140).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
