"""Who comes in: sessions, the token of forms, other sites' pages, languages, where one may be sent on to."""

import pytest
from reader import Readers

from entrepot.web.answer import View
from entrepot.web.ask import Ask
from entrepot.web.door import masked, unmasked
from entrepot.web.route import Route, Table
from entrepot.web.subject import Place
from entrepot.web.voice import preferred_language


async def test_somebody_signs_in_and_out(reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    assert "Sign out" in (await owner.get("/")).text
    answer = await owner.post("/-/sign-out")
    assert answer.status_code == 303
    assert "Sign out" not in (await owner.get("/")).text


async def test_a_wrong_password_shows_the_form_again(reader: Readers) -> None:
    somebody = reader()
    await somebody.get("/-/sign-in")
    answer = await somebody.post("/-/sign-in", {"name": "owner", "password": "not this"})
    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert "not this" not in answer.text
    assert "sid" not in somebody.http.cookies


async def test_a_form_without_its_token_changes_nothing(reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    owner.token = masked("00" * 32)
    assert (await owner.post("/-/projects/new", {"name": "stolen"})).status_code == 403
    assert (await owner.http.post("/-/projects/new", data={"name": "stolen"})).status_code == 403
    assert (await owner.get("/stolen")).status_code == 403


async def test_a_form_of_another_site_changes_nothing(reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    answer = await owner.post("/-/projects/new", {"name": "stolen"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert (await owner.get("/stolen")).status_code == 403


async def test_a_project_is_made_with_the_form(reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    answer = await owner.post("/-/projects/new", {"name": "fresh"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/fresh")
    page = await owner.get("/fresh")
    assert page.status_code == 200
    assert "Project fresh is there." in page.text
    assert "Project fresh is there." not in (await owner.get("/fresh")).text


@pytest.mark.parametrize(
    "target",
    ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)", "/a\nb"],
)
async def test_nobody_is_sent_to_another_site(reader: Readers, target: str) -> None:
    somebody = reader()
    await somebody.get("/-/sign-in")
    answer = await somebody.post("/-/prefer", {"theme": "dark", "next": target})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_the_token_is_another_text_in_every_page(reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    await owner.get("/")
    first = owner.token
    await owner.get("/")
    assert owner.token != first
    assert unmasked(owner.token) == unmasked(first)


async def test_an_equal_page_is_not_sent_again(reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    page = await owner.get("/-/projects/new")
    again = await owner.get("/-/projects/new", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.5, zh;q=0.4", "en"),
        ("fr, zh;q=0.1", "zh"),
        ("zh;q=x", "en"),
    ],
)
def test_the_preferred_language(header: str, language: str) -> None:
    assert preferred_language(header) == language


async def test_pages_say_what_browsers_may_do_with_them(reader: Readers) -> None:
    page = await reader().get("/-/sign-in")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    cookie = page.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


@pytest.mark.parametrize(
    ("path", "status"),
    [("/-/nothing", 404), ("/UPPER", 404), ("/a//b", 404), ("/-/sign-in?page=x", 200), ("/?page=x", 400)],
)
async def test_what_there_is_not(reader: Readers, path: str, status: int) -> None:
    assert (await reader().get(path)).status_code == status


async def test_a_template_that_fails_is_told_of_as_any_failure(
    reader: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: Ask) -> View:
        return View("sign_in", {})

    routes = [Route("GET", Place.HOUSE, "broken", broken)]
    monkeypatch.setattr(Table, "find", lambda *_: (routes[0], {}, ()))
    page = await reader().get("/-/broken")
    assert page.status_code == 500
    assert "Something broke" in page.text


async def test_what_stands_in_an_address_comes_back_as_an_address_is_written(reader: Readers) -> None:
    page = await reader().get("/-/a%00b%22%3E%0Ac")
    assert page.status_code == 404
    assert "\0" not in page.text
    assert 'value="/-/a%00b%22%3E%0Ac"' in page.text
