"""A project's quota, explained, and its limit."""

import pytest
from house import Harbor
from pushing import push_image
from reader import Readers

PAGE = "/own/-/quota"


async def test_what_takes_the_room_is_told(harbor: Harbor, reader: Readers) -> None:
    client, owner = harbor("owner"), await reader().sign_in("owner")
    assert "The project holds nothing." in (await owner.get(PAGE)).text
    await push_image(client, "own/app", "1")
    await push_image(client, "own/other", "1")
    await client("DELETE", "/projects/own/repositories/other")
    page = (await owner.get(PAGE)).text
    assert "there is no limit" in page
    assert 'href="/own/app"' in page
    assert "Emptying the trash gives" in page
    assert "/own/other" not in (await owner.get(f"{PAGE}?q=app")).text
    blobs = (await owner.get(f"{PAGE}?show=blobs")).text
    assert 'href="/own/app"' in blobs
    assert "quota/limit" not in page


async def test_other_projects_are_named_to_who_may_know_of_them(harbor: Harbor, reader: Readers) -> None:
    admin = harbor("admin")
    await push_image(admin, "own/app", "1")
    await admin("POST", "/projects", {"project_name": "hidden"})
    await push_image(admin, "hidden/app", "1")
    owner, ruler = await reader().sign_in("owner"), await reader().sign_in("admin")
    assert 'href="/hidden"' not in (await owner.get(f"{PAGE}?show=blobs")).text
    assert 'href="/hidden"' in (await ruler.get(f"{PAGE}?show=blobs")).text


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"limit": "1.5", "unit": "GB"}, 1_500_000_000),
        ({"limit": "20", "unit": "MB"}, 20_000_000),
        ({"limit": "", "unit": "GB", "unlimited": "1"}, -1),
    ],
)
async def test_an_administrator_sets_the_limit(
    harbor: Harbor, reader: Readers, fields: dict[str, object], size: int
) -> None:
    admin = await reader().sign_in("admin")
    assert (await admin.post(f"{PAGE}/limit", fields)).status_code == 303
    assert (await harbor("owner").get("/projects/own/summary"))["quota"]["hard"]["storage"] == size
    if size > 0:
        assert f'name="limit" value="{fields["limit"]}"' in (await admin.get(PAGE)).text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"limit": "0", "unit": "GB"},
        {"limit": "-1", "unit": "GB"},
        {"limit": "nan", "unit": "GB"},
        {"limit": "inf", "unit": "GB"},
        {"limit": "9e99", "unit": "TB"},
        {"limit": "1", "unit": "XB"},
        {"limit": "999999999", "unit": "TB"},
    ],
)
async def test_a_limit_that_cannot_be(reader: Readers, fields: dict[str, object]) -> None:
    admin = await reader().sign_in("admin")
    assert (await admin.post(f"{PAGE}/limit", fields)).status_code == 400


async def test_a_push_that_was_refused_is_told_to_who_may_see_what_happens(harbor: Harbor, reader: Readers) -> None:
    admin = harbor("admin")
    [quota] = await admin.get("/quotas", reference_id=(await admin.get("/projects/own"))["project_id"])
    await admin("PUT", f"/quotas/{quota['id']}", {"hard": {"storage": 10}})
    for _ in range(3):
        with pytest.raises(AssertionError):
            await push_image(harbor("owner"), "own/app", "1")
    owner = await reader().sign_in("owner")
    page = (await owner.get(PAGE)).text
    assert page.count("Pushes that there was no room for") == 1
    assert page.count('<td class="grow mono">app</td>') == 1
    activity = (await owner.get("/own/-/activity?what=push:refused")).text
    assert activity.count('<td class="tall"><a class="name" href="?who=owner">owner</a>') == 1
    assert "tried to push into the full project" in activity
    assert "因空间不足被拒绝的推送" in (await owner.get(PAGE, headers={"accept-language": "zh"})).text
