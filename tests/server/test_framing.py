"""Where a body ends: the same as Uvicorn's parser finds, or an error."""

import random
from typing import Any

import httptools
import pytest

from entrepot.server.framing import TRAILER_LIMIT, Chunked, Counted, Framing, framing_of

GOOD = [
    b"5\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    b"0\r\n\r\n",
    b"A\r\n0123456789\r\n00\r\n\r\n",
    b"3;a=b;c;d-e=f\r\nabc\r\n0;last\r\n\r\n",
    b"3\r\nabc\r\n0\r\nx-late: 1\r\nx-later:2\r\n\r\n",
    b"4\r\n\r\n\r\n\r\n0\r\n\r\n",
]
CONTENT = [b"hello", b"hello world", b"", b"0123456789", b"abc", b"abc", b"\r\n\r\n"]
BAD = [
    b"\r\n5\r\nhello\r\n0\r\n\r\n",
    b"-1\r\n",
    b"+5\r\nhello\r\n0\r\n\r\n",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b" 5\r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n",
    b"5\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\n0\r\n\r\n",
    b"5\r\nhello0\r\n\r\n",
    b"5\r\nhelloXX0\r\n\r\n",
    b"5\rhello\r\n0\r\n\r\n",
    b'5;a="b\r\nhello\r\n0\r\n\r\n',
    b"5;\nx\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n0\r\nno colon\r\n\r\n",
    b"5\r\nhello\r\n0\r\nx: 1\r\n folded\r\n\r\n",
    b"5\r\nhello\r\n0\r\nx : 1\r\n\r\n",
    b"5\r\nhello\r\n0\r\n: 1\r\n\r\n",
    b"5\r\nhello\r\n0\r\nx: \x00\r\n\r\n",
    b"5\r\nhello\r\n0\r\nx: 1\n\r\n",
    b"5\r\nhello\r\n0\n\r\n",
    b"1000000000000000\r\n",
    b"f" * 2000,
    b"5;" + b"x" * 2000,
    b"0\r\nx: " + b"y" * 2 * TRAILER_LIMIT,
]
NEXT = b"GET / HTTP/1.1\r\n"


def fed(framing: Framing, data: bytes, step: int) -> bytes:
    """The payload, with the data put in so much at a time, up to the end or the error."""
    found = b""
    for at in range(0, len(data), step):
        assert framing.at_least >= 1
        found += b"".join(framing.payload(memoryview(data[at : at + step])))
        if framing.ended or framing.failed:
            break
    return found


@pytest.mark.parametrize(("framed", "content"), list(zip(GOOD, CONTENT, strict=True)))
def test_a_body_is_found_however_it_arrives(framed: bytes, content: bytes) -> None:
    for step in range(1, len(framed) + 1):
        framing = Chunked()
        assert fed(framing, framed, step) == content
        assert framing.ended
        assert not framing.failed
        assert framing.rest == b""


@pytest.mark.parametrize("framed", GOOD)
def test_what_follows_is_not_taken(framed: bytes) -> None:
    for split in range(1, len(framed) + 1):
        framing = Chunked()
        framing.payload(memoryview(framed[:split]))
        if not framing.ended:
            framing.payload(memoryview(framed[split:] + NEXT))
            assert framing.rest == NEXT
    framing = Chunked()
    framing.payload(memoryview(framed + NEXT))
    assert framing.rest == NEXT


@pytest.mark.parametrize("framed", BAD)
def test_what_is_no_body_fails(framed: bytes) -> None:
    for step in (1, 2, 3, 7, len(framed)):
        framing = Chunked()
        fed(framing, framed, step)
        assert framing.failed, step
        assert not framing.ended


@pytest.mark.parametrize("framed", GOOD)
def test_what_surely_comes_is_never_more_than_what_comes(framed: bytes) -> None:
    """A thread sleeps until so much is there: with a byte less it would sleep for ever."""
    framing = Chunked()
    for at in range(len(framed)):
        assert framing.at_least <= len(framed) - at
        framing.payload(memoryview(framed[at : at + 1]))


class Parsed:
    """What Uvicorn's parser makes of the same bytes."""

    def __init__(self, framed: bytes) -> None:
        self.body = b""
        self.messages = 0
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(b"PUT / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        self.failed = False
        try:
            parser.feed_data(framed)
        except httptools.HttpParserError:
            self.failed = True

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.messages += 1


def test_nothing_is_accepted_that_the_parser_reads_otherwise() -> None:
    chance = random.Random(7)
    agreed = 0
    for _ in range(20_000):
        framed = bytearray(chance.choice(GOOD))
        for _ in range(chance.choice((0, 1, 1, 2))):
            at = chance.randrange(len(framed))
            change: Any = chance.choice(("set", "drop", "add"))
            if change == "drop":
                del framed[at]
            elif change == "add":
                framed.insert(at, chance.choice(b"\r\n0159aF;: x\x00\t"))
            else:
                framed[at] = chance.choice(b"\r\n0159aF;: x\x00\t")
        framing = Chunked()
        body = fed(framing, bytes(framed), chance.randrange(1, len(framed) + 2)) if framed else b""
        if framing.ended and not framing.rest:
            parsed = Parsed(bytes(framed))
            assert (parsed.body, parsed.messages) == (body, 1), bytes(framed)
            agreed += 1
    assert agreed > 3000


def test_a_counted_body_ends_where_it_was_announced() -> None:
    for step in range(1, 12):
        framing = Counted(10)
        assert framing.at_most == 10
        assert fed(framing, b"0123456789", step) == b"0123456789"
        assert framing.ended
    framing = Counted(10)
    assert not framing.payload(memoryview(b""))
    assert b"".join(framing.payload(memoryview(b"0123456789" + NEXT))) == b"0123456789"
    assert framing.rest == NEXT


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ([(b"content-length", b"100")], Counted),
        ([(b"content-length", b"99")], None),
        ([(b"transfer-encoding", b"Chunked")], Chunked),
        ([(b"transfer-encoding", b"gzip, chunked")], None),
        ([(b"transfer-encoding", b"identity")], None),
        ([(b"transfer-encoding", b"chunked"), (b"content-length", b"100")], None),
        ([(b"content-length", b"100"), (b"content-length", b"100")], None),
        ([(b"content-length", b"9" * 30)], None),
        ([(b"content-length", b"+100")], None),
        ([], None),
    ],
)
def test_what_is_unusual_is_left_to_the_parser(headers: list[tuple[bytes, bytes]], kind: type | None) -> None:
    framing = framing_of([(b"host", b"x"), *headers], 100)
    assert framing is None if kind is None else isinstance(framing, kind)
