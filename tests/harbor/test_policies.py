"""Retention and immutable tags by the management API and by the registry's own, through the whole application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from house import Client, Harbor
from pushing import IMAGE, push_image

from entrepot.app import tasks_of
from entrepot.jobs.engine import engine_url
from entrepot.jobs.pace import Pace
from entrepot.jobs.worker import JobWorker

DAILY = "0 0 3 * * *"
TAGS = {"kind": "doublestar", "decoration": "matches", "pattern": "**"}
EVERYWHERE = {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]}


def rule(template: str = "latestPushedK", number: int | None = 1, pattern: str = "**", **more: Any) -> dict[str, Any]:
    return {
        "action": "retain",
        "template": template,
        "params": {} if number is None else {template: number},
        "tag_selectors": [{**TAGS, "pattern": pattern}],
        "scope_selectors": EVERYWHERE,
        **more,
    }


def immutable(pattern: str = "v*", **more: Any) -> dict[str, Any]:
    return {
        "action": "immutable",
        "template": "immutable_template",
        "tag_selectors": [{**TAGS, "pattern": pattern}],
        "scope_selectors": EVERYWHERE,
        **more,
    }


async def policy_of(client: Client, *rules: Any, project: str = "own", **more: Any) -> dict[str, Any]:
    found = await client.get(f"/projects/{project}")
    return {
        "algorithm": "or",
        "rules": list(rules),
        "trigger": {"kind": "Schedule", "settings": {"cron": ""}},
        "scope": {"level": "project", "ref": found["project_id"]},
        **more,
    }


async def made(client: Client, *rules: Any, **more: Any) -> str:
    """The path of a new policy."""
    location = await client.post("/retentions", await policy_of(client, *rules, **more))
    return location.removeprefix("/api/v2.0")


@asynccontextmanager
async def working(harbor: Harbor) -> AsyncIterator[None]:
    whole = harbor.whole
    url = engine_url("", whole.settings.data)
    worker = JobWorker(whole.db, url, tasks_of(whole), 1, Pace(look=0.05, beat=0.2, dead_after=1.0))
    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(worker.run(stop, ready.set))
    await ready.wait()
    try:
        yield
    finally:
        stop.set()
        await running


async def ended(client: Client, policy: str, run: str) -> Any:
    async with asyncio.timeout(20):
        while True:
            found = [
                one for one in await client.get(f"{policy}/executions") if str(one["id"]) == run.rpartition("/")[2]
            ]
            if found[0]["status"] != "InProgress":
                return found[0]
            await asyncio.sleep(0.02)


async def tags_in(client: Client, repository: str = "app") -> set[str]:
    found = await client.get(f"/projects/own/repositories/{repository}/artifacts")
    return {tag["name"] for one in found for tag in one.get("tags") or []}


async def test_rules_are_carried_out_by_a_job(harbor: Harbor) -> None:
    maker, visitor = harbor("maker"), harbor("visitor")
    for number in range(3):
        await push_image(maker, "own/app", f"v{number}", f"v{number}")
    await push_image(maker, "own/other", "v0", "other")
    policy = await made(maker, rule())
    async with working(harbor):
        dry = await maker.post(f"{policy}/executions", {"dry_run": True})
        told = await ended(maker, policy, dry)
        assert told.items() >= {"status": "Succeed", "trigger": "MANUAL", "dry_run": True}.items()
        assert await tags_in(maker) == {"v0", "v1", "v2"}
        run = await maker.post(f"{policy}/executions", {"dry_run": False})
        assert (await ended(maker, policy, run))["status"] == "Succeed"
    assert await tags_in(maker) == {"v2"}
    path = run.removeprefix("/api/v2.0")
    tasks = {task["repository"]: task for task in await maker.get(f"{path}/tasks")}
    assert {name: (task["total"], task["retained"], task["status"]) for name, task in tasks.items()} == {
        "app": (3, 1, "Succeed"),
        "other": (1, 1, "Succeed"),
    }
    log = await maker("GET", f"{path}/tasks/{tasks['app']['id']}")
    assert log.status_code == 200
    assert log.headers["content-type"].startswith("text/plain")
    assert "DELETE v0 sha256:" in log.text
    assert "no rule keeps it: rule 1 does not: not among the 1 most recently pushed artifacts" in log.text
    assert "3 artifacts: 1 stay, 2 go, and 2 tags" in log.text
    assert (await visitor("GET", f"{path}/tasks/{tasks['app']['id']}")).status_code == 403
    assert (await maker("GET", f"{path}/tasks/{tasks['app']['id'] + 100}")).status_code == 404
    assert (await maker("PATCH", path, {"action": "stop"})).status_code == 200  # It has ended long since.
    page = await maker("GET", f"{policy}/executions", params={"page": 1, "page_size": 1})
    assert page.headers["x-total-count"] == "2"
    assert 'rel="next"' in page.headers["link"]


async def test_rules_are_carried_out_by_their_schedule(harbor: Harbor) -> None:
    owner = harbor("owner")
    for number in range(2):
        await push_image(owner, "own/app", f"v{number}", f"v{number}")
    policy = await made(owner, rule(), trigger={"kind": "Schedule", "settings": {"cron": DAILY}})
    await harbor.whole.db.write(
        lambda tx: tx.run("UPDATE schedules SET last_tick = 1, next_tick = 1 WHERE kind = 'retention'")
    )
    async with working(harbor), asyncio.timeout(20):
        while not (found := await owner.get(f"{policy}/executions")) or found[0]["status"] == "InProgress":
            await asyncio.sleep(0.05)
    assert [(one["trigger"], one["status"]) for one in found] == [("SCHEDULE", "Succeed")]
    assert await tags_in(owner) == {"v1"}


async def test_a_policy_is_read_back_as_it_was_sent(harbor: Harbor) -> None:
    owner = harbor("owner")
    sent = await policy_of(
        owner,
        rule("latestPushedK", 5, "v{1,2}*", id=3, priority=2, disabled=True),
        rule("always", None, "stable"),
        trigger={"kind": "Schedule", "settings": {"cron": DAILY}, "references": {}},
    )
    path = (await owner.post("/retentions", sent)).removeprefix("/api/v2.0")
    read = await owner.get(path)
    first, second = read["rules"]
    assert first == sent["rules"][0]
    assert second == {key: value for key, value in sent["rules"][1].items() if key != "params"}
    assert read["scope"] == sent["scope"]
    assert read["trigger"]["settings"].items() >= {"cron": DAILY}.items()
    assert read["trigger"]["settings"]["next_scheduled_time"].endswith("T03:00:00.000Z")
    assert (await owner.get("/projects/own"))["metadata"]["retention_id"] == path.rpartition("/")[2]
    assert (await owner("PUT", path, read)).status_code == 200, "what was read can be sent back"
    assert (await owner.get(path)) == read
    assert (await owner("DELETE", path)).status_code == 200
    assert "retention_id" not in (await owner.get("/projects/own"))["metadata"]
    assert (await owner("GET", path)).status_code == 403


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"algorithm": "and"}, 400, "algorithm"),
        ({"rules": [rule("newest")]}, 400, "latestPushedK"),
        ({"rules": [rule(number=-1)]}, 400, "from 0"),
        ({"rules": [rule(params={"latestPulledN": 1})]}, 400, "parameter"),
        ({"rules": [rule(params={})]}, 400, "needs its parameter"),
        ({"rules": [rule(action="delete")]}, 400, "retain"),
        ({"rules": [rule(pattern="release/*")]}, 400, "can never match"),
        ({"rules": [rule(pattern="[a")]}, 400, "ends within"),
        ({"rules": [rule(pattern="v1,v2")]}, 400, "{a,b}"),
        ({"rules": [rule(tag_selectors=[{**TAGS, "kind": "label"}])]}, 400, "doublestar"),
        ({"rules": [rule(tag_selectors=[{**TAGS, "decoration": "repoMatches"}])]}, 400, "matches or excludes"),
        ({"rules": [rule(tag_selectors=[{**TAGS, "extras": "yes"}])]}, 400, "untagged"),
        ({"rules": [rule(scope_selectors={"namespace": []})]}, 400, "repository"),
        ({"rules": [rule(), rule()]}, 409, "the same"),
        ({"rules": [rule(number=number) for number in range(16)]}, 400, "at most 15"),
        ({"trigger": {"kind": "Event"}}, 400, "Schedule"),
        ({"trigger": {"kind": "Schedule", "settings": {"cron": "0 3 * * *"}}}, 400, "six fields"),
        ({"trigger": {"kind": "Schedule", "settings": {"cron": "5 0 3 * * *"}}}, 400, "first field"),
        ({"trigger": {"kind": "Schedule", "settings": {"cron": 7}}}, 400, "settings"),
        ({"trigger": {"kind": "Schedule", "settings": [7]}}, 400, "settings"),
        ({"scope": {"level": "system", "ref": 1}}, 400, "level"),
        ({"scope": {"level": "project", "ref": 0}}, 400, "no project"),
        ({"scope": None}, 400, "scope"),
        ({"rules": [rule(params={"latestPushedK": 1e300})]}, 400, "whole number"),
        ({"rules": "all"}, 422, "rules"),
    ],
)
async def test_what_cannot_be_is_refused_with_a_sentence(harbor: Harbor, change: Any, status: int, word: str) -> None:
    owner = harbor("owner")
    sent = {**await policy_of(owner, rule()), **change}
    answer = await owner("POST", "/retentions", sent)
    assert (answer.status_code, word in answer.text) == (status, True), answer.text
    path = await made(owner)
    if "scope" not in change:
        answer = await owner("PUT", path, sent)
        assert (answer.status_code, word in answer.text) == (status, True), answer.text
    assert (await owner.get(path)).get("rules", []) == []


async def test_a_project_has_one_policy(harbor: Harbor) -> None:
    owner = harbor("owner")
    path = await made(owner, rule())
    again = await owner("POST", "/retentions", await policy_of(owner))
    assert again.status_code == 400
    assert path.rpartition("/")[2] in again.text


async def test_a_policy_is_not_changed_through_another_project(harbor: Harbor) -> None:
    """By a scope in the body that names a project in which one may, as well as by an id.

    CVE-2022-31669, CVE-2022-31670.
    """
    admin = harbor("admin")
    public = await made(admin, rule(), project="public")
    owner = harbor("owner")
    own = await made(owner, rule())
    body = await policy_of(owner, rule("always", None))
    for method, path, sent in (
        ("PUT", public, body),
        ("GET", public, None),
        ("DELETE", public, None),
        ("POST", f"{public}/executions", {"dry_run": True}),
        ("GET", f"{public}/executions", None),
    ):
        assert (await owner(method, path, sent)).status_code == 403
    assert (await owner("PUT", own, await policy_of(admin, rule("always", None), project="public"))).status_code == 404
    run = await admin.post(f"{public}/executions", {"dry_run": True})
    through = run.removeprefix("/api/v2.0").replace(public, own)
    assert (await owner("PATCH", through, {"action": "stop"})).status_code == 404
    assert (await owner("GET", f"{through}/tasks")).status_code == 404
    assert (await admin.get(public))["rules"][0]["template"] == "latestPushedK"

    rules = "/projects/{}/immutabletagrules"
    location = await admin.post(rules.format("public"), immutable())
    number = location.rpartition("/")[2]
    assert (await owner("DELETE", f"{rules.format('own')}/{number}")).status_code == 404
    changed = await owner("PUT", f"{rules.format('own')}/{number}", immutable("x", id=int(number)))
    assert changed.status_code == 404
    assert (await owner("PUT", f"{rules.format('public')}/{number}", immutable(id=int(number)))).status_code == 403
    assert (await admin.get(rules.format("public")))[0]["tag_selectors"][0]["pattern"] == "v*"


async def test_an_immutable_tag_stays_by_both_apis(harbor: Harbor) -> None:
    owner = harbor("owner")
    digest = await push_image(owner, "own/app", "v1", "one")
    other = await push_image(owner, "own/app", "latest", "two")
    await owner.post("/projects/own/immutabletagrules", immutable())
    manifest = await owner("GET", f"/v2/own/app/manifests/{other}", headers={"Accept": IMAGE})
    place = "/projects/own/repositories/app"
    for refused in (
        await owner("PUT", "/v2/own/app/manifests/v1", content=manifest.content, headers={"Content-Type": IMAGE}),
        await owner("DELETE", f"/v2/own/app/manifests/{digest}"),
        await owner("DELETE", "/v2/own/app/manifests/v1"),
        await owner("DELETE", f"{place}/artifacts/v1/tags/v1"),
        await owner("DELETE", f"{place}/artifacts/{digest}"),
        await owner("DELETE", place),
    ):
        assert refused.status_code == 412, refused.text
        (error,) = refused.json()["errors"]
        assert error["code"] == "PRECONDITION"
        assert "v1 is immutable" in error["message"]
    assert (await owner("POST", f"{place}/artifacts/{other}/tags", {"name": "v1"})).status_code == 409
    for asked in (True, False):
        params = {"with_immutable_status": str(asked).lower()}
        told = await owner.get(f"{place}/artifacts", **params)
        assert {tag["name"]: tag["immutable"] for one in told for tag in one["tags"]} == {"v1": asked, "latest": False}
        (tag,) = await owner.get(f"{place}/artifacts/v1/tags", **params)
        assert tag["immutable"] is asked
        assert (await owner.get(f"{place}/artifacts/v1", **params))["tags"][0]["immutable"] is asked
    (found,) = await owner.get("/projects/own/immutabletagrules")
    await owner("DELETE", f"/projects/own/immutabletagrules/{found['id']}")
    assert (await owner("DELETE", place)).status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"action": "retain"}, 400, "immutable"),
        ({"template": "always"}, 400, "immutable_template"),
        ({"tag_selectors": []}, 400, "one tag selector"),
        ({"tag_selectors": [TAGS, TAGS]}, 400, "one tag selector"),
        ({"tag_selectors": [{**TAGS, "pattern": "a/b"}]}, 400, "can never match"),
        ({"scope_selectors": {}}, 400, "one repository selector"),
        ({"scope_selectors": {"repository": [TAGS]}}, 400, "repoMatches"),
        ({"priority": -1}, 400, "priority"),
        ({"priority": 2**40}, 400, "priority"),
    ],
)
async def test_immutable_tag_rules_that_cannot_be(harbor: Harbor, change: Any, status: int, word: str) -> None:
    owner = harbor("owner")
    path = "/projects/own/immutabletagrules"
    answer = await owner("POST", path, {**immutable(), **change})
    assert (answer.status_code, word in answer.text) == (status, True), answer.text
    number = (await owner.post(path, immutable())).rpartition("/")[2]
    answer = await owner("PUT", f"{path}/{number}", {**immutable(), **change, "id": int(number)})
    assert (answer.status_code, word in answer.text) == (status, True), answer.text
    assert (await owner("PUT", f"{path}/{number}", immutable(id=int(number) + 1))).status_code == 400
    assert (await owner("POST", path, immutable(disabled=True))).status_code == 409
