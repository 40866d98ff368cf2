"""The requests of Harbor's own command line, `harbor-cli`, to the letter, each command's in its order.

What is peculiar to it, as to everything made with Harbor's client for Go: numbers are sent though they are 0, times
though there are none, and a repository's name is escaped once. It takes an answer only with the status and the type
that Harbor's description names.
"""

import json
from typing import Any

import pytest
from house import Client, Harbor
from pushing import push_image

NO_TIME = "0001-01-01T00:00:00.000Z"
TIMES = {"creation_time": NO_TIME, "update_time": NO_TIME}
BY_NAME = {"X-Is-Resource-Name": "true"}
BY_ID = {"X-Is-Resource-Name": "false"}
EVERYTHING = "page=0&page_size=0"
A_PAGE = "page=1&page_size=10"


class Cli:
    """Sends as the command line does."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def __call__(
        self, method: str, path: str, payload: Any = None, status: int = 200, headers: dict[str, str] | None = None
    ) -> Any:
        """The answer's JSON; None if it has none."""
        told = {"Accept": "application/json", **(headers or {})}
        content = None
        if payload is not None:
            content = json.dumps(payload, separators=(",", ":")) + "\n"
            told["Content-Type"] = "application/json"
        answer = await self._client(method, path, content=content, headers=told)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        if not answer.content:
            return None
        assert answer.headers["content-type"].partition(";")[0] == "application/json"
        return answer.json()

    async def only(self, path: str, headers: dict[str, str] | None = None) -> Any:
        """The one entry of a list."""
        [one] = await self("GET", path, headers=headers)
        return one


@pytest.fixture
def cli(harbor: Harbor) -> Cli:
    return Cli(harbor("admin"))


async def test_login_and_what_the_system_says(cli: Cli, harbor: Harbor) -> None:
    assert (await cli("GET", "/users/current"))["sysadmin_flag"] is True
    await Cli(harbor("admin", "Wrong-Horse-9"))("GET", "/users/current", status=401)
    pong = await harbor("admin")("GET", "/ping", headers={"Accept": "text/plain"})
    assert (pong.status_code, pong.headers["content-type"].partition(";")[0], pong.text) == (200, "text/plain", "Pong")
    assert (await cli("GET", "/health"))["status"] == "healthy"
    assert (await cli("GET", "/systeminfo"))["harbor_version"]
    assert (await cli("GET", "/systeminfo/volumes"))["storage"]
    assert (await cli("GET", "/statistics"))["total_project_count"] == 2
    assert (await cli("GET", "/permissions")).keys() == {"project", "system"}


async def test_projects(cli: Cli) -> None:
    metadata = {"public": "false"}
    body = {"metadata": metadata, "project_name": "made", "public": False, "storage_limit": -1}
    await cli("POST", "/projects", body, 201)
    await cli("POST", "/projects", body, 409)
    seen = await cli("GET", "/projects/made", headers=BY_NAME)
    number = seen["project_id"]
    assert (await cli("GET", f"/projects/{number}", headers=BY_ID))["name"] == "made"
    assert "made" in [one["name"] for one in await cli("GET", f"/projects?{EVERYTHING}")]
    assert "made" in [one["name"] for one in await cli("GET", f"/projects?{EVERYTHING}&public=false")]
    assert (await cli.only(f"/projects?{A_PAGE}&q=name%3D~mad&sort=-creation_time"))["name"] == "made"
    assert (await cli("GET", "/search?q=made"))["project"][0]["name"] == "made"
    await cli("PUT", "/projects/made", {"metadata": {"auto_scan": "true", "public": "true"}}, headers=BY_NAME)
    shown = await cli("GET", "/projects/made/metadatas/", headers=BY_NAME)
    assert shown == {"auto_scan": "true", "public": "true"}
    await cli("PUT", "/projects/made/metadatas/auto_scan", {"auto_scan": "false"}, headers=BY_NAME)
    assert (await cli("GET", "/projects/made/summary", headers=BY_NAME))["quota"]["hard"] == {"storage": -1}
    [newest, *_] = await cli("GET", f"/projects/made/auditlog-exts?{A_PAGE}")
    assert (newest["username"], newest["operation_result"]) == ("admin", True)

    quota = await cli.only(f"/quotas?{A_PAGE}&reference=project&reference_id={number}")
    await cli("PUT", f"/quotas/{quota['id']}", {"hard": {"storage": 1 << 30}})
    assert (await cli("GET", f"/quotas/{quota['id']}"))["hard"] == {"storage": 1 << 30}
    assert len(await cli("GET", f"/quotas?{EVERYTHING}")) == 3

    await cli("DELETE", f"/projects/{number}", headers=BY_ID)
    refused = await cli("GET", "/projects/made", status=404, headers=BY_NAME)
    assert refused["errors"][0].keys() == {"code", "message"}, "what it prints of an error"


