"""The requests of Harbor's Terraform provider, in its order and to the letter: applied, read back, changed, destroyed.

What is peculiar to it: a body with every request, `null` where there is nothing to send; Go's empty structures where
something is left out; fields that the operation does not have; and a resource's id taken from Location.
"""

import json
from typing import Any

import pytest
from house import Client, Harbor

GIB = 1 << 30


class Provider:
    """Sends as the provider does."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def send(self, method: str, path: str, payload: Any = None, status: int = 200) -> Any:
        """The answer's JSON; None if it has none."""
        answer = await self._send(method, path, payload)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return json.loads(answer.text) if answer.text else None

    async def create(self, path: str, payload: Any) -> tuple[str, Any]:
        """The path of what was made, and the answer's JSON."""
        answer = await self._send("POST", path, payload)
        assert answer.status_code == 201, (path, answer.status_code, answer.text)
        location = answer.headers["location"].replace("/api", "").replace("/v2.0", "")
        return location, json.loads(answer.text) if answer.text else None

    async def _send(self, method: str, path: str, payload: Any) -> Any:
        content = json.dumps(payload, separators=(",", ":")) + "\n"
        return await self._client(method, path, content=content, headers={"Content-Type": "application/json"})


@pytest.fixture
def provider(harbor: Harbor) -> Provider:
    return Provider(harbor("admin"))


def project_body(**more: Any) -> dict[str, Any]:
    metadata = {
        "enable_content_trust": "false",
        "auto_scan": "true",
        "severity": "low",
        "reuse_sys_cve_allowlist": "true",
        "public": "false",
        "prevent_vul": "false",
    }
    body = {"project_name": "tofu", "cve_allowlist": {}, "storage_limit": 5 * GIB, "metadata": metadata}
    metadata.update(more.pop("metadata", {}))
    return {**body, **more}


async def test_a_project_with_its_quota(provider: Provider) -> None:
    path, _ = await provider.create("/projects", project_body())
    read = await provider.send("GET", path)
    assert path == f"/projects/{read['project_id']}"
    assert read["name"] == "tofu"
    assert read["metadata"].items() >= project_body()["metadata"].items()
    assert "registry_id" not in read

    found = await provider.send("GET", "/projects?name=tofu")  # As a data source.
    assert [one["project_id"] for one in found] == [read["project_id"]]

    listed = project_body(
        metadata={"public": "true", "reuse_sys_cve_allowlist": "false", "severity": "high", "prevent_vul": "true"},
        cve_allowlist={"items": [{"cve_id": "CVE-2026-1"}]},
    )
    assert (await provider.send("GET", "/configurations"))["quota_per_project_enable"]["value"] is True
    quotas = await provider.send("GET", "/quotas/?page=1&page_size=100")
    quota = next(one for one in quotas if one["ref"]["id"] == read["project_id"])
    assert quota["hard"]["storage"] == 5 * GIB
    await provider.send("PUT", f"/quotas/{quota['id']}", {"hard": {"storage": 7 * GIB}})
    assert await provider.send("GET", "/quotas/?page=2&page_size=100") == []
    await provider.send("PUT", path, listed)
    read = await provider.send("GET", path)
    assert read["metadata"].items() >= listed["metadata"].items()
    assert [item["cve_id"] for item in read["cve_allowlist"]["items"]] == ["CVE-2026-1"]
    assert (await provider.send("GET", f"/quotas/{quota['id']}"))["hard"]["storage"] == 7 * GIB

    await provider.send("DELETE", path)
    await provider.send("GET", path, status=404)


