"""Robots, through the whole application."""

import time
from typing import Any

import pytest
from house import Client, Harbor
from pushing import push_image

PULL = {"resource": "repository", "action": "pull"}
PUSH = {"resource": "repository", "action": "push"}


def wanted(*access: dict[str, str], namespace: str = "own", level: str = "project", **other: Any) -> dict[str, Any]:
    kind = "system" if namespace == "/" else "project"
    permission = {"kind": kind, "namespace": namespace, "access": list(access)}
    return {"name": "bot", "level": level, "duration": 30, "permissions": [permission], **other}


async def make(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client("POST", "/robots", body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"/api/v2.0/robots/{made['id']}"
    return dict(made)


async def test_a_robot_pushes_and_pulls_with_the_secret_that_is_told_once(harbor: Harbor) -> None:
    owner = harbor("owner")
    made = await make(owner, wanted(PUSH))
    assert made["name"] == "robot$own+bot"
    assert abs(made["expires_at"] - time.time() - 30 * 86400) < 60
    robot = harbor(made["name"], made["secret"])
    await push_image(robot, "own/app", "1")
    assert (await robot("GET", "/v2/own/app/manifests/1", headers={"Accept": "*/*"})).status_code == 200
    assert (await robot("DELETE", "/v2/own/app/manifests/1")).status_code == 403
    assert (await robot("GET", "/v2/hidden/app/manifests/1")).status_code == 403
    shown = await owner.get(f"/robots/{made['id']}")
    assert made["secret"] not in str(shown)
    assert (shown["level"], shown["duration"], shown["editable"], shown["disable"]) == ("project", 30, True, False)
    assert {(one["resource"], one["action"]) for one in shown["permissions"][0]["access"]} == {
        ("repository", "push"),
        ("repository", "pull"),
    }
    own = (await owner.get("/projects/own"))["project_id"]
    assert [one["name"] for one in await owner.get("/robots", q=f"Level=project,ProjectID={own}")] == ["robot$own+bot"]
    assert (await robot("GET", "/users/current")).status_code == 412


async def test_a_robot_that_is_changed_disabled_or_removed_is_refused_at_once(harbor: Harbor) -> None:
    owner = harbor("owner")
    made = await make(owner, wanted(PULL))
    path = f"/robots/{made['id']}"
    await push_image(owner, "own/app", "1")
    robot = harbor(made["name"], made["secret"])

    async def pulls(client: Client) -> int:
        return (await client("GET", "/v2/own/app/manifests/1", headers={"Accept": "*/*"})).status_code

    assert await pulls(robot) == 200
    change = {**wanted(PULL), "name": made["name"], "disable": True}
    assert (await owner("PUT", path, change)).status_code == 200
    assert await pulls(robot) == 401
    assert (await owner("PUT", path, {**change, "disable": False})).status_code == 200
    assert await pulls(robot) == 200
    fresh = (await owner("PATCH", path, {"secret": ""})).json()["secret"]
    assert await pulls(robot) == 401
    robot = harbor(made["name"], fresh)
    assert await pulls(robot) == 200
    chosen = await owner("PATCH", path, {"secret": "Chosen-Secret-1"})
    assert chosen.json() == {}
    robot = harbor(made["name"], "Chosen-Secret-1")
    assert await pulls(robot) == 200
    elsewhere = {
        **change,
        "disable": False,
        "permissions": wanted({"resource": "label", "action": "read"})["permissions"],
    }
    assert (await owner("PUT", path, elsewhere)).status_code == 200
    assert await pulls(robot) == 403
    assert (await owner("DELETE", path)).status_code == 200
    assert await pulls(robot) == 401


async def test_an_expired_robot_is_refused(harbor: Harbor) -> None:
    owner = harbor("owner")
    made = await make(owner, wanted(PULL))
    robot = harbor(made["name"], made["secret"])
    assert (await robot("GET", "/v2/own/app/tags/list")).status_code == 404
    await harbor.whole.db.write(lambda tx: tx.run("UPDATE robots SET expires_at = 1"))
    assert (await robot("GET", "/v2/own/app/tags/list")).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        wanted(PULL, namespace="/", level="project"),
        wanted({"resource": "user", "action": "create"}),
        wanted({"resource": "nonsense", "action": "read"}),
        wanted({"resource": "robot", "action": "update"}),
        wanted({**PULL, "effect": "deny"}),
        wanted(),
        {**wanted(PULL), "permissions": []},
        {**wanted(PULL), "permissions": wanted(PULL)["permissions"] * 2},
        {**wanted(PULL), "duration": 0},
        {**wanted(PULL), "duration": -2},
        {**wanted(PULL), "duration": 2**31},
        {**wanted(PULL), "level": "galaxy"},
        {**wanted(PULL), "name": "Upper"},
        {**wanted(PULL), "name": "a+b"},
        {**wanted(PULL), "name": ""},
        {**wanted(PULL), "secret": "short"},
    ],
)
async def test_what_cannot_be_a_robot_is_refused(harbor: Harbor, body: dict[str, Any]) -> None:
    answer = await harbor("owner")("POST", "/robots", body)
    assert answer.status_code in (400, 403), answer.text
    own = (await harbor("owner").get("/projects/own"))["project_id"]
    assert await harbor("owner").get("/robots", q=f"Level=project,ProjectID={own}") == []