async def test_users_and_members(cli: Cli, harbor: Harbor) -> None:
    ada = {"email": "ada@example.com", "password": "Right-Horse-8", "realname": "Ada", "username": "ada"}
    await cli("POST", "/users", ada, 201)
    [number] = [one["user_id"] for one in await cli("GET", "/users?page=1&page_size=100") if one["username"] == "ada"]
    await cli("PUT", f"/users/{number}/sysadmin", {"sysadmin_flag": True})
    await cli("PUT", f"/users/{number}/password", {"new_password": "Right-Horse-9"})
    assert (await Cli(harbor("ada", "Right-Horse-9"))("GET", "/users/current"))["sysadmin_flag"] is True
    await cli("PUT", f"/users/{number}/sysadmin", {"sysadmin_flag": False})

    members = "/projects/own/members"
    await cli("POST", members, {"member_user": {"username": "ada"}, "role_id": 2}, 201, BY_ID)
    member = await cli.only(f"{members}?entityname=ada&{A_PAGE}", BY_NAME)
    await cli("PUT", f"{members}/{member['id']}", {"role_id": 4}, headers=BY_NAME)
    assert (await cli("GET", f"{members}/{member['id']}", headers=BY_NAME))["role_name"] == "maintainer"
    assert member["id"] in [one["id"] for one in await cli("GET", members, headers=BY_NAME)]
    await cli("DELETE", f"{members}/{member['id']}", headers=BY_NAME)
    await cli("DELETE", f"/users/{number}")
    assert "ada" not in [one["username"] for one in await cli("GET", f"/users?{EVERYTHING}")]


@pytest.mark.parametrize(
    ("level", "namespace", "name"), [("project", "own", "robot$own+ci"), ("system", "*", "robot$ci")]
)
async def test_robots(cli: Cli, harbor: Harbor, level: str, namespace: str, name: str) -> None:
    project = (await cli("GET", "/projects/own", headers=BY_NAME))["project_id"]
    of_project = f"q=Level%3Dproject%2CProjectID%3D{project}"
    assert await cli("GET", f"/robots?{EVERYTHING}&{of_project}") == []
    pull = {"action": "pull", "resource": "repository"}
    permissions = [{"access": [pull], "kind": "project", "namespace": namespace}]
    body = {"duration": -1, "level": level, "name": "ci", "permissions": permissions}
    made = await cli("POST", "/robots", body, 201)
    assert made["name"] == name
    assert (await harbor(name, made["secret"])("GET", "/v2/")).status_code == 200
    assert len(await cli("GET", f"/robots?{A_PAGE}&{of_project}")) == (level == "project")

    path = f"/robots/{made['id']}"
    seen = await cli("GET", path)
    push = {"action": "push", "resource": "repository"}
    changed = [{**permissions[0], "access": [pull, push]}]
    known = {key: seen[key] for key in ("disable", "editable", "id", "level", "name")}
    await cli("PUT", path, {**TIMES, **known, "description": "builds", "duration": 30, "permissions": changed})
    seen = await cli("GET", path)
    assert (seen["description"], seen["duration"], len(seen["permissions"][0]["access"])) == ("builds", 30, 2)
    fresh = (await cli("PATCH", path, {}))["secret"]
    assert (await harbor(name, made["secret"])("GET", "/v2/")).status_code == 401
    assert (await harbor(name, fresh)("GET", "/v2/")).status_code == 200
    await cli("PATCH", path, {"secret": "Right-Horse-10"})
    assert (await harbor(name, "Right-Horse-10")("GET", "/v2/")).status_code == 200
    await cli("DELETE", path)
    await cli("GET", path, status=404)


