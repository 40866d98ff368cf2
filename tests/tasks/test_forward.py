"""Forwarding the audit to a file and to syslog servers that are there, and to one that is not."""

import asyncio
import json
import re
import socket
from pathlib import Path

import pytest

from entrepot.access.local import shell_grant
from entrepot.db import events
from entrepot.db.contract import Database
from entrepot.model.errors import Invalid
from entrepot.model.event import Event, EventName
from entrepot.tasks.forward import Destination, Forwarder, to_file, to_syslog
from entrepot.tasks.seal import Sealer

MESSAGE = re.compile(rb"<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ entrepot - (\S+) - (\{.*\})").fullmatch


async def happen(database: Database, *names: str) -> None:
    for name in names:
        event = Event(name=EventName.PROJECT_CREATED, by=shell_grant().principal, resource=name, detail={"a": "ü\n<"})
        await database.write(lambda tx, event=event: events.record(tx, event))
    await Sealer(database).round()


def forwarder(database: Database, *destinations: Destination) -> Forwarder:
    async def found() -> list[Destination]:
        return list(destinations)

    return Forwarder(database, found)


async def test_a_file_gets_each_event_once_in_order(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    await happen(database, "one", "two")
    assert await forwarder(database, to_file(path)).round() == 2
    await happen(database, "three")
    assert await forwarder(database, to_file(path)).round() == 1
    assert await forwarder(database, to_file(path)).round() == 0
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    assert [(told["place"], told["resource"]) for told in lines] == [(1, "one"), (2, "two"), (3, "three")]
    assert lines[0]["detail"] == {"a": "ü\n<"}
    assert len(bytes.fromhex(lines[0]["seal"])) == 32
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_syslog_server_gets_messages_by_tcp(database: Database) -> None:
    received = bytearray()
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.read())
        writer.close()
        done.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await happen(database, "one", "two")
    assert await forwarder(database, to_syslog(f"tcp://127.0.0.1:{port}")).round() == 2
    await asyncio.wait_for(done.wait(), 5)
    server.close()
    rest, resources = bytes(received), []
    while rest:
        length, _, rest = rest.partition(b" ")
        message, rest = rest[: int(length)], rest[int(length) :]
        match = MESSAGE(message)
        assert match
        assert match[1] == b"project:created"
        resources.append(json.loads(match[2])["resource"])
    assert resources == ["one", "two"]


async def test_a_syslog_server_gets_messages_by_udp(database: Database) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        await happen(database, "one")
        assert await forwarder(database, to_syslog(f"udp://127.0.0.1:{server.getsockname()[1]}")).round() == 1
        match = MESSAGE(server.recv(65536))
    assert match
    assert json.loads(match[2])["resource"] == "one"


async def test_a_server_that_is_not_there_holds_up_nothing_and_misses_nothing(
    database: Database, tmp_path: Path
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    path = tmp_path / "audit.jsonl"
    await happen(database, "one")
    both = forwarder(database, to_syslog(f"127.0.0.1:{port}"), to_file(path))
    assert await both.round() == 1
    assert len(path.read_text().splitlines()) == 1
    received = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.read())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    assert await both.round() == 1
    server.close()
    await asyncio.sleep(0.05)
    assert b'"resource":"one"' in received
    assert len(path.read_text().splitlines()) == 1


@pytest.mark.parametrize("url", ["http://host", "udp://", "tcp://host:x", "tcp://host:99999"])
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        to_syslog(url)
