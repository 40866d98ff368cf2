"""Finding the way through the pages by the keys of lists, and without scripts."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from clients.files import some_files
from clients.server import Server
from clients.skopeo import Skopeo

from .chromium import PATIENCE, Watch, look, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def page(browser: Browser, registry: Server) -> Iterator[Page]:
    """A page of somebody who is not signed in yet; nothing may go wrong on it."""
    context = browser.new_context(**look())
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    watch = Watch(opened, registry.url)
    yield opened
    context.close()
    assert watch.wrong == []


@pytest.fixture(scope="module")
def skopeo(registry: Server) -> Iterator[Skopeo]:
    """A client that is signed in."""
    with tempfile.TemporaryDirectory() as home:
        client = Skopeo(registry, Path(home))
        client.login(registry.user, registry.password)
        yield client


def test_by_keyboard_alone(page: Page, registry: Server, skopeo: Skopeo) -> None:
    skopeo.push(f"{registry.address}/library/keys:1.0", some_files())
    page.goto(f"{registry.url}/-/sign-in")
    page.keyboard.type(registry.user)  # The name is where one begins.
    page.keyboard.press("Tab")
    page.keyboard.type(registry.password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{registry.url}/")
    for text, address in (("library", "/library"), ("keys", "/library/keys"), ("1.0", "/library/keys:1.0")):
        page.wait_for_load_state()
        for _ in range(30):
            page.keyboard.press("j")
            if page.evaluate("() => document.activeElement.textContent.trim()") == text:
                break
        page.keyboard.press("Enter")
        page.wait_for_url(registry.url + address)
    page.go_back()
    page.wait_for_url(f"{registry.url}/library/keys")
    page.reload()
    expect(page.get_by_role("link", name="1.0", exact=True)).to_be_visible()


def test_without_scripts_everything_can_be_read(browser: Browser, registry: Server, skopeo: Skopeo) -> None:
    skopeo.push(f"{registry.address}/library/plain:1.0", some_files())
    context = browser.new_context(**look(java_script_enabled=False))
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    sign_in(page, registry.url, registry.user, registry.password)
    for text, address in (("library", "/library"), ("plain", "/library/plain"), ("1.0", "/library/plain:1.0")):
        page.locator("main").get_by_role("link", name=text, exact=True).first.click()
        page.wait_for_url(registry.url + address)
    page.goto(f"{registry.url}/library/plain?show=tags")
    page.get_by_role("checkbox", name="1.0").check()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete 1 tag", exact=True).click()
    expect(page.locator(".toast")).to_be_visible()
    context.close()
