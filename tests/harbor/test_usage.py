"""Where the room has gone, as members and administrators are told: through the whole application."""

from house import Client, Harbor
from test_quarantine import LAYER, push_blob, push_image

from entrepot.model.digest import Digest


async def test_a_quota_explains_itself(harbor: Harbor) -> None:
    owner = harbor("owner")
    body = await push_image(owner, "own/app", "latest")
    await push_blob(owner, "own/other", LAYER)
    await push_blob(harbor("admin"), "public/app", LAYER)
    whole = await owner.get("/projects/own/usage")
    assert (whole["hard"], whole["trash"]) == (-1, 0)
    app, other = await owner.get("/projects/own/usage/repositories")
    assert (app["name"], app["freed_by_deleting"], app["shared"]) == ("own/app", 2 + len(body), len(LAYER))
    assert (other["shared"], other["waiting"], other["artifact_count"]) == (len(LAYER), len(LAYER), 0)
    assert whole["used"] == app["freed_by_deleting"] + other["freed_by_deleting"] + len(LAYER)
    [layer, config] = await owner.get("/projects/own/usage/blobs")
    assert layer["digest"] == str(Digest.of(LAYER))
    assert (layer["repositories"], layer["projects"]) == (["own/app", "own/other"], ["public"])
    assert config["projects"] == []
    answer = await owner("GET", "/projects/own/usage/repositories", params={"page_size": 1, "page": 2})
    assert [one["name"] for one in answer.json()] == ["own/other"]
    assert answer.headers["x-total-count"] == "2"
    assert (await owner("GET", "/projects/own/usage/blobs", params={"page_size": 0})).status_code == 400


async def test_a_project_that_one_may_not_know_is_not_named(harbor: Harbor) -> None:
    await push_blob(harbor("admin"), "public/app", LAYER)
    await push_blob(harbor("owner"), "own/app", LAYER)

    async def named(client: Client) -> list[str]:
        [layer] = await client.get("/projects/public/usage/blobs")
        return [*layer["projects"]]

    assert await named(harbor("admin")) == ["own"]
    for who in ("stranger", None):
        answer = await harbor(who)("GET", "/projects/public/usage/blobs")
        assert answer.status_code in (401, 403) or answer.json()[0]["projects"] == []


async def test_administrators_see_the_store_as_a_whole(harbor: Harbor) -> None:
    await push_blob(harbor("admin"), "public/app", LAYER)
    await push_blob(harbor("owner"), "own/app", LAYER)
    store = await harbor("admin").get("/storage")
    assert (store["blob_count"], store["size"], store["counted"]) == (1, len(LAYER), 2 * len(LAYER))
    assert store["largest"] == [
        {"digest": str(Digest.of(LAYER)), "size": len(LAYER), "repository_count": 2, "project_count": 2}
    ]
    assert store["scrub"] is None
    assert (store["freed"], store["quarantined_count"]) == ([], 0)
    assert (await harbor("owner")("GET", "/storage")).status_code == 403
