"""Groups, quotas, the allowlist, labels, members, metadata and the configuration, through the whole application."""

from typing import Any

import pytest
from house import Harbor
from pushing import push_image


async def test_a_group_is_made_found_renamed_and_removed(harbor: Harbor) -> None:
    admin = harbor("admin")
    location = await admin.post("/usergroups", {"group_name": "builders", "group_type": 3})
    path = location.removeprefix("/api/v2.0")
    assert (await admin.get(path))["group_name"] == "builders"
    again = await admin("POST", "/usergroups", {"group_name": "builders", "group_type": 3})
    assert again.status_code == 409
    found = await harbor("stranger").get("/usergroups/search", groupname="BUILD")
    assert [one["group_name"] for one in found] == ["builders"]
    member = {"role_id": 2, "member_group": {"group_name": "builders", "group_type": 3}}
    await harbor("owner").post("/projects/own/members", member)
    assert (await admin("PUT", path, {"group_name": "makers"})).status_code == 200
    members = await harbor("owner").get("/projects/own/members", entityname="makers")
    assert [(one["entity_type"], one["role_name"]) for one in members] == [("g", "developer")]
    assert (await admin("DELETE", path)).status_code == 200
    assert (await admin("GET", path)).status_code == 404
    assert await harbor("owner").get("/projects/own/members", entityname="makers") == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"group_name": "", "group_type": 3},
        {"group_name": "x", "group_type": 9},
        {"group_name": "x", "group_type": 1},
        {"group_name": "x" * 256, "group_type": 3},
        {"group_name": "a\nb", "group_type": 3},
    ],
)
async def test_what_cannot_be_a_group_is_refused(harbor: Harbor, body: dict[str, Any]) -> None:
    assert (await harbor("admin")("POST", "/usergroups", body)).status_code == 400


async def test_a_quota_limits_what_a_project_holds(harbor: Harbor) -> None:
    admin, owner = harbor("admin"), harbor("owner")
    own = (await admin.get("/projects/own"))["project_id"]
    (quota,) = await admin.get("/quotas", reference="project", reference_id=str(own))
    assert quota["ref"] == {"id": own, "name": "own", "owner_name": quota["ref"]["owner_name"]}
    assert (quota["hard"], quota["used"]) == ({"storage": -1}, {"storage": 0, "trash": 0})
    await push_image(owner, "own/app", "1")
    used = (await admin.get(f"/quotas/{quota['id']}"))["used"]["storage"]
    assert used > 0
    for hard in (-2, 0, 2**60):
        answer = await admin("PUT", f"/quotas/{quota['id']}", {"hard": {"storage": hard}})
        assert answer.status_code == 400, hard
    assert (await admin("PUT", f"/quotas/{quota['id']}", {"hard": {"storage": used - 1}})).status_code == 200
    blob = {"Content-Type": "application/octet-stream"}
    digest = "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    refused = await owner("POST", "/v2/own/app/blobs/uploads/", params={"digest": digest}, content=b"x", headers=blob)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "DENIED")
    assert (await admin.get("/projects/own/summary"))["quota"]["hard"] == {"storage": used - 1}
    await admin("PUT", "/configurations", {"quota_per_project_enable": False})
    taken = await owner("POST", "/v2/own/app/blobs/uploads/", params={"digest": digest}, content=b"x", headers=blob)
    assert taken.status_code == 201
    order = [one["ref"]["name"] for one in await admin.get("/quotas", sort="-used.storage")]
    assert order == ["own", "public"]


async def test_new_projects_have_the_limit_that_is_configured(harbor: Harbor) -> None:
    admin = harbor("admin")
    await admin("PUT", "/configurations", {"storage_per_project": 1000})
    await harbor("stranger").post("/projects", {"project_name": "theirs", "storage_limit": -1})
    await admin.post("/projects", {"project_name": "ours", "storage_limit": -1})
    quotas = {one["ref"]["name"]: one["hard"]["storage"] for one in await admin.get("/quotas")}
    assert (quotas["theirs"], quotas["ours"]) == (1000, -1)


async def test_only_administrators_make_projects_if_that_is_configured(harbor: Harbor) -> None:
    await harbor("admin")("PUT", "/configurations", {"project_creation_restriction": "adminonly"})
    assert (await harbor("stranger")("POST", "/projects", {"project_name": "theirs"})).status_code == 403
    await harbor("admin").post("/projects", {"project_name": "ours"})


