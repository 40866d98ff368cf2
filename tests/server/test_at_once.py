"""What is answered at once is what would have been answered in the usual way, and as fresh."""

import base64
import hashlib
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from served_registry import PASSWORD, Answer, Served

from contracts.databases import PostgresqlServer
from contracts.disk import folder_on_disk
from entrepot.access.tokens import LEEWAY_SECONDS
from entrepot.model.manifest import OCI_MANIFEST
from entrepot.registry import readings

ADMIN = ("admin", PASSWORD)
SMALL, LARGE = b"small" * 100, bytes(200_000)
_DATE = re.compile(rb"date: [^\r]*\r\n")


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def manifest_of(*layers: bytes) -> bytes:
    described = [{"mediaType": "x/y", "digest": digest_of(one), "size": len(one)} for one in layers]
    return json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described[0], "layers": described}
    ).encode()


class Shop:
    """A registry with a public and a private repository, changed through one server and read through another."""

    def __init__(self, changed: Served, read: Served, database: str) -> None:
        self.changed, self.read = changed, read
        self.database = database
        self.admin = httpx.Client(base_url=f"http://127.0.0.1:{changed.port}", auth=ADMIN, trust_env=False, timeout=30)
        for name, public in (("open", "true"), ("shut", "false")):
            self.send("POST", "/api/v2.0/projects", json={"project_name": name, "metadata": {"public": public}})
            self.push(f"{name}/app", "1", SMALL)
            self.push(f"{name}/app", "large", LARGE)
        person = {"username": "anna", "email": "a@example.com", "realname": "a", "password": PASSWORD}
        made = self.send("POST", "/api/v2.0/users", json=person)
        self.anna = int(made.headers["location"].rpartition("/")[2])
        self.join()
        self.tokens = {
            "admin": self.token(ADMIN),
            "anna": self.token(("anna", PASSWORD)),
            "narrow": self.token(ADMIN, "repository:open/app:pull"),
        }

    def send(self, method: str, path: str, **how: object) -> httpx.Response:
        return self.admin.request(method, path, **how).raise_for_status()  # type: ignore[arg-type]

    def push(self, name: str, tag: str, *layers: bytes) -> None:
        for layer in layers:
            self.send("POST", f"/v2/{name}/blobs/uploads/?digest={digest_of(layer)}", content=layer)
        headers = {"content-type": OCI_MANIFEST}
        self.send("PUT", f"/v2/{name}/manifests/{tag}", content=manifest_of(*layers), headers=headers)

    def join(self) -> None:
        members = self.send("GET", "/api/v2.0/projects/shut/members?entityname=anna").json()
        if not members:
            member = {"role_id": 3, "member_user": {"user_id": self.anna}}
            self.send("POST", "/api/v2.0/projects/shut/members", json=member)

    def leave(self) -> None:
        for member in self.send("GET", "/api/v2.0/projects/shut/members?entityname=anna").json():
            if member["entity_name"] == "anna":
                self.send("DELETE", f"/api/v2.0/projects/shut/members/{member['id']}")

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """What the database itself answers."""
        connect = sqlite3.connect if self.database.startswith("sqlite") else psycopg.connect
        with closing(connect(self.database.removeprefix("sqlite:///"))) as database, database:  # type: ignore[operator]
            found = database.execute(statement)
            return found.fetchall() if found.description else []

    def token(self, who: tuple[str, str], *scopes: str) -> bytes:
        asked = scopes or ("repository:open/app:pull,push", "repository:shut/app:pull,push")
        address = f"http://127.0.0.1:{self.changed.port}/service/token?service=harbor-registry"
        address += "".join(f"&scope={quote(scope)}" for scope in asked)
        return b"Bearer " + httpx.get(address, auth=who, trust_env=False).json()["token"].encode()

    def ask(self, request: bytes, *, quickly: bool) -> Answer:
        """The answer, its date left out, from the server that is read."""
        self.read.quickly = quickly
        with self.read.connect() as client:
            client.send(request)
            answer = client.answer(bodiless=request.startswith(b"HEAD"))
        answer.head = _DATE.sub(b"", answer.head)
        return answer

    def compare(self, request: bytes) -> tuple[Answer, bool]:
        """The answer, the same in both ways; and whether it was given at once."""
        usual = self.ask(request, quickly=False)
        before = len(self.read.glimpsed)
        for _ in range(2):  # The first of them is made, the second may be one that was remembered.
            quick = self.ask(request, quickly=True)
            assert (quick.head, quick.body) == (usual.head, usual.body)
        return usual, len(self.read.glimpsed) == before + 2

    def at_once(self, request: bytes) -> Answer:
        """The answer to a request that is answered at once.

        What was remembered is forgotten whenever anything is committed, such as pulls that are counted: then the
        usual way answers, and it is asked once more.
        """
        for _ in range(5):
            answer, at_once = self.compare(request)
            if at_once:
                return answer
        pytest.fail(f"Never answered at once: {request!r}")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    with ExitStack() as stack:
        data = stack.enter_context(folder_on_disk())
        url = f"sqlite:///{data / 'entrepot.db'}"
        if request.param == "postgresql":
            server: PostgresqlServer = request.getfixturevalue("postgresql_server")
            name = server.create(migrated=False)
            stack.callback(server.drop, name)
            url = server.url(name)
        servers = []
        for _ in range(2):
            servers.append(Served(data, by_threads=True, database=url))
            stack.callback(servers[-1].stop)
        made = Shop(*servers, url)
        stack.callback(made.admin.close)
        yield made


