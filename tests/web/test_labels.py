"""The labels of a project."""

import pytest
from house import Harbor
from pushing import push_image
from reader import Readers


async def test_a_label_is_made_changed_and_removed(harbor: Harbor, reader: Readers) -> None:
    client, owner = harbor("owner"), await reader().sign_in("owner")
    assert "No label yet" in (await owner.get("/own/-/labels")).text
    made = {"name": "<i>ok</i>", "description": 'says "so"', "color": "#1f7a4d"}
    assert (await owner.post("/own/-/labels", made)).status_code == 303
    page = (await owner.get("/own/-/labels")).text
    assert "&lt;i&gt;ok&lt;/i&gt;" in page
    assert 'fill="#1f7a4d"' in page
    project = (await client.get("/projects/own"))["project_id"]
    number = (await client.get("/labels", scope="p", project_id=project))[0]["id"]
    await push_image(client, "own/app", "1")
    await client("POST", "/projects/own/repositories/app/artifacts/1/labels", {"id": number})
    assert "1 artifact bears it and loses it." in (await owner.get("/own/-/labels")).text
    changed = {"name": "approved", "description": "", "color": "#000000"}
    assert (await owner.post(f"/own/-/labels/{number}", changed)).status_code == 303
    assert "approved" in (await owner.get("/own/-/labels?q=appr")).text
    assert (await owner.post(f"/own/-/labels/{number}/delete")).status_code == 303
    assert "No label yet" in (await owner.get("/own/-/labels")).text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"name": "a", "color": "red"}, 400),
        ({"name": "a", "color": '#000"/><script>'}, 400),
        ({"name": "x" * 129, "color": "#000000"}, 400),
    ],
)
async def test_what_does_not_fit(reader: Readers, fields: dict[str, object], status: int) -> None:
    owner = await reader().sign_in("owner")
    assert (await owner.post("/own/-/labels", fields)).status_code == status


async def test_who_may_only_look_finds_no_forms(harbor: Harbor, reader: Readers) -> None:
    owner, maker = await reader().sign_in("owner"), await reader().sign_in("maker")
    await owner.post("/own/-/labels", {"name": "seen", "color": "#000000"})
    page = (await maker.get("/own/-/labels")).text
    assert "seen" in page
    assert "New label" not in page
    assert "data-open" not in page
    assert (await maker.post("/own/-/labels", {"name": "made", "color": "#000000"})).status_code == 403
