"""Accounts under attack: made with rights that nobody gave, taken over, found out.

Holes of other registries that these are: CVE-2019-16097, CVE-2019-19023, CVE-2019-3990, CVE-2020-13794,
CVE-2019-19030, PROJQUAY-10510.
"""

import json
from typing import Any

from bare import ask
from house import API, Harbor
from rights import ROLES
from session_client import Browser

from contracts.access_house import BY_ROLE, PASSWORD, basic
from entrepot.access.local import shell_grant

EVERYBODY = ("stranger", *ROLES)
OTHERS = "Other-Horse-8"
RIGHTS: dict[str, Any] = {
    "has_admin_role": True,
    "HasAdminRole": True,
    "sysadmin_flag": True,
    "sysadmin": True,
    "sysAdminFlag": True,
    "admin_role_in_auth": True,
    "admin": True,
    "is_admin": True,
    "role_id": 1,
    "role_name": "projectAdmin",
    "roles": [1],
    "user_id": 1,
    "id": 1,
    "disabled": False,
    "password_hash": "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA",
    "salt": "x",
    "creation_time": "2001-01-01T00:00:00.000Z",
    "oidc_user_meta": {"id": 1, "user_id": 1, "subiss": "x", "secret": "x"},
}
"""Fields that another registry, or a careless one, might take over into the row."""


async def state(harbor: Harbor) -> list[Any]:
    """Everything about all accounts and roles."""
    return await harbor.whole.db.read(
        lambda tx: [
            tx.all("SELECT id, name, email, admin, disabled, password_hash, realname FROM users ORDER BY id"),
            tx.all("SELECT id, project_id, user_id, group_id, role FROM members ORDER BY id"),
        ]
    )


async def ids(harbor: Harbor) -> dict[str, int]:
    rows = await harbor.whole.db.read(lambda tx: tx.all("SELECT name, id FROM users"))
    return dict(rows)


def fresh(name: str, **more: Any) -> dict[str, Any]:
    return {**RIGHTS, "username": name, "password": PASSWORD, "email": f"{name}@example.com", "realname": "F", **more}


async def test_who_registers_gets_no_rights_by_asking_for_them(harbor: Harbor) -> None:
    """CVE-2019-16097."""
    browser = Browser(harbor.http)
    await harbor("admin")("PUT", "/configurations", {"self_registration": True})
    await browser.ask("GET", "/c/log_out")
    for number, (field, value) in enumerate([*RIGHTS.items(), ("", None)]):
        more = dict(RIGHTS) if not field else {field: value}
        body = {**fresh(f"fresh{number}"), **more}
        answer = await browser.ask("POST", f"{API}/users", json=body if not field else {**body, field: value})
        assert answer.status_code == 201, answer.text
        user = harbor(f"fresh{number}")
        told = await user.get("/users/current")
        assert (told["sysadmin_flag"], told["admin_role_in_auth"]) == (False, False), field
        assert told["user_id"] != 1
        for path in ("/users", "/configurations", "/quotas", "/usergroups", "/projects/own"):
            assert (await user("GET", path)).status_code == 403, (field, path)


async def test_no_body_makes_anybody_an_administrator(harbor: Harbor) -> None:
    """CVE-2019-16097: as everybody, by every operation that writes an account or a role."""
    known = await ids(harbor)
    before = await state(harbor)
    for who in (None, *EVERYBODY):
        client = harbor(who)
        me = known.get(who or "", 999)
        tries = [
            ("POST", "/users", fresh("made", sysadmin_flag=True)),
            ("PUT", f"/users/{me}/sysadmin", {"sysadmin_flag": True, **RIGHTS}),
            ("PUT", f"/users/{known['admin']}/sysadmin", {"sysadmin_flag": False}),
            ("PUT", "/users/current/sysadmin", {"sysadmin_flag": True}),
            ("PUT", "/configurations", {"self_registration": True}),
        ]
        if who != "owner":  # Who may give roles in `own`, and does nothing else by it: see below.
            tries.append(("POST", "/projects/own/members", {"role_id": 1, "member_user": {"user_id": me}}))
        for method, path, body in tries:
            answer = await client(method, path, body)
            assert answer.status_code in (401, 403, 422), (who, path, answer.text)
    assert await state(harbor) == before


async def test_a_profile_is_a_profile_and_no_more(harbor: Harbor) -> None:
    """CVE-2019-16097, by changing one's own account."""
    known = await ids(harbor)
    for who in EVERYBODY:
        email = f"{who}@example.com"
        body = {**RIGHTS, "email": email, "realname": "R", "comment": "c", "username": "admin", "password": OTHERS}
        assert (await harbor(who)("PUT", f"/users/{known[who]}", body)).status_code == 200
        told = await harbor(who).get("/users/current")
        assert (told["username"], told["sysadmin_flag"], told["email"]) == (who, False, email)
        assert (await harbor(who)("GET", "/users")).status_code == 403
    assert {name: user_id for name, user_id in (await ids(harbor)).items() if user_id == 1} == {"admin": 1}


