"""axe-core: finds what keeps people from using a page."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Page

from clients.program import INSTALL

from .chromium import CACHE

VERSION = "4.14.1"
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
"""Of the package, as it was when this version was chosen."""
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]


@cache
def _source() -> str:
    path = CACHE / f"axe-core-{VERSION}" / "axe.min.js"
    if not path.exists():
        pytest.fail(f"axe-core {VERSION} is not on this machine. To fetch it, run: {INSTALL}", pytrace=False)
    return path.read_text()


def violations(page: Page, rules: Sequence[str] | None = None) -> list[str]:
    """What is wrong with the page as it stands: the rule, what it says, and the first elements."""
    if page.evaluate("() => typeof axe === 'undefined'"):
        page.evaluate(_source())
    only = {"type": "tag", "values": STANDARDS} if rules is None else {"type": "rule", "values": [*rules]}
    # None of these rules reads style sheets or films, which would be fetched once more for each run.
    found: dict[str, Any] = page.evaluate(
        "only => axe.run(document, {runOnly: only, resultTypes: ['violations'], preload: false})", only
    )
    return [
        f"axe {one['id']}: {one['help']}: " + "; ".join(node["html"][:160] for node in one["nodes"][:3])
        for one in found["violations"]
    ]
