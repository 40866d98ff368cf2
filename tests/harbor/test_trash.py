"""Deleting and undoing it, holds, histories and forecasts, through the whole application."""

from typing import Any

import pytest
from house import Client, Harbor
from pushing import digest_of, push_blob, push_image, push_index, push_signature, size_of

from contracts.access_house import basic
from entrepot.db import configuration

REPOSITORY = "/projects/own/repositories/app"


async def entry_of(client: Client, **conditions: str) -> dict[str, Any]:
    """The newest deletion that the asker may undo."""
    q = ",".join(f"{key}={value}" for key, value in conditions.items())
    return dict((await client.get("/trash", q=q))[0])


async def pulls(client: Client, repository: str, reference: str) -> bool:
    """Whether the image can be pulled whole."""
    answer = await client("GET", f"/v2/{repository}/manifests/{reference}")
    if answer.status_code != 200:
        return False
    for part in [answer.json()["config"], *answer.json()["layers"]]:
        blob = await client("GET", f"/v2/{repository}/blobs/{part['digest']}")
        assert digest_of(blob.content) == part["digest"]
    return True


async def test_an_artifact_is_deleted_listed_and_restored(harbor: Harbor) -> None:
    owner = harbor("owner")
    digest = await push_image(owner, "own/app", "latest")
    signature = await push_signature(owner, "own/app", digest)
    used = await owner.get("/projects/own/summary")
    assert (await owner("DELETE", f"{REPOSITORY}/artifacts/latest")).status_code == 200
    assert await owner.get("/repositories") == []
    assert (await owner.get("/projects/own/summary"))["quota"] == used["quota"]
    entry = await entry_of(owner)
    assert (entry["kind"], entry["repository_name"], entry["digest"]) == ("artifact", "own/app", digest)
    assert entry["contents"] == {"artifacts": 2, "tags": 1, "accessories": 1}
    assert entry["deleted_by"] == "owner"
    detail = await owner.get(f"/trash/{entry['id']}")
    assert detail["tags"] == [{"name": "latest", "digest": digest}]
    assert sorted(detail["artifacts"]) == sorted([digest, signature])
    answer = await owner("POST", f"/trash/{entry['id']}/restore", {})
    assert answer.status_code == 200
    assert answer.json() == {
        "kind": "artifact",
        "project_name": "own",
        "repository_name": "own/app",
        "name": digest,
        "artifacts": 2,
        "tags": 1,
    }
    assert await pulls(owner, "own/app", "latest")
    shown = await owner.get(f"{REPOSITORY}/artifacts/latest")
    assert [accessory["digest"] for accessory in shown["accessories"]] == [signature]
    assert (await owner("POST", f"/trash/{entry['id']}/restore", {})).status_code == 403
    assert (await harbor("admin")("POST", f"/trash/{entry['id']}/restore", {})).status_code == 404


async def test_the_space_in_the_trash_is_told(harbor: Harbor) -> None:
    admin = harbor("admin")
    await push_image(admin, "own/app", "one", seed="one")
    await push_image(admin, "own/app", "two", seed="two")
    project_id = (await admin.get("/projects/own"))["project_id"]
    before = (await admin.get("/quotas", reference_id=project_id))[0]["used"]
    assert before["trash"] == 0
    forecast = (await admin("DELETE", f"{REPOSITORY}/artifacts/one", params={"dry_run": "true"})).json()
    await admin("DELETE", f"{REPOSITORY}/artifacts/one")
    after = (await admin.get("/quotas", reference_id=project_id))[0]["used"]
    assert after == {"storage": before["storage"], "trash": forecast["freed_bytes"]}
    assert (await admin.get("/projects/own/trash"))["size"] == forecast["freed_bytes"]
    entry = await entry_of(admin)
    assert (await admin("DELETE", f"/trash/{entry['id']}")).status_code == 200
    assert await admin.get("/trash") == []


