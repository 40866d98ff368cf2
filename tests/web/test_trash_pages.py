"""The trash: who sees it, restoring with one click, names that are taken, and deleting for good."""

import pytest
from house import Client, Harbor
from pushing import push_image
from reader import Readers


async def deleted_tag(owner: Client, repository: str = "app", tag: str = "1.0") -> int:
    """The number of a deletion: a tag whose image stays."""
    await push_image(owner, f"own/{repository}", tag)
    await owner("DELETE", f"/projects/own/repositories/{repository}/artifacts/{tag}/tags/{tag}")
    return int((await owner.get("/trash"))[0]["id"])


async def test_what_was_deleted_is_shown_and_comes_back(harbor: Harbor, reader: Readers) -> None:
    number = await deleted_tag(harbor("owner"))
    owner = await reader().sign_in("owner")
    page = await owner.get("/own/-/trash")
    assert page.status_code == 200
    assert "app:1.0" in page.text
    assert f'action="/-/trash/{number}/restore"' in page.text
    answer = await owner.post(f"/-/trash/{number}/restore")
    assert (answer.status_code, answer.headers["location"]) == (303, "/own/app")
    assert "own/app:1.0 is there again." in (await owner.get("/own/app")).text
    assert "app:1.0" not in (await owner.get("/own/-/trash")).text
    assert (await owner.post(f"/-/trash/{number}/restore")).status_code == 403


async def test_an_empty_trash_says_what_it_is_for(reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    page = await owner.get("/own/-/trash")
    assert "The trash is empty" in page.text


@pytest.mark.parametrize(("name", "status"), [("keeper", 200), ("maker", 403), ("visitor", 403), ("stranger", 403)])
async def test_who_may_see_it(reader: Readers, name: str, status: int) -> None:
    somebody = await reader().sign_in(name)
    assert (await somebody.get("/own/-/trash")).status_code == status
    if status == 200:
        assert 'href="/own/-/trash"' in (await somebody.get("/own")).text
    elif name != "stranger":
        assert 'href="/own/-/trash"' not in (await somebody.get("/own")).text


async def test_who_may_not_see_a_deletion_cannot_restore_it(harbor: Harbor, reader: Readers) -> None:
    number = await deleted_tag(harbor("owner"))
    for name in ("maker", "stranger"):
        somebody = await reader().sign_in(name)
        assert (await somebody.get(f"/-/trash/{number}")).status_code == 403
        assert (await somebody.post(f"/-/trash/{number}/restore")).status_code == 403
        assert (await somebody.post(f"/-/trash/{number}/purge")).status_code == 403
    nobody = reader()
    assert (await nobody.get(f"/-/trash/{number}")).headers["location"].startswith("/-/sign-in")


async def test_a_name_that_is_taken_can_be_another(harbor: Harbor, reader: Readers) -> None:
    client = harbor("owner")
    number = await deleted_tag(client)
    await push_image(client, "own/app", "1.0", seed="another")
    owner = await reader().sign_in("owner")
    answer = await owner.post(f"/-/trash/{number}/restore")
    assert answer.status_code == 409
    assert 'name="name" value="1.0-' in answer.text
    answer = await owner.post(f"/-/trash/{number}/restore", {"name": "1.0-before"})
    assert answer.status_code == 303
    assert (await owner.get("/own/app:1.0-before")).status_code == 200


async def test_a_repository_can_come_beside_what_was_pushed_since(harbor: Harbor, reader: Readers) -> None:
    client = harbor("owner")
    await push_image(client, "own/app", "1.0")
    await client("DELETE", "/projects/own/repositories/app")
    number = (await client.get("/trash"))[0]["id"]
    await push_image(client, "own/app", "2.0", seed="two")
    owner = await reader().sign_in("owner")
    assert (await owner.post(f"/-/trash/{number}/restore", {"name": "own/app"})).status_code == 409
    assert (await owner.post(f"/-/trash/{number}/restore", {"name": "own/app", "merge": "1"})).status_code == 303
    page = (await owner.get("/own/app")).text
    assert "1.0" in page
    assert "2.0" in page


async def test_deleting_for_good(harbor: Harbor, reader: Readers) -> None:
    number = await deleted_tag(harbor("owner"))
    owner = await reader().sign_in("owner")
    assert "Delete 1.0 for good?" in (await owner.get("/own/-/trash")).text
    answer = await owner.post(f"/-/trash/{number}/purge")
    assert (answer.status_code, answer.headers["location"]) == (303, "/own/-/trash")
    assert (await owner.post(f"/-/trash/{number}/restore")).status_code == 403


async def test_it_is_filtered(harbor: Harbor, reader: Readers) -> None:
    client = harbor("owner")
    await deleted_tag(client)
    await deleted_tag(client, "other", "9.9")
    owner = await reader().sign_in("owner")
    page = (await owner.get("/own/-/trash?q=other")).text
    assert "other:9.9" in page
    assert "app:1.0" not in page
    assert "Nothing like that" in (await owner.get("/own/-/trash?kind=repository")).text
    assert (await owner.get("/own/-/trash?kind=%3Cscript%3E&q=%25")).status_code == 200


@pytest.mark.parametrize("number", ["0", "x", "-1", "9" * 30, "%00"])
async def test_a_deletion_that_there_is_not(reader: Readers, number: str) -> None:
    admin = await reader().sign_in("admin")
    assert (await admin.get(f"/-/trash/{number}")).status_code == 404
    assert (await admin.post(f"/-/trash/{number}/restore")).status_code == 404
