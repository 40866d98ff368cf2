"""Artifacts, their tags and what belongs to them, through the whole application."""

import json
from typing import Any

import pytest
from house import Client, Harbor
from pushing import push_blob, push_image, push_index, push_manifest, push_signature

ARTIFACTS = "/projects/own/repositories/app/artifacts"


async def tags_shown(client: Client, path: str = ARTIFACTS, **params: Any) -> list[list[str]]:
    """The tags of each artifact of the list, the newest artifact first."""
    return [sorted(tag["name"] for tag in one.get("tags", [])) for one in await client.get(path, **params)]


async def test_an_image_is_shown_with_all_that_is_known_of_it(harbor: Harbor) -> None:
    maker = harbor("maker")
    digest = await push_image(maker, "own/app", "1.0", annotations={"org.example.note": "hello"})
    await push_manifest(
        maker,
        "own/app",
        "latest",
        json.loads((await maker("GET", "/v2/own/app/manifests/1.0", headers={"Accept": "*/*"})).text),
    )
    shown = await maker.get(f"{ARTIFACTS}/1.0")
    assert shown["digest"] == digest
    assert (shown["type"], shown["repository_name"]) == ("IMAGE", "own/app")
    assert shown["manifest_media_type"] == "application/vnd.oci.image.manifest.v1+json"
    assert shown["media_type"] == "application/vnd.oci.image.config.v1+json"
    assert (shown["extra_attrs"]["author"], shown["extra_attrs"]["os"]) == ("one", "linux")
    assert shown["annotations"] == {"org.example.note": "hello"}
    assert sorted(tag["name"] for tag in shown["tags"]) == ["1.0", "latest"]
    assert shown["addition_links"].keys() == {"build_history"}
    assert shown["pull_time"] == "0001-01-01T00:00:00.000Z"
    history = await maker.get(shown["addition_links"]["build_history"]["href"].removeprefix("/api/v2.0"))
    assert [entry["created_by"] for entry in history] == ["RUN one"]
    icon = await maker.get(f"/icons/{shown['icon']}")
    assert (icon["content-type"], bool(icon["content"])) == ("image/svg+xml", True)
    assert (await maker.get(f"{ARTIFACTS}/{digest}"))["id"] == shown["id"]


async def test_children_of_an_index_are_hidden_while_it_is_there_unless_they_have_tags(harbor: Harbor) -> None:
    owner = harbor("owner")
    first = await push_image(owner, "own/app", None, "first")
    second = await push_image(owner, "own/app", None, "second")
    index = await push_index(owner, "own/app", "both", first, second)
    assert await tags_shown(owner) == [["both"]]
    assert len(await owner.get(ARTIFACTS, q="base=*")) == 3
    shown = await owner.get(f"{ARTIFACTS}/both")
    assert [(one["child_digest"], one["platform"]["architecture"]) for one in shown["references"]] == [
        (first, "amd64"),
        (second, "arm64"),
    ]
    assert all(one["child_id"] for one in shown["references"])
    await owner.post(f"{ARTIFACTS}/{first}/tags", {"name": "one"})
    assert await tags_shown(owner) == [["both"], ["one"]]
    assert (await owner("DELETE", f"{ARTIFACTS}/{first}/tags/one")).status_code == 200
    assert await tags_shown(owner) == [["both"]]
    refused = await owner("DELETE", f"{ARTIFACTS}/{second}")
    assert refused.status_code == 412
    assert (await owner("DELETE", f"{ARTIFACTS}/{index}")).status_code == 200
    assert await tags_shown(owner) == [[], []]
    assert (await owner("GET", ARTIFACTS)).headers["x-total-count"] == "2"


async def test_a_child_is_shown_when_the_tag_of_its_index_moves_on_and_the_index_goes(harbor: Harbor) -> None:
    owner = harbor("owner")
    child = await push_image(owner, "own/app", None, "child")
    index = await push_index(owner, "own/app", "latest", child)
    await push_image(owner, "own/app", "latest", "other")
    assert await tags_shown(owner) == [["latest"], []]
    assert (await owner("DELETE", f"/v2/own/app/manifests/{index}")).status_code == 202
    assert [one["digest"] for one in await owner.get(ARTIFACTS, q="tags=nil")] == [child]


