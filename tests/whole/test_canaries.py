"""Secrets planted in every request that takes one, then looked for in everything that is written or told.

Holes of other registries that these are: GHSA-prh4-vhfh-24mj, CVE-2025-48374, CVE-2026-4404.
"""

import base64
import http.server
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from .nodes import PASSWORD, Node, push_image

Start = Callable[..., Node]
API = "/api/v2.0"


class Canaries:
    """Secrets that are found again wherever they turn up."""

    def __init__(self) -> None:
        self.given: list[str] = [PASSWORD]

    def new(self, name: str) -> str:
        """A secret that may be chosen as a password."""
        self.given.append(f"Canary-{name}-{len(self.given)}-Zq7")
        return self.given[-1]

    def found(self, text: bytes) -> list[str]:
        """Those in the text, as they are or as they are sent."""
        return [
            secret
            for secret in self.given
            for form in (secret, quote(secret, safe=""), base64.b64encode(f"x:{secret}".encode()).decode()[3:-3])
            if form.encode() in text
        ]


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Where traces go: its URL, and what came."""
    came: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", came
    server.shutdown()
    server.server_close()


def _write_everything(client: httpx.Client, canaries: Canaries) -> list[httpx.Response]:
    """Every request that takes a secret, right, wrong, and malformed; all the answers."""
    new = canaries.new
    answers = []

    def send(method: str, path: str, **more: Any) -> httpx.Response:
        url = path if path.startswith(("/v2/", "/c/", "/service/")) else API + path
        answers.append(client.request(method, url, **more))
        return answers[-1]

    user = {"username": "fresh", "email": "f@example.com", "realname": "F", "password": new("user")}
    created = send("POST", "/users", json=user)
    user_id = created.headers["location"].rpartition("/")[2]
    send("POST", "/users", json={**user, "password": new("again")})
    send("POST", "/users", json={**user, "username": "a b", "password": new("bad")})
    send("POST", "/users", json={"username": 7, "password": [new("typed")]})
    send("POST", "/users", content=b'{"username": "x", "password": "' + new("cut").encode())
    changed = {"old_password": new("old"), "new_password": new("new")}
    send("PUT", f"/users/{user_id}/password", json=changed)
    send("PUT", f"/users/{user_id}/password", json={"old_password": "", "new_password": canaries.given[-1]})
    send("PUT", f"/users/{user_id}/cli_secret", json={"secret": new("cli")})
    send("PUT", "/users/999999/cli_secret", json={"secret": new("cli")})
    secrets = ("ldap_search_password", "oidc_client_secret", "uaa_client_secret", "email_password")
    send("PUT", "/configurations", json={name: new(name) for name in secrets})
    send("PUT", "/configurations", json={"oidc_client_secret": {"x": new("typed")}, "nonsense": new("nonsense")})
    send("GET", "/configurations")
    access = [{"resource": "repository", "action": "pull"}]
    permissions = [{"kind": "project", "namespace": "library", "access": access}]
    robot = {"name": "bot", "level": "project", "duration": -1, "permissions": permissions, "secret": new("robot")}
    made = send("POST", "/robots", json=robot).json()
    send("POST", "/robots", json={**robot, "secret": new("twice")})
    send("POST", "/robots", json={**robot, "name": "Bad Name", "secret": new("bad")})
    told = send("POST", "/robots", json={**robot, "name": "told", "secret": ""}).json()["secret"]
    send("PATCH", f"/robots/{made['id']}", json={"secret": new("fresh")})
    fresh = send("PATCH", f"/robots/{made['id']}", json={"secret": ""}).json()["secret"]
    del answers[-3], answers[-1]  # These two tell the secret, once.
    canaries.given += [told, fresh]
    send("GET", "/robots?q=Level=project,ProjectID=1")
    for path in ("/v2/", "/service/token", f"{API}/users", "/v2/library/x/tags/list", "/v2/library/x/manifests/%zz"):
        send("GET", path, auth=("admin", new("wrong")))
        send("GET", path, headers={"authorization": f"Bearer {new('bearer')}"})
        send("GET", path, headers={"authorization": new("scheme"), "cookie": f"sid={new('cookie')}"})
        send("GET", f"{path}?password={new('query')}&_state={new('state')}&access_token={new('token')}")
    client.get("/c/log_out")
    form = {"principal": "fresh", "password": new("form")}
    send("POST", "/c/login", data=form, headers={"x-harbor-csrf-token": new("csrf")})
    send("POST", "/service/token", data={"password": new("oauth"), "refresh_token": new("refresh")})
    return answers


def test_no_secret_is_written_or_told(start: Start, tmp_path: Path, collector: tuple[str, list[bytes]]) -> None:
    """GHSA-prh4-vhfh-24mj and CVE-2025-48374: logs, traces, the audit, events, answers and the database."""
    endpoint, traces = collector
    audit = tmp_path / "audit"
    node = start(log_level="debug", audit_file=str(audit), tracing_endpoint=endpoint, collect_every="0.2s")
    canaries = Canaries()
    with node.client() as client:
        push_image(client, "library/app", "1", b"layer")
        answers = _write_everything(client, canaries)
        answers += [
            client.get(f"{API}{path}") for path in ("/audit-logs?page_size=100", "/auditlog-exts?page_size=100")
        ]
        answers += [client.get(path) for path in ("/metrics", "/readyz", f"{API}/systeminfo", f"{API}/users")]
    deadline = time.monotonic() + 30
    while not audit.exists() or b"bot" not in audit.read_bytes():  # They are forwarded when they are sealed.
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert node.stop() == 0
    for answer in answers:
        told = answer.content + repr(answer.headers.raw).encode()
        assert canaries.found(told) == [], (answer.request.method, answer.request.url, answer.text[:300])
    assert len(canaries.given) > 40
    assert canaries.found(node.log.read_bytes()) == []
    assert canaries.found(audit.read_bytes()) == []
    assert traces
    assert canaries.found(b"".join(traces)) == []
    with sqlite3.connect(node.data / "entrepot.db") as rows:
        kept = rows.execute("SELECT name, value FROM configuration").fetchall()
        tables = [name for (name,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table != "configuration":
                assert canaries.found(repr(rows.execute(f"SELECT * FROM {table}").fetchall()).encode()) == [], table
    secret = {name for name, value in kept if canaries.found(value.encode())}
    assert secret <= {"ldap_search_password", "oidc_client_secret", "uaa_client_secret", "email_password"}


def test_no_password_is_known_before_the_first_start(start: Start, tmp_path: Path) -> None:
    """CVE-2026-4404: it is made at the first start, and kept for this machine's user alone."""
    node = start(admin_password="")
    kept = (node.data / "admin-password").read_text().strip()
    assert len(kept) >= 20
    assert (node.data / "admin-password").stat().st_mode & 0o077 == 0
    for password in ("Harbor12345", "admin", "password", "admin123", "Password1", "", "entrepot"):
        answer = httpx.get(f"{node.url}{API}/users/current", auth=("admin", password))
        assert answer.status_code in (401, 429), password
    with pytest.raises(AssertionError, match="choose another"):
        start("other", admin_password="Harbor12345")
