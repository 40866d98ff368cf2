"""`python -m bench.pages`: how long the pages of lists take to make, with 100 000 rows in each table.

The whole application is called in this process, without sockets: a figure is the median of the CPU time of one request,
database and all, which is what a page takes on a machine that has time for it.
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
from pathlib import Path

import httpx

from bench.many import Amounts, SqliteFiller, fill
from entrepot.app import open_house, route
from entrepot.config import Settings

GOAL = 30.0
"""Milliseconds."""
BIG = "/project-000000/app"
PAGES = (
    "/",
    "/?page=1500",
    "/?q=0999",
    "/project-000000",
    BIG,
    f"{BIG}?show=tags",
    f"{BIG}?show=tags&after=v050000",
    f"{BIG}?q=0999",
    f"{BIG}?show=untagged",
    f"{BIG}:v050000",
    "/-/jobs",
)
REQUESTS = 15


async def measure(folder: Path, password: str) -> dict[str, tuple[float, int]]:
    """Milliseconds of each page, and its bytes as they are sent."""
    settings = Settings(data=folder, admin_password=password)
    async with open_house(settings):
        pass  # It makes the schema and the administrator.
    filler = SqliteFiller(folder / "entrepot.db")
    fill(filler, Amounts(events=100_000))
    filler.finish()
    found: dict[str, tuple[float, int]] = {}
    async with open_house(settings) as house:
        transport = httpx.ASGITransport(app=route(house, {}))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://registry.test", timeout=60) as http:
            form = re.search(r'name="token" value="([0-9a-f]+)"', (await http.get("/-/sign-in")).text)
            assert form is not None, "the page for signing in has no form"
            fields = {"token": form[1], "name": "admin", "password": password}
            assert (await http.post("/-/sign-in", data=fields)).status_code == 303, "signing in fails"
            for path in PAGES:
                found[path] = await _page(http, path)
    return found


async def _page(http: httpx.AsyncClient, path: str) -> tuple[float, int]:
    """Raises RuntimeError for an answer that is no page."""
    took = []
    size = 0
    for number in range(REQUESTS + 1):
        began = time.process_time()
        async with http.stream("GET", path, headers={"accept-encoding": "gzip"}) as answer:
            body = b"".join([piece async for piece in answer.aiter_raw()])
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        if number:
            took.append(1000 * (time.process_time() - began))
        size = len(body)
    return statistics.median(took), size


def main(arguments: list[str]) -> int:
    """The exit status: 1 with --check when a page takes longer than the goal."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is not met")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="entrepot-pages-"))
    try:
        found = asyncio.run(measure(folder, f"Bench-1-{secrets.token_urlsafe(12)}"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for path, (took, size) in found.items():
        print(f"{path:40} {took:7.1f} ms {size / 1000:7.1f} kB")
    return 1 if options.check and any(took > GOAL for took, _ in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