async def test_a_role_a_project_and_a_robot_are_made_as_they_may_be(harbor: Harbor) -> None:
    """CVE-2019-16097 and CVE-2019-16919: fields of a body that would have it made elsewhere, or as somebody else's."""
    owner, stranger, known = harbor("owner"), harbor("stranger"), await ids(harbor)
    await stranger.post("/projects", {"project_name": "theirs"})
    theirs = (await stranger.get("/projects/theirs"))["project_id"]
    own = (await owner.get("/projects/own"))["project_id"]
    await owner.post(
        "/projects/own/members",
        {**RIGHTS, "role_id": 3, "project_id": theirs, "member_user": {"user_id": known["stranger"], **RIGHTS}}
        | {"member_user": {"username": "stranger"}, "entity_id": known["admin"], "entity_type": "g"},
    )
    rows = await harbor.whole.db.read(
        lambda tx: tx.all(
            "SELECT project_id, role FROM members WHERE user_id = ? ORDER BY project_id", known["stranger"]
        )
    )
    assert [tuple(row) for row in rows] == [(own, 3), (theirs, 1)]
    body = {"project_name": "made", "owner_id": 1, "owner_name": "admin", "project_id": own, "role_id": 1, "public": 0}
    answer = await stranger("POST", "/projects", {**body, "current_user_role_id": 1, "registry_id": None})
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        made = await stranger.get("/projects/made")
        assert (made["owner_name"], made["project_id"] != own) == ("stranger", True)
    access = [{"resource": "repository", "action": "pull"}]
    permission = {"kind": "project", "namespace": "own", "access": access, "project_id": theirs, "scope": "/system"}
    robot = {"name": "bot", "level": "project", "duration": -1, "permissions": [permission], "project_id": theirs}
    answer = await owner("POST", "/robots", {**RIGHTS, **robot, "creator_ref": 1, "editable": False})
    assert answer.status_code == 201, answer.text
    rows = await harbor.whole.db.read(lambda tx: tx.all("SELECT project_id, creator_id FROM robots"))
    assert [tuple(row) for row in rows] == [(own, known["owner"])]


async def test_nobody_writes_somebody_elses_account(harbor: Harbor) -> None:
    """CVE-2019-19023: a project's administrator changed a member's e-mail address, and took the account over."""
    known = await ids(harbor)
    before = await state(harbor)
    for who in (None, *EVERYBODY):
        for victim in ("admin", "owner", "maker", "stranger"):
            if victim == who:
                continue
            for method, path, body in (
                ("PUT", "", {"email": "attacker@example.com", "realname": "A"}),
                ("PUT", "/password", {"new_password": OTHERS, "old_password": PASSWORD}),
                ("PUT", "/sysadmin", {"sysadmin_flag": True}),
                ("PUT", "/cli_secret", {"secret": OTHERS}),
                ("DELETE", "", None),
                ("GET", "", None),
            ):
                answer = await harbor(who)(method, f"/users/{known[victim]}{path}", body)
                assert answer.status_code == (401 if who is None else 403), (who, victim, method, path)
    assert await state(harbor) == before


async def test_no_address_leads_into_somebody_elses_account(harbor: Harbor) -> None:
    """CVE-2019-19023: an address is one account's, also where it is the name of another."""
    admin, known = harbor("admin"), await ids(harbor)
    own = {"email": "owner@example.com", "realname": "O"}
    assert (await harbor("owner")("PUT", f"/users/{known['owner']}", own)).status_code == 200
    assert (await harbor("maker")("PUT", f"/users/{known['maker']}", own)).status_code == 409
    assert (await admin("POST", "/users", {**fresh("owner@example.com"), "email": ""})).status_code == 409
    await admin.post("/users", {**fresh("named@example.com"), "email": "", "password": OTHERS})
    taken = {"email": "named@example.com", "realname": "M"}
    assert (await harbor("maker")("PUT", f"/users/{known['maker']}", taken)).status_code == 409
    assert (await harbor("owner@example.com")("GET", "/users/current")).json()["username"] == "owner"


async def test_a_session_alone_changes_no_password(harbor: Harbor) -> None:
    """PROJQUAY-10510: who finds a session open needs the password, and cannot guess it there."""
    known = await ids(harbor)
    browser = Browser(harbor.http)
    await browser.sign_in("maker")
    path = f"{API}/users/{known['maker']}/password"
    statuses = []
    for number in range(12):
        for old in ("", f"Wrong-Guess-{number}"):
            answer = await browser.ask("PUT", path, json={"old_password": old, "new_password": OTHERS})
            statuses.append(answer.status_code)
    assert set(statuses) == {403, 429}
    assert statuses.count(403) < 10
    assert (await harbor("maker", OTHERS)("GET", "/users/current")).status_code in (401, 429)


