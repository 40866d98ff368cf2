"""A repository's pages: its lists, what is done to several at once, history, readme, trash, settings, hostile names."""

import re

import pytest
from furnish import Made
from house import Harbor
from pushing import IMAGE, push_blob, push_image, push_manifest
from reader import Reader, Readers

REPOSITORY = "own/app"


@pytest.fixture
async def admin(made: Made, reader: Readers) -> Reader:
    return await reader().sign_in("admin")


def rows(text: str) -> list[str]:
    return re.findall(r'<tr id="[a-z]+-\d+">.*?</tr>', text, re.DOTALL)


async def test_images_stand_with_their_tags_platforms_and_what_is_attached(admin: Reader, made: Made) -> None:
    page = await admin.get(f"/{REPOSITORY}")
    latest = next(row for row in rows(page.text) if ">latest<" in row)
    assert ">1.1<" in latest
    assert str(made.facts["second"]).removeprefix("sha256:")[:12] in latest
    assert "signed" in latest
    assert "SBOM" in latest
    assert "checked" in latest
    assert "amd64" in latest
    held = next(row for row in rows(page.text) if ">release-1<" in row)
    assert "immutable" in held
    assert "held" in held


async def test_every_tag_and_what_has_none(admin: Reader, made: Made) -> None:
    tags = re.findall(r'class="name"[^>]*>([^<]+)<', (await admin.get(f"/{REPOSITORY}?show=tags")).text)
    assert tags == ["1.0", "1.1", "1.1-arm64", "both", "latest", "release-1"]
    untagged = rows((await admin.get(f"/{REPOSITORY}?show=untagged")).text)
    assert [made.facts["untagged"] in row for row in untagged] == [True]


async def test_a_filter_finds_tags_by_a_part(admin: Reader) -> None:
    page = await admin.get(f"/{REPOSITORY}?q=1.1")
    assert re.findall(r'class="name"[^>]*>([^<]+)<', page.text) == ["1.1", "1.1-arm64"]
    assert "No tag has that in its name." in (await admin.get(f"/{REPOSITORY}?q=%25")).text


@pytest.mark.parametrize("show", ["", "tags"])
async def test_a_long_list_goes_on_and_back(harbor: Harbor, admin: Reader, show: str) -> None:
    for number in range(60):
        await push_image(harbor("admin"), "own/many", f"t{number:02}", f"seed {number}")
    first = await admin.get(f"/own/many?show={show}")
    following = await admin.get("/own/many" + link(first.text, "next"))
    assert len(rows(first.text)) == 50
    assert len(rows(following.text)) == 10
    assert not set(rows(first.text)) & set(rows(following.text))
    assert 'rel="next"' not in following.text
    again = await admin.get("/own/many" + link(following.text, "prev"))
    assert rows(again.text) == rows(first.text)
    assert 'rel="prev"' not in again.text


def link(text: str, relation: str) -> str:
    found = re.search(rf'rel="{relation}" href="([^"]+)"', text)
    assert found is not None
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize("query", ["older=x", "older=1", "newer=1-", "older=99999999999999999999999-1", "after=%00"])
async def test_no_place_in_the_list_breaks_it(admin: Reader, query: str) -> None:
    assert (await admin.get(f"/{REPOSITORY}?{query}")).status_code in (200, 400)
    assert (await admin.get(f"/{REPOSITORY}?show=tags&{query}")).status_code in (200, 400)


async def test_what_deleting_takes_is_told_and_can_be_undone(admin: Reader, made: Made) -> None:
    second, untagged = made.facts["second"], made.facts["untagged"]
    asked = await admin.get(f"/{REPOSITORY}/-/delete", params={"chosen": [second, untagged]})
    assert "Delete 2 images?" in asked.text
    assert "index" in asked.text  # The index `both` names the first of them: it is refused.
    answer = await admin.post(f"/{REPOSITORY}/-/delete", {"chosen": [second, untagged]})
    assert answer.headers["location"] == f"/{REPOSITORY}"
    page = await admin.get(f"/{REPOSITORY}")
    assert "was deleted." in page.text
    assert "names this manifest" in page.text
    assert f"image-{untagged}" not in page.text
    numbers = re.findall(r'name="id" value="(\d+)"', page.text)
    assert len(numbers) == 1
    await admin.post("/-/undo", {"id": numbers, "next": f"/{REPOSITORY}"})
    restored = await admin.get(f"/{REPOSITORY}?show=untagged")
    assert untagged in restored.text
    assert "It is there again" in restored.text


