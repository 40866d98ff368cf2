"""The list of projects by who may pull from them; and what pages are called in a browser's history."""

import re

import pytest
from furnish import Made, furnish
from house import Harbor
from reader import Readers


@pytest.fixture
async def made(harbor: Harbor) -> Made:
    return await furnish(harbor("admin"))


async def test_projects_are_listed_by_access(reader: Readers, harbor: Harbor) -> None:
    for name, public in (("open", "true"), ("closed", "false")):
        wanted = {"project_name": name, "metadata": {"public": public}}
        assert (await harbor("admin")("POST", "/projects", wanted)).status_code == 201
    admin = await reader().sign_in("admin")
    for access, shown in (
        ("", {"open", "closed"}),
        ("public", {"open"}),
        ("private", {"closed"}),
        ("x", {"open", "closed"}),
    ):
        page = (await admin.get(f"/?access={access}")).text
        assert {*re.findall(r'<a class="name" href="/(open|closed)"', page)} == shown, access
    page = (await admin.get("/?access=public&q=closed")).text
    assert 'aria-current="true">public' in page
    assert "No project has that in its name." in page


async def test_members_are_counted_by_role(reader: Readers, made: Made) -> None:
    admin = await reader().sign_in("admin")
    page = (await admin.get("/own/-/members")).text
    counted = re.search(r"<small>(Project admin [0-9]+[^<]*)</small>", page)
    assert counted is not None
    assert sum(map(int, re.findall("[0-9]+", counted[1]))) == page.count('<tr id="member-')


async def test_each_page_of_a_thing_has_a_name_of_its_own(reader: Readers, made: Made) -> None:
    admin = await reader().sign_in("admin")
    for path, title in (
        ("/own", "own"),
        ("/own/-/quota", "Quota · own"),
        ("/own/app", "own/app"),
        ("/own/app/-/history", "History · own/app"),
        ("/own/app:1.0", "own/app:1.0"),
        ("/own/app:1.0/-/manifest", "Manifest · own/app:1.0"),
    ):
        assert f"<title>{title} · Entrepot</title>" in (await admin.get(path)).text, path
