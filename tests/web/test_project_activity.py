"""Who did what in a project."""

import pytest
from house import Harbor
from pushing import push_image
from reader import Readers

PAGE = "/own/-/activity"


async def test_what_happened_is_told_and_filtered(harbor: Harbor, reader: Readers) -> None:
    await push_image(harbor("maker"), "own/app", "1")
    await harbor("owner")("DELETE", "/projects/own/repositories/app/artifacts/1/tags/1")
    owner = await reader().sign_in("owner")
    page = (await owner.get(PAGE)).text
    assert "pushed an artifact" in page
    assert "deleted a tag" in page
    assert "?who=maker" in page
    found = (await owner.get(f"{PAGE}?who=maker")).text
    assert "own/app" in found
    assert '<a class="name" href="?who=owner">' not in found
    found = (await owner.get(f"{PAGE}?what=tag:deleted")).text
    assert '<a class="name" href="?who=owner">' in found
    assert '<a class="name" href="?who=maker">' not in found
    for nothing in ("to=2001-01-01", "from=2999-01-01", "on=%25%25nothing", "who=%3Cscript%3E"):
        page = (await owner.get(f"{PAGE}?{nothing}")).text
        assert "Nothing like that has happened." in page
        assert "<script>" not in page


async def test_other_projects_are_not_told_of(harbor: Harbor, reader: Readers) -> None:
    await push_image(harbor("admin"), "public/other", "1")
    owner = await reader().sign_in("owner")
    assert "public/other" not in (await owner.get(PAGE)).text


@pytest.mark.parametrize("query", ["from=soon", "to=2026-13-01", "what=user:signed-in", "what=x", "page=0", "page=x"])
async def test_what_cannot_be_asked(reader: Readers, query: str) -> None:
    owner = await reader().sign_in("owner")
    assert (await owner.get(f"{PAGE}?{query}")).status_code == 400


@pytest.mark.parametrize("name", ["keeper", "maker", "visitor", "stranger"])
async def test_it_is_for_admins_of_the_project(reader: Readers, name: str) -> None:
    somebody = await reader().sign_in(name)
    assert (await somebody.get(PAGE)).status_code == 403