async def test_repositories_artifacts_and_labels(cli: Cli, harbor: Harbor) -> None:
    digest = await push_image(harbor("admin"), "own/team/app", "v1")
    repository = "/projects/own/repositories/team%2Fapp"
    listed = await cli.only(f"/projects/own/repositories?{A_PAGE}")
    await cli("PUT", repository, {**listed, "description": "an app"})
    assert (await cli("GET", repository))["description"] == "an app"
    assert (await cli("GET", "/search?q=team"))["repository"][0]["repository_name"] == "own/team/app"
    assert (await cli.only(f"{repository}/artifacts?{EVERYTHING}"))["digest"] == digest

    artifact = f"{repository}/artifacts/v1"
    assert (await cli("GET", artifact))["tags"][0]["name"] == "v1"
    no_times = {"pull_time": NO_TIME, "push_time": NO_TIME}
    await cli("POST", f"{artifact}/tags", {"immutable": False, "name": "stable", **no_times}, 201)
    assert {one["name"] for one in await cli("GET", f"{artifact}/tags")} == {"v1", "stable"}
    await cli("DELETE", f"{artifact}/tags/stable")

    project = listed["project_id"]
    await cli("POST", "/labels", {**TIMES, "color": "#FF0000", "name": "red", "scope": "g"}, 201)
    of_project = {**TIMES, "color": "#00FF00", "name": "green", "project_id": project, "scope": "p"}
    await cli("POST", "/labels", of_project, 201)
    red = await cli.only(f"/labels?{EVERYTHING}&project_id=0&scope=g")
    green = await cli.only(f"/labels?{A_PAGE}&project_id={project}&scope=p")
    await cli("PUT", f"/labels/{red['id']}", {**TIMES, "color": "#FF0000", "name": "scarlet", "scope": "g"})
    red = await cli("GET", f"/labels/{red['id']}")
    assert red["name"] == "scarlet"
    for label in (red, green):
        await cli("POST", f"{artifact}/labels", label)
    seen = await cli("GET", f"{artifact}?with_label=true")
    assert {one["name"] for one in seen["labels"]} == {"scarlet", "green"}
    await cli("DELETE", f"{artifact}/labels/{red['id']}")
    for label in (red, green):
        await cli("DELETE", f"/labels/{label['id']}")

    await cli("DELETE", f"{repository}/artifacts/{digest}")
    await cli("GET", artifact, status=404)


async def test_the_audit(cli: Cli, harbor: Harbor) -> None:
    await push_image(harbor("maker"), "own/app", "v1")
    logs = await cli("GET", f"/audit-logs?{A_PAGE}&q=username%3Dmaker%2Coperation%3Dcreate")
    assert {(one["username"], one["operation"]) for one in logs} == {("maker", "create")}
    assert await cli("GET", f"/auditlog-exts?{A_PAGE}&q=username%3Dnobody-at-all") == []
    kinds = await cli("GET", "/auditlog-exts/events")
    assert kinds[0].keys() == {"event_type"}


async def test_the_configuration(cli: Cli) -> None:
    read = await cli("GET", "/configurations")
    assert all(item.keys() == {"value", "editable"} for name, item in read.items() if name != "scan_all_policy")
    whole = {name: item["value"] for name, item in read.items() if "value" in item}
    await cli("PUT", "/configurations", {**whole, "session_timeout": 45})
    after = await cli("GET", "/configurations")
    assert {name: item["value"] for name, item in after.items() if "value" in item} == {**whole, "session_timeout": 45}


async def test_the_allowlist_of_the_system(cli: Cli) -> None:
    items = [{"cve_id": "CVE-2026-1"}]
    await cli("PUT", "/system/CVEAllowlist", {**TIMES, "items": items})
    assert (await cli("GET", "/system/CVEAllowlist"))["items"] == items
