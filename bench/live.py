"""`python -m bench.live`: how late open pages are, and what streams of news cost at rest.

Against a registry of two processes, or two of them on one PostgreSQL server: changes by the API one after another,
pushes, deletions, restoring, rules and quotas, each until Chromium's page shows it; then hundreds of open streams, and
the CPU that the registry takes while nothing happens.
With `--check`, what misses its goal is measured once more if the machine had more to do than it has processors: how
late a page is depends on who else wants them.
"""

import argparse
import asyncio
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import httpx
from playwright.sync_api import Page, sync_playwright
from stress.servers import postgresql

from bench.changes import Change, Registry
from bench.cpu import cpu_seconds
from bench.load import ROOT

MEDIAN, WORST = 0.2, 1.0
"""Seconds: the goals for all changes."""
AT_REST = 0.05
"""CPU seconds a second: the goal for open pages while nothing happens."""
PASSWORD = f"Bench-1-{secrets.token_urlsafe(12)}"


@contextmanager
def serving(folder: Path, workers: int, database: str = "") -> Iterator[tuple[int, str]]:
    """The id of the registry's first process, and where it answers; on SQLite if no database is named."""
    url = f"127.0.0.1:{20_000 + secrets.randbelow(20_000)}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "ENTREPOT_ADMIN_PASSWORD": PASSWORD}
    environment |= {"ENTREPOT_DATABASE": database} if database else {}
    command = [sys.executable, "-m", "entrepot", "serve", "--data", str(folder / "data"), "--listen", url]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([*command, "--workers", str(workers)], env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not _ready(url):
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError((folder / "log").read_text()[-2000:])
            time.sleep(0.1)
        yield process.pid, f"http://{url}"
    finally:
        process.terminate()
        process.wait(60)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"http://{url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def sharing(database: str, workers: int) -> Iterator[tuple[int, list[str]]]:
    """The id of the first process that serves pages, and where changes are made and where pages are opened.

    That is a new registry of so many processes on SQLite, and two of them on one PostgreSQL server.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="entrepot-live-")))
        url = stack.enter_context(postgresql(folder)) if database == "postgresql" else ""
        nodes = [stack.enter_context(serving(folder, workers, url)) for _ in range(2 if url else 1)]
        yield nodes[-1][0], [nodes[0][1], nodes[-1][1]]


def lateness(changed: str, opened: str, rounds: int) -> dict[str, list[float]]:
    """Seconds from the API's answer to the page that shows the change, for so many changes of each kind."""
    registry = Registry(changed, PASSWORD)
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("chromium is not here: script/install-clients installs it")
    found: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--headless=new", "--no-sandbox"])
        first = browser.new_page()
        first.goto(f"{opened}/-/sign-in")
        first.locator("[name=name]").fill("admin")
        first.locator("[name=password]").fill(PASSWORD)
        first.locator("main button.main").click()
        first.wait_for_url(f"{opened}/")
        known = first.context.storage_state()
        pages: dict[str, Page] = {}
        for number in range(rounds):
            for change in registry.round(number):
                if change.path not in pages:
                    page = pages[change.path] = browser.new_context(storage_state=known).new_page()
                    with page.expect_response(lambda answer: "/-/live?" in answer.url):
                        page.goto(f"{opened}{change.path}")
                found.setdefault(change.kind, []).append(_late(pages[change.path], change))
        browser.close()
    return found


def _late(page: Page, change: Change) -> float:
    change.make()
    began = time.perf_counter()
    state: Literal["attached", "detached"] = "detached" if change.gone else "attached"
    page.locator(change.shows).first.wait_for(state=state, timeout=30_000)
    took = time.perf_counter() - began
    time.sleep(0.4)  # So that none waits for the pause after the one before.
    return took


async def at_rest(url: str, pid: int, streams: int, seconds: float) -> float:
    """CPU seconds a second that the registry takes with so many open streams while nothing happens."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=None, trust_env=False) as http:
        opened: list[int] = []

        async def hear() -> None:
            async with http.stream("GET", "/-/live", params={"seen": 0, "on": "projects"}) as answer:
                answer.raise_for_status()
                opened.append(1)
                async for _ in answer.aiter_raw():
                    pass

        tasks = [asyncio.create_task(hear()) for _ in range(streams)]
        while len(opened) < streams:
            await asyncio.sleep(0.1)
        await asyncio.sleep(3)
        began = cpu_seconds(pid)
        await asyncio.sleep(seconds)
        used = cpu_seconds(pid) - began
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return used / seconds


def prompt(found: Mapping[str, Sequence[float]]) -> bool:
    """Prints how late pages were; whether the goals are met."""
    every = [one for some in found.values() for one in some]
    for kind, took in (*found.items(), ("all", every)):
        median, worst = 1000 * statistics.median(took), 1000 * max(took)
        print(f"{kind}: {len(took)} changes, median {median:.0f} ms, worst {worst:.0f} ms")
    return statistics.median(every) < MEDIAN and max(every) <= WORST


def main(arguments: list[str]) -> int:
    """The exit status: 1 with --check when a goal is not met."""
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    parser.add_argument("--database", default="sqlite", choices=["sqlite", "postgresql"])
    parser.add_argument("--rounds", type=int, default=8, help="changes of each kind")
    parser.add_argument("--streams", type=int, nargs="+", default=[0, 200])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is not met")
    options = parser.parse_args(arguments)
    place = (options.database, options.workers)
    met = _prompt_enough(*place, options.rounds, check=options.check) if options.rounds else True
    with sharing(*place) as (pid, (_, opened)):
        # A registry that was just started has things to do; what it takes without streams is not what streams cost.
        asyncio.run(at_rest(opened, pid, 0, options.seconds))
        bare = asyncio.run(at_rest(opened, pid, 0, options.seconds))
        for count in options.streams:
            share = asyncio.run(at_rest(opened, pid, count, options.seconds))
            print(f"{count} streams at rest: {100 * share:.1f} % of a core, {100 * bare:.1f} without any")
            met = met and share - bare < AT_REST
    if options.check and not met:
        print(f"not met: median {MEDIAN} s, worst {WORST} s, and {100 * AT_REST:g} % of a core at rest")
    return 1 if options.check and not met else 0


def _prompt_enough(database: str, workers: int, rounds: int, *, check: bool) -> bool:
    with sharing(database, workers) as (_, (changed, opened)):
        if prompt(lateness(changed, opened, rounds)):
            return True
    if not check or not _busy():
        return False
    with sharing(database, workers) as (_, (changed, opened)):
        return prompt(lateness(changed, opened, rounds))


def _busy() -> bool:
    """Whether more processes want the processors than there are; if so, says it."""
    waiting, processors = os.getloadavg()[0], len(os.sched_getaffinity(0))
    if waiting > processors:
        print(f"the machine is busy: {waiting:.1f} processes want its {processors} processors; once more")
    return waiting > processors


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
