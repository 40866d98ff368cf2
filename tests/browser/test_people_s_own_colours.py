"""Pages in the colours that a reader forces on everything, and for readers whom motion makes ill."""

import pytest
from furnish import Made
from playwright.sync_api import Browser

from clients.server import Server

from .axe import violations
from .chromium import PATIENCE, Watch, look

pytestmark = pytest.mark.browser

_MOVING = """
() => [...document.querySelectorAll('*')].filter((one) => {
  const style = getComputedStyle(one);
  return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0;
}).map((one) => one.outerHTML.slice(0, 120))
"""
_BORDERLESS = """
() => [...document.querySelectorAll('.stripe, .meter')]
  .filter((one) => getComputedStyle(one).borderTopStyle !== 'solid')
  .map((one) => one.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize(
    "path", ["", "{0.project}", "{0.repository}", "{0.repository}:1.1", "{0.project}/-/quota", "-/jobs"]
)
def test_forced_colours_and_no_motion(
    browser: Browser, registry: Server, made: Made, signed_in: object, path: str
) -> None:
    with browser.new_context(**look(storage_state=signed_in)) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        watch = Watch(page, registry.url)
        page.emulate_media(forced_colors="active", reduced_motion="reduce")
        answer = page.goto(f"{registry.url}/{path.format(made)}", wait_until="load")
        assert answer is not None
        assert answer.status == 200
        assert page.evaluate("() => matchMedia('(forced-colors: active)').matches")
        # What is told by a background alone would be gone.
        assert page.evaluate(_BORDERLESS) == []
        assert page.evaluate(_MOVING) == []
        assert violations(page) == []
        assert not watch.wrong
