"""The paths that Kubernetes and load balancers ask."""

import asyncio
from typing import Any

import httpx
import pytest

from entrepot.api import health
from entrepot.api.health import Health
from entrepot.model.errors import DatabaseFailed


class Parts:
    """A database and a store that can be broken."""

    def __init__(self) -> None:
        self.broken = False
        self.hangs = False
        self.asked = 0
        self.started = True

    async def database(self) -> None:
        self.asked += 1
        if self.hangs:
            await asyncio.sleep(60)
        if self.broken:
            raise DatabaseFailed("the host db.example.com refuses")

    async def storage(self) -> None:
        return


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
def client(parts: Parts) -> httpx.AsyncClient:
    async def behind(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def metrics() -> tuple[bytes, str]:
        return b"x 1\n", "text/plain; version=0.0.4"

    application = Health(
        behind,
        probes={"database": parts.database, "storage": parts.storage},
        started=lambda: parts.started,
        metrics=metrics,
    )
    transport = httpx.ASGITransport(app=application)
    return httpx.AsyncClient(transport=transport, base_url="http://registry.example.com")


async def test_a_process_that_answers_lives(client: httpx.AsyncClient, parts: Parts) -> None:
    parts.broken = True
    answer = await client.get("/livez")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert answer.headers["cache-control"] == "no-store"


async def test_ready_while_every_part_works(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "storage": "ok"})


async def test_not_ready_when_a_part_fails_and_nobody_outside_learns_why(
    client: httpx.AsyncClient, parts: Parts
) -> None:
    parts.broken = True
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"database": "failed", "storage": "ok"})


async def test_not_ready_when_a_part_does_not_answer(
    client: httpx.AsyncClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PROBE_SECONDS", 0.05)
    parts.hangs = True
    assert (await client.get("/readyz")).json()["database"] == "failed"


async def test_asking_often_is_no_work_for_the_database(
    client: httpx.AsyncClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(20):
        await client.get("/readyz")
    assert parts.asked == 1
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    await asyncio.sleep(1.05)
    parts.broken = True
    assert (await client.get("/readyz")).status_code == 503
    parts.broken = False
    assert (await client.get("/readyz")).status_code == 200


async def test_started(client: httpx.AsyncClient, parts: Parts) -> None:
    assert (await client.get("/startupz")).status_code == 200
    parts.started = False
    assert (await client.get("/startupz")).status_code == 503


async def test_metrics(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert (answer.text, answer.headers["content-type"]) == ("x 1\n", "text/plain; version=0.0.4")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/startupz", "/metrics"])
async def test_only_reading_is_answered(client: httpx.AsyncClient, path: str) -> None:
    head = await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    answer = await client.post(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_the_rest_is_passed_on(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v2/")).status_code == 204
