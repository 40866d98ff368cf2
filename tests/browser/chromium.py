"""The system's Chromium, and contexts of it that are signed in."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from clients.program import INSTALL

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "entrepot-clients"
# As root it has no sandbox to give; and nothing of it asks the network by itself.
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
LOCALES = {"en": "en-US", "zh": "zh-CN"}
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PATIENCE = 20_000
"""Milliseconds for which anything on a page is waited for."""
expect.set_options(timeout=PATIENCE)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Fails the test if there is none on the machine."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail(f"chromium is not on this machine. To install it, run as root: {INSTALL}", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def look(language: str = "en", theme: str = "light", **more: Any) -> dict[str, Any]:
    """The options of a context: what the browser asks for."""
    return {"viewport": WIDE, "locale": LOCALES[language], "color_scheme": theme, **more}


def sign_in(page: Page, url: str, name: str, password: str) -> None:
    """Signs in with the form; the page is the first one then."""
    page.goto(f"{url}/-/sign-in")
    page.locator("[name=name]").fill(name)
    page.locator("[name=password]").fill(password)
    page.locator("main button.main").click()
    page.wait_for_url(f"{url}/")


class Watch:
    """Notes whatever goes wrong while pages are open: errors of scripts, of the policy for content, of requests."""

    def __init__(self, page: Page, url: str) -> None:
        self.wrong: list[str] = []
        page.on(
            "console", lambda told: told.type in ("error", "warning") and self.wrong.append(f"console: {told.text}")
        )
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on("request", lambda asked: self._asked(asked.url, url))
        page.on("response", lambda answer: answer.status >= 400 and self.wrong.append(f"{answer.status} {answer.url}"))

    def _told(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.wrong.append(f"console: {text}")

    def _asked(self, asked: str, url: str) -> None:
        if not asked.startswith((f"{url}/", "data:", "blob:")):
            self.wrong.append(f"asks another host: {asked}")