async def test_a_projects_administrator_makes_no_robot_of_another_project_or_of_the_system(harbor: Harbor) -> None:
    owner = harbor("owner")
    for body in (
        wanted(PULL, namespace="hidden"),
        wanted(PULL, namespace="nowhere"),
        wanted(PULL, namespace="*"),
        wanted(PULL, level="system"),
        wanted({"resource": "user", "action": "list"}, namespace="/", level="system"),
    ):
        assert (await owner("POST", "/robots", body)).status_code == 403, body


async def test_a_robot_makes_robots_that_may_no_more_than_itself(harbor: Harbor) -> None:
    owner = harbor("owner")
    create = {"resource": "robot", "action": "create"}
    made = await make(owner, wanted(PULL, create))
    robot = harbor(made["name"], made["secret"])
    stronger = await robot("POST", "/robots", {**wanted(PUSH), "name": "second"})
    assert stronger.status_code == 403
    weaker = await make(robot, {**wanted(PULL), "name": "third"})
    shown = await owner.get(f"/robots/{weaker['id']}")
    assert (shown["creator_type"], shown["creator_ref"]) == ("robot", made["id"])


async def test_a_robot_of_a_project_is_hidden_from_others(harbor: Harbor) -> None:
    made = await make(harbor("owner"), wanted(PULL))
    for method, body in (("GET", None), ("PUT", wanted(PULL)), ("PATCH", {"secret": ""}), ("DELETE", None)):
        there = await harbor("stranger")(method, f"/robots/{made['id']}", body)
        nowhere = await harbor("stranger")(method, "/robots/999999", body)
        assert there.status_code == nowhere.status_code == 403, method
        assert there.text.replace(str(made["id"]), "999999") == nowhere.text
        assert (await harbor()(method, f"/robots/{made['id']}", body)).status_code == 401
    assert (await harbor("visitor")("GET", f"/robots/{made['id']}")).status_code == 200
    assert (await harbor("visitor")("DELETE", f"/robots/{made['id']}")).status_code == 403
    assert (await harbor("admin")("GET", "/robots/999999")).status_code == 404


async def test_a_robot_keeps_its_name_and_level(harbor: Harbor) -> None:
    owner = harbor("owner")
    made = await make(owner, wanted(PULL))
    path = f"/robots/{made['id']}"
    for change in ({"name": "bot"}, {"name": "robot$own+other"}, {"name": made["name"], "level": "system"}):
        assert (await owner("PUT", path, {**wanted(PULL), **change})).status_code == 400, change


async def test_a_robot_of_the_system_works_where_it_may(harbor: Harbor) -> None:
    admin = harbor("admin")
    body = {
        "name": "everywhere",
        "level": "system",
        "duration": -1,
        "permissions": [
            {"kind": "system", "namespace": "/", "access": [{"resource": "user", "action": "list"}]},
            {"kind": "project", "namespace": "*", "access": [PULL, {"resource": "repository", "action": "list"}]},
        ],
    }
    made = await make(admin, body)
    assert (made["name"], made["expires_at"]) == ("robot$everywhere", -1)
    robot = harbor(made["name"], made["secret"])
    assert (await robot("GET", "/users")).status_code == 200
    assert (await robot("GET", "/quotas")).status_code == 403
    assert await robot.get("/projects/own/repositories") == []
    assert sorted(one["name"] for one in await robot.get("/projects")) == ["own", "public"]
    assert [one["name"] for one in await admin.get("/robots")] == ["robot$everywhere"]


async def test_the_prefix_of_all_names_can_be_changed(harbor: Harbor) -> None:
    admin = harbor("admin")
    made = await make(harbor("owner"), wanted(PULL))
    await admin("PUT", "/configurations", {"robot_name_prefix": "bot-"})
    assert (await harbor("owner").get(f"/robots/{made['id']}"))["name"] == "bot-own+bot"
    renamed = harbor("bot-own+bot", made["secret"])
    assert (await renamed("GET", "/v2/own/app/tags/list")).status_code == 404
    assert (await harbor(made["name"], made["secret"])("GET", "/v2/own/app/tags/list")).status_code == 401


async def test_what_robots_can_be_given_is_told_to_who_makes_them(harbor: Harbor) -> None:
    told = await harbor("admin").get("/permissions")
    assert (len(told["system"]), len(told["project"])) == (70, 70)
    told = await harbor("owner").get("/permissions")
    assert (told.get("system"), len(told["project"])) == (None, 70)
    assert (await harbor("keeper")("GET", "/permissions")).status_code == 403
    assert (await harbor()("GET", "/permissions")).status_code == 401


async def test_a_huge_body_is_refused(harbor: Harbor) -> None:
    answer = await harbor("owner")("POST", "/robots", wanted(*[PULL] * 60_000))
    assert answer.status_code in (400, 413)