async def test_members(provider: Provider) -> None:
    project, _ = await provider.create("/projects", project_body())
    user = {"role_id": 2, "member_group": {}, "member_user": {"username": "stranger"}}
    path, _ = await provider.create(f"{project}/members", user)
    read = await provider.send("GET", path)
    assert (read["role_id"], read["entity_name"], f"/projects/{read['project_id']}") == (2, "stranger", project)
    await provider.send("PUT", path, {**user, "role_id": 5})
    assert (await provider.send("GET", path))["role_id"] == 5
    await provider.send("DELETE", path)
    await provider.send("GET", path, status=404)

    group_path, _ = await provider.create("/usergroups", {"group_name": "builders", "group_type": 3})
    assert (await provider.send("GET", group_path))["group_name"] == "builders"
    group = {"role_id": 4, "member_group": {"group_type": 3, "group_name": "builders"}, "member_user": {}}
    path, _ = await provider.create(f"{project}/members", group)
    read = await provider.send("GET", path)
    assert (read["role_id"], read["entity_name"], read["entity_type"]) == (4, "builders", "g")
    await provider.send("PUT", path, {**group, "role_id": 1})
    assert (await provider.send("GET", path))["role_id"] == 1
    await provider.send("DELETE", path)
    await provider.send("DELETE", group_path)


@pytest.mark.parametrize(
    ("level", "kind", "namespace", "name"),
    [("project", "project", "tofu", "robot$tofu+ci"), ("system", "project", "*", "robot$ci")],
)
async def test_a_robot(provider: Provider, harbor: Harbor, level: str, kind: str, namespace: str, name: str) -> None:
    await provider.create("/projects", project_body())
    access = [
        {"action": "push", "resource": "repository", "effect": "allow"},
        {"action": "pull", "resource": "repository", "effect": "allow"},
    ]
    permissions = [{"access": access, "kind": kind, "namespace": namespace}]
    body = {"name": "ci", "level": level, "description": "builds", "duration": -1, "permissions": permissions}
    path, made = await provider.create("/robots", body)
    await provider.send("PATCH", f"/robots/{made['id']}", {"secret": "Right-Horse-10"})
    read = await provider.send("GET", path)
    prefix = (await provider.send("GET", "/configurations"))["robot_name_prefix"]["value"]
    assert read["name"] == made["name"] == name
    assert name.startswith(prefix)
    assert (read["description"], read["level"], read["duration"]) == ("builds", level, -1)
    assert not read.get("disable")
    assert [(one["kind"], one["namespace"]) for one in read["permissions"]] == [(kind, namespace)]
    shown = read["permissions"][0]["access"]
    assert sorted(shown, key=str) == sorted(access, key=str), "or every plan would tell of a change"
    assert (await harbor(name, "Right-Horse-10")("GET", "/v2/")).status_code == 200

    await provider.send("PUT", path, {**body, "name": read["name"], "disable": True, "description": ""})
    read = await provider.send("GET", path)
    assert read["disable"] is True
    assert (await harbor(name, "Right-Horse-10")("GET", "/v2/")).status_code == 401
    await provider.send("DELETE", path)
    await provider.send("GET", path, status=404)


async def test_labels(provider: Provider) -> None:
    project, _ = await provider.create("/projects", project_body())
    body = {
        "description": "",
        "color": "#FFFFFF",
        "deleted": False,
        "scope": "g",
        "project_id": 0,
        "id": 0,
        "name": "a",
    }
    path, _ = await provider.create("/labels", body)
    read = await provider.send("GET", path)
    assert (read["name"], read["color"], read["scope"], read.get("description", "")) == ("a", "#FFFFFF", "g", "")
    await provider.send("PUT", path, {**body, "name": "b", "description": "more"})
    read = await provider.send("GET", path)
    assert (read["name"], read["description"]) == ("b", "more")

    of_project = {**body, "scope": "p", "project_id": int(project.rsplit("/", 1)[1])}
    own, _ = await provider.create("/labels", of_project)
    assert (await provider.send("GET", own))["scope"] == "p"
    for one in (own, path):
        await provider.send("DELETE", one)
        await provider.send("GET", one, status=404)


async def test_a_user(provider: Provider) -> None:
    body = {
        "username": "ada",
        "password": "Right-Horse-8",
        "realname": "Ada",
        "email": "ada@example.com",
        "new_password": "Right-Horse-8",
    }
    path, _ = await provider.create("/users", body)
    read = await provider.send("GET", path)
    assert (read["username"], read["realname"], read["email"]) == ("ada", "Ada", "ada@example.com")
    assert not read.get("sysadmin_flag")
    body = {**body, "realname": "A. L.", "sysadmin_flag": True, "new_password": "Right-Horse-9"}
    await provider.send("PUT", path, body)
    await provider.send("PUT", f"{path}/sysadmin", body)
    await provider.send("PUT", f"{path}/password", body)
    read = await provider.send("GET", path)
    assert (read["realname"], read["sysadmin_flag"]) == ("A. L.", True)
    del body["sysadmin_flag"]  # That is how it says no.
    await provider.send("PUT", f"{path}/sysadmin", body)
    assert not (await provider.send("GET", path)).get("sysadmin_flag")
    await provider.send("DELETE", path)
    await provider.send("GET", path, status=404)


