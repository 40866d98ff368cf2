"""Sessions under attack: what another site's page asks for in the name of who is signed in here.

CVE-2019-19025, PROJQUAY-9836 and PROJQUAY-9805: other registries took a change from whoever came with the cookie.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from bare import ask, ask_json
from house import API, Harbor
from rights import BODIES, PATH_VALUES
from served import SERVED
from session_client import TOKEN, Browser

from contracts.access_house import PASSWORD, basic

CHANGING = {name: told for name, told in SERVED.items() if told.method.upper() not in ("GET", "HEAD")}
READING = {name: told for name, told in SERVED.items() if name not in CHANGING}
EVIL = "https://evil.example"


def path_of(path: str) -> str:
    values = {**PATH_VALUES, "project_name_or_id": "own", "project_name": "own", "user_id": "1", "mid": "1", "id": "1"}
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], path)


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    path = tmp_path / "entrepot.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def admin(harbor: Harbor) -> Browser:
    """A browser in which the administrator is signed in."""
    browser = Browser(harbor.http)
    assert (await browser.sign_in("admin")).status_code == 200
    return browser


def cookies(browser: Browser, **more: str) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in {**browser.cookies, **more}.items())}


async def rows(harbor: Harbor) -> Any:
    """Everything that changes tell of, and all that they could change."""
    tables = ("events", "users", "members", "projects", "robots", "labels", "quotas", "configuration", "user_groups")
    return await harbor.whole.db.read(lambda tx: [tx.all(f"SELECT * FROM {table}") for table in tables])


async def test_no_change_is_made_for_a_page_that_does_not_know_the_token(harbor: Harbor, admin: Browser) -> None:
    """CVE-2019-19025: every operation that changes something, with the cookies alone, or with a token that is wrong."""
    before = await rows(harbor)
    stranger = Browser(harbor.http)
    await stranger.sign_in("stranger")
    count = len(before[0]) + 1
    assert len(CHANGING) > 25
    tokens = {"none": {}, "wrong": {TOKEN: "0" * 64}, "empty": {TOKEN: ""}, "another's": {TOKEN: stranger.token}}
    for name, told in CHANGING.items():
        for kind, token in tokens.items():
            body = BODIES.get(name) or {}
            answer = await ask_json(
                harbor, told.method.upper(), path_of(told.path), body, {**cookies(admin), **token, "x-csrf": "1"}
            )
            assert answer.status == 403, (name, kind, answer)
            assert b"X-Harbor-CSRF-Token" in answer.body, (name, kind)
    after = await rows(harbor)
    assert (len(after[0]), after[1:]) == (count, before[1:])


async def test_a_form_of_another_site_is_nothing(harbor: Harbor, admin: Browser) -> None:
    """CVE-2019-19025: what a page can send without asking first, a form or plain text that happens to be JSON."""
    before = await rows(harbor)
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        for path in (f"{API}/projects", f"{API}/users", f"{API}/labels", f"{API}/projects/own/members"):
            for token in ({}, {TOKEN: admin.token}):
                headers = {**cookies(admin), **token, "content-type": media_type}
                answer = await ask(harbor, "POST", path, headers, b'{"project_name":"evil","username":"evil"}')
                assert answer.status in (403, 415), (media_type, path, answer)
    assert await rows(harbor) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": "https://registry.example.evil.example"},
        {"origin": "https://evil.example/registry.example"},
        {"origin": "registry.example"},
        {"origin": "http://registry.example:8080"},
        {"origin": "http://registry.example", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "x"},
    ],
)
async def test_a_page_of_another_origin_changes_nothing_even_with_the_token(
    harbor: Harbor, admin: Browser, headers: dict[str, str]
) -> None:
    """CVE-2019-19025: whatever else it has found out, and whichever credentials the browser adds."""
    before = await rows(harbor)
    for credentials in ({**cookies(admin), TOKEN: admin.token}, {"authorization": basic("admin")}):
        for name, told in CHANGING.items():
            answer = await ask_json(
                harbor, told.method.upper(), path_of(told.path), BODIES.get(name) or {}, {**credentials, **headers}
            )
            assert (answer.status, b"another site" in answer.body) == (403, True), (name, answer)
    for path in ("/c/login", "/c/userExists"):
        form = f"principal=owner&password={PASSWORD}".encode()
        told = {**cookies(admin), TOKEN: admin.token, "content-type": "application/x-www-form-urlencoded", **headers}
        answer = await ask(harbor, "POST", path, told, form)
        assert answer.status == 403, path
        assert b"sid=" not in b"".join(value for _, value in answer.headers)
    assert await rows(harbor) == before
    assert (await ask(harbor, "GET", "/c/log_out", {**cookies(admin), **headers})).status == 403
    assert (await ask(harbor, "GET", f"{API}/users/current", cookies(admin))).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://registry.example"},
        {"origin": "https://Registry.Example"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin", "origin": "https://names.example", "host": "inside:5000"},
        {"sec-fetch-site": "none"},
        {},
    ],
)
async def test_a_page_of_ours_and_a_program_change_what_they_may(
    harbor: Harbor, admin: Browser, headers: dict[str, str]
) -> None:
    """The other side of CVE-2019-19025."""
    told = {**cookies(admin), TOKEN: admin.token, **headers}
    assert (await ask_json(harbor, "POST", f"{API}/projects", {"project_name": "fresh"}, told)).status == 201
    told = {"authorization": basic("admin"), **headers}
    assert (await ask_json(harbor, "POST", f"{API}/projects", {"project_name": "second"}, told)).status == 201


async def test_reading_changes_nothing(harbor: Harbor, admin: Browser) -> None:
    """CVE-2019-19025: a picture in a page of another site can ask for anything by GET."""
    before = await rows(harbor)
    for told in READING.values():
        for query in ("", "?method=DELETE&_method=DELETE&action=delete&username=a&q=a&project_name=own"):
            answer = await ask(harbor, told.method.upper(), path_of(told.path) + query, cookies(admin))
            assert answer.status < 500, (told.path, answer)
    for told in CHANGING.values():
        for method in ("GET", "HEAD", "OPTIONS", "TRACE"):
            assert (await ask(harbor, method, path_of(told.path), cookies(admin))).status < 500
    assert await rows(harbor) == before


async def test_no_page_of_another_origin_reads_an_answer(harbor: Harbor, admin: Browser) -> None:
    """CVE-2019-19025: nothing lets another origin read the token, or send what it would have to ask for first."""
    headers = {**cookies(admin), "origin": EVIL}
    asking = {"access-control-request-method": "PUT", "access-control-request-headers": TOKEN}
    for method, path in (
        ("GET", f"{API}/users/current"),
        ("OPTIONS", f"{API}/users/1"),
        ("OPTIONS", "/c/login"),
        ("OPTIONS", "/v2/own/app/manifests/1"),
        ("GET", "/service/token?scope=repository:own/app:pull"),
        ("GET", "/v2/"),
    ):
        answer = await ask(harbor, method, path, {**headers, **asking})
        names = {name.lower() for name, _ in answer.headers}
        assert not any(name.startswith(b"access-control-") for name in names), (method, path)


async def test_the_cookie_is_good_for_the_management_api_alone(harbor: Harbor, admin: Browser) -> None:
    """CVE-2019-19025: the registry's own API has no token for pages, so it does not know the cookie either."""
    for method, path in (
        ("GET", "/v2/"),
        ("GET", "/v2/_catalog"),
        ("DELETE", "/v2/own/app/manifests/1"),
        ("POST", "/v2/own/app/blobs/uploads/"),
        ("GET", "/service/token"),
    ):
        assert (await ask(harbor, method, path, cookies(admin))).status == 401, path