async def test_neither_a_session_nor_a_secret_makes_another_secret(harbor: Harbor) -> None:
    """PROJQUAY-10510: a secret for clients outlives a session, so it takes the password; and does not tell it."""
    path = f"/users/{(await ids(harbor))['maker']}/cli_secret"
    browser = Browser(harbor.http)
    await browser.sign_in("maker")
    for secret in ("Planted-Secret-1", PASSWORD):
        assert (await browser.ask("PUT", API + path, json={"secret": secret})).status_code == 403
        answer = await harbor("stranger")("PUT", path, {"secret": secret})
        assert answer.status_code == 403
    assert (await harbor("maker", "Planted-Secret-1")("GET", "/users/current")).status_code == 401
    assert (await harbor("maker")("PUT", path, {"secret": "Given-Secret-1"})).status_code == 200
    by_secret = harbor("maker", "Given-Secret-1")
    assert (await by_secret("GET", "/users/current")).status_code == 200
    for secret in ("Planted-Secret-1", PASSWORD):
        assert (await by_secret("PUT", path, {"secret": secret})).status_code == 403
    assert (await by_secret("PUT", path.replace("cli_secret", "password"), {"new_password": OTHERS})).status_code == 403
    assert (await harbor("maker")("GET", "/users/current")).status_code == 200


async def test_who_has_an_account_is_not_told(harbor: Harbor) -> None:
    """CVE-2019-3990 and CVE-2020-13794: a search gives names to who is signed in, and nothing else of anybody."""
    known = await ids(harbor)
    secret = {"email": "hidden-address@example.com", "realname": "Hidden Name", "comment": "hidden words"}
    assert (await harbor("owner")("PUT", f"/users/{known['owner']}", secret)).status_code == 200
    for who in EVERYBODY[:1] + EVERYBODY[2:]:
        client = harbor(who)
        for text in ("", "o", "owner", "hidden", "@", "hidden-address@example.com", "%", "_", "Hidden Name"):
            found = await client("GET", "/users/search", params={"username": text, "page_size": 100})
            assert all(set(one) == {"user_id", "username"} for one in found.json())
            assert all(text in one["username"] for one in found.json())
        for key in ("email", "realname", "comment", "password", "password_hash", "q", "sort"):
            plain = await client("GET", "/users/search", params={"username": "o"})
            told = await client("GET", "/users/search", params={"username": "o", key: "hidden", "q": f"{key}=~hidden"})
            assert told.json() == plain.json()
        answers = [await client("GET", f"/users/{user_id}") for user_id in (known["owner"], 999_999, 1)]
        assert {(answer.status_code, answer.text) for answer in answers} == {(403, answers[0].text)}
        assert (await client("GET", "/users")).status_code == 403
    for path in ("/users", "/users/search?username=o", "/users/1", "/users/999999", "/usergroups/search?groupname=a"):
        assert (await harbor()("GET", path)).status_code == 401


async def test_who_is_in_a_project_is_told_to_its_members(harbor: Harbor) -> None:
    """CVE-2019-3990: the list of projects does not tell a stranger who has an account, by who is a member."""
    await harbor.whole.projects.add_member(shell_grant(), "public", "maker", BY_ROLE["maker"])
    for who in (None, "stranger", "owner"):
        for name in ("maker", "keeper", "nobody-at-all"):
            found = await harbor(who).get("/projects", q=f"member={name}")
            expected = ["own"] if who == "owner" and name != "nobody-at-all" else []
            assert [project["name"] for project in found] == expected, (who, name)
    assert len(await harbor("maker").get("/projects", q="member=maker")) == 2
    assert len(await harbor("admin").get("/projects", q="member=maker")) == 2
    assert [one["name"] for one in await harbor("peeker").get("/projects", q="member=maker")] == []


async def test_wrong_names_and_wrong_passwords_are_answered_alike(harbor: Harbor) -> None:
    """CVE-2020-13794 and CVE-2019-19030: for the time it takes see `test_sign_in`."""
    bodies = set()
    for name in ("owner", "nobody-at-all", "owner@example.com", "robot$own+bot", "robot$own+none", "admin"):
        for method, path in (("GET", f"{API}/users/current"), ("GET", "/v2/"), ("GET", "/service/token")):
            answer = await ask(harbor, method, path, {"authorization": basic(name, "Wrong-Horse-9")})
            bodies.add((path, answer.status, json.dumps(json.loads(answer.body), sort_keys=True)))
    assert len(bodies) == 3
    assert {status for _, status, _ in bodies} == {401}
