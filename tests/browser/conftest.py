"""A browser, and a registry that runs as a process, filled with something of everything."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from clients.docker import Daemon
from clients.server import Server
from contracts.access_house import basic
from whole.nodes import PASSWORD, Node

from .chromium import PATIENCE, Watch, chromium, look, sign_in

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
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A registry of two processes: what one of them does, pages of the other have to show."""
    started = Node(tmp_path_factory.mktemp("live") / "data", workers="2").start()
    yield started
    started.kill()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[[Node, str], Page]]:
    """Opens a live page as the administrator; nothing may go wrong on it."""
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []
    known: dict[str, Any] = {}

    def at(node: Node, path: str) -> Page:
        # A context for each page: browsers have few connections for one host, and a stream keeps one.
        context = browser.new_context(**look(storage_state=known.get(node.url)))
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        if node.url not in known:
            sign_in(page, node.url, "admin", PASSWORD)
            known[node.url] = context.storage_state()
        watches.append(Watch(page, node.url))
        with page.expect_response(lambda answer: "/-/live?" in answer.url):
            page.goto(node.url + path)
        return page

    yield at
    for context in contexts:
        context.close()
    assert [one for watch in watches for one in watch.wrong] == []


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
