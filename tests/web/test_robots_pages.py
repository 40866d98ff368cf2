"""The robots of a project: made with a secret that is shown once, kept out, given a new secret, removed."""

import re
from typing import Any

import pytest
from house import Harbor
from reader import Reader, Readers

NEW = "/own/-/robots/new"
FIELDS: dict[str, object] = {"name": "ci", "description": "builds", "may": "push", "lifetime": "30"}


async def robots(harbor: Harbor) -> list[dict[str, Any]]:
    client = harbor("owner")
    project = (await client.get("/projects/own"))["project_id"]
    return list(await client.get("/robots", q=f"Level=project,ProjectID={project}"))


async def made(owner: Reader, **more: object) -> str:
    """The secret of a new robot."""
    answer = await owner.post(NEW, {**FIELDS, **more})
    assert answer.status_code == 200, answer.text
    found = re.search(r'data-copy="(\w{32})"', answer.text)
    assert found is not None
    return found[1]


async def works(harbor: Harbor, secret: str) -> bool:
    answer = await harbor("robot$own+ci", secret)("POST", "/v2/own/app/blobs/uploads/")
    return answer.status_code == 202


async def test_a_secret_is_shown_once_and_kept_by_nobody(harbor: Harbor, reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    answer = await owner.post(NEW, FIELDS)
    assert answer.headers["cache-control"] == "no-store"
    assert "docker login -u &#39;robot$own+ci&#39; registry.test" in answer.text
    found = re.search(r'data-copy="(\w{32})"', answer.text)
    assert found is not None
    assert await works(harbor, found[1])
    (robot,) = await robots(harbor)
    for path in ("/own/-/robots", f"/own/-/robots/{robot['id']}"):
        page = await owner.get(path)
        assert "robot$own+ci" in page.text
        assert found[1] not in page.text


async def test_a_robot_is_kept_out_and_let_in(harbor: Harbor, reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    secret = await made(owner)
    number = (await robots(harbor))[0]["id"]
    await owner.post(f"/own/-/robots/{number}/switch")
    assert not await works(harbor, secret)
    await owner.post(f"/own/-/robots/{number}/switch", {"on": "1"})
    assert await works(harbor, secret)


async def test_a_new_secret_ends_the_one_before(harbor: Harbor, reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    before = await made(owner)
    number = (await robots(harbor))[0]["id"]
    answer = await owner.post(f"/own/-/robots/{number}/refresh")
    found = re.search(r'data-copy="(\w{32})"', answer.text)
    assert found is not None
    assert await works(harbor, found[1])
    assert not await works(harbor, before)


async def test_what_it_may_do_is_changed(harbor: Harbor, reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    secret = await made(owner)
    number = (await robots(harbor))[0]["id"]
    chosen = {"description": "now pulls", "may": "own", "allow": ["repository:pull", "tag:list"], "lifetime": "-1"}
    assert (await owner.post(f"/own/-/robots/{number}", chosen)).status_code == 303
    (robot,) = await robots(harbor)
    access = {(one["resource"], one["action"]) for one in robot["permissions"][0]["access"]}
    assert access == {("repository", "pull"), ("tag", "list")}
    assert (robot["description"], robot["duration"]) == ("now pulls", -1)
    assert not await works(harbor, secret)
    page = (await owner.get(f"/own/-/robots/{number}")).text
    assert re.search(r'value="tag:list" checked', page)


async def test_a_robot_is_removed(harbor: Harbor, reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    secret = await made(owner)
    number = (await robots(harbor))[0]["id"]
    assert (await owner.post(f"/own/-/robots/{number}/delete")).status_code == 303
    assert "No robot yet" in (await owner.get("/own/-/robots")).text
    assert not await works(harbor, secret)
    assert (await owner.get(f"/own/-/robots/{number}")).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Not So"},
        {"name": "a", "lifetime": "0"},
        {"name": "a", "lifetime": "own", "days": "many"},
        {"name": "a", "may": "own"},
        {"name": "a", "may": "own", "allow": "nothing:ever"},
        {"name": "a", "may": "own", "allow": "user:create"},
        {"name": "a", "description": "x" * 1025},
    ],
)
async def test_what_does_not_fit_is_said_beside_the_form(reader: Readers, fields: dict[str, object]) -> None:
    owner = await reader().sign_in("owner")
    answer = await owner.post(NEW, {**FIELDS, **fields})
    assert answer.status_code == 400
    assert f'value="{fields.get("name", "ci")}"' in answer.text
    assert 'role="alert"' in answer.text


async def test_who_may_only_look_finds_no_buttons(harbor: Harbor, reader: Readers) -> None:
    owner, visitor = await reader().sign_in("owner"), await reader().sign_in("visitor")
    await made(owner)
    number = (await robots(harbor))[0]["id"]
    page = (await visitor.get("/own/-/robots")).text
    assert "robot$own+ci" in page
    assert "New robot" not in page
    assert "/switch" not in page
    assert "<fieldset disabled" in (await visitor.get(f"/own/-/robots/{number}")).text
