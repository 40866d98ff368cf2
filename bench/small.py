"""Many small requests over a few kept-alive connections, one epoll loop for all."""

import hashlib
import select
import socket
import time

from bench.errors import WrongAnswer
from bench.work import NOT_TOLD, Done, Request, Small

QUIET_LIMIT = 60.0


def run_small(job: Small) -> Done:
    """How long the job took. Raises WrongAnswer at the first answer that is not the expected one."""
    return _Loop(job).run()


class _Lane:
    """A connection and the request it waits for the answer of."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=QUIET_LIMIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""
        self.turn = 0


class _Loop:
    def __init__(self, job: Small) -> None:
        self._job = job
        self._heads = [_head(request, job) for request in job.requests]
        self._checked = [False] * len(job.requests)
        self._sent = 0
        self._answers = 0
        self._poll = select.epoll()
        self._lanes: dict[int, _Lane] = {}

    def run(self) -> Done:
        started = time.perf_counter()
        for _ in range(min(self._job.connections, self._job.count)):
            self._open()
        while self._answers < self._job.count:
            ready = self._poll.poll(QUIET_LIMIT)
            if not ready:
                raise WrongAnswer(f"no answer came for {QUIET_LIMIT:.0f} s")
            for file, _ in ready:
                self._receive(self._lanes[file])
        wall = time.perf_counter() - started
        for lane in self._lanes.values():
            lane.socket.close()
        self._poll.close()
        return Done(wall=wall, answers=self._answers)

    def _open(self) -> None:
        lane = _Lane(self._job.port)
        self._lanes[lane.socket.fileno()] = lane
        self._poll.register(lane.socket.fileno(), select.EPOLLIN)
        self._ask(lane)

    def _ask(self, lane: _Lane) -> None:
        if self._sent < self._job.count:
            lane.turn = self._sent % len(self._heads)
            lane.data = b""
            self._sent += 1
            lane.socket.sendall(self._heads[lane.turn])

    def _receive(self, lane: _Lane) -> None:
        more = lane.socket.recv(HEAD_AND_BODY)
        request = self._job.requests[lane.turn]
        if not more:
            raise WrongAnswer(f"{request.method} {request.target}: the connection was closed without an answer")
        data = lane.data + more
        end = data.find(b"\r\n\r\n")
        if end < 0:
            lane.data = data
            return
        head = data[:end].lower()
        status, length = int(head[9:12]), _length(head)
        if status != request.status or request.length not in (length, NOT_TOLD):
            raise WrongAnswer(
                f"{request.method} {request.target} was answered {status} with Content-Length {length}, "
                f"not {request.status} with {request.length}"
            )
        body = 0 if request.method == "HEAD" else length
        missing = body - (len(data) - end - 4)
        if body == NOT_TOLD:  # It comes in chunks.
            missing = 0 if data.endswith(LAST_CHUNK) else 1
        if missing > 0:
            lane.data = data
            return
        if missing < 0:
            raise WrongAnswer(f"{request.method} {request.target}: more bytes came than Content-Length")
        if not self._checked[lane.turn]:
            self._check(lane.turn, data[end + 4 :])
        self._answers += 1
        if b"\r\nconnection: close" in head:
            self._poll.unregister(lane.socket.fileno())
            del self._lanes[lane.socket.fileno()]
            lane.socket.close()
            if self._sent < self._job.count:
                self._open()
        else:
            self._ask(lane)

    def _check(self, turn: int, body: bytes) -> None:
        request = self._job.requests[turn]
        if request.sha256 and hashlib.sha256(body).hexdigest() != request.sha256:
            raise WrongAnswer(f"{request.method} {request.target} was answered with another content")
        self._checked[turn] = True


HEAD_AND_BODY = 64 << 10
LAST_CHUNK = b"\r\n0\r\n\r\n"


def _length(head: bytes) -> int:
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        return NOT_TOLD
    end = head.find(b"\r\n", at + 2)
    return int(head[at + 17 : end if end > 0 else len(head)])


def _head(request: Request, job: Small) -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: 127.0.0.1:{job.port}"]
    lines += [f"Authorization: {job.authorization}"] if job.authorization else []
    lines += [f"Accept: {request.accept}"] if request.accept else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
