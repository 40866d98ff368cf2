"""A request that is tried in the explorer of the management API shows what came back."""

from typing import Any

import pytest
from furnish import Made
from playwright.sync_api import Browser, expect

from clients.server import Server

from .chromium import PATIENCE, Watch, look

pytestmark = pytest.mark.browser


def test_a_request_is_tried(browser: Browser, signed_in: Any, registry: Server, made: Made) -> None:
    context = browser.new_context(**look(storage_state=signed_in))
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    watch = Watch(page, registry.url)
    page.goto(f"{registry.url}/-/api")
    page.get_by_role("searchbox", name="Filter operations").fill("a project GET")
    page.get_by_role("searchbox", name="Filter operations").press("Enter")
    page.get_by_role("link", name="/projects/{project_name_or_id}", exact=True).click()
    page.get_by_role("textbox", name="project_name_or_id").fill(made.project)
    page.get_by_role("button", name="Send").click()
    body = page.locator("[data-body]")
    expect(body).to_contain_text(f'"name": "{made.project}"')
    expect(page.locator("[data-status]")).to_contain_text("200")
    expect(page.locator("[data-failed]")).to_be_hidden()
    page.get_by_text("Headers", exact=True).first.click()
    expect(page.locator("[data-headers]")).to_contain_text("content-type")
    assert not watch.wrong
    page.get_by_role("textbox", name="project_name_or_id").fill("none-such")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-status].bad")).to_be_visible()
    context.close()