async def test_a_project_is_deleted_only_by_force_and_comes_back_whole(harbor: Harbor) -> None:
    owner, admin = harbor("owner"), harbor("admin")
    digest = await push_image(owner, "own/app", "latest")
    await owner("PUT", "/projects/own", {"metadata": {"auto_scan": "true"}})
    await owner.post("/labels", {"scope": "p", "project_id": await project_id(owner), "name": "good"})
    robot = await made_robot(owner)
    assert await pulls(robot, "own/app", "latest")
    await harbor.whole.pulls.close()  # So that it is counted before anything is compared.
    assert (await owner("DELETE", "/projects/own")).status_code == 412
    before = await told_of_project(owner)
    assert (await owner("DELETE", "/projects/own", params={"force": "true"})).status_code == 200

    for client in (owner, admin):
        names = [project["name"] for project in await client.get("/projects")]
        assert "own" not in names
        assert await client.get("/repositories") == []
    assert (await admin("HEAD", "/projects", params={"project_name": "own"})).status_code == 404
    assert (await owner("GET", f"/projects/{before[0]['project_id']}")).status_code == 403
    assert (await admin("GET", f"/projects/{before[0]['project_id']}")).status_code == 404
    assert (await admin("GET", "/projects/own%23" + str(before[0]["project_id"]))).status_code == 404
    assert (await owner("GET", "/v2/own/app/manifests/latest")).status_code == 403
    assert not await pulls(robot, "own/app", "latest")
    assert (await robot("GET", "/v2/")).status_code == 401
    assert (await admin("GET", "/v2/_catalog")).json()["repositories"] == []
    for quota in await admin.get("/quotas", page_size=100):
        assert quota["ref"]["name"] != "own"

    # The name is free at once; then the old one comes back beside it.
    assert (await admin("POST", "/projects", {"project_name": "own"})).status_code == 201
    entry = await entry_of(owner, kind="project")
    assert entry["contents"]["members"] == 5
    answer = await owner("POST", f"/trash/{entry['id']}/restore", {})
    assert (answer.status_code, answer.json()["free_name"]) == (409, "own-restored")
    assert "own-restored" in answer.json()["errors"][0]["message"]
    answer = await owner("POST", f"/trash/{entry['id']}/restore", {"name": "own-restored"})
    assert answer.status_code == 200
    assert (await owner("HEAD", "/v2/own-restored/app/manifests/latest")).headers["docker-content-digest"] == digest
    assert (await admin("DELETE", "/projects/own")).status_code == 200
    assert (await owner("DELETE", "/projects/own-restored", params={"force": "true"})).status_code == 200
    entry = await entry_of(owner, name="own-restored")
    assert (await owner("POST", f"/trash/{entry['id']}/restore", {"name": "own"})).status_code == 200

    after = await told_of_project(owner)
    for one in (before[0], after[0]):
        del one["update_time"]
    assert after == before
    assert await pulls(owner, "own/app", "latest")
    assert await pulls(robot, "own/app", "latest")


async def project_id(client: Client) -> int:
    return int((await client.get("/projects/own"))["project_id"])


async def told_of_project(client: Client) -> list[Any]:
    number = await project_id(client)
    return [
        await client.get("/projects/own"),
        await client.get("/projects/own/members"),
        await client.get("/projects/own/repositories"),
        await client.get("/projects/own/summary"),
        await client.get("/labels", scope="p", project_id=number),
        await client.get("/robots", q=f"Level=project,ProjectID={number}"),
        await client.get(f"{REPOSITORY}/artifacts"),
    ]


async def made_robot(owner: Client) -> Client:
    answer = await owner(
        "POST",
        "/robots",
        {
            "name": "ci",
            "level": "project",
            "duration": -1,
            "permissions": [
                {"kind": "project", "namespace": "own", "access": [{"resource": "repository", "action": "pull"}]}
            ],
        },
    )
    assert answer.status_code == 201
    return Client(owner._http, basic(answer.json()["name"], answer.json()["secret"]))


async def test_only_who_may_delete_sees_the_trash_and_restores(harbor: Harbor) -> None:
    owner, keeper = harbor("owner"), harbor("keeper")
    await push_image(owner, "own/app", "latest")
    await owner("DELETE", f"{REPOSITORY}/artifacts/latest")
    entry = await entry_of(owner)
    for name in ("maker", "visitor", "peeker", "stranger"):
        assert await harbor(name).get("/trash") == []
        for method, path in (("GET", ""), ("POST", "/restore"), ("DELETE", "")):
            answer = await harbor(name)(method, f"/trash/{entry['id']}{path}", {} if method == "POST" else None)
            assert answer.status_code == 403
    assert (await harbor()("GET", "/trash")).status_code == 401
    assert (await harbor()("GET", f"/trash/{entry['id']}")).status_code == 401
    assert len(await keeper.get("/trash")) == 1
    assert (await keeper("POST", f"/trash/{entry['id']}/restore", {})).status_code == 200
    # A maintainer deletes no projects, so sees none in the trash.
    await owner("DELETE", "/projects/own", params={"force": "true"})
    assert await keeper.get("/trash") == []
    assert [one["kind"] for one in await owner.get("/trash")] == ["project"]


async def test_the_list_is_paged_and_filtered(harbor: Harbor) -> None:
    owner = harbor("owner")
    for number in range(3):
        await push_image(owner, "own/app", f"v{number}", seed=str(number))
        await owner("DELETE", f"{REPOSITORY}/artifacts/v{number}/tags/v{number}")
    answer = await owner("GET", "/trash", params={"page_size": 2, "q": "kind=tag", "sort": "name"})
    assert [one["name"] for one in answer.json()] == ["v0", "v1"]
    assert answer.headers["x-total-count"] == "3"
    assert 'rel="next"' in answer.headers["link"]
    assert [one["name"] for one in await owner.get("/trash", q="name=~v1")] == ["v1"]


