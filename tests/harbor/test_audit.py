"""The audit, through the whole application: what is told of changes and sign-ins, and to whom."""

import base64

from house import Harbor
from pushing import push_image

from contracts.access_house import PASSWORD
from entrepot.model.deed import DEEDS
from entrepot.model.event import EventName
from entrepot.tasks.seal import Sealer


async def test_every_event_has_harbors_words() -> None:
    assert set(DEEDS) == set(EventName)


async def test_a_change_is_told_with_who_and_from_where(harbor: Harbor) -> None:
    owner = harbor("owner")
    digest = await push_image(owner, "own/app", "1")
    await owner("DELETE", "/projects/own/repositories/app/artifacts/1")
    told = await owner.get("/projects/own/auditlog-exts", page_size=0)
    assert [(one["operation"], one["resource_type"], one["resource"]) for one in told[:2]] == [
        ("delete", "artifact", f"own/app@{digest}"),
        ("delete", "tag", "own/app:1"),
    ]
    assert {(one["username"], one["operation_result"]) for one in told[:2]} == {("owner", True)}
    old = await owner.get("/projects/own/logs", q="operation=create,resource_type=artifact")
    assert [one["resource"] for one in old] == [f"own/app@{digest}"]
    rows = await harbor.whole.db.read(
        lambda tx: tx.all("SELECT DISTINCT address FROM events WHERE name = 'artifact:pushed'")
    )
    assert rows == [("127.0.0.1",)]


async def test_sign_ins_are_told_and_failed_ones(harbor: Harbor) -> None:
    await harbor("owner").get("/users/current")
    await harbor("owner", "Wrong-Horse-7")("GET", "/users/current")
    admin = harbor("admin")
    told = await admin.get("/auditlog-exts", q="operation=login,username=owner")
    assert [one["operation_result"] for one in told] == [False, True]
    assert PASSWORD not in str(told)
    assert "Wrong-Horse-7" not in str(told)


async def test_who_administers_projects_sees_what_happened_in_them(harbor: Harbor) -> None:
    await push_image(harbor("maker"), "own/app", "1")
    await push_image(harbor("admin"), "public/app", "1")
    seen = await harbor("owner").get("/audit-logs", page_size=0)
    assert {one["resource"].split("/")[0] for one in seen if one["resource_type"] == "artifact"} == {"own"}
    assert await harbor("maker").get("/audit-logs") == []
    assert (await harbor("maker")("GET", "/projects/own/logs")).status_code == 403
    assert (await harbor()("GET", "/audit-logs")).status_code == 401


async def test_all_are_counted_without_looking_at_each(harbor: Harbor) -> None:
    admin = harbor("admin")
    await push_image(harbor("maker"), "own/app", "1")
    count = (await harbor.whole.db.read(lambda tx: tx.one("SELECT count(*) FROM events")))[0]
    for _ in range(2):
        answer = await admin("GET", "/audit-logs", params={"page_size": 3})
        # The administrator's own sign-in is told by now.
        assert int(answer.headers["x-total-count"]) in (count, count + 1)
        assert len(answer.json()) == 3
        await Sealer(harbor.whole.db).round()
    first = await admin.get("/audit-logs", page_size=1, sort="op_time")
    assert first[0]["resource"] == "own"


async def test_secrets_are_in_no_event(harbor: Harbor) -> None:
    admin, secret = harbor("admin"), "Very-Secret-42"
    body = {"username": "fresh", "password": secret, "email": "f@example.com", "realname": "F"}
    user = (await admin.post("/users", body)).rpartition("/")[2]
    await admin("PUT", f"/users/{user}/password", {"new_password": f"{secret}x"})
    await admin("PUT", "/configurations", {"ldap_search_password": secret, "oidc_client_secret": secret})
    permission = {"kind": "project", "namespace": "own", "access": [{"resource": "label", "action": "read"}]}
    robot = {"name": "r", "level": "project", "duration": 1, "permissions": [permission], "secret": secret}
    assert (await harbor("owner")("POST", "/robots", robot)).status_code == 201
    rows = await harbor.whole.db.read(lambda tx: tx.all("SELECT actor, resource, detail, address FROM events"))
    everything = str(rows)
    assert secret not in everything
    assert base64.b64encode(secret.encode()).decode() not in everything
