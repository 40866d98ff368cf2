"""The palette where there is no keyboard: a button opens it, and without scripts leads to the search."""

from typing import Any

import pytest
from furnish import Made
from playwright.sync_api import Browser, expect

from clients.server import Server

from .axe import violations
from .chromium import NARROW, PATIENCE, WIDE, Watch, look

pytestmark = pytest.mark.browser
BUTTON = "Search, or go to a page"


def test_a_button_opens_it_on_a_phone(browser: Browser, signed_in: Any, registry: Server, made: Made) -> None:
    context = browser.new_context(**look(storage_state=signed_in, viewport=NARROW, has_touch=True))
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    watch = Watch(page, registry.url)
    page.goto(registry.url)
    button = page.get_by_role("button", name=BUTTON)
    button.tap()
    field = page.get_by_role("combobox", name="Go to")
    expect(field).to_be_focused()
    assert violations(page) == []
    field.fill(made.repository)
    page.get_by_role("option", name=made.repository).first.tap()
    page.wait_for_url(f"{registry.url}/{made.repository}")
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
    page.set_viewport_size(WIDE)
    expect(button).to_be_hidden()
    assert not watch.wrong
    context.close()


def test_without_scripts_the_button_leads_to_the_search(browser: Browser, signed_in: Any, registry: Server) -> None:
    context = browser.new_context(**look(storage_state=signed_in, viewport=NARROW, java_script_enabled=False))
    page = context.new_page()
    page.goto(registry.url)
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_role("heading", name="Search", exact=True)).to_be_visible()
    context.close()