async def test_a_project_has_a_window_of_its_own(harbor: Harbor) -> None:
    owner = harbor("owner")
    path = "/projects/own/trash"
    assert await owner.get(path) == {"window_seconds": 604800, "own_window_seconds": -1, "size": 0}
    assert (await owner("PUT", path, {"own_window_seconds": 0})).status_code == 200
    assert (await owner.get(path))["window_seconds"] == 0
    await push_image(owner, "own/app", "latest")
    await owner("DELETE", f"{REPOSITORY}/artifacts/latest")
    assert await owner.get("/trash") == []
    assert (await owner("PUT", path, {"own_window_seconds": -2})).status_code == 400
    assert (await harbor("maker")("PUT", path, {"own_window_seconds": 1})).status_code == 403


async def test_a_history_and_going_back(harbor: Harbor) -> None:
    owner = harbor("owner")
    first = await push_image(owner, "own/app", "latest", seed="one")
    second = await push_image(owner, "own/app", "latest", seed="two")
    await owner("DELETE", f"{REPOSITORY}/artifacts/{first}")
    path = f"{REPOSITORY}/tags/latest"
    moves = await owner.get(f"{path}/history")
    assert [(move["kind"], move.get("before", ""), move["after"], move["held"]) for move in moves] == [
        ("moved", first, second, "live"),
        ("moved", "", first, "trash"),
    ]
    assert {move["username"] for move in moves} == {"owner"}
    answer = await owner("POST", f"{path}/rollback", {"digest": first})
    assert answer.json() == {"digest": first, "before": second}
    assert await pulls(owner, "own/app", "latest")
    assert (await owner.get(f"{path}/history"))[0]["kind"] == "rolled-back"
    assert await owner.get("/trash") == []
    answer = await owner("POST", f"{path}/rollback", {"digest": digest_of(b"never pushed")})
    assert answer.status_code == 404
    assert (await owner("GET", f"{REPOSITORY}/tags/none/history")).status_code == 404
    assert (await harbor("visitor")("POST", f"{path}/rollback", {"digest": second})).status_code == 403
    await owner("DELETE", f"{REPOSITORY}/artifacts/latest/tags/latest")
    assert (await owner.get(f"{path}/history"))[0]["kind"] == "deleted"


async def test_what_is_held_is_deleted_by_nobody(harbor: Harbor) -> None:
    owner, admin = harbor("owner"), harbor("admin")
    digest = await push_image(owner, "own/app", "latest")
    signature = await push_signature(owner, "own/app", digest)
    await push_image(owner, "own/app", "other", seed="other")
    hold = {"repository_name": "own/app", "reference": "latest", "reason": "case 12"}
    location = await owner.post("/projects/own/holds", hold)
    assert (await owner("POST", "/projects/own/holds", hold)).status_code == 409
    (shown,) = await harbor("visitor").get("/projects/own/holds")
    assert (shown["digest"], shown["tag"], shown["reason"], shown["placed_by"]) == (
        digest,
        "latest",
        "case 12",
        "owner",
    )
    for path in (
        f"{REPOSITORY}/artifacts/latest",
        f"{REPOSITORY}/artifacts/{signature}",
        f"{REPOSITORY}/artifacts/latest/tags/latest",
        REPOSITORY,
        "/projects/own?force=true",
    ):
        answer = await admin("DELETE", path)
        assert answer.status_code == 412, path
        assert answer.json()["errors"][0]["code"] == "PRECONDITION"
        assert "case 12" in answer.text
    for reference in ("latest", digest):
        answer = await owner("DELETE", f"/v2/own/app/manifests/{reference}")
        assert answer.status_code == 412
        assert "lift that hold" in answer.text
    with pytest.raises(AssertionError, match="stays with"):
        await push_image(owner, "own/app", "latest", seed="other")
    assert (await owner("DELETE", f"{REPOSITORY}/artifacts/other")).status_code == 200
    assert (await harbor("keeper")("DELETE", location.removeprefix("/api/v2.0"))).status_code == 403
    assert (await owner("DELETE", location.removeprefix("/api/v2.0"))).status_code == 200
    assert (await owner("DELETE", location.removeprefix("/api/v2.0"))).status_code == 404
    assert (await owner("DELETE", f"{REPOSITORY}/artifacts/latest")).status_code == 200
    told = [log["operation"] + " " + log["resource_type"] for log in await admin.get("/audit-logs", page_size=100)]
    assert {"create hold", "delete hold"} <= set(told)


