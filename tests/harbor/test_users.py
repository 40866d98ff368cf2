"""Accounts, through the whole application."""

from typing import Any

import pytest
from house import Client, Harbor

from contracts.access_house import PASSWORD

FRESH: dict[str, Any] = {
    "username": "fresh",
    "password": "Fresh-Horse-9",
    "email": "fresh@example.com",
    "realname": "Fresh One",
    "comment": "new",
}


async def make(admin: Client, **other: Any) -> int:
    return int((await admin.post("/users", {**FRESH, **other})).rpartition("/")[2])


async def test_an_account_is_made_shown_changed_and_removed(harbor: Harbor) -> None:
    admin = harbor("admin")
    user_id = await make(admin)
    shown = await admin.get(f"/users/{user_id}")
    assert {key: shown[key] for key in ("username", "email", "realname", "comment", "sysadmin_flag")} == {
        **{key: FRESH[key] for key in ("username", "email", "realname", "comment")},
        "sysadmin_flag": False,
    }
    assert "password" not in str(shown).lower()
    fresh = harbor("fresh", FRESH["password"])
    body = {"email": "other@example.com", "realname": "Other", "comment": ""}
    assert (await fresh("PUT", f"/users/{user_id}", body)).status_code == 200
    assert (await fresh.get("/users/current"))["email"] == "other@example.com"
    assert (await admin("DELETE", f"/users/{user_id}")).status_code == 200
    assert (await fresh("GET", "/users/current")).status_code == 401
    assert (await admin("GET", f"/users/{user_id}")).status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"username": "owner"}, 409),
        ({"username": ""}, 400),
        ({"username": 'a,"~#%$'}, 400),
        ({"username": "x" * 256}, 422),
        ({"username": "robot$fresh"}, 400),
        ({"password": "short"}, 400),
        ({"password": "alllowercase1"}, 400),
        ({"email": "nonsense"}, 400),
        ({"realname": "a$b"}, 400),
        ({"comment": "x" * 31}, 400),
        ({"username": 7}, 422),
        ({"username": "a\u0000b"}, 400),
    ],
)
async def test_what_cannot_be_an_account_is_refused(harbor: Harbor, change: dict[str, Any], status: int) -> None:
    answer = await harbor("admin")("POST", "/users", {**FRESH, **change})
    assert answer.status_code == status, answer.text
    assert (await harbor("admin")("GET", "/users", params={"q": "username=fresh"})).json() == []


async def test_two_accounts_do_not_share_an_address(harbor: Harbor) -> None:
    await make(harbor("admin"))
    answer = await harbor("admin")("POST", "/users", {**FRESH, "username": "second"})
    assert answer.status_code == 409


async def test_the_list_is_without_the_first_administrator(harbor: Harbor) -> None:
    admin = harbor("admin")
    everybody = await admin.get("/users", page_size=0)
    assert [user["username"] for user in everybody] == ["keeper", "maker", "owner", "peeker", "stranger", "visitor"]
    answer = await admin("GET", "/users", params={"page_size": 2, "page": 2, "sort": "-username"})
    assert [user["username"] for user in answer.json()] == ["peeker", "owner"]
    assert answer.headers["x-total-count"] == "6"
    assert 'rel="prev"' in answer.headers["link"]
    assert 'rel="next"' in answer.headers["link"]
    found = await harbor("owner").get("/users/search", username="KEE")
    assert [user["username"] for user in found] == ["keeper"]
    assert found[0].keys() == {"user_id", "username"}


async def test_one_changes_ones_password_by_the_old_one_and_an_administrator_anybodys(harbor: Harbor) -> None:
    owner, admin = harbor("owner"), harbor("admin")
    me = (await owner.get("/users/current"))["user_id"]
    path = f"/users/{me}/password"
    wrong = {"old_password": "Wrong-Horse-7", "new_password": "Better-Horse-8"}
    assert (await owner("PUT", path, wrong)).status_code == 403
    same = {"old_password": PASSWORD, "new_password": PASSWORD}
    assert (await owner("PUT", path, same)).status_code == 400
    assert (await owner("PUT", path, {"old_password": PASSWORD, "new_password": "Better-Horse-8"})).status_code == 200
    assert (await owner("GET", "/users/current")).status_code == 401
    assert (await admin("PUT", path, {"new_password": "Third-Horse-9"})).status_code == 200
    assert (await harbor("owner", "Third-Horse-9").get("/users/current"))["username"] == "owner"