async def test_the_allowlist_is_kept(harbor: Harbor) -> None:
    admin = harbor("admin")
    assert (await harbor("stranger").get("/system/CVEAllowlist")).get("items", []) == []
    body = {"items": [{"cve_id": "CVE-2026-1"}, {"cve_id": "CVE-2026-1"}, {"cve_id": "CVE-2026-2"}], "expires_at": 99}
    assert (await admin("PUT", "/system/CVEAllowlist", body)).status_code == 200
    told = await harbor("stranger").get("/system/CVEAllowlist")
    assert ([one["cve_id"] for one in told["items"]], told["expires_at"]) == (["CVE-2026-1", "CVE-2026-2"], 99)
    assert (await harbor()("GET", "/system/CVEAllowlist")).status_code == 401
    await admin("PUT", "/projects/own", {"cve_allowlist": {"items": [{"cve_id": "CVE-1"}]}})
    assert (await admin.get("/projects/own"))["cve_allowlist"]["items"] == [{"cve_id": "CVE-1"}]
    other = {"cve_allowlist": {"project_id": 999, "items": []}}
    assert (await admin("PUT", "/projects/own", other)).status_code == 400


async def test_labels_are_of_everybody_or_of_a_project(harbor: Harbor) -> None:
    admin, owner = harbor("admin"), harbor("owner")
    own = (await owner.get("/projects/own"))["project_id"]
    of_all = await admin.post("/labels", {"name": "stable", "scope": "g", "color": "#00FF00"})
    of_one = await owner.post("/labels", {"name": "stable", "scope": "p", "project_id": own})
    assert (await harbor("owner")("POST", "/labels", {"name": "x", "scope": "g"})).status_code == 403
    assert [one["name"] for one in await harbor().get("/labels", scope="g")] == ["stable"]
    assert (await owner("POST", "/labels", {"name": "stable", "scope": "p", "project_id": own})).status_code == 409
    path = of_one.removeprefix("/api/v2.0")
    assert (await owner("PUT", path, {"name": "beta", "color": "#112233"})).status_code == 200
    shown = await owner.get(path)
    assert (shown["name"], shown["scope"], shown["project_id"], shown["color"]) == ("beta", "p", own, "#112233")
    for wrong in ({"name": ""}, {"name": "x" * 129}, {"name": "x", "color": "red"}):
        assert (await owner("PUT", path, wrong)).status_code == 400
    for query in ({}, {"scope": "x"}, {"scope": "p"}):
        assert (await owner("GET", "/labels", params=query)).status_code == 400
    assert (await admin("DELETE", of_all.removeprefix("/api/v2.0"))).status_code == 200
    assert await harbor().get("/labels", scope="g") == []


async def test_a_role_is_given_changed_and_taken(harbor: Harbor) -> None:
    owner = harbor("owner")
    location = await owner.post("/projects/own/members", {"role_id": 3, "member_user": {"username": "stranger"}})
    path = location.removeprefix("/api/v2.0")
    assert (await harbor("stranger")("GET", "/projects/own")).status_code == 200
    again = {"role_id": 1, "member_user": {"username": "stranger"}}
    assert (await owner("POST", "/projects/own/members", again)).status_code == 409
    assert (await harbor("stranger")("PUT", path, {"role_id": 1})).status_code == 403
    assert (await owner("PUT", path, {"role_id": 4})).status_code == 200
    assert (await owner.get(path))["role_name"] == "maintainer"
    assert (await owner("DELETE", path)).status_code == 200
    assert (await harbor("stranger")("GET", "/projects/own")).status_code == 403
    assert (await owner("GET", path)).status_code == 404
    answer = await owner("GET", "/projects/own/members", params={"entityname": "keeper", "page_size": 2})
    assert (len(answer.json()), answer.headers["x-total-count"]) == (1, "5")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"role_id": 1}, 400),
        ({"role_id": 0, "member_user": {"username": "stranger"}}, 400),
        ({"role_id": 6, "member_user": {"username": "stranger"}}, 400),
        ({"role_id": 1, "member_user": {"username": "nobody"}}, 404),
        ({"role_id": 1, "member_user": {"user_id": 999}}, 404),
        ({"role_id": 1, "member_group": {"id": 999}}, 400),
        ({"role_id": "1", "member_user": {"username": "stranger"}}, 422),
    ],
)
async def test_a_role_that_cannot_be_given(harbor: Harbor, body: dict[str, Any], status: int) -> None:
    answer = await harbor("owner")("POST", "/projects/own/members", body)
    assert answer.status_code == status, answer.text


