"""The settings of a project, and its end."""

import pytest
from house import Harbor
from pushing import push_image
from reader import Readers

PAGE = "/own/-/settings"


async def test_who_may_pull(harbor: Harbor, reader: Readers) -> None:
    owner, nobody = await reader().sign_in("owner"), reader()
    assert (await nobody.get("/own")).status_code == 303
    assert (await owner.post(f"{PAGE}/access", {"public": "yes"})).status_code == 303
    assert (await nobody.get("/own")).status_code == 200
    assert (await owner.post(f"{PAGE}/access", {"public": "no"})).status_code == 303
    assert (await nobody.get("/own")).status_code == 303


async def test_indexes_may_lack_platforms(reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    for word in ("yes", "no", "default"):
        assert (await owner.post(f"{PAGE}/content", {"sparse": word})).status_code == 303
        assert f'name="sparse" value="{word}" checked' in (await owner.get(PAGE)).text
    assert (await owner.post(f"{PAGE}/content", {"sparse": "perhaps"})).status_code == 400


async def test_how_long_the_trash_keeps(harbor: Harbor, reader: Readers) -> None:
    owner, client = await reader().sign_in("owner"), harbor("owner")
    for days, seconds in (("2", 172_800), ("0.5", 43_200), ("0", 0)):
        assert (await owner.post(f"{PAGE}/trash", {"how": "own", "days": days})).status_code == 303
        assert (await client.get("/projects/own/trash"))["own_window_seconds"] == seconds
        assert f'name="days" value="{days}"' in (await owner.get(PAGE)).text
    assert (await owner.post(f"{PAGE}/trash", {"how": "default", "days": "9"})).status_code == 303
    assert (await client.get("/projects/own/trash"))["own_window_seconds"] == -1
    for days in ("", "x", "-1", "1e9", "inf", "nan"):
        assert (await owner.post(f"{PAGE}/trash", {"how": "own", "days": days})).status_code == 400, days


async def test_what_is_put_up_with(harbor: Harbor, reader: Readers) -> None:
    owner, client = await reader().sign_in("owner"), harbor("owner")
    sent = {"whose": "own", "items": "CVE-2026-1\nCVE-2026-2, CVE-2026-1", "expires": "2031-05-06"}
    assert (await owner.post(f"{PAGE}/allowlist", sent)).status_code == 303
    project = await client.get("/projects/own")
    assert [one["cve_id"] for one in project["cve_allowlist"]["items"]] == ["CVE-2026-1", "CVE-2026-2"]
    assert project["metadata"]["reuse_sys_cve_allowlist"] == "false"
    page = (await owner.get(PAGE)).text
    assert "CVE-2026-1\nCVE-2026-2</textarea>" in page
    assert 'value="2031-05-06"' in page
    assert (await owner.post(f"{PAGE}/allowlist", {"whose": "system"})).status_code == 303
    assert 'value="system" checked' in (await owner.get(PAGE)).text
    for wrong in ({"expires": "soon"}, {"items": "x" * 200}):
        assert (await owner.post(f"{PAGE}/allowlist", {"whose": "own", **wrong})).status_code == 400


async def test_who_may_only_look_finds_locked_forms(reader: Readers) -> None:
    visitor = await reader().sign_in("visitor")
    page = (await visitor.get(PAGE)).text
    assert page.count("disabled>") == 4
    assert "Delete the project" not in page
    assert ">Save<" not in page


async def test_the_project_is_deleted_by_its_name_and_comes_back(harbor: Harbor, reader: Readers) -> None:
    client, owner = harbor("owner"), await reader().sign_in("owner")
    await push_image(client, "own/app", "1")
    page = (await owner.get(f"{PAGE}/delete")).text
    assert "1 repository · 1 artifact · 1 tag" in page
    answer = await owner.post(f"{PAGE}/delete", {"name": "other"})
    assert answer.status_code == 400
    assert "That is not the name of the project." in answer.text
    answer = await owner.post(f"{PAGE}/delete", {"name": "own"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    told = (await owner.get("/")).text
    assert "Project own is deleted." in told
    number = (await client.get("/trash"))[0]["id"]
    assert f'name="id" value="{number}"' in told
    assert (await owner.post(f"/-/trash/{number}/restore")).headers["location"] == "/own"
    assert (await owner.get("/own/app:1")).status_code == 200


async def test_a_project_of_which_something_is_held_says_so(harbor: Harbor, reader: Readers) -> None:
    client, owner = harbor("owner"), await reader().sign_in("owner")
    await push_image(client, "own/app", "1")
    await client.post("/projects/own/holds", {"repository_name": "own/app", "reason": "case 12"})
    page = (await owner.get(f"{PAGE}/delete")).text
    assert "it would be refused" in page
    assert "case 12" in page
    assert (await owner.post(f"{PAGE}/delete", {"name": "own"})).status_code == 412


@pytest.mark.parametrize("name", ["keeper", "maker", "visitor"])
async def test_nobody_else_deletes_it(reader: Readers, name: str) -> None:
    somebody = await reader().sign_in(name)
    assert (await somebody.get(f"{PAGE}/delete")).status_code == 403
    assert (await somebody.post(f"{PAGE}/delete", {"name": "own"})).status_code == 403
