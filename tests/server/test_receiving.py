"""What a thread takes of a body whose end is not known: much at once, and it never waits for nothing."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from entrepot.server.framing import Chunked
from entrepot.server.lent import Lent
from entrepot.server.receiving import BodySource

SIZE = 32 * 1024
CHUNK = b"%x\r\n%b\r\n" % (SIZE, bytes(SIZE))
END = b"0\r\n\r\n"


class Upload:
    """A connection, and the body that comes on it."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self._lent = Lent(server.fileno())
        self.source = BodySource(self._lent, Chunked(), bytearray(), lambda _: None)
        self._buffer = memoryview(bytearray(1 << 20))

    def fill(self, *, patient: bool = True) -> int:
        """How many bytes of the body came with the next turn."""
        return sum(map(len, self.source.fill(self._buffer, patient=patient)))

    def close(self) -> None:
        """Lets go of the connection."""
        self._lent.close()


@pytest.fixture
def upload(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upload]:
    monkeypatch.setattr("entrepot.server.receiving.PATIENCE", 2000)  # The machine may be busy.
    client, server = socket.socketpair()
    with client, server, closing(Upload(client, server)) as made:
        yield made


def test_chunks_that_follow_one_another_are_taken_together(upload: Upload) -> None:
    """One turn for each of them took a seventh more of the processor's time for a large upload."""

    def send() -> None:
        for _ in range(8):
            upload.client.sendall(CHUNK)
            time.sleep(0.001)
        upload.client.sendall(END)

    sender = threading.Thread(target=send)
    sender.start()
    turns = []
    while not upload.source.over:
        turns.append(upload.fill())
    sender.join()
    assert sum(turns) == 8 * SIZE
    assert len(turns) < 3
    assert upload.source.whole


@pytest.mark.parametrize("end", [END, b"0\r\nexpires: never\r\n\r\n"])
def test_nothing_is_waited_for_after_the_end(upload: Upload, end: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(source: BodySource, size: int, patient: bool) -> bool:
        raise AssertionError(f"waited for {size} bytes of a body that has ended")

    upload.client.sendall(CHUNK + end)
    monkeypatch.setattr(BodySource, "_wait", wait)
    assert upload.fill() == SIZE
    assert upload.source.whole


def test_an_end_that_comes_by_itself_is_taken_as_it_comes(upload: Upload) -> None:
    upload.client.sendall(CHUNK + END[:-2])
    late = threading.Timer(0.005, upload.client.sendall, [END[-2:]])
    late.start()
    assert upload.fill() == SIZE
    late.join()
    upload.fill()
    assert upload.source.whole


def test_who_stops_in_the_middle_holds_no_thread(upload: Upload) -> None:
    upload.client.sendall(CHUNK[: SIZE // 2])
    assert upload.fill() == SIZE // 2 - len(b"8000\r\n")
    assert upload.fill() == 0
    assert not upload.source.over


def test_nobody_is_waited_for_long_while_somebody_else_waits(upload: Upload) -> None:
    """With two turns in a process, 32 uploads of 20 MB/s each took five times as long when each was waited for."""
    upload.client.sendall(CHUNK[: SIZE // 2])
    began = time.monotonic()
    assert upload.fill(patient=False) == SIZE // 2 - len(b"8000\r\n")
    assert time.monotonic() - began < 1
    assert not upload.source.over


async def test_the_event_loop_is_woken_by_the_rest_of_a_body_however_short(upload: Upload) -> None:
    upload.client.sendall(CHUNK)
    upload.fill(patient=False)
    waiting = asyncio.create_task(upload.source.ready())
    await asyncio.sleep(0.01)
    upload.client.sendall(END)
    await asyncio.wait_for(waiting, 10)
    upload.fill()
    assert upload.source.whole