async def test_what_belongs_to_an_artifact_is_told_with_it_and_goes_with_it(harbor: Harbor) -> None:
    owner = harbor("owner")
    digest = await push_image(owner, "own/app", "1.0")
    signature = await push_signature(owner, "own/app", digest)
    assert await tags_shown(owner) == [["1.0"]]
    shown = await owner.get(f"{ARTIFACTS}/1.0")
    assert [(one["type"], one["digest"]) for one in shown["accessories"]] == [("signature.cosign", signature)]
    assert "accessories" not in await owner.get(f"{ARTIFACTS}/1.0", with_accessory="false")
    listed = await owner.get(f"{ARTIFACTS}/1.0/accessories")
    assert [one["subject_artifact_digest"] for one in listed] == [digest]
    assert (await owner("DELETE", f"{ARTIFACTS}/1.0")).status_code == 200
    assert (await owner("GET", f"/v2/own/app/manifests/{signature}")).status_code == 404


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("tags=*", [["3"], ["2"], ["1"]]),
        ("tags=nil", [[]]),
        ("tags=2", [["2"]]),
        ("tags=~1", [["1"]]),
        ("type=IMAGE", [["3"], ["2"], [], ["1"]]),
        ("type=CHART", []),
        ("media_type=application/vnd.oci.image.config.v1%2Bjson", [["3"], ["2"], [], ["1"]]),
    ],
)
async def test_artifacts_are_found(harbor: Harbor, q: str, found: list[list[str]]) -> None:
    maker = harbor("maker")
    for reference in ("1", None, "2", "3"):
        await push_image(maker, "own/app", reference, str(reference))
    assert await tags_shown(maker, q=q) == found


@pytest.mark.parametrize("q", ["tags={1 2}", "tags=(1 2)", "labels=1", "labels=(a b)", "digest=x", "digest=~sha256"])
async def test_conditions_that_are_none(harbor: Harbor, q: str) -> None:
    await push_image(harbor("maker"), "own/app", "1")
    assert (await harbor("maker")("GET", ARTIFACTS, params={"q": q})).status_code == 400


async def test_artifacts_are_found_by_all_the_labels_they_bear(harbor: Harbor) -> None:
    owner = harbor("owner")
    own = (await owner.get("/projects/own"))["project_id"]
    ids = []
    for name in ("a", "b"):
        body = {"name": name, "scope": "p", "project_id": own, "color": "#112233"}
        ids.append(int((await owner.post("/labels", body)).rpartition("/")[2]))
    for reference in ("1", "2"):
        await push_image(owner, "own/app", reference, reference)
    for reference, label in (("1", ids[0]), ("1", ids[1]), ("2", ids[0])):
        assert (await owner("POST", f"{ARTIFACTS}/{reference}/labels", {"id": label})).status_code == 200
    assert (await owner("POST", f"{ARTIFACTS}/1/labels", {"id": ids[0]})).status_code == 409
    assert await tags_shown(owner, q=f"labels=({ids[0]})") == [["2"], ["1"]]
    assert await tags_shown(owner, q=f"labels=({ids[0]} {ids[1]})") == [["1"]]
    shown = await owner.get(f"{ARTIFACTS}/1", with_label="true")
    assert [label["name"] for label in shown["labels"]] == ["a", "b"]
    assert (await owner("DELETE", f"{ARTIFACTS}/1/labels/{ids[1]}")).status_code == 200
    assert (await owner("DELETE", f"/labels/{ids[0]}")).status_code == 200
    assert "labels" not in await owner.get(f"{ARTIFACTS}/1", with_label="true")


async def test_a_label_of_another_project_is_not_borne(harbor: Harbor) -> None:
    admin, owner = harbor("admin"), harbor("owner")
    other = (await admin.get("/projects/public"))["project_id"]
    body = {"name": "theirs", "scope": "p", "project_id": other, "color": "#112233"}
    label = int((await admin.post("/labels", body)).rpartition("/")[2])
    await push_image(owner, "own/app", "1")
    assert (await owner("POST", f"{ARTIFACTS}/1/labels", {"id": label})).status_code == 404


async def test_a_tag_is_made_once_and_removed_alone(harbor: Harbor) -> None:
    owner = harbor("owner")
    await push_image(owner, "own/app", "1")
    location = await owner.post(f"{ARTIFACTS}/1/tags", {"name": "stable"})
    assert location == f"/api/v2.0{ARTIFACTS}/1/tags/stable"
    assert (await owner("POST", f"{ARTIFACTS}/1/tags", {"name": "1"})).status_code == 409
    for name in ("", "-x", "a b", "x" * 129, "a/b"):
        assert (await owner("POST", f"{ARTIFACTS}/1/tags", {"name": name})).status_code == 400, name
    await push_image(owner, "own/app", "2", "two")
    assert (await owner("DELETE", f"{ARTIFACTS}/1/tags/2")).status_code == 404, "another artifact's"
    assert (await owner("DELETE", f"{ARTIFACTS}/1/tags/stable")).status_code == 200
    assert [tag["name"] for tag in await owner.get(f"{ARTIFACTS}/1/tags")] == ["1"]
    assert (await owner.get("/v2/own/app/tags/list"))["tags"] == ["1", "2"]


async def test_names_with_slashes_come_encoded_once_or_twice(harbor: Harbor) -> None:
    maker = harbor("maker")
    await push_image(maker, "own/team/app", "1")
    for name in ("team%2Fapp", "team%252Fapp"):
        shown = await maker.get(f"/projects/own/repositories/{name}/artifacts/1")
        assert shown["repository_name"] == "own/team/app"
    href = shown["addition_links"]["build_history"]["href"]
    assert "/repositories/team%252Fapp/artifacts/" in href
    assert (await maker("GET", href)).status_code == 200


