"""What watches a server asks of it: does it live, can it serve, what does it count.

The paths are those of Kubernetes' own components. They are answered without sign-in and say no more than a name
and whether it works; why something does not is for the log.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec
import structlog

from entrepot.model.errors import EntrepotError

Probe = Callable[[], Awaitable[None]]
"""Returns if what it looks at works. Raises EntrepotError if not."""
PROBE_SECONDS = 5.0
FRESH_SECONDS = 1.0
"""For how long an answer is given again: asking often must not become work for the database."""

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_Application = Callable[[_Scope, _Receive, _Send], Awaitable[None]]
_TEXT = "text/plain; charset=utf-8"


class Health:
    """An ASGI application that answers `/livez`, `/readyz`, `/startupz` and `/metrics`, and passes on the rest."""

    def __init__(
        self,
        application: _Application,
        *,
        probes: Mapping[str, Probe],
        started: Callable[[], bool],
        metrics: Callable[[], Awaitable[tuple[bytes, str]]],
    ) -> None:
        """`metrics` gives a body and its media type."""
        self._application = application
        self._probes = probes
        self._started = started
        self._metrics = metrics
        self._readiness: dict[str, str] = {}
        self._readiness_until = 0.0
        self._log = structlog.get_logger("entrepot.health")
        self._answers = {
            "/livez": self._livez,
            "/readyz": self._readyz,
            "/startupz": self._startupz,
            "/metrics": self._render_metrics,
        }

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        answer = self._answers.get(scope["path"])
        if answer is None:
            await self._application(scope, receive, send)
            return
        allowed = scope["method"] in ("GET", "HEAD")
        status, media_type, body = await answer() if allowed else (405, _TEXT, b"only GET and HEAD\n")
        headers = [
            (b"content-type", media_type.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
        ]
        if not allowed:
            headers.append((b"allow", b"GET, HEAD"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _livez(self) -> tuple[int, str, bytes]:
        return 200, _TEXT, b"ok\n"

    async def _startupz(self) -> tuple[int, str, bytes]:
        return (200, _TEXT, b"ok\n") if self._started() else (503, _TEXT, b"starting\n")

    async def _readyz(self) -> tuple[int, str, bytes]:
        if time.monotonic() >= self._readiness_until:
            results = await asyncio.gather(*(self._try(name, probe) for name, probe in self._probes.items()))
            self._readiness = dict(zip(self._probes, results, strict=True))
            self._readiness_until = time.monotonic() + FRESH_SECONDS
        whole = all(result == "ok" for result in self._readiness.values())
        return 200 if whole else 503, "application/json", msgspec.json.encode(self._readiness) + b"\n"

    async def _try(self, name: str, probe: Probe) -> str:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await probe()
        except (EntrepotError, TimeoutError) as error:
            self._log.warning("not ready", part=name, reason=str(error) or f"no answer in {PROBE_SECONDS:g} s")
            return "failed"
        return "ok"

    async def _render_metrics(self) -> tuple[int, str, bytes]:
        body, media_type = await self._metrics()
        return 200, media_type, body