CONFIGURATION = {
    "oidc_verify_cert": False,
    "oidc_auto_onboard": False,
    "self_registration": False,
    "scan_all_policy": {"parameter": {}},
    "read_only": False,
    "quota_per_project_enable": True,
    "email_insecure": False,
    "email_ssl": False,
}
"""What goes along with every change of the configuration, whatever it is about."""


async def test_the_configuration(provider: Provider) -> None:
    system = {"project_creation_restriction": "adminonly", "robot_token_duration": 30 * 1440, "token_expiration": 30}
    await provider.send("PUT", "/configurations", {**CONFIGURATION, **system, "storage_per_project": -1})
    read = await provider.send("GET", "/configurations")
    assert {name: read[name]["value"] for name in system} == system
    assert read["storage_per_project"]["value"] == -1

    email = {"email_host": "mail.example.com", "email_port": 25, "email_from": "registry@example.com"}
    await provider.send("PUT", "/configurations", {**CONFIGURATION, **email, "count_per_project": "-1"})
    assert read.keys() == (await provider.send("GET", "/configurations")).keys(), "Harbor has no mail any more"

    old = {"project_creation_restriction": "everyone", "read_only": "false", "robot_token_duration": 30}
    await provider.send(
        "PUT", "/configurations", old, status=422
    )  # Releases from before 2020 sent words for yes and no.


async def test_the_allowlist_of_the_system(provider: Provider) -> None:
    await provider.send("PUT", "/system/CVEAllowlist", {"items": [{"cve_id": "CVE-2026-1"}], "expires_at": 0})
    read = await provider.send("GET", "/system/CVEAllowlist")
    assert [item["cve_id"] for item in read["items"]] == ["CVE-2026-1"]


async def test_data_sources_read_pages_until_one_is_empty(provider: Provider) -> None:
    async def every(path: str, query: str = "") -> list[Any]:
        found, page = [], 1
        while entries := await provider.send("GET", f"{path}?page={page}{query}"):
            found += entries
            page += 1
        return found

    created = [await provider.create("/projects", project_body(project_name=f"tofu-{number}")) for number in range(12)]
    paths = {path for path, _ in created}
    seen = {f"/projects/{one['project_id']}": one for one in await every("/projects")}
    assert seen.keys() >= paths, "in pages of ten"
    assert all(seen[path]["metadata"]["auto_scan"] == "true" for path in paths)

    project = min(paths)
    await provider.create(
        f"{project}/members", {"role_id": 2, "member_group": {}, "member_user": {"username": "maker"}}
    )
    members = [(one["entity_type"], one["entity_name"]) for one in await every(f"{project}/members")]
    assert ("u", "maker") in members

    [user] = await every("/users", "&q=username=maker")
    assert user["username"] == "maker"
    assert await every("/users", "&q=username=maker,email=nobody@example.com") == []

    await provider.create("/usergroups", {"group_name": "builders", "group_type": 3})
    assert [one["group_name"] for one in await every("/usergroups")] == ["builders"]

    permissions = [{"access": [{"action": "pull", "resource": "repository"}], "kind": "project"}]
    number = int(project.rsplit("/", 1)[1])
    for level, namespace in (("project", seen[project]["name"]), ("system", "*")):
        within = [{**permissions[0], "namespace": namespace}]
        await provider.create("/robots", {"name": "ci", "level": level, "duration": 30, "permissions": within})
    [robot] = await every("/robots", f"&q=Level=project,ProjectID={number}")
    assert robot["name"].split("+")[1] == "ci"
    assert [one["level"] for one in await every("/robots")] == ["system"], "without a question: the system's own"


