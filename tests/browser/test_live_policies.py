"""Open pages show a change of policy by the API: rules of retention, rules for immutable tags, quotas.

The bounds hold on a machine that is busy with other things; `python -m bench.live` measures what it really takes.
"""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from furnish import EVERYWHERE, TAGS
from playwright.sync_api import Page, expect

from contracts.databases import PostgresqlServer
from whole.nodes import Node, push_image

from .late import late

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

API = "/api/v2.0"
TIMES = 4


class Project:
    """A project of its own with an image, and its policies by the API."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self.name = name
        self._client = client
        self._asked("POST", "/projects", {"project_name": name, "storage_limit": 50_000_000})
        push_image(client, f"{name}/app", "release-1", b"layer")
        self.id = client.get(f"{API}/projects/{name}").json()["project_id"]
        [quota] = client.get(f"{API}/quotas", params={"reference_id": self.id}).json()
        self._quota = quota["id"]
        self._retention = ""
        self._rule = ""

    def retain(self, count: int) -> None:
        """Has one rule of retention, which keeps so many of the newest."""
        rule = {"template": "latestPushedK", "params": {"latestPushedK": count}, "action": "retain"}
        policy = {
            "algorithm": "or",
            "rules": [{**rule, "tag_selectors": TAGS, "scope_selectors": EVERYWHERE}],
            "trigger": {"kind": "Schedule", "settings": {"cron": ""}},
            "scope": {"level": "project", "ref": self.id},
        }
        if self._retention:
            self._asked("PUT", self._retention, policy)
        else:
            self._retention = self._asked("POST", "/retentions", policy)

    def keep(self, pattern: str) -> None:
        """Has a rule for immutable tags."""
        tags = [{**TAGS[0], "pattern": pattern}]
        rule = {"action": "immutable", "template": "immutable_template"}
        path = f"/projects/{self.name}/immutabletagrules"
        self._rule = self._asked("POST", path, {**rule, "tag_selectors": tags, "scope_selectors": EVERYWHERE})

    def keep_no_more(self) -> None:
        """Takes away the rule that was made last."""
        self._asked("DELETE", self._rule)

    def limit(self, megabytes: int) -> None:
        """Lets it hold so much."""
        self._asked("PUT", f"/quotas/{self._quota}", {"hard": {"storage": megabytes * 1_000_000}})

    def _asked(self, method: str, path: str, body: Any = None) -> str:
        answer = self._client.request(method, path if path.startswith(API) else API + path, json=body)
        return answer.raise_for_status().headers.get("location", "")


def test_rules_of_retention_are_shown(node: Node, opened: Callable[[Node, str], Page]) -> None:
    with node.client() as client:
        project = Project(client, "kept")
        pages = [opened(node, "/kept/-/policies") for _ in range(2)]
        took = []
        for number in range(10, 10 + TIMES):
            shows = f"#rule-1 >> text=/\\b{number}\\b/"
            took.append(late(pages[0], lambda number=number: project.retain(number), shows))
            took.append(late(pages[1], lambda: None, shows))
    assert statistics.median(took) < 1.0, sorted(took)


def test_immutable_tags_are_shown_by_the_rules_and_where_the_tags_are(
    node: Node, opened: Callable[[Node, str], Page]
) -> None:
    with node.client() as client:
        project = Project(client, "fixed")
        rules = opened(node, "/fixed/-/policies/never-change")
        tags = opened(node, "/fixed/app?show=tags")
        image = opened(node, "/fixed/app:release-1")
        took = []
        for number in range(TIMES):
            pattern = f"release-{{{number},1}}"
            took.append(late(rules, lambda pattern=pattern: project.keep(pattern), f"text={pattern}"))
            took += [late(page, lambda: None, "main .tag:text-is('immutable')") for page in (tags, image)]
            took.append(late(rules, project.keep_no_more, f"text={pattern}", gone=True))
            took += [late(page, lambda: None, "main .tag:text-is('immutable')", gone=True) for page in (tags, image)]
    assert statistics.median(took) < 1.0, sorted(took)


def test_a_limit_is_shown_and_where_the_reader_is_stays(node: Node, opened: Callable[[Node, str], Page]) -> None:
    with node.client() as client:
        project = Project(client, "full")
        for number in range(25):
            push_image(client, f"full/app-{number:02}", "1", f"layer {number}".encode())
        pages = [opened(node, path) for path in ("/full/-/quota", "/-/admin/quotas", "/full")]
        reader = pages[0]
        reader.set_viewport_size({"width": 900, "height": 500})
        field = reader.locator("#filter")
        field.fill("app-1")
        field.evaluate("one => one.setSelectionRange(1, 3)")
        reader.get_by_role("checkbox", name="No limit").check()
        field.focus()
        reader.evaluate("() => scrollTo(0, 120)")
        took = []
        for number in range(61, 61 + TIMES):
            shows = f"main >> text=/\\b{number}(\\.0)? MB/"
            took.append(late(reader, lambda number=number: project.limit(number), shows))
            took += [late(page, lambda: None, shows) for page in pages[1:]]
        expect(field).to_be_focused()
        expect(field).to_have_value("app-1")
        assert field.evaluate("one => [one.selectionStart, one.selectionEnd]") == [1, 3]
        expect(reader.get_by_role("checkbox", name="No limit")).to_be_checked()
        assert reader.evaluate("() => scrollY") == 120
    assert statistics.median(took) < 1.0, sorted(took)


def test_a_policy_of_one_node_is_shown_by_pages_of_the_other(
    tmp_path: Path, postgresql_server: PostgresqlServer, opened: Callable[[Node, str], Page]
) -> None:
    url = postgresql_server.url(postgresql_server.create(migrated=False))
    nodes = [Node(tmp_path / "data", database=url).start() for _ in range(2)]
    try:
        with nodes[0].client() as client:
            project = Project(client, "far")
            policies, never, quota = (
                opened(nodes[1], f"/far/-/{page}") for page in ("policies", "policies/never-change", "quota")
            )
            late(policies, lambda: project.retain(17), "#rule-1 >> text=/\\b17\\b/")
            late(never, lambda: project.keep("v-*"), "text=v-*")
            late(quota, lambda: project.limit(77), "main >> text=/\\b77(\\.0)? MB/")
        for page in (policies, never, quota):
            page.context.close()  # Before their node goes, which would be an error on them.
    finally:
        for one in nodes:
            one.kill()
