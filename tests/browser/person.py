"""Somebody who has the pages open, and docker beside them."""

import re
from dataclasses import dataclass

import httpx
from playwright.sync_api import Locator, Page, expect

from clients.docker import Docker
from clients.server import Server

MOST_ROWS = 30


@dataclass(frozen=True)
class Person:
    """The administrator, who uses the keyboard alone."""

    page: Page
    server: Server
    docker: Docker

    def open(self, path: str) -> None:
        """Goes to an address of the registry."""
        self.page.goto(f"{self.server.url}{path}")

    def press(self, place: Locator) -> None:
        """Comes to a link or a button, and presses Enter on it."""
        place.press("Enter")

    def press_link(self, name: str) -> None:
        """Follows the link of exactly that name."""
        self.press(self.page.get_by_role("link", name=name, exact=True).first)

    def press_button(self, name: str) -> None:
        """Presses the button of exactly that name."""
        self.press(self.page.get_by_role("button", name=name, exact=True))

    def come_to_row(self, text: str) -> None:
        """Moves down the list with the key for that until the row of that name has the focus."""
        self.page.wait_for_load_state()
        for _ in range(MOST_ROWS):
            self.page.keyboard.press("j")
            if self.page.evaluate("() => document.activeElement.textContent.trim()") == text:
                return
        raise AssertionError(f"no row {text!r} on {self.page.url}")

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Waits until the page's message says that."""
        expect(self.page.locator(".toast")).to_contain_text(text)

    def api(self) -> httpx.Client:
        """What other programs of theirs ask."""
        auth = (self.server.user, self.server.password)
        return httpx.Client(base_url=f"{self.server.url}/api/v2.0", auth=auth, timeout=30, trust_env=False)