async def test_tags_alone_are_deleted_and_come_back(admin: Reader) -> None:
    asked = await admin.get(f"/{REPOSITORY}/-/delete?chosen=latest&chosen=1.1")
    assert "Delete 2 tags?" in asked.text
    await admin.post(f"/{REPOSITORY}/-/delete", {"chosen": ["latest", "1.1"]})
    page = await admin.get(f"/{REPOSITORY}?show=tags")
    assert not any(">latest<" in row for row in rows(page.text))
    await admin.post("/-/undo", {"id": re.findall(r'name="id" value="(\d+)"', page.text), "next": "/"})
    page = await admin.get(f"/{REPOSITORY}?show=tags")
    assert sum(f">{tag}<" in row for row in rows(page.text) for tag in ("latest", "1.1")) == 2


@pytest.mark.parametrize("chosen", [[], ["nothing"], ["sha256:" + "0" * 64]])
async def test_what_is_gone_is_not_deleted_again(admin: Reader, chosen: list[str]) -> None:
    asked = await admin.get(f"/{REPOSITORY}/-/delete", params={"chosen": chosen})
    assert "Nothing is chosen" in asked.text
    answer = await admin.post(f"/{REPOSITORY}/-/delete", {"chosen": chosen})
    assert answer.status_code == 303
    assert "Nothing was deleted." in (await admin.get(f"/{REPOSITORY}")).text


@pytest.mark.parametrize("chosen", ["sha256:zz", "a b", "x" * 200, "<script>"])
async def test_what_is_no_reference_is_refused(admin: Reader, chosen: str) -> None:
    for page in ("delete", "copy", "labels"):
        assert (await admin.get(f"/{REPOSITORY}/-/{page}", params={"chosen": chosen})).status_code == 400
        assert (
            await admin.post(f"/{REPOSITORY}/-/{page}", {"chosen": chosen, "to": "own/x", "label": 1})
        ).status_code == 400


async def test_images_are_copied_to_another_repository(admin: Reader) -> None:
    assert "Copy 1 image" in (await admin.get(f"/{REPOSITORY}/-/copy?chosen=latest")).text
    answer = await admin.post(f"/{REPOSITORY}/-/copy", {"chosen": "latest", "to": "public/taken"})
    assert answer.headers["location"] == "/public/taken"
    page = await admin.get("/public/taken")
    assert ">latest<" in page.text
    assert "signed" in page.text


async def test_nobody_copies_to_where_they_may_not_push(made: Made, reader: Readers) -> None:
    visitor = await reader().sign_in("visitor")
    answer = await visitor.post(f"/{REPOSITORY}/-/copy", {"chosen": "latest", "to": "own/other"})
    assert answer.status_code == 403


async def test_labels_are_put_on_and_taken_off(admin: Reader, made: Made) -> None:
    fields = {"chosen": ["1.0", "1.1-arm64"], "label": made.facts["label"]}
    await admin.post(f"/{REPOSITORY}/-/labels", {**fields, "do": "put"})
    page = await admin.get(f"/{REPOSITORY}")
    assert sum("checked" in row for row in rows(page.text)) == 3
    await admin.post(f"/{REPOSITORY}/-/labels", {**fields, "do": "take"})
    assert sum("checked" in row for row in rows((await admin.get(f"/{REPOSITORY}")).text)) == 1


async def test_a_tag_goes_back_to_what_it_named(admin: Reader, made: Made) -> None:
    page = await admin.get(f"/{REPOSITORY}/-/history?tag=latest")
    assert page.text.count("Roll back to this") == 1
    answer = await admin.post(f"/{REPOSITORY}/-/history", {"tag": "latest", "digest": made.facts["first"]})
    assert answer.headers["location"] == f"/{REPOSITORY}/-/history?tag=latest"
    page = await admin.get(answer.headers["location"])
    assert "rolled back" in page.text
    assert "Nothing is known of this tag." in (await admin.get(f"/{REPOSITORY}/-/history?tag=none")).text
    assert (await admin.get(f"/{REPOSITORY}/-/history?tag=a%20b")).status_code == 400


