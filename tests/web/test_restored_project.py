"""A project with everything in it is deleted and restored: gone everywhere meanwhile, then as it was, and alive."""

import asyncio
import re
from typing import Any

import pytest
from furnish import Made, addresses, furnish
from house import Client, Harbor
from pushing import IMAGE, digest_of, push_image
from reader import Reader, Readers
from served import SERVED
from test_policies import DAILY, immutable, working

from contracts.access_house import basic
from entrepot.web.routes import ROUTES
from entrepot.web.subject import Place

BASE = "/api/v2.0"
TELLING_OF_THE_PAST = ("getLogs", "getLogExts", "listAuditLogs", "listAuditLogExts", "listTrash", "getTrash")
LISTS = (
    "/projects",
    "/repositories",
    "/labels?scope=p&project_id={project_id}",
    "/robots?q=Level%3Dproject%2CProjectID%3D{project_id}",
    "/quotas?reference_id={project_id}",
    "/search?q=own",
    "/schedules",
    "/statistics",
    "/storage",
)
"""Of what there is in the system, with what is in the project among it."""
HOUSE_PAGES = ("/", "/-/search?q=app", "/-/admin/quotas", "/-/admin/labels", "/-/jobs?show=schedules")
REFERENCES = ("latest", "1.0", "both", "1.1-arm64")
CHANGING = re.compile(r'"update_time": ?"[^"]*"|"id":\d+(?=,"vendor_type")')
"""What is another afterwards: when it changed last, and the number of its schedule, which is made again."""


def operations(made: Made) -> list[str]:
    """Every request that reads something of the project, or of what is in it."""
    facts = made.facts
    values = {
        "project_name": [made.project],
        "project_name_or_id": [made.project, str(facts["project_id"])],
        "repository_name": ["app", "charts%252Fshop"],
        "reference": [*REFERENCES, facts["first"], facts["sbom"], "0.3.1"],
        "tag_name": ["latest"],
        "meta_name": ["public"],
        "mid": [facts["member"]],
        "label_id": [facts["label"]],
        "robot_id": [str(facts["robot"])],
        "id": [facts["retention"]],
        "eid": [facts["retention_run"]],
        "tid": ["1"],
        "addition": ["build_history", "readme.md", "sbom"],
    }
    found = []
    for name, operation in SERVED.items():
        if operation.method.lower() != "get" or name in TELLING_OF_THE_PAST:
            continue
        parts = re.findall(r"\{(\w+)\}", operation.path)
        if not parts or not set(parts) <= values.keys() or name == "getQuota":
            continue
        paths = [operation.path]
        for part in parts:
            paths = [path.replace(f"{{{part}}}", value) for path in paths for value in values[part]]
        found += [f"{path}?page_size=100" for path in paths]
    registry = [f"/v2/{made.repository}/tags/list", f"/v2/{made.repository}/referrers/{facts['second']}"]
    registry += [f"/v2/{made.repository}/manifests/{reference}" for reference in REFERENCES]
    assert len(found) > 60
    return found + registry


async def answers(client: Client, made: Made) -> dict[str, tuple[int, str]]:
    """What is answered to each of the requests."""
    told = {}
    for path in [*operations(made), *(f"{BASE}{path.format(**made.facts)}" for path in LISTS)]:
        # A GET would be a pull, and count.
        answer = await client("HEAD" if "/manifests/" in path else "GET", path)
        text = answer.headers.get("docker-content-digest", "") + answer.text
        told[path] = (answer.status_code, CHANGING.sub("", text))
    return told


def pages(made: Made) -> list[str]:
    """The address of every page of the project, and of what is in it."""
    routes = [route for route in ROUTES if route.method == "GET" and route.place is not Place.HOUSE]
    return [address for route in routes for address in addresses(route, made)]


async def robot_of(client: Client) -> Client:
    access = [{"resource": "repository", "action": action} for action in ("push", "pull")]
    permissions = [{"kind": "project", "namespace": "own", "access": access}]
    body = {"name": "ci", "level": "project", "duration": -1, "permissions": permissions}
    made = (await client("POST", "/robots", body)).json()
    return Client(client._http, basic(made["name"], made["secret"]))