async def test_a_copy_has_everything_and_needs_both_rights(harbor: Harbor) -> None:
    owner, admin = harbor("owner"), harbor("admin")
    first = await push_image(owner, "own/app", None, "first")
    index = await push_index(owner, "own/app", "both", first)
    await owner.post(f"{ARTIFACTS}/{index}/tags", {"name": "again"})
    await push_signature(owner, "own/app", index)
    target = "/projects/public/repositories/copy/artifacts"
    source = {"from": f"own/app@{index}"}
    assert (await owner("POST", target, params=source)).status_code == 403
    assert (await harbor("stranger")("POST", target, params=source)).status_code == 403
    public = (await admin.get("/projects/public"))["project_id"]
    member = {"role_id": 2, "member_user": {"username": "stranger"}}
    await admin.post(f"/projects/{public}/members", member)
    assert (await harbor("stranger")("POST", target, params=source)).status_code == 403, "may not read it"
    made = await admin("POST", target, params=source)
    assert (made.status_code, made.headers["location"]) == (201, f"/api/v2.0{target}/{index}")
    shown = await admin.get(f"{target}/{index}")
    assert sorted(tag["name"] for tag in shown["tags"]) == ["again", "both"]
    assert len(shown["accessories"]) == 1
    assert await tags_shown(admin, target) == [["again", "both"]]
    for name in (f"own/app@{index}", "own/app:both"):
        again = await admin("POST", target, params={"from": name})
        assert again.status_code == 201
    await admin("DELETE", "/projects/own/repositories/app")
    answer = await admin("GET", f"/v2/public/copy/manifests/{first}", headers={"Accept": "*/*"})
    assert answer.status_code == 200
    layer = answer.json()["layers"][0]["digest"]
    assert (await admin("GET", f"/v2/public/copy/blobs/{layer}")).content == b"layer of first"


async def test_a_copy_that_has_no_room_leaves_nothing(harbor: Harbor) -> None:
    owner, admin = harbor("owner"), harbor("admin")
    await push_image(owner, "own/app", "1")
    await admin.post("/projects", {"project_name": "small", "storage_limit": 300})
    answer = await admin("POST", "/projects/small/repositories/app/artifacts", params={"from": "own/app:1"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "DENIED")
    assert await admin.get("/projects/small/repositories") == []
    assert (await admin.get("/projects/small/summary"))["quota"]["used"] == {"storage": 0}


@pytest.mark.parametrize(
    "name", ["", "own/app", "own/app:", "own/app@x", "app:1", "Own/App:1", "own/app:1@2", "a" * 5000]
)
async def test_a_source_that_is_none_is_refused(harbor: Harbor, name: str) -> None:
    answer = await harbor("owner")("POST", ARTIFACTS, params={"from": name})
    assert answer.status_code in (400, 422)


async def test_a_chart_shows_its_notes(harbor: Harbor) -> None:
    maker = harbor("maker")
    config = json.dumps({"name": "demo", "version": "1.2.3", "description": "x"}).encode()
    layer = b"not an archive"
    body = {
        "schemaVersion": 2,
        "config": {
            "mediaType": "application/vnd.cncf.helm.config.v1+json",
            "digest": await push_blob(maker, "own/chart", config),
            "size": len(config),
        },
        "layers": [
            {
                "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                "digest": await push_blob(maker, "own/chart", layer),
                "size": len(layer),
            }
        ],
    }
    await push_manifest(maker, "own/chart", "1.2.3", body)
    shown = await maker.get("/projects/own/repositories/chart/artifacts/1.2.3")
    assert shown["type"] == "CHART"
    assert shown["extra_attrs"]["version"] == "1.2.3"
    assert shown["addition_links"].keys() == {"values.yaml", "readme.md", "dependencies"}
    path = "/projects/own/repositories/chart/artifacts/1.2.3/additions"
    assert (await maker("GET", f"{path}/readme.md")).status_code == 404
    assert (await maker("GET", f"{path}/build_history")).status_code == 400
    assert (await maker("GET", f"{path}/nonsense")).status_code == 422
    assert (await maker("GET", f"{path}/sbom")).status_code == 404
    answer = await maker("GET", f"{path}/vulnerabilities")
    assert (answer.status_code, answer.json()) == (200, {})


async def test_pulls_are_told_soon(harbor: Harbor) -> None:
    maker = harbor("maker")
    await push_image(maker, "own/app", "1")
    for _ in range(3):
        await maker("GET", "/v2/own/app/manifests/1", headers={"Accept": "*/*"})
    await maker.get(f"{ARTIFACTS}/1")
    await harbor.whole.pulls.close()
    assert (await maker.get("/projects/own/repositories/app"))["pull_count"] == 3
    assert not (await maker.get(f"{ARTIFACTS}/1"))["pull_time"].startswith("0001")
