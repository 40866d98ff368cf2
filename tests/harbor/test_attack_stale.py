"""A right that was taken away: gone at the next request, whatever was remembered of it, and in every process.

Holes of other registries that these are: CVE-2025-23208, where leaving a group was not noticed.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from house import API, Client, Harbor
from pushing import push_image
from session_client import TOKEN, Browser

from contracts.access_house import CHEAP, PASSWORD, basic
from entrepot.access.gate import Gate
from entrepot.access.keys import Keys
from entrepot.access.local import shell_grant
from entrepot.access.passwords import Passwords
from entrepot.access.tokens import Tokens
from entrepot.app import route
from entrepot.db.open import open_database
from entrepot.registry.people import People
from entrepot.registry.projects import Projects

MANIFEST = "/v2/own/app/manifests/1"
Undo = Callable[[Harbor], Awaitable[Any]]


@pytest.fixture
async def second(harbor: Harbor, database_url: str, tmp_path: Any) -> AsyncIterator[Harbor]:
    """The same registry as another process serves it: with connections and memories of its own."""
    db = open_database(database_url, tmp_path)
    passwords, keys = Passwords(CHEAP), Keys(db)
    tokens = Tokens(keys)
    whole = replace(
        harbor.whole,
        db=db,
        passwords=passwords,
        keys=keys,
        tokens=tokens,
        gate=Gate(db, passwords, tokens),
        people=People(db, passwords),
        projects=Projects(db),
    )
    application = route(whole, {})
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as http:
        yield Harbor(whole, http, application)
    await passwords.close()
    await db.close()


async def _token(client: Client) -> str:
    answer = await client("GET", "/service/token?scope=repository:own/app:pull,push,delete")
    return f"Bearer {answer.json()['token']}"


async def _ways_in(harbor: Harbor, name: str, password: str = PASSWORD) -> list[dict[str, str]]:
    """Headers by which somebody is known: password, token, and a session for the management API."""
    browser = Browser(harbor.http)
    await browser.sign_in(name, password)
    session = {"Cookie": "; ".join(f"{key}={value}" for key, value in browser.cookies.items()), TOKEN: browser.token}
    return [
        {"Authorization": basic(name, password)},
        {"Authorization": await _token(harbor(name, password))},
        *([session] if "sid" in browser.cookies else []),
    ]


async def _asked(harbor: Harbor, ways: list[dict[str, str]]) -> list[int]:
    """What each way in gets: from the registry with a header of its own, from the management API with a session."""
    statuses = []
    for headers in ways:
        paths = [f"{API}/projects/own/repositories/app"] if "Cookie" in headers else [MANIFEST]
        for path in paths:
            answer = await harbor.http.get(path, headers={"Accept": "*/*", **headers})
            statuses.append(answer.status_code)
    return statuses


async def _take_role(harbor: Harbor) -> None:
    owner = harbor("owner")
    (member,) = [one for one in await owner.get("/projects/own/members") if one["entity_name"] == "maker"]
    assert (await owner("DELETE", f"/projects/own/members/{member['id']}")).status_code == 200


async def _new_password(harbor: Harbor) -> None:
    me = (await harbor("maker").get("/users/current"))["user_id"]
    body = {"old_password": PASSWORD, "new_password": "Another-Horse-9"}
    assert (await harbor("maker")("PUT", f"/users/{me}/password", body)).status_code == 200


async def _disable(harbor: Harbor) -> None:
    await harbor.whole.people.set_disabled(shell_grant(), "maker", True)


async def _delete(harbor: Harbor) -> None:
    me = (await harbor("maker").get("/users/current"))["user_id"]
    assert (await harbor("admin")("DELETE", f"/users/{me}")).status_code == 200


async def _leave_group(harbor: Harbor) -> None:
    await harbor.whole.db.write(lambda tx: tx.run("DELETE FROM group_members"))


@pytest.mark.parametrize("undo", [_take_role, _new_password, _disable, _delete])
async def test_what_is_taken_is_gone_in_every_process(harbor: Harbor, second: Harbor, undo: Undo) -> None:
    """CVE-2025-23208, by role, password and account."""
    await push_image(harbor("owner"), "own/app", "1")
    ways = [(process, await _ways_in(process, "maker")) for process in (harbor, second)]
    for _, known in ways:
        for process in (harbor, second):
            assert await _asked(process, known) == [200, 200, 200]
    await undo(harbor)
    for _, known in ways:
        for process in (second, harbor):
            assert set(await _asked(process, known)) <= {401, 403}, process is second


async def test_who_leaves_a_group_loses_what_it_gave(harbor: Harbor, second: Harbor) -> None:
    """CVE-2025-23208: the groups of another day do not count, nor does a role that a group has lost."""
    owner = harbor("owner")
    await push_image(owner, "own/app", "1")
    body = {"role_id": 1, "member_group": {"group_name": "crew", "group_type": 3}}
    member = (await owner.post("/projects/own/members", body)).rpartition("/")[2]

    async def join() -> None:
        await harbor.whole.db.write(
            lambda tx: tx.run(
                "INSERT INTO group_members (user_id, group_id)"
                " SELECT u.id, g.id FROM users u, user_groups g WHERE u.name = 'stranger'"
            )
        )

    await join()
    ways = await _ways_in(second, "stranger")
    for process in (harbor, second):
        assert await _asked(process, ways) == [200, 200, 200]
    await _leave_group(harbor)
    for process in (second, harbor):
        assert await _asked(process, ways) == [403, 403, 403]
        assert (await process("stranger")("GET", "/projects/own/members")).status_code == 403
    await join()
    assert await _asked(second, ways) == [200, 200, 200]
    assert (await owner("DELETE", f"/projects/own/members/{member}")).status_code == 200
    for process in (second, harbor):
        assert await _asked(process, ways) == [403, 403, 403]


async def test_a_robot_may_what_it_may_now(harbor: Harbor, second: Harbor) -> None:
    """CVE-2025-23208, by a robot's permissions, secret and self."""
    owner = harbor("owner")
    await push_image(owner, "own/app", "1")
    access = {"pull": [{"resource": "repository", "action": "pull"}], "none": [{"resource": "label", "action": "read"}]}

    def wanted(kind: str, **more: Any) -> dict[str, Any]:
        permission = {"kind": "project", "namespace": "own", "access": access[kind]}
        return {"name": "bot", "level": "project", "duration": -1, "permissions": [permission], **more}

    made = (await owner("POST", "/robots", wanted("pull"))).json()
    path, name, secret = f"/robots/{made['id']}", made["name"], made["secret"]
    ways = await _ways_in(second, name, secret)
    for process in (harbor, second):
        assert await _asked(process, ways) == [200, 200]
    for change, refused in (
        (wanted("none", name=name), [403, 403]),
        (wanted("pull", name=name, disable=True), [401, 401]),
    ):
        assert (await owner("PUT", path, change)).status_code == 200
        for process in (second, harbor):
            assert await _asked(process, ways) == refused
        assert (await owner("PUT", path, wanted("pull", name=name))).status_code == 200
        assert await _asked(second, ways) == [200, 200]
    assert (await owner("PATCH", path, {"secret": "Another-Secret-1"})).status_code == 200
    for process in (second, harbor):
        assert await _asked(process, ways) == [401, 401]
    ways = await _ways_in(second, name, "Another-Secret-1")
    assert (await owner("DELETE", path)).status_code == 200
    for process in (second, harbor):
        assert await _asked(process, ways) == [401, 401]