async def test_the_readme_is_shown_inert_and_changed(admin: Reader) -> None:
    page = await admin.get(f"/{REPOSITORY}/-/readme")
    assert "<h1>The shop</h1>" in page.text
    await admin.post(f"/{REPOSITORY}/-/readme", {"description": "# Ours\n<script>alert(1)</script>"})
    page = await admin.get(f"/{REPOSITORY}/-/readme")
    assert "<h1>Ours</h1>" in page.text
    assert "<script>alert" not in page.text
    assert (await admin.post(f"/{REPOSITORY}/-/readme", {"description": "x" * 16_385})).status_code == 400


async def test_a_guest_is_shown_no_button_to_change_anything(made: Made, reader: Readers) -> None:
    visitor = await reader().sign_in("visitor")
    for page in ("", "/-/readme", "/-/history?tag=latest"):
        text = (await visitor.get(f"/{REPOSITORY}{page}")).text
        assert "Delete…" not in text
        assert "?edit=1" not in text
        assert "Roll back" not in text
        assert "Settings" not in text


async def test_the_whole_repository_goes_and_comes_back(admin: Reader, made: Made) -> None:
    page = await admin.get(f"/{REPOSITORY}/-/settings")
    assert "is immutable" in page.text
    assert (await admin.post(f"/{REPOSITORY}/-/settings/delete")).status_code in (409, 412)
    answer = await admin.post("/own/tools/long-name-of-a-repository-somewhere/-/settings/delete")
    assert answer.headers["location"] == f"/{made.project}"
    page = await admin.get(f"/{made.project}")
    await admin.post("/-/undo", {"id": re.findall(r'name="id" value="(\d+)"', page.text), "next": "//evil.test"})
    assert (await admin.get("/own/tools/long-name-of-a-repository-somewhere")).status_code == 200


async def test_a_hold_is_placed_and_lifted(admin: Reader) -> None:
    await admin.post(f"/{REPOSITORY}/-/holds", {"reference": "", "reason": "<b>case 9</b>"})
    page = await admin.get(f"/{REPOSITORY}/-/settings")
    assert "&lt;b&gt;case 9&lt;/b&gt;" in page.text
    number = re.search(r'name="lift" value="(\d+)"', page.text)
    assert number is not None
    await admin.post(f"/{REPOSITORY}/-/holds", {"lift": number[1]})
    assert "case 9" not in (await admin.get(f"/{REPOSITORY}/-/settings")).text


async def test_the_trash_of_the_repository(admin: Reader) -> None:
    page = await admin.get(f"/{REPOSITORY}/-/trash")
    assert len(rows(page.text)) >= 1
    await admin.post("/-/undo", {"id": re.findall(r'name="id" value="(\d+)"', page.text)[0], "next": "//evil.test/"})
    assert len(rows((await admin.get(f"/{REPOSITORY}/-/trash")).text)) == len(rows(page.text)) - 1


@pytest.mark.parametrize("fields", [{}, {"id": "x"}, {"id": "1" * 40}, {"id": ["1"] * 101}])
async def test_nothing_is_undone_that_is_not_named(admin: Reader, fields: dict[str, object]) -> None:
    assert (await admin.post("/-/undo", fields)).status_code == 400


async def test_anybody_sees_a_public_repository(harbor: Harbor, reader: Readers) -> None:
    await push_image(harbor("admin"), "public/app", "1")
    page = await reader().get("/public/app")
    assert page.status_code == 200
    assert "checkbox" not in page.text


async def test_hostile_names_are_text(harbor: Harbor, admin: Reader) -> None:
    client = harbor("admin")
    name = "<b>\u202eevil</b>"
    await client.post(
        "/labels", {"scope": "p", "project_id": 1, "name": name, "description": '"><script>', "color": ""}
    )
    labels = await client.get("/labels", scope="p", project_id=1)
    evil = next(label["id"] for label in labels if "evil" in label["name"])
    empty = await push_blob(client, REPOSITORY, b"{}")
    body = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "artifactType": "application/vnd.<b>x</b>+json",
        "config": {"mediaType": "application/vnd.acme.<i>rocket</i>.config.v1+json", "digest": empty, "size": 2},
        "layers": [],
    }
    await push_manifest(client, REPOSITORY, "odd", body)
    await admin.post(f"/{REPOSITORY}/-/labels", {"chosen": "odd", "label": evil})
    text = (await admin.get(f"/{REPOSITORY}")).text
    assert "&lt;b&gt;\\u202eevil&lt;/b&gt;" in text
    for raw in ("<b>\u202e", "\u202e", '"><script>', "<i>rocket"):
        assert raw not in text
