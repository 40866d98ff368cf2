"""One's own account: profile, password, secret for clients, sessions; and making one."""

import re

import pytest
from house import Harbor
from reader import Readers

from contracts.access_house import PASSWORD, basic
from entrepot.access.local import shell_grant
from entrepot.registry.configuration import Configuration


async def test_nobody_is_sent_to_sign_in(reader: Readers) -> None:
    answer = await reader().get("/-/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/-/sign-in?next=/-/account")


async def test_the_profile_is_changed(reader: Readers) -> None:
    maker = await reader().sign_in("maker")
    fields = {"email": "maker@example.com", "realname": "<b>M</b>", "comment": "builds"}
    answer = await maker.post("/-/account/profile", fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/-/account")
    page = (await maker.get("/-/account")).text
    assert 'value="maker@example.com"' in page
    assert "&lt;b&gt;M&lt;/b&gt;" in page
    assert "<b>M</b>" not in page
    assert (await maker.post("/-/account/profile", {"email": "not an address"})).status_code == 400


async def test_another_password_signs_other_browsers_out(reader: Readers) -> None:
    here, there = await reader().sign_in("maker"), await reader().sign_in("maker")
    fields = {"old": PASSWORD, "new": "Other-Horse-8", "again": "Other-Horse-8"}
    assert (await here.post("/-/account/password", {**fields, "again": "x"})).status_code == 400
    assert (await here.post("/-/account/password", {**fields, "old": "wrong"})).status_code == 403
    assert (await here.post("/-/account/password", {**fields, "new": "short", "again": "short"})).status_code == 400
    assert (await here.get("/-/account")).status_code == 200
    assert (await here.post("/-/account/password", fields)).status_code == 303
    page = await here.get("/-/account")
    assert "Your password is changed." in page.text
    assert page.text.count("this browser") == 1
    assert (await there.get("/-/account")).status_code == 303
    await reader().sign_in("maker", "Other-Horse-8")


async def test_a_secret_is_shown_once_and_works_for_clients(reader: Readers, harbor: Harbor) -> None:
    maker = await reader().sign_in("maker")
    assert (await maker.post("/-/account/secret", {"password": "wrong"})).status_code == 403
    shown = await maker.post("/-/account/secret", {"password": PASSWORD})
    assert shown.status_code == 200
    found = re.search(r'<code tabindex="0">(\w{24})</code>', shown.text)
    assert found
    assert "docker login registry.test -u maker" in shown.text
    assert (await harbor.http.get("/v2/", headers={"Authorization": basic("maker", found[1])})).status_code == 200
    assert found[1] not in (await maker.get("/-/account")).text


async def test_sessions_are_ended_one_by_one_and_all(reader: Readers) -> None:
    here, there, yonder = [await reader().sign_in("maker") for _ in range(3)]
    page = (await here.get("/-/account")).text
    ids = re.findall(r'name="session" value="([0-9a-f]{64})"', page)
    assert len(ids) == 2
    stranger = await reader().sign_in("stranger")
    assert (await stranger.post("/-/account/sessions/end", {"session": ids[0]})).status_code == 404
    assert (await here.post("/-/account/sessions/end", {"session": ids[0]})).status_code == 303
    left = [one for one in (there, yonder) if (await one.get("/-/account")).status_code == 200]
    assert len(left) == 1
    assert (await here.post("/-/account/sessions/end-all")).status_code == 303
    assert "1 other session is ended." in (await here.get("/-/account")).text
    assert (await left[0].get("/-/account")).status_code == 303
    assert (await stranger.get("/-/account")).status_code == 200


async def test_nobody_registers_where_that_is_off(reader: Readers) -> None:
    assert (await reader().get("/-/register")).status_code == 403


@pytest.fixture
async def _open(harbor: Harbor) -> None:
    await Configuration(harbor.whole.db).change(shell_grant(), {"self_registration": True})


@pytest.mark.usefixtures("_open")
async def test_somebody_registers_and_is_signed_in(reader: Readers) -> None:
    somebody = reader()
    assert (await somebody.get("/-/register")).status_code == 200
    fields = {"name": "fresh", "email": "fresh@example.com", "password": PASSWORD, "again": PASSWORD}
    again = await somebody.post("/-/register", {**fields, "again": "x"})
    assert again.status_code == 400
    assert 'value="fresh@example.com"' in again.text
    taken = await somebody.post("/-/register", {**fields, "name": "maker"})
    assert (taken.status_code, "already" in taken.text) == (409, True)
    assert (await somebody.post("/-/register", {**fields, "name": "a b\0"})).status_code == 400
    assert (await somebody.post("/-/register", fields)).status_code == 303
    assert "Your account fresh is there" in (await somebody.get("/")).text
    assert (await somebody.get("/-/account")).status_code == 200
    assert (await somebody.get("/-/register")).status_code == 403
