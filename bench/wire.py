"""One HTTP/1.1 connection, by hand, cheap enough that the client does not take the server's CPU."""

import os
import socket
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.errors import WrongAnswer

HEAD_LIMIT = 64 << 10
STEP = 4 << 20
PATIENCE = 120
SAID_LIMIT = 300


@dataclass(frozen=True)
class Answer:
    """The head of an answer. `length` is its Content-Length, or -1 without one; names in `headers` are lower case."""

    status: int
    headers: dict[str, str]
    length: int


class Connection:
    """A kept-alive connection to a port of the loopback interface, with the same Authorization on each request."""

    def __init__(self, port: int, authorization: str) -> None:
        self._authorization = authorization
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A timeout of Python's own would cost a poll(2) for each call; the kernel's costs nothing.
        self._socket.setblocking(True)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._socket.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", PATIENCE, 0))
        self._ahead = b""
        self._sink = bytearray(STEP)

    def close(self) -> None:
        """Nothing; the socket is closed."""
        self._socket.close()

    def send_head(self, method: str, target: str, headers: dict[str, str], *, body_follows: bool = False) -> None:
        """Nothing; a request's head is sent, held back for its body to share a packet when one follows."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{self._port}"]
        lines += [f"Authorization: {self._authorization}"] if self._authorization else []
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join(lines) + "\r\n\r\n"
        self._socket.sendall(head.encode(), socket.MSG_MORE if body_follows else 0)

    def send_bytes(self, data: bytes, *, more: bool = False) -> None:
        """Nothing; `data` is sent, held back for what follows when there is `more`."""
        self._socket.sendall(data, socket.MSG_MORE if more else 0)

    def send_file(self, file: int, start: int, count: int) -> None:
        """Nothing; `count` bytes of the open file from `start` are sent without passing through this process."""
        end = start + count
        while start < end:
            sent = os.sendfile(self._socket.fileno(), file, start, min(end - start, 1 << 24))
            if sent == 0:
                raise WrongAnswer("the base file is shorter than the blob made of it")
            start += sent

    def answer(self) -> Answer:
        """The next answer's head; its body is left for `discard`. Raises WrongAnswer when there is none."""
        data = self._ahead
        while (end := data.find(b"\r\n\r\n")) < 0:
            more = self._socket.recv(HEAD_LIMIT)
            if not more:
                raise WrongAnswer("the connection was closed without an answer")
            data += more
            if len(data) > HEAD_LIMIT:
                raise WrongAnswer("the answer's head is over 64 KiB")
        self._ahead = data[end + 4 :]
        first, *lines = data[:end].decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Answer(int(first.split()[1]), headers, int(headers.get("content-length", -1)))

    def discard(self, answer: Answer) -> None:
        """Nothing; the body of `answer` is dropped in the kernel (recv(2), MSG_TRUNC). Raises WrongAnswer if cut."""
        if answer.length < 0:
            raise WrongAnswer(f"an answer of status {answer.status} has no Content-Length")
        left = answer.length - len(self._ahead)
        if left < 0:
            raise WrongAnswer("more bytes came than the answer's Content-Length")
        self._ahead = b""
        while left:
            count = self._socket.recv_into(self._sink, min(left, STEP), socket.MSG_TRUNC)
            if count == 0:
                raise WrongAnswer(f"the body was cut {left} bytes before its end")
            left -= count

    def expect(self, status: int, what: str) -> Answer:
        """The next answer, its body dropped. Raises WrongAnswer, naming `what` was asked, for another status."""
        answer = self.answer()
        if answer.status != status:
            raise WrongAnswer(f"{what} was answered {answer.status}, not {status}{self._said(answer)}")
        self.discard(answer)
        return answer

    def _said(self, answer: Answer) -> str:
        """What the body of an answer that is given up on begins with, to be told with it."""
        while len(self._ahead) < min(answer.length, SAID_LIMIT):
            more = self._socket.recv(SAID_LIMIT)
            if not more:
                break
            self._ahead += more
        said = self._ahead[: min(max(answer.length, 0), SAID_LIMIT)].decode("utf-8", "replace").strip()
        return f": {said}" if said else ""


def location(answer: Answer) -> str:
    """The path and query of the answer's Location. Raises WrongAnswer without one."""
    value = answer.headers.get("location", "")
    if not value:
        raise WrongAnswer(f"an answer of status {answer.status} has no Location")
    parts = urlsplit(value)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
