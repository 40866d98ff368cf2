"""Large bodies both ways, moved by threads and by messages: what a client sees is the same.

Each test also says which way the bytes took, so that none passes by falling back.
"""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_registry import (
    MIB,
    Passed,
    Served,
    descriptors,
    digest_of,
    get,
    head,
    in_chunks,
    put,
    serving,
)

CONTENT = os.urandom(3 * MIB + 12345)
SMALL = b"small"


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> Passed:
    return Passed(monkeypatch)


@pytest.fixture(params=["threads", "messages"])
def way(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture(scope="module", params=[True, False], ids=["threads", "messages"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One registry for all the tests that look at answers only."""
    served = Served(tmp_path_factory.mktemp("shared"), by_threads=request.param)
    yield served
    served.stop()


@pytest.fixture
def served(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passed: Passed) -> Iterator[Served]:
    yield from serving(tmp_path, monkeypatch, by_threads=way == "threads")


def expect(passed: Passed, way: str, *, up: int | None = None, down: int | None = None) -> None:
    """That so many bytes went by threads, or, where they must not, none."""
    by_threads = way == "threads"
    assert up is None or passed.up == (up if by_threads else 0)
    deadline = time.monotonic() + 5
    while by_threads and down is not None and passed.down < down and time.monotonic() < deadline:
        time.sleep(0.01)  # The client may have the last bytes before the thread that sent them has counted.
    assert down is None or passed.down == (down if by_threads else 0)


def ended(served: Served, method: str, count: int = 1) -> tuple[int, int, bool]:
    """The bytes in and out of the last request of that method, and whether it was answered completely."""
    until = time.monotonic() + 5
    while True:
        found = [exchange for exchange in list(served.ended) if exchange.scope["method"] == method]
        if len(found) >= count or time.monotonic() > until:
            last = found[-1]
            return last.bytes_in, last.bytes_out, last.complete
        time.sleep(0.01)


@pytest.mark.parametrize("chunked", [0, 1000, 32768, 5 * MIB])
def test_what_goes_up_comes_down(served: Served, way: str, passed: Passed, chunked: int) -> None:
    with served.connect() as client:
        digest = client.put("library/a", CONTENT, chunked=chunked)
        assert ended(served, "PUT") == (len(CONTENT), 0, True)
        expect(passed, way, up=len(CONTENT))
        answer = client.get("library/a", digest)
        assert answer.body == CONTENT
        assert ended(served, "GET", 2) == (0, len(CONTENT), True)
        expect(passed, way, down=len(CONTENT))
    assert len(served.objects()) == 1
    assert served.objects()[0].read_bytes() == CONTENT


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 262143, 262144, 262145, MIB - 1, MIB, MIB + 1])
@pytest.mark.parametrize("chunked", [0, 65536])
def test_every_size_goes_up_and_comes_down(shared: Served, size: int, chunked: int) -> None:
    content = CONTENT[:size]
    with shared.connect() as client:
        for _ in range(2):
            digest = client.put("library/a", content, chunked=chunked)
            assert client.get("library/a", digest).body == content


def test_ranges_heads_and_refusals_follow_each_other_on_a_connection(served: Served, way: str, passed: Passed) -> None:
    size = len(CONTENT)
    with served.connect() as client:
        digest = client.put("library/a", CONTENT)
        for asked, start, end in [
            (b"bytes=0-299999", 0, 300_000),
            (b"bytes=%d-" % (MIB + 1), MIB + 1, size),
            (b"bytes=-400000", size - 400_000, size),
            (b"bytes=5-5", 5, 6),
        ]:
            answer = client.get("library/a", digest, b"range: " + asked)
            assert (answer.status, answer.headers["content-range"]) == (206, f"bytes {start}-{end - 1}/{size}")
            assert answer.body == CONTENT[start:end]
        expect(passed, way, down=300_000 + size - MIB - 1 + 400_000)
        client.send(head("HEAD", f"/v2/library/a/blobs/{digest}", None))
        answer = client.answer(bodiless=True)
        assert (answer.status, answer.headers["content-length"]) == (200, str(size))
        answer = client.get("library/a", digest, b"range: bytes=%d-" % size)
        assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{size}")
        assert client.get("library/a", digest).body == CONTENT


@pytest.mark.parametrize("chunked", [0, 40_000])
def test_requests_sent_together_are_answered_in_turn(served: Served, chunked: int) -> None:
    """PUT, GET, PUT, GET in one write: no byte of a request is taken for the body before it."""
    one, other = CONTENT[: MIB + 7], CONTENT[MIB : 2 * MIB]
    with served.connect() as client:
        first, second = client.start("library/a"), client.start("library/a")
        asked = put(first, one, chunked=chunked) + get("library/a", digest_of(one))
        asked += put(second, other, chunked=chunked) + get("library/a", digest_of(other))
        sender = os.fork()
        if not sender:
            client.connection.settimeout(30)
            client.send(asked)
            os._exit(0)
        for content in (one, other):
            assert client.answer().status == 201
            assert client.answer().body == content
        assert os.waitpid(sender, 0)[1] == 0


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_who_waits_to_be_asked_is_asked(served: Served, way: str, passed: Passed, framing: str) -> None:
    with served.connect() as client:
        location = f"{client.start('library/a')}?digest={digest_of(CONTENT)}"
        expected = b"expect: 100-continue"
        if framing == "length":
            client.send(head("PUT", location, len(CONTENT), expected))
        else:
            client.send(head("PUT", location, None, b"transfer-encoding: chunked", expected))
        assert client.connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(CONTENT if framing == "length" else in_chunks(CONTENT, 100_000))
        assert client.answer().status == 201
        assert client.get("library/a", digest_of(CONTENT)).body == CONTENT
    expect(passed, way, up=len(CONTENT), down=len(CONTENT))


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_what_came_before_a_client_went_away_is_kept(served: Served, way: str, passed: Passed, framing: str) -> None:
    sent = 2 * MIB + 77
    with served.connect() as client:
        location = client.start("library/a")
        if framing == "length":
            client.send(head("PATCH", location, len(CONTENT)) + CONTENT[:sent])
        else:
            client.send(head("PATCH", location, None, b"transfer-encoding: chunked"))
            client.send(in_chunks(CONTENT[:sent], 30_000)[:-5] + b"ffff\r\n")
    assert ended(served, "PATCH")[0] == sent
    expect(passed, way, up=sent)
    with served.connect() as client:
        client.request("GET", location)
        assert client.answer().headers["range"] == f"0-{sent - 1}"
        client.request("PATCH", location, CONTENT[sent:], b"content-range: %d-%d" % (sent, len(CONTENT) - 1))
        assert client.answer().status == 202
        client.request("PUT", f"{location}?digest={digest_of(CONTENT)}")
        assert client.answer().status == 201
        # It lies in two parts, and is given as one.
        assert client.get("library/a", digest_of(CONTENT)).body == CONTENT
        answer = client.get("library/a", digest_of(CONTENT), b"range: bytes=%d-%d" % (sent - 50_000, sent + 49_999))
        assert answer.body == CONTENT[sent - 50_000 : sent + 50_000]


def test_a_blob_of_many_parts_is_given_in_order(served: Served, way: str, passed: Passed) -> None:
    with served.connect() as client:
        location = client.start("library/a")
        for start in range(0, len(CONTENT), 700_000):
            client.request("PATCH", location, CONTENT[start : start + 700_000])
            assert client.answer().status == 202
        client.request("PUT", f"{location}?digest={digest_of(CONTENT)}")
        assert client.answer().status == 201
        assert client.get("library/a", digest_of(CONTENT)).body == CONTENT
        assert client.get("library/a", digest_of(CONTENT), b"range: bytes=100-2999999").body == CONTENT[100:3_000_000]
    expect(passed, way, up=len(CONTENT), down=len(CONTENT) + 2_999_900)


@pytest.mark.parametrize(
    "hostile",
    [
        b"content-length: 200000\r\ntransfer-encoding: chunked",
        b"transfer-encoding: chunked\r\ncontent-length: 200000",
        b"content-length: 200000\r\ncontent-length: 200001",
        b"content-length: 200000\r\ncontent-length: 200000",
        b"content-length: +200000",
        b"content-length: 200000, 200000",
        b"content-length: 2000000000000000000000000000000",
        b"content-length: 200000\r\nx: y\0z",
        b"content-length: 200000\r\nx : y",
    ],
)
def test_a_head_that_can_be_read_in_two_ways_is_refused(shared: Served, hostile: bytes) -> None:
    with shared.connect() as client:
        location = client.start("library/a")
        client.send(head("PATCH", location, None, hostile) + b"0\r\n\r\n" + b"GET /v2/ HTTP/1.1\r\nhost: x\r\n\r\n")
        answers = client.until_closed()
    assert answers.startswith(b"HTTP/1.1 400")
    assert answers.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "hostile",
    [
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhelloo\r\n0\r\n\r\n",
        b"5\nhello\n0\n\n",
        b"g\r\nhello\r\n0\r\n\r\n",
        b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\nx y: z\r\n\r\n",
    ],
)
@pytest.mark.parametrize("first", [0, 200_000])
def test_chunks_that_are_none_end_the_connection(shared: Served, hostile: bytes, first: int) -> None:
    refuse_chunks(shared, hostile, first)


@pytest.mark.parametrize("shared", [True], indirect=True)
@pytest.mark.parametrize("hostile", [b"5;" + b"x" * 100_000, b"0\r\nx: " + b"y" * 100_000])
@pytest.mark.parametrize("first", [0, 200_000])
def test_what_stands_between_chunks_is_bounded(shared: Served, hostile: bytes, first: int) -> None:
    refuse_chunks(shared, hostile, first)


def refuse_chunks(served: Served, hostile: bytes, first: int) -> None:
    """That the connection is closed after these chunks, with one answer at most, and the server goes on."""
    before = in_chunks(CONTENT[:first], 50_000)[:-5]
    with served.connect() as client:
        location = client.start("library/a")
        client.send(head("PATCH", location, None, b"transfer-encoding: chunked") + before)
        if first:
            time.sleep(0.1)  # until a thread is at it
        try:
            client.send(hostile)
            client.send(b"GET /v2/ HTTP/1.1\r\nhost: x\r\n\r\n")
            answers = client.until_closed()
        except ConnectionError:
            answers = b""
    assert answers[:12] in (b"", b"HTTP/1.1 400")
    assert answers.count(b"HTTP/1.1") <= 1
    with served.connect() as client:
        client.request("GET", location)
        assert client.answer().status == 204


def test_a_client_gone_in_the_middle_of_a_download_leaves_nothing_open(served: Served, way: str) -> None:
    content = os.urandom(24 * MIB)
    with served.connect() as client:
        digest = client.put("library/a", content)
    before = settled(served)
    for number in range(5):
        with served.connect() as client:
            client.send(get("library/a", digest))
            client.connection.recv(100_000)
            if number % 2:  # at once, with a reset
                client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert settled(served, before) == before
    _, sent, _ = ended(served, "GET", 6)
    if way == "threads":
        assert sent < len(content)  # Of a reset connection nobody may be able to tell how much was sent.
        assert not any(exchange.complete for exchange in served.ended[-5:])


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_client_gone_in_the_middle_of_an_upload_leaves_nothing_open(served: Served, framing: str) -> None:
    before = settled(served)
    for _ in range(5):
        with served.connect() as client:
            location = client.start("library/a")
            if framing == "length":
                client.send(head("PATCH", location, len(CONTENT)) + CONTENT[: 2 * MIB])
            else:
                client.send(head("PATCH", location, None, b"transfer-encoding: chunked"))
                client.send(in_chunks(CONTENT, 50_000)[: 2 * MIB])
    assert settled(served, before) == before


def settled(served: Served, expected: set[str] | None = None) -> set[str]:
    """What is open that could leak, once that is what was expected, or does not change any more."""
    found: set[str] = set()
    for _ in range(50):
        last, found = (
            found,
            {f"{name} {target}" for name, target in descriptors().items() if "socket" in target or "objects" in target},
        )
        if found == (last if expected is None else expected):
            break
        time.sleep(0.1)
    return found


@pytest.mark.parametrize("left", [2 * MIB + 5, 10, 0])
def test_a_file_cut_short_ends_the_connection(served: Served, way: str, left: int) -> None:
    with served.connect() as client:
        digest = client.put("library/a", CONTENT)
        os.truncate(served.objects()[0], left)
        client.send(get("library/a", digest))
        came = client.until_closed() if way == "messages" else b""
        if way == "threads":  # It is known before anything is said.
            answer = client.answer()
            assert answer.status == 500
            assert b"UNKNOWN" in answer.body
            assert client.put("library/a", SMALL) == digest_of(SMALL)
        else:
            assert len(came.partition(b"\r\n\r\n")[2]) <= left


def test_a_file_that_gets_short_meanwhile_ends_the_connection(served: Served, way: str) -> None:
    content = os.urandom(24 * MIB)
    with served.connect() as client:
        client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        digest = client.put("library/a", content)
        client.send(get("library/a", digest))
        client.connection.recv(100_000)
        os.truncate(served.objects()[0], 20 * MIB)
        came = len(client.until_closed())
    assert came <= 20 * MIB
    assert not ended(served, "GET", 2)[2]


def test_a_blob_too_large_is_refused_with_a_sentence(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for served in serving(tmp_path, monkeypatch, by_threads=way == "threads", max_blob_size=2 * MIB):
        with served.connect() as client:
            location = client.start("library/a")
            client.send(put(location, CONTENT))
            answer = client.answer()
            assert (answer.status, answer.headers["connection"]) == (400, "close")
            assert b"larger than this registry accepts" in answer.body
            assert client.until_closed() == b""
        for chunked in (0, 50_000):
            with served.connect() as client:
                client.put("library/a", CONTENT[: 2 * MIB], chunked=chunked)


def test_requests_that_are_none_do_not_get_into_the_middle_of_an_answer(served: Served, way: str) -> None:
    content = os.urandom(24 * MIB)
    with served.connect() as client:
        digest = client.put("library/a", content)
        client.send(get("library/a", digest))
        begun = client.connection.recv(100_000)
        client.send(b"\0\0\0 nonsense\r\n\r\n")
        came = (begun + client.until_closed()).partition(b"\r\n\r\n")[2]
    assert came == content[: len(came)]


def test_a_stop_waits_for_transfers(served: Served) -> None:
    content = os.urandom(24 * MIB)
    with served.connect() as client, served.connect() as other:
        digest = client.put("library/a", content)
        location = other.start("library/a")
        client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.send(get("library/a", digest))
        other.send(head("PUT", f"{location}?digest={digest_of(CONTENT)}", len(CONTENT)) + CONTENT[:MIB])
        begun = client.connection.recv(100_000)
        assert served._server is not None
        served._server.should_exit = True
        time.sleep(0.3)
        other.send(CONTENT[MIB:])
        assert other.answer().status == 201
        assert (begun + client.until_closed()).partition(b"\r\n\r\n")[2] == content


def test_a_stop_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for served in serving(tmp_path, monkeypatch, by_threads=True, stop_seconds=0.5):
        with served.connect() as client, served.connect() as other:
            digest = client.put("library/a", os.urandom(24 * MIB))
            location = other.start("library/a")
            client.send(get("library/a", digest))
            other.send(head("PUT", f"{location}?digest={digest_of(CONTENT)}", len(CONTENT)) + CONTENT[:MIB])
            time.sleep(0.3)
            began = time.monotonic()
            served.stop(10)
            assert time.monotonic() - began < 4
