"""Requests that no library would send: never a 5xx, never a hang, and the next request is answered."""

import base64
import socket
from collections.abc import Iterator

import pytest

from .nodes import PASSWORD, Node, push_image

BASIC = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
AUTH = f"Authorization: Basic {BASIC}\r\n"
HOST = "Host: localhost\r\n"
UPLOAD = "/v2/library/app/blobs/uploads/"

HEADS = {
    "double encoding": f"GET /v2/library%252fapp/manifests/1 HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "encoded dots": f"GET /v2/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "dots": f"GET /v2/../../etc/passwd HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "nul": f"GET /v2/library/a%00b/manifests/1 HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "long name": f"GET /v2/library/{'a' * 10_000}/manifests/1 HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "long query": f"GET /v2/_catalog?n=1&last={'a' * 40_000} HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "long header": f"GET /v2/ HTTP/1.1\r\n{HOST}X-Long: {'a' * 100_000}\r\n\r\n",
    "many headers": f"GET /v2/ HTTP/1.1\r\n{HOST}{'X-A: b' * 1}" + "\r\nX-A: b" * 5_000 + "\r\n\r\n",
    "broken escape": f"GET /v2/library/%zz/manifests/1 HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "not utf-8": f"GET /v2/library/%ff%fe/manifests/1 HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "negative length": f"POST {UPLOAD} HTTP/1.1\r\n{HOST}{AUTH}Content-Length: -5\r\n\r\n",
    "length of letters": f"POST {UPLOAD} HTTP/1.1\r\n{HOST}{AUTH}Content-Length: abc\r\n\r\n",
    "huge length": f"POST {UPLOAD} HTTP/1.1\r\n{HOST}{AUTH}Content-Length: {10**30}\r\n\r\n",
    "two lengths": f"POST {UPLOAD} HTTP/1.1\r\n{HOST}{AUTH}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": f"POST {UPLOAD} HTTP/1.1\r\n{HOST}{AUTH}Content-Length: 5\r\n"
    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk size": f"POST {UPLOAD}?digest=sha256:{'0' * 64} HTTP/1.1\r\n{HOST}{AUTH}"
    "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    "huge chunk size": f"POST {UPLOAD}?digest=sha256:{'0' * 64} HTTP/1.1\r\n{HOST}{AUTH}"
    f"Transfer-Encoding: chunked\r\n\r\n{'f' * 20}\r\nhello\r\n",
    "folded header": f"GET /v2/ HTTP/1.1\r\n{HOST}X-A: b\r\n c\r\n\r\n",
    "bad range": f"GET /v2/library/app/blobs/sha256:{'0' * 64} HTTP/1.1\r\n{HOST}{AUTH}Range: bytes=9-1,,-\r\n\r\n",
    "bad basic": f"GET /v2/ HTTP/1.1\r\n{HOST}Authorization: Basic %%%\r\n\r\n",
    "bad bearer": f"GET /v2/ HTTP/1.1\r\n{HOST}Authorization: Bearer ..\r\n\r\n",
    "unknown scheme": f"GET /v2/ HTTP/1.1\r\n{HOST}Authorization: Negotiate abc\r\n\r\n",
    "huge page": f"GET /v2/_catalog?n={2**63} HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "negative page": f"GET /v2/library/app/tags/list?n=-1 HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "nul in last": f"GET /v2/library/app/tags/list?n=1&last=%00 HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "nul in artifact type": f"GET /v2/library/app/referrers/sha256:{'0' * 64}?artifactType=%00 HTTP/1.1\r\n"
    f"{HOST}{AUTH}\r\n",
    "scope of nonsense": f"GET /service/token?scope=%00&scope=repository:::: HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "unknown method": f"BREW /v2/ HTTP/1.1\r\n{HOST}{AUTH}\r\n",
    "bad host": 'GET /v2/ HTTP/1.1\r\nHost: a"b,c\r\n\r\n',
    "no host": "GET /v2/ HTTP/1.1\r\n\r\n",
    "control in header": f"GET /v2/ HTTP/1.1\r\n{HOST}X-A: \x01\x02\r\n\r\n",
    "upgrade": f"GET /v2/ HTTP/1.1\r\n{HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "expect something": f"PUT {UPLOAD}abc?digest=sha256:{'0' * 64} HTTP/1.1\r\n{HOST}{AUTH}Expect: 200-maybe\r\n"
    "Content-Length: 3\r\n\r\nabc",
    "deep json": f"PUT /v2/library/app/manifests/x HTTP/1.1\r\n{HOST}{AUTH}Content-Length: 200000\r\n"
    f"Content-Type: application/vnd.oci.image.manifest.v1+json\r\n\r\n{'[' * 200_000}",
}
HARMLESS = {"folded header", "scope of nonsense", "upgrade", "huge page", "nul in last", "nul in artifact type"}
"""What may also be answered as if it were nothing special."""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    running = Node(tmp_path_factory.mktemp("hostile") / "data").start()
    with running.client() as client:
        push_image(client, "library/app", "1", b"layer")
    yield running
    running.kill()


@pytest.mark.parametrize("name", HEADS)
def test_hostile_bytes_get_a_4xx_or_nothing(node: Node, name: str) -> None:
    answer = exchange(node, HEADS[name].encode("latin-1"))
    status = int(answer.split()[1]) if answer else 400
    assert 200 <= status < 500, answer
    if name not in HARMLESS:
        assert status >= 400, answer
    with node.client() as client:
        assert client.get("/v2/").status_code == 200
        assert client.get("/v2/library/app/manifests/1").status_code == 200


def exchange(node: Node, sent: bytes) -> str:
    """The first line of the answer; empty if the connection was just closed."""
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            received = connection.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            return ""
    return received.split(b"\r\n")[0].decode("latin-1")
