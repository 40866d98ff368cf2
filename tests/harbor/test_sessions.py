"""Signing in and out as pages do, and what a session may."""

import pytest
from house import API, Harbor
from session_client import TOKEN, Browser

from contracts.access_house import PASSWORD


@pytest.fixture
def browser(harbor: Harbor) -> Browser:
    return Browser(harbor.http)


async def test_a_session_acts_for_its_user_until_it_is_ended(browser: Browser) -> None:
    assert (await browser.sign_in("owner")).status_code == 200
    assert (await browser.ask("GET", f"{API}/users/current")).json()["username"] == "owner"
    sid = browser.cookies["sid"]
    assert (await browser.ask("GET", "/c/log_out")).status_code == 200
    browser.cookies["sid"] = sid
    assert (await browser.ask("GET", f"{API}/users/current")).status_code == 401


async def test_a_session_is_another_after_each_sign_in(browser: Browser) -> None:
    await browser.sign_in("owner")
    first = browser.cookies["sid"]
    # As a page would that signs somebody in without signing the one before out.
    again = await browser.ask("POST", "/c/login", data={"principal": "owner", "password": PASSWORD})
    assert again.status_code == 200
    assert browser.cookies["sid"] != first
    browser.cookies["sid"] = first
    assert (await browser.ask("GET", f"{API}/users/current")).status_code == 401


async def test_a_change_needs_the_token_of_the_session(browser: Browser) -> None:
    await browser.sign_in("owner")
    body = {"email": "owner@example.com", "realname": "Owner"}
    me = (await browser.ask("GET", f"{API}/users/current")).json()["user_id"]
    bare = await browser.ask("PUT", f"{API}/users/{me}", guarded=False, json=body)
    assert bare.status_code == 403
    assert bare.headers[TOKEN]
    assert (await browser.ask("PUT", f"{API}/users/{me}", json=body)).status_code == 200
    browser.token = "0" * 64
    assert (await browser.ask("PUT", f"{API}/users/{me}", json=body)).status_code == 403


async def test_the_token_of_the_sign_in_itself_is_the_new_sessions(browser: Browser) -> None:
    await browser.sign_in("owner")
    answer = await browser.ask("POST", f"{API}/projects", json={"project_name": "fresh"})
    assert answer.status_code == 201


async def test_signing_in_needs_a_token_too(harbor: Harbor) -> None:
    answer = await harbor()("POST", "/c/login", data={"principal": "owner", "password": PASSWORD})
    assert answer.status_code == 403
    assert "sid" not in answer.cookies


@pytest.mark.parametrize(
    ("name", "password"), [("owner", "Wrong-Horse-7"), ("nobody", PASSWORD), ("", ""), ("a:b", "x")]
)
async def test_wrong_credentials_begin_no_session(browser: Browser, name: str, password: str) -> None:
    answer = await browser.sign_in(name, password)
    assert answer.status_code == 401
    assert "sid" not in browser.cookies


async def test_the_cookies_are_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    answer = await browser.sign_in("owner")
    cookies = answer.headers.get_list("set-cookie")
    assert all("HttpOnly" in cookie and "SameSite=" in cookie and "Path=/" in cookie for cookie in cookies)


async def test_wrong_basic_credentials_do_not_fall_back_to_a_session(browser: Browser, harbor: Harbor) -> None:
    await browser.sign_in("owner")
    answer = await harbor("owner", "Wrong-Horse-7")(
        "GET", "/users/current", headers={"Cookie": f"sid={browser.cookies['sid']}"}
    )
    assert answer.status_code == 401


async def test_a_changed_password_ends_the_sessions(browser: Browser, harbor: Harbor) -> None:
    await browser.sign_in("owner")
    owner = harbor("owner")
    me = (await owner.get("/users/current"))["user_id"]
    body = {"old_password": PASSWORD, "new_password": "Better-Horse-8"}
    assert (await owner("PUT", f"/users/{me}/password", body)).status_code == 200
    assert (await browser.ask("GET", f"{API}/users/current")).status_code == 401


async def test_people_register_themselves_on_the_pages_if_that_is_allowed(browser: Browser, harbor: Harbor) -> None:
    body = {"username": "fresh", "password": "Fresh-Horse-9", "email": "fresh@example.com", "realname": "Fresh"}
    await browser.ask("GET", "/c/log_out")
    assert (await browser.ask("POST", f"{API}/users", json=body)).status_code == 401
    await harbor("admin")("PUT", "/configurations", {"self_registration": True})
    assert (await harbor()("POST", "/users", body)).status_code == 401, "not by a page"
    asked = await browser.ask("POST", "/c/userExists", data={"target": "username", "value": "fresh"})
    assert asked.json() is False
    assert (await browser.ask("POST", f"{API}/users", json=body)).status_code == 201
    asked = await browser.ask("POST", "/c/userExists", data={"target": "email", "value": "fresh@example.com"})
    assert asked.json() is True
    assert (await browser.sign_in("fresh", "Fresh-Horse-9")).status_code == 200


async def test_who_exists_is_not_told_to_strangers(browser: Browser) -> None:
    await browser.sign_in("owner")
    answer = await browser.ask("POST", "/c/userExists", data={"target": "username", "value": "admin"})
    assert answer.status_code == 412


async def test_the_version_of_the_api(harbor: Harbor) -> None:
    assert (await harbor()("GET", "/api/version")).json() == {"version": "v2.0"}