async def test_a_held_project_keeps_its_trash(harbor: Harbor) -> None:
    owner = harbor("owner")
    await push_image(owner, "own/app", "latest")
    await owner("DELETE", f"{REPOSITORY}/artifacts/latest")
    entry = await entry_of(owner)
    location = await owner.post("/projects/own/holds", {})
    assert (await owner("DELETE", f"/trash/{entry['id']}")).status_code == 412
    await owner("DELETE", location.removeprefix("/api/v2.0"))
    assert (await owner("DELETE", f"/trash/{entry['id']}")).status_code == 200


async def test_a_forecast_tells_what_would_go_and_deletes_nothing(harbor: Harbor) -> None:
    owner = harbor("owner")
    child = await push_image(owner, "own/app", "child", seed="child")
    await push_index(owner, "own/app", "both", child)
    digest = await push_image(owner, "own/app", "latest")
    signature = await push_signature(owner, "own/app", digest)
    await push_blob(owner, "own/other", f"layer of {'one'}".encode())
    await push_image(owner, "own/other", "copy")
    rows = await harbor.whole.db.read(lambda tx: tx.all("SELECT count(*) FROM events"))

    async def foretold(path: str, status: int = 200) -> Any:
        answer = await owner("DELETE", path, params={"dry_run": "true"})
        assert answer.status_code == status, answer.text
        return answer.json()

    told = await foretold(f"{REPOSITORY}/artifacts/latest")
    assert (told["tags"], told["accessories"], told["refused"]) == (["latest"], [signature], [])
    assert told["counts"] == {"artifacts": 2, "tags": 1, "accessories": 1}
    body = await size_of(owner, "own/app", digest)
    assert told["freed_bytes"] == body + await size_of(owner, "own/app", signature) + len(b"{}")
    assert told["shared_bytes"] > 0
    assert told["window_seconds"] == 604800
    assert (await foretold(f"{REPOSITORY}/artifacts/both"))["children"] == [child]
    assert "names this manifest" in (await foretold(f"{REPOSITORY}/artifacts/child"))["refused"][0]
    assert (await foretold(f"{REPOSITORY}/artifacts/latest/tags/latest"))["tags"] == ["latest"]
    assert (await foretold(REPOSITORY))["counts"] == {"artifacts": 4, "tags": 3}
    whole = await foretold("/projects/own")
    assert whole["counts"]["repositories"] == 2
    assert "force=true" in whole["refused"][0]
    assert whole["shared_bytes"] == 0
    assert await harbor.whole.db.read(lambda tx: tx.all("SELECT count(*) FROM events")) == rows
    assert (await harbor("maker")("DELETE", f"{REPOSITORY}?dry_run=true")).status_code == 403
    await foretold(f"{REPOSITORY}/artifacts/none", 404)


async def test_a_forecast_of_a_project_tells_what_other_projects_hold_too_if_the_asker_may_know(harbor: Harbor) -> None:
    owner, admin = harbor("owner"), harbor("admin")
    await push_image(owner, "own/app", "latest", seed="both")
    before = (await owner("DELETE", "/projects/own", params={"dry_run": "true"})).json()
    await admin.post("/projects", {"project_name": "hidden", "metadata": {"public": "false"}})
    await push_image(admin, "hidden/app", "latest", seed="both")

    async def foretold(client: Client) -> tuple[int, int]:
        told = (await client("DELETE", "/projects/own", params={"dry_run": "true"})).json()
        return told["freed_bytes"], told["shared_bytes"]

    assert before["shared_bytes"] == 0
    assert await foretold(owner) == (before["freed_bytes"], 0)
    freed, shared = await foretold(admin)
    assert shared > 0
    assert freed + shared == before["freed_bytes"]
    await admin("PUT", "/projects/hidden", json={"metadata": {"public": "true"}})
    assert await foretold(owner) == (freed, shared)


async def test_a_forecast_tells_who_pulled_it(harbor: Harbor) -> None:
    owner = harbor("owner")
    await push_image(owner, "own/app", "latest")
    await harbor.whole.db.write(lambda tx: configuration.put(tx, {"pull_audit_log_disable": False}))
    for name in ("visitor", "maker", "visitor"):
        await pulls(harbor(name), "own/app", "latest")
        await harbor.whole.pulls.close()
    answer = await owner("DELETE", f"{REPOSITORY}/artifacts/latest", params={"dry_run": "true"})
    pulled = [(pull["username"], pull["times"]) for pull in answer.json()["pulled_by"]]
    assert pulled == [("maker", 1), ("visitor", 2)]
    assert not answer.json()["last_pull_time"].startswith("0001")
