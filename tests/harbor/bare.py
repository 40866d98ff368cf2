"""Requests as an attacker writes them: nothing of a path is tidied on the way, as httpx would."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from house import Harbor

from contracts.access_house import ADDRESS


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def good(self) -> bool:
        """Whether something was given or done."""
        return self.status < 400


async def ask(
    harbor: Harbor, method: str, target: str | bytes, headers: dict[str, str] | None = None, body: bytes = b""
) -> Answer:
    """The whole application's answer to a request whose target (path and query) is written like this."""
    raw = target if isinstance(target, bytes) else target.encode()
    path, _, query = raw.partition(b"?")
    told = {"host": "registry.example", **{name.lower(): value for name, value in (headers or {}).items()}}
    if body:
        told["content-length"] = str(len(body))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in told.items()],
        "client": (ADDRESS, 40000),
        "server": ("registry.example", 80),
        "state": {},
    }
    sent: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await harbor.application(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], tuple(sent[0].get("headers", ())), content)


async def ask_json(harbor: Harbor, method: str, target: str, body: Any, headers: dict[str, str]) -> Answer:
    """As `ask`, with a body of JSON."""
    told = {**headers, "content-type": "application/json"}
    return await ask(harbor, method, target, told, json.dumps(body).encode())