@pytest.mark.timeout(240)
async def test_a_project_with_everything_comes_back_as_it_was_and_its_rules_work(
    harbor: Harbor, reader: Readers
) -> None:
    admin, owner, maker = harbor("admin"), harbor("owner"), harbor("maker")
    made = await furnish(admin)
    robot = await robot_of(owner)
    path = f"/retentions/{made.facts['retention']}"
    policy = await admin.get(path)
    policy["trigger"]["settings"]["cron"] = DAILY
    assert (await owner("PUT", path, policy)).status_code == 200
    quota = f"/quotas/{(await admin.get('/quotas', reference_id=made.facts['project_id']))[0]['id']}"
    assert (await admin("PUT", quota, {"hard": {"storage": 10_000_000}})).status_code == 200
    # What is held, or must not change, is not deleted; so the hold is lifted and one rule of two switched off.
    for way in (f"holds/{made.facts['hold']}", f"immutabletagrules/{made.facts['immutable']}"):
        refused = await owner("DELETE", "/projects/own?force=true")
        assert refused.status_code == 412, refused.text
        assert (await switched_off(owner, f"/projects/own/{way}")).status_code == 200
    await owner.post("/projects/own/immutabletagrules", immutable("stable-*"))
    await harbor.whole.pulls.close()
    looked = {"owner": owner, "admin": admin, "visitor": harbor("visitor")}
    before = {name: await answers(client, made) for name, client in looked.items()}
    assert sum(status == 200 for status, _ in before["owner"].values()) > 60
    people = {name: await reader().sign_in(name) for name in ("owner", "admin")}
    shown = {name: await statuses(one, pages(made)) for name, one in people.items()}
    assert sum(status == 200 for status in shown["owner"].values()) > 40

    assert (await owner("DELETE", "/projects/own?force=true")).status_code == 200
    for name, client in looked.items():
        for where, (status, text) in (await answers(client, made)).items():
            if before[name][where][0] == 200 and not where.startswith(tuple(f"{BASE}{one[:8]}" for one in LISTS[:1])):
                assert status in (200, 400, 401, 403, 404), (name, where, status)
            assert "own/" not in text or status != 200, (name, where, text)
            assert not re.search(r'"own"|checked|builder"', text) or status != 200, (name, where, text)
    for name, one in people.items():
        told = await statuses(one, pages(made))
        assert {status for where, status in told.items() if shown[name][where] == 200} <= {403, 404}, name
        for where in HOUSE_PAGES:
            assert "own/app" not in (text := (await one.get(where)).text), (name, where)
            assert 'href="/own' not in text, (name, where)
    assert (await robot("GET", "/v2/own/app/tags/list")).status_code == 401

    entry = (await owner.get("/trash", q="kind=project"))[0]
    assert (await owner("POST", f"/trash/{entry['id']}/restore", {})).status_code == 200
    for name, client in looked.items():
        after = await answers(client, made)
        for where, told in before[name].items():
            assert after[where] == told, (name, where)
    for name, one in people.items():
        assert await statuses(one, pages(made)) == shown[name], name
    await rules_work(harbor, admin, owner, made, quota)
    await push_image(robot, "own/app", "by-robot", seed="robot")
    await push_image(maker, "own/app", "by-maker", seed="maker")


async def switched_off(owner: Client, path: str) -> Any:
    """The answer to lifting the hold, or to disabling the rule."""
    if "/holds/" in path:
        return await owner("DELETE", path)
    [rule] = await owner.get("/projects/own/immutabletagrules")
    return await owner("PUT", path, {**rule, "disabled": True})


async def statuses(one: Reader, paths: list[str]) -> dict[str, int]:
    return {path: (await one.get(path)).status_code for path in paths}


async def rules_work(harbor: Harbor, admin: Client, owner: Client, made: Made, quota: str) -> None:
    """Passes if tags that never change do not, retention runs by its schedule, holds hold and the limit counts."""
    body = (await owner("GET", "/v2/own/app/manifests/1.1", headers={"Accept": IMAGE})).content
    sent: dict[str, Any] = {"content": body, "headers": {"Content-Type": IMAGE}}
    await push_image(owner, "own/app", "stable-1", seed="stable")
    assert (await owner("PUT", "/v2/own/app/manifests/stable-1", **sent)).status_code == 412
    rules = await owner.get("/projects/own/immutabletagrules")
    [rule] = [one for one in rules if one.get("disabled")]
    path = f"/projects/own/immutabletagrules/{rule['id']}"
    assert (await owner("PUT", path, {**rule, "disabled": False})).status_code == 200
    assert (await owner("PUT", "/v2/own/app/manifests/release-1", **sent)).status_code == 412
    assert (await owner("PUT", "/v2/own/app/manifests/release-2", **sent)).status_code == 201
    hold = {"repository_name": "own/app", "reference": "1.0", "reason": "case 13"}
    await owner.post("/projects/own/holds", hold)
    assert (await owner("DELETE", "/projects/own/repositories/app")).status_code == 412
    tags = set((await owner.get("/v2/own/app/tags/list"))["tags"])
    await harbor.whole.db.write(
        lambda tx: tx.run("UPDATE schedules SET last_tick = 1, next_tick = 1 WHERE kind = 'retention'")
    )
    path = f"/retentions/{made.facts['retention']}/executions"
    async with working(harbor), asyncio.timeout(60):
        while (run := (await owner.get(path))[0])["trigger"] != "SCHEDULE" or run["status"] == "InProgress":
            await asyncio.sleep(0.1)
    assert run["status"] == "Succeed"
    left = set((await owner.get("/v2/own/app/tags/list"))["tags"])
    assert left == {"release-1", "release-2", "stable-1", "1.0"}, (tags, left)
    assert (await admin("PUT", quota, {"hard": {"storage": 1000}})).status_code == 200
    content = bytes(2000)
    answer = await owner("POST", "/v2/own/app/blobs/uploads/", params={"digest": digest_of(content)}, content=content)
    assert (answer.status_code, "holds 1" in answer.text) == (403, True), answer.text
    assert (await admin("PUT", quota, {"hard": {"storage": -1}})).status_code == 200