async def test_nobody_is_signed_in_to_an_attackers_account(harbor: Harbor) -> None:
    """PROJQUAY-9805: a sign-in needs the token that goes with the browser's own cookie."""
    attacker = Browser(harbor.http)
    await attacker.ask("GET", "/c/log_out")
    form = f"principal=stranger&password={PASSWORD}".encode()
    media_type = {"content-type": "application/x-www-form-urlencoded"}
    victim = Browser(harbor.http)
    await victim.ask("GET", "/c/log_out")
    for headers in ({}, cookies(victim), {**cookies(victim), TOKEN: attacker.token}, {TOKEN: attacker.token}):
        answer = await ask(harbor, "POST", "/c/login", {**media_type, **headers}, form)
        assert answer.status == 403
        assert b"sid=" not in b"".join(value for _, value in answer.headers)


async def test_a_session_that_was_planted_is_none(harbor: Harbor) -> None:
    """PROJQUAY-9836: an id that a browser brings along is not the one of the session that begins."""
    browser = Browser(harbor.http)
    await browser.ask("GET", "/c/log_out")
    planted = "A" * 43
    headers = {**cookies(browser, sid=planted), TOKEN: browser.token}
    headers["content-type"] = "application/x-www-form-urlencoded"
    answer = await ask(harbor, "POST", "/c/login", headers, f"principal=owner&password={PASSWORD}".encode())
    assert answer.status == 200
    (cookie,) = [value for name, value in answer.headers if name == b"set-cookie" and value.startswith(b"sid=")]
    assert planted.encode() not in cookie
    assert {b"HttpOnly", b"SameSite=Lax"} <= {part.strip() for part in cookie.split(b";")}
    assert (await ask(harbor, "GET", f"{API}/users/current", {"cookie": f"sid={planted}"})).status == 401


@pytest.mark.parametrize("target", [EVIL, "//evil.example", "/\\evil.example", "javascript:alert(1)", "%2f%2fevil"])
async def test_nobody_is_sent_elsewhere_after_signing_in(harbor: Harbor, target: str) -> None:
    """CVE-2024-22244: no parameter says where a browser goes next."""
    names = ("redirect_url", "redirect", "redirect_uri", "next", "url", "return_to", "continue")
    query = "&".join(f"{name}={target}" for name in names)
    browser = Browser(harbor.http)
    for path in ("/", "/c/log_out", f"{API}/users/current", "/c/login", "/c/oidc/login", "/service/token", "/v2/"):
        answer = await ask(harbor, "GET", f"{path}?{query}")
        told = dict(answer.headers)
        assert not 300 <= answer.status < 400, path
        assert b"location" not in told
        assert b"refresh" not in told
    await browser.ask("GET", "/c/log_out")
    signed_in = await browser.ask("POST", f"/c/login?{query}", data={"principal": "owner", "password": PASSWORD})
    assert (signed_in.status_code, "location" in signed_in.headers) == (200, False)
