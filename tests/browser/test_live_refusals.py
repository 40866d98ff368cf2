"""A push that a project has no room for shows on the pages that are open, so that somebody can make room."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page

from entrepot.model.digest import Digest
from whole.nodes import Node

from .late import late

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def refused(client: httpx.Client, repository: str, content: bytes) -> httpx.Response:
    """Pushes a blob for which there is no room."""
    answer = client.post(
        f"/v2/{repository}/blobs/uploads/", params={"digest": str(Digest.of(content))}, content=content
    )
    assert answer.status_code == 403, answer.text
    return answer


@pytest.mark.parametrize("shown", ["quota", "activity"])
def test_a_refused_push_shows_on_open_pages(node: Node, opened: Callable[[Node, str], Page], shown: str) -> None:
    project = f"tight-{shown}"
    with node.client() as client:
        client.post("/api/v2.0/projects", json={"project_name": project, "storage_limit": 100}).raise_for_status()
        page = opened(node, f"/{project}/-/{shown}")
        page.evaluate("() => (window.notLoadedAgain = true)")
        for repository, size in (("app", 2345), ("other", 3456)):
            row = f"tr:has-text('{repository}'):has-text('admin')"
            if shown == "quota":
                row += f":has-text('{size / 1000:.1f} kB')"
            assert page.locator(row).count() == 0
            late(page, lambda name=repository, size=size: refused(client, f"{project}/{name}", bytes(size)), row)
        assert page.evaluate("() => window.notLoadedAgain") is True
