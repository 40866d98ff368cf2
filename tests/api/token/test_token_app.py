"""The token endpoint, as a client meets it."""

import base64
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from contracts.access_house import ADDRESS, PASSWORD, House, basic
from entrepot.access.local import shell_grant
from entrepot.api.token.app import TokenApp
from entrepot.model.errors import DatabaseFailed
from entrepot.model.project import Action
from entrepot.model.reference import RepositoryName

# What is tested here is the same on every database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Answer:
    """What came back."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        start, body = messages
        self.status = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        assert len(self.headers) == len(start["headers"])
        self.json = json.loads(body["body"])
        assert self.headers["content-length"] == str(len(body["body"]))


async def ask(
    house: House,
    query: str | bytes | list[tuple[str, str]] = b"",
    *authorization: str,
    method: str = "GET",
    path: str = "/service/token",
    client: tuple[str, int] | None = (ADDRESS, 1),
) -> Answer:
    if isinstance(query, list):
        query = urlencode(query)
    messages: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    async def receive() -> dict[str, Any]:
        raise AssertionError("no body is read")

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode("latin-1") if isinstance(query, str) else query,
        "headers": [(b"host", b"registry.example"), *((b"authorization", v.encode("latin-1")) for v in authorization)],
        "client": client,
    }
    await TokenApp(house.gate, house.tokens, house.keys)(scope, receive, send)
    return Answer(messages)


def _claims(answer: Answer) -> dict[str, Any]:
    payload = answer.json["token"].split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims


def _access(answer: Answer) -> dict[tuple[str, str], set[str]]:
    return {(entry["type"], entry["name"]): set(entry["actions"]) for entry in _claims(answer)["access"]}


async def test_docker_login(house: House) -> None:
    query = [("account", "maker"), ("client_id", "docker"), ("offline_token", "true"), ("service", "entrepot")]
    answer = await ask(house, query, basic("maker"))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json) == {"token", "access_token", "expires_in", "issued_at"}
    assert answer.json["token"] == answer.json["access_token"]
    assert answer.json["expires_in"] == 1800
    assert len(answer.json["issued_at"]) == 20
    assert answer.json["issued_at"].endswith("Z")
    assert _access(answer) == {}
    identity = await house.gate.identify("Bearer " + answer.json["token"], ADDRESS)
    assert identity.principal.name == "maker"


async def test_docker_push_and_the_grant_that_follows(house: House) -> None:
    answer = await ask(house, [("scope", "repository:own/app:pull,push")], basic("maker"))
    assert _access(answer) == {("repository", "own/app"): {"pull", "push"}}
    identity = await house.gate.identify("Bearer " + answer.json["token"], ADDRESS)
    grant = await house.gate.repository(identity, RepositoryName.parse("own/app"), Action.PUSH)
    assert grant.actions == {Action.PULL, Action.PUSH}


@pytest.mark.parametrize(
    "query",
    [
        "scope=repository:own/app:pull,push&scope=repository:public/base:pull",
        "scope=repository:own/app:pull,push+repository:public/base:pull",
        "scope=repository:own/app:pull,push%20%20repository:public/base:pull",
        "scope="
        + quote("repository:own/app:pull repository:own/app:push", safe="")
        + "&scope=repository:public/base:pull",
    ],
)
async def test_scopes_for_a_mount_come_in_any_form(house: House, query: str) -> None:
    answer = await ask(house, query, basic("maker"))
    assert _access(answer) == {("repository", "own/app"): {"pull", "push"}, ("repository", "public/base"): {"pull"}}


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("owner", {"pull", "push", "delete"}),
        ("keeper", {"pull", "push", "delete"}),
        ("maker", {"pull", "push"}),
        ("visitor", {"pull"}),
        ("peeker", {"pull"}),
        ("stranger", set()),
        ("admin", {"pull", "push", "delete"}),
        (None, set()),
    ],
)
@pytest.mark.parametrize("asked", ["pull", "pull,push", "delete", "*", "pull,push,delete", "push,nonsense"])
async def test_the_scope_is_what_is_asked_for_and_allowed(
    house: House, who: str | None, allowed: set[str], asked: str
) -> None:
    wanted = {"pull", "push", "delete"} if asked == "*" else set(asked.split(","))
    answer = await ask(house, [("scope", f"repository:own/app:{asked}")], *([basic(who)] if who else []))
    assert answer.status == 200
    assert _access(answer) == ({("repository", "own/app"): allowed & wanted} if allowed & wanted else {})


async def test_private_and_absent_are_told_alike(house: House) -> None:
    for who in ([], [basic("stranger")]):
        private = await ask(house, "scope=repository:own/app:pull,push", *who)
        absent = await ask(house, "scope=repository:absent/app:pull,push", *who)
        assert (private.status, _access(private)) == (absent.status, _access(absent)) == (200, {})


async def test_an_anonymous_pull_of_what_is_public(house: House) -> None:
    answer = await ask(house, "service=entrepot&scope=repository:public/app:pull,push")
    assert _access(answer) == {("repository", "public/app"): {"pull"}}
    claims = _claims(answer)
    assert (claims["sub"], claims["uid"]) == ("anonymous", None)


@pytest.mark.parametrize("query", ["", "service=entrepot", "scope=", "scope=%20", "account=maker"])
async def test_nobody_asking_for_nothing(house: House, query: str) -> None:
    answer = await ask(house, query)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="entrepot"'
    assert answer.json["errors"][0]["code"] == "UNAUTHORIZED"
    assert answer.headers["cache-control"] == "no-store"


async def test_the_catalog(house: House) -> None:
    answer = await ask(house, "scope=registry:catalog:*", basic("maker"))
    assert _access(answer) == {("registry", "catalog"): {"*"}}
    identity = await house.gate.identify("Bearer " + answer.json["token"], ADDRESS)
    assert not (await house.gate.catalog(identity)).everything
    assert _access(await ask(house, "scope=registry:catalog:*")) == {}
    assert _access(await ask(house, "scope=registry:catalog:pull", basic("maker"))) == {}


@pytest.mark.parametrize(
    "scope",
    [
        "repository",
        "repository:",
        "repository::",
        "repository::pull",
        "repository:own/app",
        "repository:own/app:",
        "repository:own/app:administer",
        "repository:own/app:PULL",
        "repository:own:pull",
        "repository:OWN/app:pull",
        "repository:own//app:pull",
        "repository:own/../own/app:pull",
        "repository:registry.example:5000/own/app:pull",
        "repository(plugin):own/app:pull",
        "Repository:own/app:pull",
        "repository:own/app\0:pull",
        "repository:" + "a/" * 200 + "b:pull",
        "registry:other:*",
        "artifact:own/app:pull",
        ":::::",
        "\u2603",
    ],
)
async def test_scopes_that_mean_nothing_are_left_out(house: House, scope: str) -> None:
    alone = await ask(house, [("scope", scope)], basic("owner"))
    assert (alone.status, _access(alone)) == (200, {})
    beside = await ask(house, [("scope", scope), ("scope", "repository:own/app:pull")], basic("owner"))
    assert _access(beside) == {("repository", "own/app"): {"pull"}}


@pytest.mark.parametrize(
    "query",
    [
        b"scope=%ff",
        b"scope=\xff",
        b"scope=" + b"a" * 9000,
        b"&".join([b"a=b"] * 300),
        b"&".join([b"scope=repository:a/b:pull"] * 101),
        b"scope=" + b"+".join([b"repository:a/b:pull"] * 101),
    ],
)
async def test_a_query_that_is_refused(house: House, query: bytes) -> None:
    answer = await ask(house, query, basic("maker"))
    assert answer.status == 400
    assert len(answer.json["errors"][0]["message"]) > 10


@pytest.mark.parametrize("query", [b"%", b"%zz=%", b"=", b"&&&", b"scope", b";", b"scope=a;scope=b", b"+", b"a=b=c"])
async def test_odd_queries_are_no_failure(house: House, query: bytes) -> None:
    assert (await ask(house, query, basic("maker"))).status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        basic("maker", "wrong"),
        basic("nobody-at-all"),
        basic("maker", ""),
        basic("", ""),
        basic("with space"),
        "Basic",
        "Basic !",
        "Basic \u00ff",
        "Basic " + "A" * 50_000,
        "Negotiate abc",
        "",
        "Bearer abc",
    ],
)
async def test_wrong_credentials(house: House, authorization: str) -> None:
    answer = await ask(house, "scope=repository:public/app:pull", authorization)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="entrepot"'
    assert answer.json["errors"][0]["code"] == "UNAUTHORIZED"
    assert PASSWORD not in json.dumps(answer.json)


async def test_a_token_gets_no_other_token(house: House) -> None:
    token = (await ask(house, "", basic("owner"))).json["token"]
    assert (await ask(house, "scope=repository:own/app:*", f"Bearer {token}")).status == 401


async def test_two_authorization_headers(house: House) -> None:
    assert (await ask(house, "", basic("maker"), basic("owner"))).status == 400


async def test_too_many_failures(house: House) -> None:
    for number in range(5):
        assert (await ask(house, "", basic("maker", f"wrong-{number}"))).status == 401
    answer = await ask(house, "", basic("maker", "wrong-6"))
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json["errors"][0]["code"] == "TOOMANYREQUESTS"
    assert (await ask(house, "", basic("maker"), client=("203.0.113.9", 1))).status == 200


async def test_a_connection_without_an_address(house: House) -> None:
    assert (await ask(house, "", basic("maker"), client=None)).status == 200


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get"])
@pytest.mark.parametrize("path", ["/service/token", "/service/jwks.json"])
async def test_only_get(house: House, method: str, path: str) -> None:
    answer = await ask(house, "grant_type=password", basic("maker"), method=method, path=path)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json["errors"][0]["code"] == "UNSUPPORTED"


@pytest.mark.parametrize("path", ["/service/token/", "/service//token", "/service", "/service/Token", "/service/jwks"])
async def test_other_paths(house: House, path: str) -> None:
    assert (await ask(house, "", basic("maker"), path=path)).status == 404


async def test_the_published_keys(house: House) -> None:
    answer = await ask(house, path="/service/jwks.json")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert "max-age" in answer.headers["cache-control"]
    (key,) = answer.json["keys"]
    assert "d" not in key
    assert key["kid"] == (await house.keys.signing()).id


async def test_rights_lost_are_gone_from_the_next_token(house: House) -> None:
    query = "scope=repository:own/app:pull,push"
    assert _access(await ask(house, query, basic("maker")))
    await house.projects.remove_member(shell_grant(), "own", "maker")
    assert _access(await ask(house, query, basic("maker"))) == {}
    await house.people.delete_user(shell_grant(), "maker")
    assert (await ask(house, query, basic("maker"))).status == 401


async def test_a_database_that_fails_is_told_as_such(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(question: object) -> None:
        raise DatabaseFailed("the database failed; try again later")

    monkeypatch.setattr(house.db, "read", failing)
    answer = await ask(house, "scope=repository:own/app:pull", basic("maker"))
    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"
