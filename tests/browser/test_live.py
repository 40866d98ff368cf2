"""Open pages are never late: whatever changes, by whomever, they show it without anybody doing anything.

The bounds here hold on a machine that is busy with other things; `python -m bench.live` measures what it really takes.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from contracts.databases import PostgresqlServer
from whole.nodes import OCI_MANIFEST, PASSWORD, Node, image_of, push_blob, push_image

from .chromium import PATIENCE, look, sign_in
from .late import AT_MOST, late

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def tagged(client: httpx.Client, repository: str, tag: str) -> Callable[[], httpx.Response]:
    """Pushes a tag of an image whose blobs are there."""
    body = image_of(b"layer")
    return lambda: client.put(
        f"/v2/{repository}/manifests/{tag}", content=body, headers={"content-type": OCI_MANIFEST}
    ).raise_for_status()


def test_pushes_and_deletions_are_shown_by_every_open_page(node: Node, opened: Callable[[Node, str], Page]) -> None:
    with node.client() as client:
        push_image(client, "library/live", "first", b"layer")
        pages = [opened(node, "/library/live?show=tags") for _ in range(3)]
        project = opened(node, "/library")
        took = []
        for number in range(10):
            for gone in (False, True):
                tag = f"tag-{number}"
                path = f"/api/v2.0/projects/library/repositories/live/artifacts/first/tags/{tag}"
                change = (lambda path=path: client.delete(path)) if gone else tagged(client, "library/live", tag)
                shows = f"a.name:text-is('{tag}')"
                took.append(late(pages[0], change, shows, gone=gone))
                took += [late(page, lambda: None, shows, gone=gone) for page in pages[1:]]
        late(project, lambda: push_image(client, "library/fresh", "1", b"layer"), "a.name:text-is('fresh')")
        late(
            project,
            lambda: client.delete("/api/v2.0/projects/library/repositories/fresh"),
            "a.name:text-is('fresh')",
            gone=True,
        )
    assert statistics.median(took) < 1.0, sorted(took)


def test_where_the_reader_is_stays(node: Node, opened: Callable[[Node, str], Page]) -> None:
    with node.client() as client:
        push_image(client, "library/kept", "first", b"layer")
        for number in range(40):
            tagged(client, "library/kept", f"old-{number:02}")()
        page = opened(node, "/library/kept?show=tags")
        box = page.locator("input[name=chosen][value='old-20']")
        box.check()
        box.focus()
        page.evaluate("() => scrollTo(0, 400)")
        before = page.evaluate("() => scrollY")
        late(page, tagged(client, "library/kept", "zz-new"), "a.name:text-is('zz-new')")
        expect(box).to_be_checked()
        expect(box).to_be_focused()
        assert page.evaluate("() => scrollY") == before


def test_a_page_whose_stream_is_down_says_so_and_comes_back(
    tmp_path: Path, opened: Callable[[Node, str], Page], browser: Browser
) -> None:
    node = Node(tmp_path / "data").start()
    context = browser.new_context(**look())
    try:
        page = context.new_page()
        with node.client() as client:
            push_image(client, "library/down", "first", b"layer")
            sign_in(page, node.url, "admin", PASSWORD)
            page.goto(f"{node.url}/library/down?show=tags")
            expect(page.locator(".live")).not_to_have_class("live down")
        assert node.stop() == 0
        expect(page.locator(".live.down")).to_be_visible(timeout=PATIENCE)
        node.start()
        with node.client() as client:
            tagged(client, "library/down", "meanwhile")()
            expect(page.locator("a.name:text-is('meanwhile')")).to_be_visible(timeout=PATIENCE)
            expect(page.locator(".live.down")).to_have_count(0, timeout=PATIENCE)
            late(page, tagged(client, "library/down", "after"), "a.name:text-is('after')")
    finally:
        context.close()
        node.kill()


def test_what_one_node_does_pages_of_the_other_show(
    tmp_path: Path, postgresql_server: PostgresqlServer, opened: Callable[[Node, str], Page]
) -> None:
    url = postgresql_server.url(postgresql_server.create(migrated=False))
    nodes = [Node(tmp_path / "data", database=url).start() for _ in range(2)]
    try:
        with nodes[0].client() as client:
            push_image(client, "library/far", "first", b"layer")
            page = opened(nodes[1], "/library/far?show=tags")
            for number in range(5):
                late(page, tagged(client, "library/far", f"tag-{number}"), f"a.name:text-is('tag-{number}')")
            page.context.close()  # Before its node goes, which would be an error on it.
    finally:
        for node in nodes:
            node.kill()


def test_an_upload_shows_while_it_runs(node: Node, opened: Callable[[Node, str], Page]) -> None:
    with node.client() as client:
        push_blob(client, "library/slow", b"first")
        page = opened(node, "/library")
        location = client.post("/v2/library/slow/blobs/uploads/").headers["location"]

        def trickle() -> Iterator[bytes]:
            for _ in range(40):
                yield os.urandom(100_000)
                if page.locator("#uploads").count():
                    return
                page.wait_for_timeout(250)

        client.patch(location, content=trickle(), headers={"content-type": "application/octet-stream"})
        assert "slow" in page.locator("#uploads").inner_text()
        client.delete(location)
        page.locator("#uploads").wait_for(state="detached", timeout=1000 * AT_MOST)


async def _streams(node: Node, count: int, seconds: float) -> None:
    """Opens streams of news and reads them until the registry ends them."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=node.url, limits=limits, timeout=60, trust_env=False) as http:

        async def one() -> None:
            async with http.stream("GET", "/-/live?seen=0&on=projects") as answer:
                assert answer.status_code == 200
                opened.append(1)
                async for _ in answer.aiter_raw():
                    pass

        opened: list[int] = []
        tasks = [asyncio.create_task(one()) for _ in range(count)]
        async with asyncio.timeout(seconds):
            while len(opened) < count:
                await asyncio.sleep(0.05)
        began = time.perf_counter()
        assert await asyncio.to_thread(node.stop) == 0
        assert time.perf_counter() - began < 8, "open pages hold a stop up"
        await asyncio.gather(*tasks, return_exceptions=True)


def test_open_pages_do_not_hold_a_stop_up(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    node = Node(tmp_path / "data").start()
    try:
        with ThreadPoolExecutor(1) as elsewhere:  # The browser's events run in this thread.
            elsewhere.submit(asyncio.run, _streams(node, 50, 30)).result()
    finally:
        node.kill()
