"""`python -m bench.live`: how late open pages are, and what streams of news cost at rest.

Against a registry of two processes: changes by the API one after another, each until Chromium's page shows it; then
hundreds of open streams, and the CPU that the registry takes while nothing happens.
"""

import argparse
import asyncio
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

from bench.content import digest_of
from bench.cpu import cpu_seconds
from bench.load import ROOT

OCI = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
REPOSITORY = "library/live"
PASSWORD = f"Bench-1-{secrets.token_urlsafe(12)}"


@contextmanager
def serving(folder: Path, workers: int) -> Iterator[tuple[int, str]]:
    """The id of the registry's first process, and where it answers."""
    url = f"127.0.0.1:{20_000 + secrets.randbelow(20_000)}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "ENTREPOT_ADMIN_PASSWORD": PASSWORD}
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


class Registry:
    """What is changed by the API."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, auth=("admin", PASSWORD), timeout=60, trust_env=False)
        config = b"{}"
        digest = digest_of(config)
        path = f"/v2/{REPOSITORY}/blobs/uploads/"
        self.http.post(path, params={"digest": digest}, content=config).raise_for_status()
        described = {"mediaType": CONFIG, "digest": digest, "size": len(config)}
        self._body = json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": described, "layers": []})

    def tag(self, tag: str) -> None:
        """Pushes the image under a tag."""
        path = f"/v2/{REPOSITORY}/manifests/{tag}"
        self.http.put(path, content=self._body, headers={"content-type": OCI}).raise_for_status()

    def untag(self, tag: str) -> None:
        """Deletes a tag."""
        path = "/api/v2.0/projects/library/repositories/live/artifacts/first/tags"
        self.http.delete(f"{path}/{tag}").raise_for_status()


def lateness(url: str, changes: int) -> list[float]:
    """Seconds from the API's answer to the page that shows the change, for so many changes."""
    registry = Registry(url)
    registry.tag("first")
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("chromium is not here: script/install-clients installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--headless=new", "--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{url}/-/sign-in")
        page.locator("[name=name]").fill("admin")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button.main").click()
        page.wait_for_url(f"{url}/")
        with page.expect_response(lambda answer: "/-/live?" in answer.url):
            page.goto(f"{url}/{REPOSITORY}?show=tags")
        found = [_change(page, registry, number) for number in range(changes)]
        browser.close()
    return found


def _change(page: Page, registry: Registry, number: int) -> float:
    tag, gone = f"tag-{number // 2}", bool(number % 2)
    (registry.untag if gone else registry.tag)(tag)
    began = time.perf_counter()
    page.locator(f"a.name:text-is('{tag}')").wait_for(state="detached" if gone else "attached", timeout=30_000)
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


def main(arguments: list[str]) -> int:
    """The exit status: 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    parser.add_argument("--changes", type=int, default=40)
    parser.add_argument("--streams", type=int, nargs="+", default=[0, 200])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="entrepot-live-"))
    try:
        with serving(folder, options.workers) as (pid, url):
            took = sorted(1000 * one for one in lateness(url, options.changes)) if options.changes else []
            if took:
                print(f"{len(took)} changes: median {statistics.median(took):.0f} ms, worst {took[-1]:.0f} ms")
            for count in options.streams:
                share = asyncio.run(at_rest(url, pid, count, options.seconds))
                print(f"{count} streams at rest: {100 * share:.1f} % of a core")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