def retention_body(project_id: int, *rules: dict[str, Any], cron: str = "") -> dict[str, Any]:
    return {
        "algorithm": "or",
        "rules": list(rules),
        "trigger": {"kind": "Schedule", "references": {}, "settings": {"cron": cron}},
        "scope": {"level": "project", "ref": project_id},
    }


def retention_rule(template: str, tags: dict[str, str], repositories: dict[str, str], **params: int) -> dict[str, Any]:
    return {
        "disabled": False,
        "action": "retain",
        "scope_selectors": {"repository": [{"kind": "doublestar", **repositories}]},
        "tag_selectors": [{"kind": "doublestar", **tags}],
        "params": params,
        "template": template,
    }


async def test_a_retention_policy(provider: Provider) -> None:
    project, _ = await provider.create("/projects", project_body())
    number = int(project.rpartition("/")[2])
    everything = {"decoration": "repoMatches", "pattern": "**"}
    newest = retention_rule(
        "latestPushedK",
        {"decoration": "matches", "pattern": "v*", "extras": '{"untagged":true}'},
        everything,
        latestPushedK=5,
    )
    pulled = retention_rule(
        "nDaysSinceLastPull",
        {"decoration": "excludes", "pattern": "dev-*", "extras": '{"untagged":false}'},
        {"decoration": "repoExcludes", "pattern": "scratch/**"},
        nDaysSinceLastPull=7,
    )
    for_ever = retention_rule(
        "always", {"decoration": "matches", "pattern": "stable", "extras": '{"untagged":false}'}, everything
    )
    path, _ = await provider.create("/retentions", retention_body(number, newest, pulled, cron="0 0 0 * * *"))
    read = await provider.send("GET", path)
    assert read["scope"] == {"level": "project", "ref": number}
    assert read["trigger"]["settings"]["cron"] == "0 0 0 * * *"
    assert [_resolved(rule) for rule in read["rules"]] == [_resolved(newest), _resolved(pulled)]

    # Made anew by somebody whose state does not know of it: refused, found by the project's metadata, and put.
    again = retention_body(number, for_ever, newest)
    await provider.send("POST", "/retentions", again, 400)
    known = (await provider.send("GET", project))["metadata"]["retention_id"]
    assert path == f"/retentions/{known}"
    await provider.send("PUT", path, again)
    read = await provider.send("GET", path)
    assert [_resolved(rule) for rule in read["rules"]] == [_resolved(for_ever), _resolved(newest)]
    assert read["trigger"]["settings"]["cron"] == ""

    await provider.send("PUT", path, {**retention_body(number), "id": int(known)})  # So it is destroyed.
    assert (await provider.send("GET", path)).get("rules", []) == []
    await provider.send("DELETE", project)
    await provider.send("GET", path, status=404)


def _resolved(rule: dict[str, Any]) -> dict[str, Any]:
    """What the provider makes of a rule that it reads."""
    (tags,), (repositories,) = rule["tag_selectors"], rule["scope_selectors"]["repository"]
    return {
        "disabled": rule.get("disabled", False),
        "template": rule["template"],
        "params": rule.get("params", {}),
        "tags": (tags["decoration"], tags["pattern"], "true" in tags["extras"]),
        "repositories": (repositories["decoration"], repositories["pattern"]),
    }


async def test_an_immutable_tag_rule(provider: Provider) -> None:
    project, _ = await provider.create("/projects", project_body())
    body = {
        "disabled": False,
        "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]},
        "tag_selectors": [{"kind": "doublestar", "decoration": "matches", "pattern": "v*"}],
        "action": "immutable",
        "template": "immutable_template",
    }
    path, _ = await provider.create(f"{project}/immutabletagrules", body)
    number = int(path.rpartition("/")[2])
    (read,) = await provider.send("GET", f"{project}/immutabletagrules")
    assert read["id"] == number
    assert read["tag_selectors"] == body["tag_selectors"]
    assert read["scope_selectors"] == body["scope_selectors"]
    await provider.send("PUT", path, {**body, "id": number, "disabled": True})
    (read,) = await provider.send("GET", f"{project}/immutabletagrules")
    assert read["disabled"] is True
    await provider.send("DELETE", path)
    assert await provider.send("GET", f"{project}/immutabletagrules") == []
