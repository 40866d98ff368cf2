"""The members of a project: the list, looking for somebody, adding, another role, removing."""

import pytest
from house import Harbor
from reader import Readers


async def ids(harbor: Harbor) -> dict[str, int]:
    found = await harbor("owner").get("/projects/own/members")
    return {one["entity_name"]: one["id"] for one in found}


async def test_somebody_is_looked_for_added_changed_and_removed(harbor: Harbor, reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    page = (await owner.get("/own/-/members?find=strang")).text
    assert 'name="user" value="stranger"' in page
    answer = await owner.post("/own/-/members", {"user": "stranger", "role": "2"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/own/-/members")
    assert "stranger is here now: Developer." in (await owner.get("/own/-/members")).text
    assert "member already" in (await owner.get("/own/-/members?find=strang")).text
    number = (await ids(harbor))["stranger"]
    await owner.post(f"/own/-/members/{number}", {"role": "3"})
    found = await harbor("owner").get("/projects/own/members", entityname="stranger")
    assert found[0]["role_id"] == 3
    assert (await owner.post(f"/own/-/members/{number}/remove")).status_code == 303
    assert "stranger" not in await ids(harbor)
    assert (await owner.post(f"/own/-/members/{number}/remove")).status_code == 404


async def test_who_is_a_member_already_is_told(harbor: Harbor, reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    assert (await owner.post("/own/-/members", {"user": "keeper", "role": "1"})).status_code == 303
    assert "keeper is a member already" in (await owner.get("/own/-/members")).text
    found = await harbor("owner").get("/projects/own/members", entityname="keeper")
    assert found[0]["role_id"] == 4


async def test_a_group_that_is_not_known_yet_is_added(harbor: Harbor, reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    answer = await owner.post("/own/-/members", {"group_name": "<b>team</b>", "group_kind": "3", "role": "3"})
    assert answer.status_code == 303
    page = (await owner.get("/own/-/members")).text
    assert "&lt;b&gt;team&lt;/b&gt;" in page
    assert "<b>team</b>" not in page


async def test_who_may_only_look_finds_no_forms(reader: Readers) -> None:
    visitor = await reader().sign_in("visitor")
    page = (await visitor.get("/own/-/members?find=strang")).text
    assert "owner" in page
    assert "Add somebody" not in page
    assert "stranger" not in page
    assert 'name="role"' not in page


async def test_the_list_is_filtered_and_counted(reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    page = (await owner.get("/own/-/members?q=KEEP")).text
    assert "keeper" in page
    assert "visitor" not in page
    assert "No member has that" in (await owner.get("/own/-/members?q=%25")).text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"user": "stranger"}, 400),
        ({"user": "stranger", "role": "9"}, 400),
        ({"user": "nobody-of-that-name", "role": "1"}, 404),
        ({"user": "x" * 5000, "role": "1"}, 404),
        ({"group": "99999", "role": "1"}, 400),
        ({"group_name": "team", "group_kind": "7", "role": "1"}, 400),
        ({"group_name": "team", "group_kind": "1", "role": "1"}, 400),
    ],
)
async def test_what_does_not_fit(reader: Readers, fields: dict[str, object], status: int) -> None:
    owner = await reader().sign_in("owner")
    assert (await owner.post("/own/-/members", fields)).status_code == status
