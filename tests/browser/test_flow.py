"""What a person does with the pages, from signing in to undoing a deletion; by keyboard; without scripts."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from clients.files import some_files
from clients.program import Refused
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


def test_from_the_first_project_to_undoing_a_deletion(page: Page, registry: Server, skopeo: Skopeo) -> None:
    sign_in(page, registry.url, registry.user, registry.password)
    page.get_by_role("link", name="New project").click()
    page.get_by_label("Name").fill("harbour")
    page.get_by_role("button", name="Make the project").click()
    expect(page.locator(".toast")).to_contain_text("Project harbour is there.")
    expect(page.get_by_text("No image is here yet")).to_be_visible()

    reference = f"{registry.address}/harbour/api:1.0"
    skopeo.push(reference, some_files())
    page.get_by_role("link", name="api", exact=True).click()  # It came by itself.
    expect(page.get_by_role("link", name="1.0", exact=True)).to_be_visible()
    skopeo.push(reference, some_files())
    repository = f"{registry.url}/harbour/api"

    page.goto(f"{repository}?show=tags")
    page.get_by_role("checkbox", name="1.0").check()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete 1 tag", exact=True).click()
    expect(page.locator("a.name", has_text="1.0")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    page.goto(f"{repository}?show=tags")
    expect(page.locator("a.name", has_text="1.0")).to_be_visible()

    page.goto(f"{repository}/-/history?tag=1.0")
    before = page.locator("table.list tbody tr").count()
    page.locator("table.list tbody form button").last.click()
    expect(page.locator("table.list tbody tr")).to_have_count(before + 1)
    expect(page.locator("table.list tbody tr").first).to_contain_text("rolled back")


def test_a_robot_pushes_until_the_project_is_full(page: Page, registry: Server) -> None:
    sign_in(page, registry.url, registry.user, registry.password)
    with httpx.Client(base_url=registry.url, auth=(registry.user, registry.password), trust_env=False) as api:
        small = {"project_name": "small", "storage_limit": 60_000}
        api.post("/api/v2.0/projects", json=small).raise_for_status()
    page.goto(f"{registry.url}/small/-/robots/new")
    page.get_by_label("Name").fill("builder")
    page.locator("input[name=may][value=push]").check()
    page.get_by_role("button", name="Make the robot").click()
    secret = page.locator("main .cmd code").nth(1).inner_text()
    with tempfile.TemporaryDirectory() as home:
        robot = Skopeo(registry, Path(home))
        robot.login("robot$small+builder", secret)
        robot.push(f"{registry.address}/small/app:1", some_files())
        with pytest.raises(Refused, match=r"quota|full|denied"):
            robot.push(f"{registry.address}/small/app:2", some_files())
    page.goto(f"{registry.url}/small")
    expect(page.locator(".facts .meter")).to_be_visible()


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
