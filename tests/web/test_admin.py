"""The administration: what each page shows, what its forms do, and what they refuse."""

import re

from house import Harbor
from reader import Readers

from contracts.access_house import PASSWORD, basic
from entrepot.model.configuration import SETTINGS
from entrepot.web.configuration_words import GROUPS, LABELS


def test_every_setting_that_can_change_stands_in_one_group() -> None:
    told = [name for names in GROUPS.values() for name in names]
    assert sorted(told) == sorted(name for name, setting in SETTINGS.items() if setting.changeable)
    assert {
        name for name, setting in SETTINGS.items() if setting.changeable and "no effect yet" not in setting.effect
    } == {*LABELS}


async def test_users_are_made_promoted_and_removed(reader: Readers, harbor: Harbor) -> None:
    admin = await reader().sign_in("admin")
    fields = {"name": "fresh", "password": PASSWORD, "realname": "<b>F</b>"}
    assert (await admin.post("/-/admin/users", {**fields, "password": "short"})).status_code == 400
    assert (await admin.post("/-/admin/users", {**fields, "name": "maker"})).status_code == 409
    assert (await admin.post("/-/admin/users", fields)).status_code == 303
    page = (await admin.get("/-/admin/users?q=fresh")).text
    assert "&lt;b&gt;F&lt;/b&gt;" in page
    user = re.search(r'id="user-(\d+)"', page)
    assert user
    assert "fresh" not in (await admin.get("/-/admin/users?show=admins")).text
    assert (await admin.post(f"/-/admin/users/{user[1]}/admin", {"admin": "1"})).status_code == 303
    assert "fresh" in (await admin.get("/-/admin/users?show=admins")).text
    fresh = await reader().sign_in("fresh")
    assert (await fresh.get("/-/admin")).status_code == 200
    assert (await admin.post(f"/-/admin/users/{user[1]}/password", {"password": "Right-Horse-9"})).status_code == 303
    assert (await fresh.get("/-/admin")).status_code == 303
    assert (await admin.post(f"/-/admin/users/{user[1]}/delete")).status_code == 303
    assert (await admin.post(f"/-/admin/users/{user[1]}/delete")).status_code == 404
    assert (await admin.post("/-/admin/users/1/delete")).status_code == 403
    assert (await admin.post("/-/admin/users/x/delete")).status_code == 404


async def test_a_robot_of_the_system_is_told_its_secret_once(reader: Readers, harbor: Harbor) -> None:
    admin = await reader().sign_in("admin")
    fields = {"name": "mirror", "may": "pull", "projects": "own public", "days": "30"}
    assert (await admin.post("/-/admin/robots", {**fields, "projects": "none"})).status_code == 400
    assert (await admin.post("/-/admin/robots", {**fields, "name": "A b"})).status_code == 400
    made = await admin.post("/-/admin/robots", fields)
    assert made.status_code == 200
    secret = re.search(r'<code tabindex="0">(\w{32})</code>', made.text)
    robot = re.search(r'id="robot-(\d+)"', made.text)
    assert secret
    assert robot
    headers = {"Authorization": basic("robot$mirror", secret[1])}
    assert (await harbor.http.get("/v2/", headers=headers)).status_code == 200
    assert secret[1] not in (await admin.get("/-/admin/robots")).text
    assert (await admin.post(f"/-/admin/robots/{robot[1]}/switch")).status_code == 303
    assert (await harbor.http.get("/v2/", headers=headers)).status_code == 401
    assert (await admin.post(f"/-/admin/robots/{robot[1]}/refresh")).status_code == 200
    assert (await admin.post(f"/-/admin/robots/{robot[1]}/delete")).status_code == 303
    assert (await admin.post(f"/-/admin/robots/{robot[1]}/refresh")).status_code == 404


async def test_quotas_labels_and_groups(reader: Readers) -> None:
    admin = await reader().sign_in("admin")
    page = (await admin.get("/-/admin/quotas")).text
    quota = re.search(r'id="quota-(\d+)"', page)
    assert quota
    assert (await admin.post(f"/-/admin/quotas/{quota[1]}", {"limit": "7", "unit": "GB"})).status_code == 303
    assert "7 GB" in (await admin.get("/-/admin/quotas")).text
    assert (await admin.post(f"/-/admin/quotas/{quota[1]}", {"limit": "7", "unit": "PB"})).status_code == 400
    assert (await admin.post("/-/admin/quotas/default", {"limit": "9" * 16, "unit": "TB"})).status_code == 400
    assert (await admin.post("/-/admin/quotas/default", {"unlimited": "1"})).status_code == 303
    label = {"name": "<i>kept</i>", "color": "#102030"}
    assert (await admin.post("/-/admin/labels", label)).status_code == 303
    shown = (await admin.get("/-/admin/labels")).text
    assert "&lt;i&gt;kept&lt;/i&gt;" in shown
    number = re.search(r'id="label-(\d+)"', shown)
    assert number
    assert (await admin.post(f"/-/admin/labels/{number[1]}", {**label, "color": "red"})).status_code == 400
    assert (await admin.post(f"/-/admin/labels/{number[1]}/delete")).status_code == 303
    assert (await admin.post("/-/admin/groups", {"name": "crew", "kind": "3"})).status_code == 303
    assert (await admin.post("/-/admin/groups", {"name": "crew", "kind": "3"})).status_code == 409
    assert (await admin.post("/-/admin/groups", {"name": "crew", "kind": "1"})).status_code == 400
    assert "crew" in (await admin.get("/-/admin/groups?q=cre")).text