async def test_a_projects_settings_are_texts_that_are_checked(harbor: Harbor) -> None:
    owner = harbor("owner")
    path = "/projects/own/metadatas"
    assert (await owner("POST", f"{path}/", {"auto_scan": "TRUE"})).status_code == 200
    assert await owner.get(f"{path}/auto_scan") == {"auto_scan": "true"}
    assert (await owner("POST", path, {"auto_scan": "false"})).status_code == 409
    assert (await owner("PUT", f"{path}/auto_scan", {"auto_scan": "0"})).status_code == 200
    assert (await owner.get("/projects/own"))["metadata"] == {"public": "false", "auto_scan": "false"}
    for body in ({}, {"a": "b"}, {"severity": "awful"}, {"auto_scan": "1", "severity": "low"}, {"retention_id": "3"}):
        assert (await owner("POST", path, body)).status_code == 400, body
    assert (await owner("POST", path)).status_code in (400, 415)
    assert (await owner("PUT", f"{path}/severity", {"severity": "low"})).status_code == 404
    assert (await owner("DELETE", f"{path}/auto_scan")).status_code == 200
    assert (await owner("DELETE", f"{path}/auto_scan")).status_code == 404
    assert (await owner("DELETE", f"{path}/public")).status_code == 400
    assert (
        await owner("PUT", "/projects/own", {"metadata": {"public": "true", "severity": "HIGH"}})
    ).status_code == 200
    told = await harbor("admin").get(f"{path}/")
    assert told == {"public": "true", "severity": "high"}
    assert (await harbor()("GET", "/projects/own")).status_code == 200


async def test_the_configuration_is_kept_and_typed(harbor: Harbor) -> None:
    admin = harbor("admin")
    before = await admin.get("/configurations")
    assert before["auth_mode"] == {"value": "db_auth", "editable": False}
    assert before["token_expiration"] == {"value": 30, "editable": True}
    assert not any("secret" in name or "password" in name for name in before)
    change = {"session_timeout": 90, "banner_message": "hello", "ldap_search_password": "Hush-Hush-1", "nonsense": 1}
    assert (await admin("PUT", "/configurations", change)).status_code == 200
    after = await admin.get("/configurations")
    assert (after["session_timeout"]["value"], after["banner_message"]["value"]) == (90, "hello")
    assert "Hush-Hush-1" not in str(after)
    assert (await harbor().get("/systeminfo"))["banner_message"] == "hello"
    refused = await admin("PUT", "/configurations", {"session_timeout": 30, "storage_per_project": 0})
    assert refused.status_code == 400
    assert (await admin.get("/configurations"))["session_timeout"]["value"] == 90, "all or nothing"
    assert (await admin("PUT", "/configurations", {"session_timeout": "x"})).status_code == 422
    assert (await admin("PUT", "/configurations", {"auth_mode": "oidc_auth"})).status_code == 400


async def test_what_must_not_be_empty_may_stay_so(harbor: Harbor) -> None:
    admin = harbor("admin")
    assert (await admin("PUT", "/configurations", {"ldap_url": "", "ldap_base_dn": ""})).status_code == 200
    for blank in ({"ldap_url": " "}, {"ldap_uid": ""}, {"robot_name_prefix": ""}):
        assert (await admin("PUT", "/configurations", blank)).status_code == 400, blank


async def test_what_is_kept_of_pulls_is_a_setting(harbor: Harbor) -> None:
    admin, owner, pulls = harbor("admin"), harbor("owner"), harbor.whole.pulls
    digest = await push_image(owner, "own/app", "latest")
    seen: list[tuple[int, int, bool]] = []
    before = ""
    for change in (
        {"pull_audit_log_disable": False, "pull_time_update_disable": True},
        {"pull_count_update_disable": True, "pull_time_update_disable": False},
        {"pull_audit_log_disable": True, "pull_count_update_disable": False, "pull_time_update_disable": True},
    ):
        assert (await admin("PUT", "/configurations", change)).status_code == 200
        told = await admin.get("/configurations")
        assert {name: told[name]["value"] for name in change} == change
        await pulls.close()  # What is kept is read with each batch.
        assert (await owner("GET", "/v2/own/app/manifests/latest")).status_code == 200
        await pulls.close()
        artifact = await owner.get(f"/projects/own/repositories/app/artifacts/{digest}")
        count = (await owner.get("/projects/own/repositories/app")).get("pull_count", 0)
        logs = await admin.get("/auditlog-exts", q="operation=pull")
        seen.append((count, len(logs), artifact["pull_time"] != before))
        before = artifact["pull_time"]
    assert [(count, logs) for count, logs, _ in seen] == [(1, 1), (1, 2), (2, 2)]
    assert [stamped for _, _, stamped in seen][1:] == [True, False]
    for name in change:
        assert (await admin("PUT", "/configurations", {name: "perhaps"})).status_code == 422
