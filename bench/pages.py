"""`python -m bench.pages`: how long the pages of lists take to make, with 100 000 rows in each table.

The whole application is called in this process, without sockets: a figure is the median of the CPU time of one request,
database and all, which is what a page takes on a machine that has time for it. A machine that is busy with other work
takes more CPU for the same work, too: what `--check` holds to the goal is the figure as it would be at rest
(`bench.pace`).
"""

import argparse
import asyncio
import re
import secrets
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.many import Amounts, SqliteFiller, fill
from bench.pace import Yardstick
from entrepot.app import open_house, route
from entrepot.config import Settings

GOAL = 30.0
"""Milliseconds."""
BIG = "/project-000000/app"
PAGES = (
    "/",
    "/?page=1500",
    "/?q=0999",
    "/-/search?q=0999",
    "/-/palette?q=0999",
    "/-/activity",
    "/-/trash",
    "/-/admin/users",
    "/-/admin/users?page=1900",
    "/-/admin/quotas",
    "/-/admin/labels",
    "/-/admin/storage",
    "/project-000000",
    "/project-000000/-/activity",
    "/project-000000/-/members",
    "/project-000000/-/quota",
    "/project-000000/-/quota?show=blobs",
    BIG,
    f"{BIG}?show=tags",
    f"{BIG}?show=tags&after=v050000",
    f"{BIG}?q=0999",
    f"{BIG}?q=v0999",
    f"{BIG}/-/history?tag=v050000",
    f"{BIG}?show=untagged",
    f"{BIG}:v050000",
    "/-/jobs",
)
REQUESTS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What a page takes."""

    took: float
    """Milliseconds."""
    slowness: float
    """Of the machine meanwhile."""
    size: int
    """Bytes as they are sent."""

    @property
    def at_rest(self) -> float:
        """Milliseconds."""
        return self.took / self.slowness


async def measure(folder: Path, password: str, *, check: bool) -> dict[str, Figure]:
    """What each page takes; with `check`, of those above the goal the better of two measurements."""
    settings = Settings(data=folder, admin_password=password)
    async with open_house(settings):
        pass  # It makes the schema and the administrator.
    filler = SqliteFiller(folder / "entrepot.db")
    fill(filler, Amounts(events=100_000, blobs=100_000))
    filler.finish()
    async with open_house(settings) as house:
        transport = httpx.ASGITransport(app=route(house, {}))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://registry.test", timeout=60) as http:
            form = re.search(r'name="token" value="([0-9a-f]+)"', (await http.get("/-/sign-in")).text)
            assert form is not None, "the page for signing in has no form"
            fields = {"token": form[1], "name": "admin", "password": password}
            assert (await http.post("/-/sign-in", data=fields)).status_code == 303, "signing in fails"
            found = await _pages(http, PAGES)
            above = _above(found) if check else []
            if above:
                print(f"above the goal, and so measured once more: {', '.join(above)}")
                again = await _pages(http, above)
                found |= {path: min(again[path], found[path], key=lambda figure: figure.at_rest) for path in above}
    return found


def _above(found: Mapping[str, Figure]) -> list[str]:
    return [path for path, figure in found.items() if figure.at_rest > GOAL]


async def _pages(http: httpx.AsyncClient, paths: Sequence[str]) -> dict[str, Figure]:
    yardstick = Yardstick()
    found = {path: await _page(http, path, yardstick) for path in paths}
    yardstick.close()
    return found


async def _page(http: httpx.AsyncClient, path: str, yardstick: Yardstick) -> Figure:
    """Raises RuntimeError for an answer that is no page."""
    took = []
    size = 0
    for number in range(REQUESTS + 1):
        yardstick.lay()
        began = time.process_time()
        async with http.stream("GET", path, headers={"accept-encoding": "gzip"}) as answer:
            body = b"".join([piece async for piece in answer.aiter_raw()])
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        if number:
            took.append(1000 * (time.process_time() - began))
        size = len(body)
    return Figure(took=statistics.median(took), slowness=yardstick.slowness(), size=size)


def main(arguments: list[str]) -> int:
    """The exit status: 1 with --check when a page takes longer than the goal."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is not met")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="entrepot-pages-"))
    try:
        found = asyncio.run(measure(folder, f"Bench-1-{secrets.token_urlsafe(12)}", check=options.check))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for path, figure in found.items():
        print(f"{path:42} {figure.took:7.1f} ms, {figure.at_rest:5.1f} at rest {figure.size / 1000:7.1f} kB")
    slowness = statistics.median(figure.slowness for figure in found.values())
    if slowness > 1:
        print(f"this machine took {slowness:.1f} times as long for the same work as the one of the goal does at rest")
    above = _above(found)
    if above:
        print(f"above the goal of {GOAL:g} ms: {', '.join(above)}")
    return 1 if options.check and above else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
