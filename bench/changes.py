"""Changes by the API that open pages show: pushes, deletions, restoring, rules and quotas."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from bench.content import digest_of

OCI = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
REPOSITORY = "library/live"
API = "/api/v2.0"
EVERYWHERE = {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change, and where it is seen."""

    kind: str
    make: Callable[[], None]
    path: str
    """Of the page."""
    shows: str
    """A selector of what is there then."""
    gone: bool = False
    """Whether it is there no more instead."""


class Registry:
    """What is changed by the API, as the administrator of the project `library`."""

    def __init__(self, url: str, password: str) -> None:
        self.http = httpx.Client(base_url=url, auth=("admin", password), timeout=60, trust_env=False)
        config = b"{}"
        digest = digest_of(config)
        path = f"/v2/{REPOSITORY}/blobs/uploads/"
        self.http.post(path, params={"digest": digest}, content=config).raise_for_status()
        described = {"mediaType": CONFIG, "digest": digest, "size": len(config)}
        self._body = json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": described, "layers": []})
        self.tag("first")
        self._project = self._asked("GET", "/projects/library").json()["project_id"]
        [quota] = self._asked("GET", f"/quotas?reference_id={self._project}").json()
        self._quota = quota["id"]
        self._retention = self._rule = ""
        self.retain(9)

    def round(self, number: int) -> list[Change]:
        """One change of each kind, in the order in which they are made."""
        tag = f"tag-{number}"
        tags, row = f"/{REPOSITORY}?show=tags", f"a.name:text-is('{tag}')"
        rules, limits = "/library/-/policies", "/library/-/quota"
        never, pattern = f"{rules}/never-change", f"v{number}-*"
        kept, most = 10 + number, 1000 + number
        limit = f"[name=limit][value='{most / 1000:g}']"
        return [
            Change(kind="push", make=lambda: self.tag(tag), path=tags, shows=row),
            Change(kind="delete", make=lambda: self.untag(tag), path=tags, shows=row, gone=True),
            Change(kind="restore", make=self.restore, path=tags, shows=row),
            Change(
                kind="retention", make=lambda: self.retain(kept), path=rules, shows=f"#rule-1 >> text=/\\b{kept}\\b/"
            ),
            Change(kind="immutable", make=lambda: self.keep(pattern), path=never, shows=f"text={pattern}"),
            Change(kind="mutable", make=self.keep_no_more, path=never, shows=f"text={pattern}", gone=True),
            Change(kind="quota", make=lambda: self.limit(most), path=limits, shows=limit),
        ]

    def tag(self, tag: str) -> None:
        """Pushes the image under a tag."""
        path = f"/v2/{REPOSITORY}/manifests/{tag}"
        self.http.put(path, content=self._body, headers={"content-type": OCI}).raise_for_status()

    def untag(self, tag: str) -> None:
        """Deletes a tag."""
        self._asked("DELETE", f"/projects/library/repositories/live/artifacts/first/tags/{tag}")

    def restore(self) -> None:
        """Undoes the newest deletion."""
        newest = self._asked("GET", "/trash").json()[0]
        self._asked("POST", f"/trash/{newest['id']}/restore", {})

    def retain(self, count: int) -> None:
        """Has one rule of retention, which keeps so many of the newest."""
        tags = [{"kind": "doublestar", "decoration": "matches", "pattern": "**"}]
        rule = {"template": "latestPushedK", "params": {"latestPushedK": count}, "action": "retain"}
        policy = {
            "algorithm": "or",
            "rules": [{**rule, "tag_selectors": tags, "scope_selectors": EVERYWHERE}],
            "trigger": {"kind": "Schedule", "settings": {"cron": ""}},
            "scope": {"level": "project", "ref": self._project},
        }
        if self._retention:
            self._asked("PUT", self._retention, policy)
        else:
            self._retention = self._asked("POST", "/retentions", policy).headers["location"]

    def keep(self, pattern: str) -> None:
        """Has a rule for immutable tags."""
        tags = [{"kind": "doublestar", "decoration": "matches", "pattern": pattern}]
        rule = {"action": "immutable", "template": "immutable_template", "tag_selectors": tags}
        answer = self._asked("POST", "/projects/library/immutabletagrules", {**rule, "scope_selectors": EVERYWHERE})
        self._rule = answer.headers["location"]

    def keep_no_more(self) -> None:
        """Takes away the rule that was made last."""
        self._asked("DELETE", self._rule)

    def limit(self, megabytes: int) -> None:
        """Lets the project hold so much."""
        self._asked("PUT", f"/quotas/{self._quota}", {"hard": {"storage": megabytes * 10**6}})

    def _asked(self, method: str, path: str, body: Any = None) -> httpx.Response:
        url = path if path.startswith(API) else API + path
        return self.http.request(method, url, json=body).raise_for_status()
