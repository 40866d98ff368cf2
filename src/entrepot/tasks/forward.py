"""Forwarding: every sealed event to places outside of the registry, in order, each at least once.

A place that cannot be reached holds up nothing but itself. How far each has come is kept in the database.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from entrepot.db import audit, instance
from entrepot.db.audit import Link
from entrepot.db.contract import Database, Transaction
from entrepot.model.errors import Failed
from entrepot.remote import syslog
from entrepot.remote.syslog import Syslog

AT_ONCE = 500
EVERY = 2.0
"""Seconds between looks."""
PATIENCE = 10.0
"""Seconds for one place to take what is sent."""

_log = structlog.get_logger("entrepot.audit")


@dataclass(frozen=True, slots=True)
class Destination:
    """A place that events go to."""

    name: str
    """What it is called in the database: its address."""
    send: Callable[[Sequence[Link]], Awaitable[None]]
    """Returns when all of them are there. Raises OSError, TimeoutError."""


class Forwarder:
    """Forwards events. Any number may run: some events are then sent twice, none is left out."""

    def __init__(self, db: Database, destinations: Callable[[], Awaitable[list[Destination]]]) -> None:
        """`destinations` are asked for each time, for they may change while the registry runs."""
        self._db = db
        self._destinations = destinations

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set. What fails is logged and tried again."""
        while not stop.is_set():
            sent = 0
            try:
                sent = await self.round()
            except Failed as error:
                _log.warning("forwarding the audit failed and will be tried again", error=str(error))
            if sent < AT_ONCE:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), EVERY)

    async def round(self) -> int:
        """How many events were sent, to the place that got most. Raises Failed."""
        counts = await asyncio.gather(*(self._forward(one) for one in await self._destinations()))
        return max(counts, default=0)

    async def _forward(self, destination: Destination) -> int:
        key = f"audit_forwarded:{destination.name}"
        links = await self._db.read(lambda tx: audit.links(tx, int(instance.get(tx, key) or 0), AT_ONCE))
        if not links:
            return 0
        try:
            async with asyncio.timeout(PATIENCE):
                await destination.send(links)
        except (OSError, TimeoutError) as error:
            _log.warning(
                "the audit could not be forwarded and will be tried again", to=destination.name, error=str(error)
            )
            return 0
        last = links[-1].place
        await self._db.write(lambda tx: _note(tx, key, last))
        return len(links)


def _note(tx: Transaction, key: str, place: int) -> None:
    instance.put(tx, key, str(place))


def to_file(path: Path) -> Destination:
    """A file to which a line of JSON is added for each event; on the disk before it counts as sent."""

    def append(text: bytes) -> None:
        with path.open("ab") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    async def send(links: Sequence[Link]) -> None:
        text = b"".join(line(link) + b"\n" for link in links)
        await asyncio.to_thread(append, text)

    return Destination(f"file:{path}", send)


def to_syslog(url: str) -> Destination:
    """A syslog server: `udp://host:port`, `tcp://host:port` or `tls://host:port`. Raises Invalid.

    By UDP nobody tells whether it arrived.
    """
    server = Syslog(url)

    async def send(links: Sequence[Link]) -> None:
        await server.send([syslog.message(_iso(link.row.at), link.row.name, line(link)) for link in links])

    return Destination(url, send)


def line(link: Link) -> bytes:
    """The event as one line of JSON, with its place and seal, by which the chain can be proven from elsewhere."""
    row = link.row
    told = {
        "place": link.place,
        "at": _iso(row.at),
        "event": row.name,
        "actor": row.actor,
        "through": row.through,
        "address": row.address,
        "request_id": row.request_id,
        "project_id": row.project_id,
        "repository": row.repository,
        "resource": row.resource,
        "succeeded": row.succeeded,
        "detail": json.loads(row.detail),
        "seal": link.seal.hex(),
    }
    return json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()


def _iso(microseconds: int) -> str:
    moment = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{microseconds % 1_000_000:06}Z"