async def test_the_configuration_is_shown_and_changed(reader: Readers) -> None:
    admin = await reader().sign_in("admin")
    page = (await admin.get("/-/admin/configuration")).text
    for name, setting in SETTINGS.items():
        assert (f">{name}<" in page) == setting.changeable, name
    form = {"setting": ["self_registration", "session_timeout"], "session_timeout": "45", "self_registration": "true"}
    assert (await admin.post("/-/admin/configuration", form)).status_code == 303
    assert 'name="session_timeout" value="45"' in (await admin.get("/-/admin/configuration")).text
    wrong = {"setting": "session_timeout", "session_timeout": "soon"}
    assert (await admin.post("/-/admin/configuration", wrong)).status_code == 400
    assert (await admin.post("/-/admin/configuration", {"setting": "core_url"})).status_code == 400
    secret = {"setting": ["ldap_search_password", "ldap_uid"], "ldap_search_password": "s3cret-word", "ldap_uid": "uid"}
    assert (await admin.post("/-/admin/configuration", secret)).status_code == 303
    assert "s3cret-word" not in (await admin.get("/-/admin/configuration")).text


async def test_the_registry_is_made_read_only_and_writable_again(reader: Readers) -> None:
    admin = await reader().sign_in("admin")
    await admin.post("/-/admin/configuration", {"setting": "read_only", "read_only": "true"})
    assert (await admin.post("/-/projects/new", {"name": "late"})).status_code == 403
    await admin.post("/-/admin/configuration", {"setting": "read_only"})
    assert (await admin.post("/-/projects/new", {"name": "late"})).status_code == 303


async def test_trash_storage_and_health(reader: Readers, harbor: Harbor) -> None:
    await harbor("admin")("DELETE", "/projects/public")
    admin, stranger = await reader().sign_in("admin"), await reader().sign_in("stranger")
    assert "public" in (await admin.get("/-/admin/trash")).text
    assert "trash-" not in (await stranger.get("/-/trash")).text
    assert (await reader().get("/-/trash")).status_code == 303
    assert "own" in (await admin.get("/-/admin/storage")).text
    health = (await admin.get("/-/admin/health")).text
    assert health.count(">works<") == 2 or health.count("works</span>") == 2


async def test_what_every_project_puts_up_with_is_set(reader: Readers) -> None:
    admin = await reader().sign_in("admin")
    path, fields = "/-/admin/configuration/allowlist", {"items": "CVE-2026-1, CVE-2026-2", "expires": "2031-02-03"}
    assert (await admin.post(path, {**fields, "expires": "soon"})).status_code == 400
    assert (await admin.post(path, fields)).status_code == 303
    page = (await admin.get("/-/admin/configuration")).text
    assert "CVE-2026-1\nCVE-2026-2</textarea>" in page
    assert 'value="2031-02-03"' in page
    assert (await admin.post(path, {"items": "", "expires": ""})).status_code == 303
    assert "CVE-2026-2" not in (await admin.get("/-/admin/configuration")).text


async def test_a_robot_of_the_system_is_changed(reader: Readers, harbor: Harbor) -> None:
    admin = await reader().sign_in("admin")
    await admin.post("/-/admin/robots", {"name": "mirror", "may": "pull", "days": "30"})
    [robot] = (await harbor("admin")("GET", "/robots")).json()
    path = f"/-/admin/robots/{robot['id']}"

    async def held() -> list[tuple[str, str, int]]:
        found = (await harbor("admin")("GET", f"/robots/{robot['id']}")).json()
        assert found["disable"] is True
        return [(one["kind"], one["namespace"], len(one["access"])) for one in found["permissions"]]

    await admin.post(f"{path}/switch")
    assert await held() == [("project", "*", 1)]
    wanted = {"description": "for CI", "may": "push", "projects": "own public", "days": "-1"}
    assert (await admin.post(path, wanted)).status_code == 303
    assert await held() == [("project", "own", 2), ("project", "public", 2)]
    page = (await admin.get("/-/admin/robots")).text
    assert 'name="projects" value="own public"' in page
    assert "As it is now" not in page
    assert (await admin.post(path, {"may": "kept", "days": "-1"})).status_code == 303
    assert await held() == [("project", "own", 2), ("project", "public", 2)]
    assert (await admin.post(path, {"may": "all", "days": "-1"})).status_code == 400
    assert (await admin.post("/-/admin/robots/99", {"may": "pull", "days": "-1"})).status_code == 404
    assert (await admin.post("/-/admin/robots", {"name": "x", "may": "kept", "days": "-1"})).status_code == 400
