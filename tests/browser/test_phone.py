"""On a phone: the tab that is open is in view, and tables end within their cards."""

import pytest
from furnish import Made
from playwright.sync_api import Browser

from clients.server import Server

from .chromium import NARROW, PATIENCE, look

pytestmark = pytest.mark.browser

_OUTSIDE = """
() => {
  const bar = document.querySelector('.tabs').getBoundingClientRect();
  const tab = document.querySelector('.tabs [aria-current]').getBoundingClientRect();
  return Math.max(bar.left - tab.left, tab.right - bar.right, 0);
}
"""
_WIDER = """
() => [...document.querySelectorAll('.card, .card .scroll')].filter((one) => one.querySelector('table time'))
  .map((one) => Math.max(one.scrollWidth - one.clientWidth, 0)).filter(Boolean)
"""


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "path",
    [
        "{0.project}",
        "{0.project}/-/policies",
        "{0.project}/-/settings",
        "{0.repository}/-/settings",
        "-/jobs?show=workers",
    ],
)
def test_the_tab_that_is_open_is_in_view(
    browser: Browser, registry: Server, made: Made, signed_in: object, path: str, language: str
) -> None:
    with browser.new_context(**look(language, storage_state=signed_in, viewport=NARROW)) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(f"{registry.url}/{path.format(made)}")
        assert page.evaluate(_OUTSIDE) < 1


@pytest.mark.parametrize("path", ["{0.project}/-/policies", "-/jobs?show=ended"])
def test_tables_with_times_end_within_their_cards(
    browser: Browser, registry: Server, made: Made, signed_in: object, path: str
) -> None:
    with browser.new_context(**look(storage_state=signed_in, viewport=NARROW)) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(f"{registry.url}/{path.format(made)}")
        assert page.locator(".card table time").count() > 0
        assert page.evaluate(_WIDER) == []
