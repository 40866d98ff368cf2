"""A browser, and a registry that runs as a process, filled with something of everything."""

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from clients.docker import Daemon
from clients.server import Server
from contracts.access_house import basic

from .chromium import PATIENCE, chromium, look, sign_in

for room in ("web", "harbor"):
    sys.path.insert(0, str(Path(__file__).parents[1] / room))

from furnish import Made, furnish  # noqa: E402 - found by the lines above
from house import Client  # noqa: E402

from .settled import settled  # noqa: E402


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one browser."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def docker_daemon() -> Iterator[Daemon]:
    """The one dockerd."""
    daemon = Daemon()
    try:
        daemon.wait()
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A registry with its usual settings, for the tests of one file."""
    server = Server(tmp_path_factory.mktemp("registry"))
    server.start()
    yield server
    assert server.stop() == 0, server.log_tail()


@pytest.fixture(scope="module")
def made(registry: Server) -> Made:
    """What its project `shop` is filled with."""

    async def fill() -> Made:
        async with httpx.AsyncClient(base_url=registry.url, timeout=60, trust_env=False) as http:
            admin = Client(http, basic(registry.user, registry.password))
            await admin.post("/projects", {"project_name": "shop"})
            return await settled(admin, await furnish(admin, "shop"))

    # In a thread of its own: the browser's events run in this one.
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(asyncio.run, fill()).result()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, registry: Server) -> Any:
    """The cookies of an administrator, for contexts to begin with."""
    context = browser.new_context(**look())
    context.set_default_timeout(PATIENCE)
    sign_in(context.new_page(), registry.url, registry.user, registry.password)
    state = context.storage_state()
    context.close()
    return state
