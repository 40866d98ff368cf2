"""Two nodes that share PostgreSQL and an object store, and nothing else."""

import os
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from contracts.databases import PostgresqlServer

from .nodes import Node, digest_of, push_image

Start = Callable[..., Node]


@pytest.fixture
def pair(start: Start, postgresql_server: PostgresqlServer, object_store: str) -> tuple[Node, Node]:
    name = postgresql_server.create(migrated=False)
    shared = {
        "database": postgresql_server.url(name),
        "storage": f"s3://objects/{name}?{object_store}",
        "collect_every": "0.2s",
    }
    return start("one", **shared), start("two", **shared)


def test_an_image_pushed_to_one_node_is_pulled_from_the_other_at_once(pair: tuple[Node, Node]) -> None:
    layer = os.urandom(3 << 20)
    with pair[0].client() as one, pair[1].client() as two:
        digest = push_image(one, "library/app", "1", layer)
        answer = two.get("/v2/library/app/manifests/1")
        assert answer.headers["docker-content-digest"] == digest
        assert two.get(f"/v2/library/app/blobs/{digest_of(layer)}").content == layer
        part = two.get(f"/v2/library/app/blobs/{digest_of(layer)}", headers={"range": "bytes=1000000-2000000"})
        assert (part.status_code, part.content) == (206, layer[1000000:2000001])
        assert one.delete(f"/v2/library/app/manifests/{digest}").status_code == 202
        assert two.get("/v2/library/app/manifests/1").status_code == 404


def test_an_upload_begun_on_one_node_ends_on_the_other(pair: tuple[Node, Node]) -> None:
    first, second = os.urandom(1 << 20), os.urandom(100_000)
    with pair[0].client() as one, pair[1].client() as two:
        location = one.post("/v2/library/app/blobs/uploads/").headers["location"]
        answer = one.patch(location, content=first)
        assert answer.headers["range"] == f"0-{len(first) - 1}"
        answer = two.patch(answer.headers["location"], content=second)
        assert answer.status_code == 202, answer.text
        digest = digest_of(first + second)
        for node in (two, one):  # The second is a client that did not get the first answer.
            closed = node.put(answer.headers["location"], params={"digest": digest})
            assert closed.status_code == 201, closed.text
        assert one.get(f"/v2/library/app/blobs/{digest}").content == first + second


def test_a_token_of_one_node_is_good_on_the_other(pair: tuple[Node, Node]) -> None:
    with pair[0].client() as one:
        token = one.get("/service/token", params={"scope": "repository:library/app:pull,push"}).json()["token"]
    answer = httpx.post(f"{pair[1].url}/v2/library/app/blobs/uploads/", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 202


def test_what_was_proven_is_whole(pair: tuple[Node, Node]) -> None:
    with pair[0].client() as one:
        push_image(one, "library/app", "1", b"a layer")
    proven = pair[1].check()
    assert proven.returncode == 0, proven.stdout + proven.stderr


def test_downloads_are_sent_to_the_store_if_so_set(start: Start, object_store: str) -> None:
    layer = os.urandom(200_000)
    node = start(storage=f"s3://objects/redirected?{object_store}", storage_redirect="true", reader_grace="2m")
    with node.client() as client:
        push_image(client, "library/app", "1", layer)
        answer = client.get(f"/v2/library/app/blobs/{digest_of(layer)}")
        assert answer.status_code == 307
        assert "/objects/redirected/" in answer.headers["location"]
        assert parse_qs(urlsplit(answer.headers["location"]).query)["X-Amz-Expires"] == ["120"]
        assert httpx.get(answer.headers["location"]).content == layer
        assert client.head(f"/v2/library/app/blobs/{digest_of(layer)}").status_code == 200
