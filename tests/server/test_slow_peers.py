"""Clients that take their time: they hold no thread, and others are served at speed."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_registry import MIB, Client, Passed, Served, digest_of, get, head, in_chunks, serving

SLOW = 64
"""Of each kind, four times as many as there are threads for them."""
CONTENT = os.urandom(8 * MIB)
BIT = 1000


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> Passed:
    return Passed(monkeypatch)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passed: Passed) -> Iterator[Served]:
    yield from serving(tmp_path, monkeypatch, by_threads=True)


class Slow:
    """Many clients that read or write a bit at a time, moved by one thread."""

    def __init__(self, served: Served, digest: str) -> None:
        self.readers = [served.connect() for _ in range(SLOW)]
        self.writers = [served.connect() for _ in range(SLOW)]
        self.locations = [writer.start("library/slow") for writer in self.writers]
        self.read = [b""] * SLOW
        self.written = 0
        for reader in self.readers:
            reader.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            reader.send(get("library/a", digest))
        for number, (writer, location) in enumerate(zip(self.writers, self.locations, strict=True)):
            if number % 2:
                writer.send(head("PATCH", location, None, b"transfer-encoding: chunked"))
            else:
                writer.send(head("PATCH", location, len(CONTENT)))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._move)
        self._thread.start()

    def _move(self) -> None:
        while not self._stop.wait(0.05):
            bit = CONTENT[self.written : self.written + BIT]
            for number, (reader, writer) in enumerate(zip(self.readers, self.writers, strict=True)):
                self.read[number] += reader.connection.recv(BIT)
                writer.send(b"%x\r\n%b\r\n" % (len(bit), bit) if number % 2 else bit)
            self.written += BIT

    def end(self) -> None:
        """Stops moving; every client goes away."""
        self._stop.set()
        self._thread.join()
        for client in (*self.readers, *self.writers):
            client.connection.close()


def test_slow_clients_hold_nobody_up(served: Served, passed: Passed) -> None:
    with served.connect() as client:
        digest = client.put("library/a", CONTENT)
        alone = seconds_of_both(client, os.urandom(32 * MIB))
        slow = Slow(served, digest)
        try:
            time.sleep(1)
            beside = min(seconds_of_both(client, os.urandom(32 * MIB)) for _ in range(3))
        finally:
            slow.end()
        assert beside < 5 * alone + 0.5
        for read in slow.read:
            assert CONTENT.startswith(read.partition(b"\r\n\r\n")[2])
        for location in slow.locations:
            assert offset_of(client, location, slow.written) == slow.written
    names = [thread.name for thread in threading.enumerate()]
    assert sum(name.startswith("sending") for name in names) <= 4
    assert sum(name.startswith("storage") for name in names) <= 16
    assert passed.up >= SLOW * slow.written


def seconds_of_both(client: Client, content: bytes) -> float:
    """How long it takes to push a blob and to pull it."""
    began = time.monotonic()
    digest = client.put("library/a", content)
    assert len(client.get("library/a", digest).body) == len(content)
    return time.monotonic() - began


def offset_of(client: Client, location: str, expected: int) -> int:
    """How much the upload holds, once that is as expected, or after a while."""
    found = -1
    for _ in range(100):
        client.request("GET", location)
        found = int(client.answer().headers["range"].partition("-")[2]) + 1
        if found == expected:
            break
        time.sleep(0.05)
    return found


def test_a_slow_upload_arrives_whole(served: Served, passed: Passed) -> None:
    """Pauses at every kind of place, each longer than a thread waits."""
    content = CONTENT[:300_000]
    with served.connect() as client:
        for framed in (content, in_chunks(content, 70_000)):
            location = f"{client.start('library/a')}?digest={digest_of(content)}"
            if framed is content:
                client.send(head("PUT", location, len(content)))
            else:
                client.send(head("PUT", location, None, b"transfer-encoding: chunked"))
            at = 0
            for size in (1, 2, 3, 1, 100, 69_890, 1, 1, 1, 1, 1, 1, 1, 50_000, 100_000, len(framed)):
                client.send(framed[at : at + size])
                at += size
                time.sleep(0.05)
            answer = client.answer()
            assert answer.status == 201, answer.body
    assert passed.up == 2 * len(content)
