"""Every page there is, opened: in light and dark, English and Chinese, on a desk and on a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from furnish import Made, addresses
from playwright.sync_api import Browser, BrowserContext, Page

from clients.server import Server
from entrepot.web.route import Route
from entrepot.web.routes import ROUTES

from .axe import violations
from .chromium import NARROW, PATIENCE, WIDE, Watch, look

pytestmark = pytest.mark.browser

LANGUAGES = ("en", "zh")
READING = [route for route in ROUTES if route.method == "GET"]
SIGNED_OUT = {"sign-in", "register"}
"""Pages of the house for who is not signed in."""
MOST_STOPS = 600
LOOK_EVERY = 5
"""Stops after which it is asked whether there are more: each question takes as long as a stop."""
_REACHABLE = """
() => {
  const all = 'a[href], button, input, select, textarea, summary, [tabindex]';
  const groups = new Set();
  const wanted = [...document.querySelectorAll(all)].filter((one) => {
    if (one.disabled || one.type === 'hidden' || one.tabIndex < 0 || !one.checkVisibility({visibilityProperty: true}))
      return false;
    if (one.type !== 'radio') return true;
    const first = !groups.has(one.name);
    groups.add(one.name);
    return first;
  });
  window.wanted = new Set(wanted);
  return wanted.length;
}
"""
_SOMETHING = """
() => [...document.querySelectorAll('main :is(section, form, table, p, pre)')]
  .some((one) => one.checkVisibility() && !one.closest('.head'))
"""
_CLIPPED = """
() => {
  const pen = document.createElement('canvas').getContext('2d');
  return [...document.querySelectorAll('input[placeholder]')].filter((one) => {
    const style = getComputedStyle(one);
    const room = one.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    pen.font = style.font;
    return one.checkVisibility() && !one.value && pen.measureText(one.placeholder).width > room + 1;
  }).map((one) => one.placeholder);
}
"""
_NOTE_STOPS = """
() => {
  const shows = (some) => {
    const style = some && getComputedStyle(some);
    return style && ((style.outlineStyle !== 'none' && style.outlineWidth !== '0px') || style.boxShadow !== 'none');
  };
  window.unseen = new Set();
  document.addEventListener('focusin', ({target: one}) => {
    const group = one.type === 'radio' ? [...window.wanted].filter((other) => other.name === one.name) : [];
    group.forEach((other) => window.wanted.delete(other));
    window.wanted.delete(one);
    if (!shows(one) && !shows(one.closest('label'))) window.unseen.add(one.outerHTML.slice(0, 160));
  });
}
"""


@pytest.fixture(scope="module")
def contexts(browser: Browser, signed_in: Any) -> Iterator[dict[tuple[str, bool], BrowserContext]]:
    """By language, and whether somebody is signed in."""
    made = {
        (language, known): browser.new_context(**look(language, storage_state=signed_in if known else None))
        for language in LANGUAGES
        for known in (True, False)
    }
    for context in made.values():
        context.set_default_timeout(PATIENCE)
    yield made
    for context in made.values():
        context.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("route", READING, ids=lambda route: f"{route.place}:{route.page}")
def test_a_page(contexts: dict[tuple[str, bool], BrowserContext], registry: Server, made: Made, route: Route) -> None:
    wrong: list[str] = []
    known = route.page not in SIGNED_OUT
    for path in addresses(route, made):
        answer = contexts["en", known].request.get(registry.url + path)
        if answer.status != 200:
            wrong.append(f"{path}: {answer.status} {answer.text()[:2000]}")
        elif "text/html" not in answer.headers["content-type"] or "content-disposition" in answer.headers:
            assert "sandbox" in answer.headers["content-security-policy"], path
        else:
            found = [_looked_at(contexts[language, known], registry, path, language) for language in LANGUAGES]
            wrong += [f"{path}: {one}" for some in found for one in some]
    assert not wrong, "\n".join(wrong)


def _looked_at(context: BrowserContext, registry: Server, path: str, language: str) -> list[str]:
    page = context.new_page()
    watch = Watch(page, registry.url)
    answer = page.goto(registry.url + path, wait_until="load")
    found = [] if answer and answer.status == 200 else [f"{language}: {answer and answer.status}"]
    page.evaluate("() => document.fonts.ready")  # Until then everything is wider or narrower.
    tag = page.locator("html").get_attribute("lang") or ""
    found += [] if tag.startswith(language) else [f"{language}: is in {tag}"]
    if language == "en":
        found += _unreachable(page)
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        kind = f"{language}, {size['width']} px"
        width = page.evaluate("() => document.documentElement.scrollWidth")
        found += [] if width <= size["width"] else [f"{kind}: is {width} px wide: {_too_wide(page)}"]
        found += [f"{kind}: a placeholder is clipped: {one}" for one in page.evaluate(_CLIPPED)]
        if not page.evaluate(_SOMETHING):
            found.append(f"{kind}: nothing of the page itself is seen")
        for theme, alone in (("light", None), ("dark", ["color-contrast"])):
            # Nothing but colours differs in the dark, so only they are looked at again.
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            found += [f"{kind}, {theme}: {one}" for one in violations(page, alone)]
    page.close()
    return [*found, *watch.wrong]


def _unreachable(page: Page) -> list[str]:
    """What of the page cannot be come to with the keyboard alone, or does not show that it was."""
    count = page.evaluate(_REACHABLE)
    page.evaluate(_NOTE_STOPS)
    for number in range(min(count + 10, MOST_STOPS)):
        page.keyboard.press("Tab")
        if number % LOOK_EVERY == 0 and not page.evaluate("() => window.wanted.size"):
            break
    # The way past the head, which is seen only while it has the focus, would lie over it in what is looked at next.
    unseen = page.evaluate("() => { document.activeElement.blur(); return [...window.unseen]; }")
    left = page.evaluate("() => [...window.wanted].map((one) => one.outerHTML.slice(0, 160))")
    return [f"not reached by keyboard: {one}" for one in left] + [f"focus is not seen: {one}" for one in unseen]


def _too_wide(page: Page) -> str:
    found: str = page.evaluate(
        "() => [...document.querySelectorAll('main *, header *')]"
        ".filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.scroll'))"
        ".slice(0, 3).map((one) => one.outerHTML.slice(0, 160)).join('; ')"
    )
    return found
