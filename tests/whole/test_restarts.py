"""Nothing acknowledged is lost when the registry ends, however it ends."""

import os
import socket
import time
from collections.abc import Callable

import httpx

from .nodes import PASSWORD, Node, digest_of, push_blob, push_image

Start = Callable[..., Node]


def test_an_upload_goes_on_after_a_restart(start: Start) -> None:
    node = start()
    with node.client() as client:
        answer = client.post("/v2/library/app/blobs/uploads/")
        answer = client.patch(answer.headers["location"], content=b"first half, ")
    assert node.stop() == 0
    node.start()
    with node.client() as client:
        assert client.get(answer.headers["location"]).headers["range"] == "0-11"
        answer = client.patch(answer.headers["location"], content=b"second half", headers={"content-range": "12-22"})
        digest = digest_of(b"first half, second half")
        assert client.put(answer.headers["location"], params={"digest": digest}).status_code == 201
        assert client.get(f"/v2/library/app/blobs/{digest}").content == b"first half, second half"


def test_what_was_acknowledged_is_there_after_kill_9(start: Start) -> None:
    node = start(workers="2")
    layers = [os.urandom(50_000) for _ in range(5)]
    with node.client() as client:
        digest = push_image(client, "library/app", "1", *layers)
        location = client.post("/v2/library/app/blobs/uploads/").headers["location"]
        location = client.patch(location, content=b"acknowledged").headers["location"]
    node.kill()
    node.start()
    with node.client() as client:
        assert client.get("/v2/library/app/manifests/1").headers["docker-content-digest"] == digest
        for layer in layers:
            assert client.get(f"/v2/library/app/blobs/{digest_of(layer)}").content == layer
        assert client.get(location).headers["range"] == "0-11"
    assert node.check().returncode == 0


def test_a_request_cut_by_kill_9_leaves_nothing_behind(start: Start) -> None:
    node = start(upload_expiry="2s", lease="1s", reader_grace="0s", collect_every="0.1s")
    with node.client() as client:
        location = client.post("/v2/library/app/blobs/uploads/").headers["location"]
    with half_sent(node, "PATCH", location, 1 << 20, b"x" * 600_000):
        node.kill()
    node.start()
    deadline = time.monotonic() + 20
    while any(path.is_file() for path in (node.data / "objects").rglob("*")):
        assert time.monotonic() < deadline, "an object stayed"
        time.sleep(0.1)
    assert node.check().returncode == 0


def test_a_cut_chunk_can_be_gone_on_with(start: Start) -> None:
    node = start()
    content = os.urandom(1 << 20)
    with node.client() as client:
        location = client.post("/v2/library/app/blobs/uploads/").headers["location"]
        for cut in (0, 2, 65_536, 700_001):
            client.delete(location)
            location = client.post("/v2/library/app/blobs/uploads/").headers["location"]
            half_sent(node, "PATCH", location, len(content), content[:cut]).close()
            held = held_by(client, location, cut)
            assert held == cut
            answer = client.patch(
                location, content=content[held:], headers={"content-range": f"{held}-{len(content) - 1}"}
            )
            assert answer.status_code == 202, answer.text
            digest = digest_of(content)
            assert client.put(answer.headers["location"], params={"digest": digest}).status_code == 201
            assert client.get(f"/v2/library/app/blobs/{digest}").content == content


def test_a_cut_put_is_no_blob(start: Start) -> None:
    node = start()
    content = os.urandom(300_000)
    digest = digest_of(content)
    with node.client() as client:
        for cut in (0, 2, 299_999):
            location = client.post("/v2/library/app/blobs/uploads/").headers["location"]
            half_sent(node, "PUT", f"{location}?digest={digest}", len(content), content[:cut]).close()
            assert held_by(client, location, cut) == cut
            assert client.head(f"/v2/library/app/blobs/{digest}").status_code == 404
        push_blob(client, "library/app", content)
        assert client.get(f"/v2/library/app/blobs/{digest}").content == content
    assert node.check().returncode == 0


def held_by(client: httpx.Client, location: str, expected: int) -> int:
    """How many bytes the upload holds, once the server has noticed that the client is gone."""
    deadline = time.monotonic() + 5
    while True:
        last = int(client.get(location).headers["range"].partition("-")[2])
        held = last + 1 if last else 0  # An empty upload and one of a single byte are both "0-0".
        if held == expected or time.monotonic() > deadline:
            return held
        time.sleep(0.02)


def half_sent(node: Node, method: str, path: str, length: int, part: bytes) -> socket.socket:
    """A connection on which a request with a body of `length` bytes was begun and `part` of it sent."""
    credentials = httpx.BasicAuth("admin", PASSWORD)
    request = next(credentials.auth_flow(httpx.Request(method, node.url + path)))
    connection = socket.create_connection(("127.0.0.1", node.port))
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{node.port}\r\nContent-Length: {length}\r\n"
        f"Authorization: {request.headers['authorization']}\r\n\r\n"
    )
    connection.sendall(head.encode() + part)
    time.sleep(0.3)
    return connection
