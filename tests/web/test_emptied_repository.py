"""A repository of which everything was deleted: it says so, and who may can restore it."""

import re

import pytest
from house import Harbor
from pushing import push_image
from reader import Readers

EMPTY = "This repository is empty: everything in it was deleted."


@pytest.mark.parametrize("whole", [False, True], ids=["its images one by one", "at once"])
async def test_it_says_that_it_is_empty_and_is_restored(harbor: Harbor, reader: Readers, whole: bool) -> None:
    client, owner = harbor("owner"), await reader().sign_in("owner")
    digest = await push_image(client, "own/app", "1")
    await client("DELETE", "/projects/own/repositories/app" + ("" if whole else f"/artifacts/{digest}"))
    page = await owner.get("/own/app")
    assert page.status_code == 200
    assert EMPTY in page.text
    assert "此仓库是空的" in (await owner.get("/own/app", headers={"accept-language": "zh"})).text
    assert "/own/app:1" not in page.text
    assert (await owner.get("/own/app/-/history?tag=1")).text.count('<tr id="move-') == 2, "made, and deleted"
    for tab in ("history", "history?tag=1", "readme", "trash"):
        assert (await owner.get(f"/own/app/-/{tab}")).status_code == 200, tab
    assert "/own/app/-/settings" not in page.text, "there is nothing to delete or to hold"
    [entry] = re.findall(r'name="id" value="(\d+)"', page.text)
    assert (await owner.post("/-/undo", {"id": entry, "next": "/own/app"})).status_code == 303
    page = await owner.get("/own/app")
    assert EMPTY not in page.text
    assert "/own/app:1" in page.text


async def test_who_may_not_know_of_the_project_learns_nothing(harbor: Harbor, reader: Readers) -> None:
    digest = await push_image(harbor("owner"), "own/app", "1")
    await harbor("owner")("DELETE", f"/projects/own/repositories/app/artifacts/{digest}")
    stranger = await reader().sign_in("stranger")
    emptied, never = await stranger.get("/own/app"), await stranger.get("/own/never")
    assert emptied.status_code == never.status_code == 403
    assert EMPTY not in emptied.text
    owner = await reader().sign_in("owner")
    assert (await owner.get("/own/never")).status_code == 404


async def test_who_may_not_delete_restores_nothing(harbor: Harbor, reader: Readers) -> None:
    admin = harbor("admin")
    pushed = await push_image(admin, "public/app", "1")
    await admin("DELETE", f"/projects/public/repositories/app/artifacts/{pushed}")
    stranger = await reader().sign_in("stranger")
    page = (await stranger.get("/public/app")).text
    assert EMPTY in page
    assert "Who may delete here can restore it" in page
    assert 'action="/-/undo"' not in page
