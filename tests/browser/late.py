"""How late an open page is."""

import time
from collections.abc import Callable

from playwright.sync_api import Page

AT_MOST = 5.0
"""Seconds after which a page is late, however busy the machine is."""


def late(page: Page, change: Callable[[], object], shows: str, *, gone: bool = False) -> float:
    """Seconds from the answer to the change until the page shows it, or no longer does."""
    change()
    began = time.perf_counter()
    page.locator(shows).first.wait_for(state="detached" if gone else "attached", timeout=1000 * AT_MOST)
    return time.perf_counter() - began
