"""What one process changes, every other obeys at its next request: two workers on SQLite, two nodes on PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from entrepot.model.manifest import OCI_MANIFEST

from .nodes import PASSWORD, PLAIN, Node, image_of, push_image

LOOKS = 10
"""New connections after each change: so many that each of two workers gets some."""
MANIFEST = "/v2/shop/app/manifests/1"


@dataclass
class Shop:
    """A private project, `shop`, with an image, and people who are asked about."""

    changed: Node
    asked: Node
    admin: httpx.Client
    project: int = 0
    people: dict[str, int] = field(default_factory=dict)

    def set_up(self) -> None:
        """Makes all of it."""
        made = self.send("POST", "/projects", {"project_name": "shop", "metadata": {"public": "false"}})
        self.project = int(made.headers["location"].rpartition("/")[2])
        for name in ("anna", "bert"):
            person = {"username": name, "email": f"{name}@example.com", "realname": name, "password": PASSWORD}
            self.people[name] = int(self.send("POST", "/users", person).headers["location"].rpartition("/")[2])
        push_image(self.admin, "shop/app", "1", b"a layer")

    def send(self, method: str, path: str, json: Any = None) -> httpx.Response:
        """The answer to the administrator, which must be a success, from the node where things are changed."""
        return self.admin.request(method, f"/api/v2.0{path}", json=json).raise_for_status()

    def statuses(self, method: str, path: str, **how: Any) -> set[int]:
        """What the other node, or each worker, answers, each time on a connection of its own."""
        return {
            httpx.request(
                method, f"{self.asked.url}{path}", timeout=30, trust_env=False, verify=PLAIN, **how
            ).status_code
            for _ in range(LOOKS)
        }

    def give_role(self, name: str, role: int) -> str:
        """The path of the role that somebody has in the project now."""
        body = {"role_id": role, "member_user": {"user_id": self.people[name]}}
        made = self.send("POST", f"/projects/{self.project}/members", body)
        return made.headers["location"].removeprefix("/api/v2.0")


@pytest.fixture(scope="module", params=["workers", "nodes"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with ExitStack() as stack:

        def start(name: str, **settings: str) -> Node:
            node = Node(tmp_path_factory.mktemp(name), **settings)
            stack.callback(node.kill)
            return node.start()

        if request.param == "workers":
            changed = asked = start("both", workers="2")
        else:
            server, store = request.getfixturevalue("postgresql_server"), request.getfixturevalue("object_store")
            name = server.create(migrated=False)
            shared = {"database": server.url(name), "storage": f"s3://objects/{name}?{store}"}
            changed, asked = start("one", **shared), start("two", **shared)
        made = Shop(changed, asked, stack.enter_context(changed.client()))
        made.set_up()
        yield made


ANNA = {"auth": ("anna", PASSWORD)}
BERT = {"auth": ("bert", PASSWORD)}


def test_a_role(shop: Shop) -> None:
    assert shop.statuses("GET", MANIFEST, **ANNA) == {403}
    role = shop.give_role("anna", 3)
    assert shop.statuses("GET", MANIFEST, **ANNA) == {200}
    scope = {"service": "harbor-registry", "scope": "repository:shop/app:pull,push"}
    token = httpx.get(f"{shop.asked.url}/service/token", params=scope, **ANNA).json()["token"]
    bearer = {"headers": {"authorization": f"Bearer {token}"}}
    assert shop.statuses("GET", MANIFEST, **bearer) == {200}
    assert shop.statuses("POST", "/v2/shop/app/blobs/uploads/", **ANNA) == {403}
    shop.send("PUT", role, {"role_id": 2})
    assert shop.statuses("POST", "/v2/shop/app/blobs/uploads/", **ANNA) == {202}
    shop.send("DELETE", role)
    assert shop.statuses("GET", MANIFEST, **ANNA) == {403}
    assert shop.statuses("GET", MANIFEST, **bearer) == {403}
    assert shop.statuses("GET", f"/api/v2.0/projects/{shop.project}", **ANNA) == {403}


def test_a_project_that_becomes_private(shop: Shop) -> None:
    shop.send("PUT", f"/projects/{shop.project}", {"metadata": {"public": "true"}})
    assert shop.statuses("GET", "/api/v2.0/projects/shop/repositories") == {200}
    shop.send("PUT", f"/projects/{shop.project}", {"metadata": {"public": "false"}})
    assert shop.statuses("GET", "/api/v2.0/projects/shop/repositories") == {401}


def test_an_administrator_and_an_account(shop: Shop) -> None:
    assert shop.statuses("GET", "/api/v2.0/users", **BERT) == {403}
    shop.send("PUT", f"/users/{shop.people['bert']}/sysadmin", {"sysadmin_flag": True})
    assert shop.statuses("GET", "/api/v2.0/users", **BERT) == {200}
    shop.send("PUT", f"/users/{shop.people['bert']}/sysadmin", {"sysadmin_flag": False})
    assert shop.statuses("GET", "/api/v2.0/users", **BERT) == {403}
    shop.send("PUT", f"/users/{shop.people['bert']}/password", {"new_password": "Another-Horse-7"})
    assert shop.statuses("GET", "/api/v2.0/users/current", auth=("bert", "Another-Horse-7")) == {200}
    shop.send("DELETE", f"/users/{shop.people['bert']}")
    assert shop.statuses("GET", "/api/v2.0/users/current", auth=("bert", "Another-Horse-7")) <= {401, 429}


def test_a_robot(shop: Shop) -> None:
    access = [{"resource": "repository", "action": "pull"}]
    body = {
        "name": "ci",
        "level": "project",
        "duration": -1,
        "permissions": [{"kind": "project", "namespace": "shop", "access": access}],
    }
    made = shop.send("POST", "/robots", body).json()
    robot = {"auth": (made["name"], made["secret"])}
    assert shop.statuses("GET", MANIFEST, **robot) == {200}
    whole = shop.send("GET", f"/robots/{made['id']}").json()
    shop.send("PUT", f"/robots/{made['id']}", whole | {"disable": True})
    assert shop.statuses("GET", MANIFEST, **robot) <= {401, 429}


def test_read_only(shop: Shop) -> None:
    shop.send("PUT", "/configurations", {"read_only": True})
    admin = {"auth": ("admin", PASSWORD)}
    assert shop.statuses("POST", "/v2/shop/app/blobs/uploads/", **admin) == {403}
    shop.send("PUT", "/configurations", {"read_only": False})
    assert shop.statuses("POST", "/v2/shop/app/blobs/uploads/", **admin) == {202}


def test_an_immutable_tag(shop: Shop) -> None:
    """A rule counts in every process at once; of pushes of a new tag to all of them together one is done."""
    rule = {
        "tag_selectors": [{"kind": "doublestar", "decoration": "matches", "pattern": "v*"}],
        "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]},
    }
    admin = {"auth": ("admin", PASSWORD), "headers": {"content-type": OCI_MANIFEST}}
    bodies = [image_of(b"release %d" % number) for number in range(6)]
    for number in range(6):
        push_image(shop.admin, "shop/app", f"spare-{number}", b"release %d" % number)
    shop.send("POST", f"/projects/{shop.project}/immutabletagrules", rule)
    for name in ("v1", "v2", "v3"):

        def push(number: int, name: str = name) -> int:
            node = (shop.changed, shop.asked)[number % 2]
            url = f"{node.url}/v2/shop/app/manifests/{name}"
            return httpx.put(
                url, content=bodies[number], timeout=30, trust_env=False, verify=PLAIN, **admin
            ).status_code

        with ThreadPoolExecutor(len(bodies)) as threads:
            assert sorted(threads.map(push, range(len(bodies)))) == [201, *[412] * 5]
        assert shop.statuses("DELETE", f"/v2/shop/app/manifests/{name}", **admin) == {412}
