"""Repositories, through the whole application."""

from house import Harbor
from pushing import push_blob, push_image


async def test_a_repository_is_there_while_it_holds_something(harbor: Harbor) -> None:
    owner = harbor("owner")
    await push_blob(owner, "own/app", b"only a blob")
    assert await owner.get("/projects/own/repositories") == []
    await push_image(owner, "own/app", "1", "one")
    await push_image(owner, "own/app", "2", "two")
    (shown,) = await owner.get("/projects/own/repositories")
    assert (shown["name"], shown["artifact_count"], shown["pull_count"]) == ("own/app", 2, 0)
    assert (await owner.get("/projects/own"))["repo_count"] == 1
    assert (await owner("DELETE", "/projects/own")).status_code == 412
    deletable = await owner.get("/projects/own/_deletable")
    assert deletable == {"message": "the project contains repositories, can not be deleted"}
    assert (await owner("DELETE", "/projects/own/repositories/app")).status_code == 200
    assert await owner.get("/projects/own/repositories") == []
    assert (await owner("GET", "/v2/own/app/tags/list")).status_code == 404
    assert (await owner("GET", "/projects/own/repositories/app")).status_code == 404
    assert (await owner.get("/projects/own/_deletable"))["deletable"] is True
    assert (await owner("DELETE", "/projects/own")).status_code == 200


async def test_a_repository_that_was_deleted_can_be_pushed_to_again(harbor: Harbor) -> None:
    owner = harbor("owner")
    digest = await push_image(owner, "own/app", "1")
    await owner("DELETE", "/projects/own/repositories/app")
    assert await push_image(owner, "own/app", "2") == digest
    assert (await owner.get("/v2/own/app/tags/list"))["tags"] == ["2"]
    assert (await owner.get("/projects/own/repositories/app"))["artifact_count"] == 1


async def test_its_description_is_told(harbor: Harbor) -> None:
    maker = harbor("maker")
    await push_image(maker, "own/team/app", "1")
    path = "/projects/own/repositories/team%252Fapp"
    assert (await maker("PUT", path, {"description": "<b>ours</b>"})).status_code == 200
    assert (await maker.get(path))["description"] == "<b>ours</b>"
    assert (await maker("PUT", path, {"description": "x" * 20_000})).status_code == 400
    assert (await harbor("visitor")("PUT", path, {"description": "theirs"})).status_code == 403


async def test_everybody_lists_what_they_may_know(harbor: Harbor) -> None:
    admin = harbor("admin")
    await push_image(admin, "own/hidden", "1")
    await push_image(admin, "public/shown", "1")

    async def names(who: str | None) -> list[str]:
        client = harbor(who) if who else harbor()
        return [one["name"] for one in await client.get("/repositories")]

    assert await names(None) == ["public/shown"]
    assert await names("stranger") == ["public/shown"]
    assert await names("peeker") == ["public/shown", "own/hidden"]
    assert await names("admin") == ["public/shown", "own/hidden"]
    assert [one["name"] for one in await admin.get("/repositories", q="name=~HIDD")] == ["own/hidden"]
    found = await harbor("peeker").get("/search", q="hid")
    assert [one["repository_name"] for one in found["repository"]] == ["own/hidden"]
    assert (await harbor("stranger").get("/search", q="hid"))["repository"] == []


async def test_an_image_deleted_over_the_registrys_api_is_gone_here(harbor: Harbor) -> None:
    owner = harbor("owner")
    digest = await push_image(owner, "own/app", "1")
    assert (await owner("DELETE", f"/v2/own/app/manifests/{digest}")).status_code == 202
    assert await owner.get("/projects/own/repositories") == []


async def test_a_project_in_the_trash_shows_none_to_anybody(harbor: Harbor) -> None:
    """Whatever else its repositories say of themselves."""
    admin = harbor("admin")
    await push_image(harbor("owner"), "own/app", "1")
    assert "own/app" in {one["name"] for one in await admin.get("/repositories")}
    await harbor.whole.db.write(lambda tx: tx.run("UPDATE projects SET deleted_at = 1 WHERE name = 'own'"))
    for who in ("admin", "owner"):
        assert "own/app" not in {one["name"] for one in await harbor(who).get("/repositories")}
    await harbor.whole.db.write(lambda tx: tx.run("UPDATE projects SET deleted_at = NULL WHERE name = 'own'"))