async def test_an_administrator_is_made_and_unmade_but_one_stays(harbor: Harbor) -> None:
    admin, owner = harbor("admin"), harbor("owner")
    me = (await owner.get("/users/current"))["user_id"]
    assert (await admin("PUT", f"/users/{me}/sysadmin", {"sysadmin_flag": True})).status_code == 200
    assert (await owner.get("/users/current"))["sysadmin_flag"] is True
    assert (await owner("PUT", "/users/1/sysadmin", {"sysadmin_flag": False})).status_code == 200
    last = await owner("PUT", f"/users/{me}/sysadmin", {"sysadmin_flag": False})
    assert last.status_code == 412


async def test_nobody_deletes_themselves_or_the_first_administrator(harbor: Harbor) -> None:
    admin = harbor("admin")
    assert (await admin("DELETE", "/users/1")).status_code == 403


async def test_permissions_are_those_of_the_roles(harbor: Harbor) -> None:
    own = await harbor("admin").get("/projects/own")
    told = await harbor("maker").get(
        "/users/current/permissions", scope=f"/project/{own['project_id']}", relative="true"
    )
    assert {"resource": "repository", "action": "push"} in told
    assert {"resource": "tag", "action": "delete"} not in told
    full = await harbor("maker").get("/users/current/permissions", scope=f"/project/{own['project_id']}")
    assert {"resource": f"/project/{own['project_id']}/repository", "action": "push"} in full
    assert await harbor("stranger").get("/users/current/permissions", scope=f"/project/{own['project_id']}") == []
    assert await harbor("stranger").get("/users/current/permissions", scope="/system") == []


async def test_a_body_that_is_no_json_of_the_kind_is_refused(harbor: Harbor) -> None:
    admin = harbor("admin")
    kinds = [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"", "application/json", 422),
    ]
    for content, media_type, status in kinds:
        answer = await admin("POST", "/users", content=content, headers={"Content-Type": media_type})
        assert answer.status_code == status, (content[:9], answer.text)
        assert answer.json()["errors"][0]["message"]
    huge = await admin("POST", "/users", content=b"x" * (5 << 20), headers={"Content-Type": "application/json"})
    assert huge.status_code == 413


@pytest.mark.parametrize("user_id", ["x", "1.5", "99999999999999999999", "-1", "0", "%00", "1%2f2"])
async def test_an_id_that_is_none_is_refused(harbor: Harbor, user_id: str) -> None:
    answer = await harbor("admin")("GET", f"/users/{user_id}")
    assert answer.status_code in (400, 404, 422)
    assert answer.json()["errors"][0]["message"]


async def test_a_secret_for_clients_stands_beside_the_password(harbor: Harbor) -> None:
    admin, owner = harbor("admin"), harbor("owner")
    me = (await owner.get("/users/current"))["user_id"]
    path, secret = f"/users/{me}/cli_secret", "Client-Horse-7"
    for poor in ("short", PASSWORD):  # The second is the password itself.
        refused = await owner("PUT", path, {"secret": poor})
        assert refused.status_code == 400, poor
    assert (await harbor("visitor")("PUT", path, {"secret": secret})).status_code == 403
    assert (await owner("PUT", path, {"secret": secret})).status_code == 200

    client = harbor("owner", secret)
    assert (await client.get("/users/current"))["username"] == "owner"
    asked = {"service": "harbor-registry", "scope": "repository:own/app:pull,push"}
    token = (await client("GET", "/service/token", params=asked)).json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await client("POST", "/v2/own/app/blobs/uploads/", headers=bearer)).status_code == 202
    assert (await owner.get("/users/current"))["username"] == "owner", "the password goes on"

    assert (await owner("PUT", path, {"secret": "Other-Horse-7"})).status_code == 200
    assert (await client("GET", "/users/current")).status_code == 401
    assert (await client("POST", "/v2/own/app/blobs/uploads/", headers=bearer)).status_code == 401

    reset = await admin("PUT", f"/users/{me}/password", {"new_password": "Reset-Horse-7"})
    assert reset.status_code == 200
    assert (await harbor("owner", "Other-Horse-7")("GET", "/users/current")).status_code == 401