def request_of(method: str, target: str, *headers: bytes) -> bytes:
    lines = [f"{method} {target} HTTP/1.1".encode(), b"Host: x", b"X-Request-Id: one", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


REFERENCES = ("1", "large", "none", "-bad", digest_of(manifest_of(SMALL)), digest_of(b"nothing"), "sha256:0")
TARGETS = (
    *(f"/v2/{name}/app/manifests/{last}" for name in ("open", "shut", "none") for last in REFERENCES),
    *(f"/v2/{name}/app/blobs/{digest_of(each)}" for name in ("open", "shut") for each in (SMALL, LARGE, b"none")),
    f"/v2/open/app/blobs/{digest_of(SMALL).replace(':', '%3A')}",
    "/v2/open/app/manifests/1?ns=docker.io",
    "/v2/open/app/manifests/1/",
    "/v2//open/app/manifests/1",
    "/v2/open/app/tags/list",
    "/v2/",
    "http://x/v2/open/app/manifests/1",
)
SOME = {
    b"If-None-Match": (b"*", b'"%b"' % digest_of(SMALL).encode(), b'"%b"' % digest_of(manifest_of(SMALL)).encode()),
    b"Range": (b"bytes=0-9", b"bytes=9999999-", b"lines=1-2"),
    b"If-Range": (b'"x"', b'"%b"' % digest_of(SMALL).encode()),
    b"Accept": (b"*/*", OCI_MANIFEST.encode(), b"text/html"),
    b"User-Agent": (b"docker/27", b"harbor-registry-client", b"\xff"),
    b"Connection": (b"keep-alive", b"upgrade"),
    b"Upgrade": (b"h2c",),
    b"Content-Length": (b"0",),
    b"Expect": (b"100-continue",),
    b"X-Forwarded-For": (b"10.0.0.1",),
    b"Accept-Encoding": (b"gzip, br",),
    b"X-Request-Id": (b"two", b"not sane!"),
}
FIELDS = st.lists(
    st.sampled_from([b"%b: %b" % (name, value) for name, values in SOME.items() for value in values]), max_size=3
)
WHO = ("nobody", "admin", "anna", "narrow", "basic", "forged", "odd", "twice")


@pytest.mark.parametrize("examples", [60, pytest.param(300, marks=pytest.mark.slow)])
def test_both_ways_give_the_same_bytes(shop: Shop, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.sampled_from(["GET", "HEAD"]), st.sampled_from(TARGETS), st.sampled_from(WHO), FIELDS)
    def same(method: str, target: str, who: str, more: list[bytes]) -> None:
        both_ways(shop, method, target, who, more)

    same()


def both_ways(shop: Shop, method: str, target: str, who: str, more: list[bytes]) -> None:
    admin = shop.tokens["admin"]
    proof = {
        "nobody": [],
        "basic": [b"Authorization: Basic " + base64.b64encode(f"admin:{PASSWORD}".encode())],
        "forged": [b"Authorization: " + admin[:-4] + b"AAAA"],
        "odd": [b"authorization:  bEARER  " + admin[7:] + b" "],
        "twice": [b"Authorization: " + admin, b"Authorization: " + shop.tokens["narrow"]],
    }.get(who) or ([] if who == "nobody" else [b"Authorization: " + shop.tokens[who]])
    request = request_of(method, target, *proof, *more)
    if any(field.startswith(b"X-Request-Id: not") for field in more):
        return  # Each answer has an id of its own then.
    shop.compare(request)


@pytest.mark.parametrize("target", [TARGETS[0], TARGETS[7], f"/v2/shut/app/blobs/{digest_of(SMALL)}"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_plain_is_answered_at_once(shop: Shop, method: str, target: str) -> None:
    bearer = b"Authorization: " + shop.tokens["anna"]
    answer = shop.at_once(request_of(method, target, bearer, b"User-Agent: docker/27"))
    assert answer.status == 200
    seen = shop.read.glimpsed[-1]
    assert (seen.method, seen.path, seen.principal, seen.client) == (method, target, "anna", "127.0.0.1")
    assert (seen.request_id, seen.user_agent, seen.bytes_out) == (b"one", b"docker/27", len(answer.body))


def test_a_large_blob_is_not(shop: Shop) -> None:
    target = f"/v2/open/app/blobs/{digest_of(LARGE)}"
    assert shop.compare(request_of("GET", target))[1] is False
    shop.at_once(request_of("HEAD", target))


CHANGES = ("push", "move", "untag", "remove", "leave", "join", "close", "open", "lock", "unlock")


def change(shop: Shop, what: str, number: int) -> None:
    """Does it through the server that is not read, and returns once it was acknowledged."""
    match what:
        case "push" | "move":
            shop.push("shut/app", "1" if what == "move" else f"t{number % 3}", b"content %d" % number)
        case "untag" | "remove":
            tag = shop.admin.head("/v2/shut/app/manifests/1")
            if tag.status_code == 200:
                name = "1" if what == "untag" else tag.headers["docker-content-digest"]
                shop.send("DELETE", f"/v2/shut/app/manifests/{name}")
        case "leave":
            shop.leave()
        case "join":
            shop.join()
        case "close" | "open":
            public = "true" if what == "open" else "false"
            shop.send("PUT", "/api/v2.0/projects/open", json={"metadata": {"public": public}})
        case "lock" | "unlock":
            shop.send("PUT", f"/api/v2.0/users/{shop.anna}/sysadmin", json={"sysadmin_flag": what == "unlock"})


@pytest.mark.parametrize("examples", [5, pytest.param(25, marks=pytest.mark.slow)])
def test_no_answer_is_older_than_an_acknowledged_change(shop: Shop, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=6))
    def fresh(changes: list[str]) -> None:
        never_older(shop, changes)

    fresh()


def never_older(shop: Shop, changes: list[str]) -> None:
    bearer = b"Authorization: " + shop.tokens["anna"]
    asked = [
        request_of(method, target, *proof)
        for proof in ((), (bearer,))
        for method, target in (
            ("GET", "/v2/shut/app/manifests/1"),
            ("HEAD", "/v2/shut/app/manifests/t1"),
            ("GET", f"/v2/shut/app/blobs/{digest_of(SMALL)}"),
            ("GET", "/v2/open/app/manifests/1"),
        )
    ]
    # It ends as it began, for the tests that follow.
    for number, what in enumerate([*changes, "open", "join", "lock"]):
        for request in asked:
            shop.ask(request, quickly=True)
        change(shop, what, number)
        # The quick way first: the other one must not have told it.
        quick = [shop.ask(request, quickly=True) for request in asked]
        usual = [shop.ask(request, quickly=False) for request in asked]
        assert [(one.head, one.body) for one in quick] == [(one.head, one.body) for one in usual]


def test_a_token_that_ends_is_not_good_for_what_was_remembered(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    request = request_of("GET", "/v2/open/app/manifests/1", b"Authorization: " + shop.tokens["narrow"])
    shop.at_once(request)
    later = time.time() + 30 * 60 + LEEWAY_SECONDS + 1
    monkeypatch.setattr("time.time", lambda: later)
    assert shop.ask(request, quickly=True).status == 401


def test_a_pusher_is_told_at_once_only_while_the_lease_is_good(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it is renewed, which the usual way does."""
    request = request_of("HEAD", f"/v2/shut/app/blobs/{digest_of(SMALL)}", b"Authorization: " + shop.tokens["admin"])
    shop.at_once(request)
    half = readings.clock() + 24 * 3600 * 1_000_000 * 365
    monkeypatch.setattr("entrepot.api.oci.at_once.clock", lambda: half)
    monkeypatch.setattr(readings, "clock", lambda: half)
    before = len(shop.read.glimpsed)
    assert shop.ask(request, quickly=True).status == 200
    assert len(shop.read.glimpsed) == before


def test_pulls_are_counted_and_told_alike(shop: Shop) -> None:
    def pulls() -> tuple[int, int]:
        [[counted]] = shop.sql("SELECT pull_count FROM repositories WHERE name = 'open/app'")
        [[told]] = shop.sql("SELECT count(*) FROM events WHERE name = 'artifact:pulled'")
        return counted, told

    shop.sql("INSERT INTO configuration VALUES ('pull_audit_log_disable', 'false', 0)")
    plain = request_of("GET", "/v2/open/app/manifests/1")
    for _ in range(100):  # With the next batch it is known that pulls are to be told.
        if pulls()[1]:
            break
        shop.ask(plain, quickly=True)
        time.sleep(0.2)
    time.sleep(2)
    before = pulls()
    for quickly in (True, False, True):
        shop.ask(plain, quickly=quickly)
        shop.ask(request_of("HEAD", "/v2/open/app/manifests/1"), quickly=quickly)
        shop.ask(request_of("GET", "/v2/open/app/manifests/1", b"User-Agent: harbor-registry-client"), quickly=quickly)
    for _ in range(100):
        if pulls() == (before[0] + 3, before[1] + 3):
            break
        time.sleep(0.1)
    assert pulls() == (before[0] + 3, before[1] + 3)


def test_requests_in_a_row_without_waiting_are_answered_in_order(shop: Shop) -> None:
    shop.read.quickly = True
    one, two = request_of("GET", "/v2/open/app/manifests/1"), request_of("GET", "/v2/open/app/manifests/large")
    with shop.read.connect() as client:
        client.send(one + two + one)
        bodies = [client.answer().body for _ in range(3)]
        assert bodies == [manifest_of(SMALL), manifest_of(LARGE), manifest_of(SMALL)]
        for part in (one[:10], one[10:]):
            client.send(part)
            time.sleep(0.05)
        assert client.answer().body == manifest_of(SMALL)
        client.send(request_of("GET", "/v2/open/app/manifests/1", b"Connection: close"))
        assert client.answer().headers["connection"] == "close"
        assert client.until_closed() == b""


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_who_takes_no_answers_gets_no_more_of_them(shop: Shop) -> None:
    """A client that asks and does not read is not answered into memory without end."""
    shop.read.quickly = True
    with shop.read.connect() as client:
        request = request_of("GET", f"/v2/open/app/blobs/{digest_of(SMALL)}")
        before = len(shop.read.glimpsed)
        client.connection.settimeout(2)
        with suppress(TimeoutError):
            for _ in range(100_000):
                client.send(request)
        time.sleep(1)
        assert len(shop.read.glimpsed) - before < 50_000
