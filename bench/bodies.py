"""Large bodies down and up: a thread for each connection, the bytes kept in the kernel."""

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.errors import WrongAnswer
from bench.wire import Connection, location
from bench.work import Done, Down, Fetch, Up, Upload

CHUNK = 32 << 10

Item = TypeVar("Item")


def run_down(job: Down) -> Done:
    """How long the downloads took. Raises WrongAnswer for a wrong status or length, or a cut body."""

    def fetch(connection: Connection, item: Fetch) -> None:
        connection.send_head("GET", item.target, {"Range": item.span} if item.span else {})
        answer = connection.answer()
        expected = 206 if item.span else 200
        if (answer.status, answer.length) != (expected, item.length):
            raise WrongAnswer(
                f"GET {item.target} {item.span} was answered {answer.status} with Content-Length {answer.length}, "
                f"not {expected} with {item.length}"
            )
        connection.discard(answer)

    return _spread(job, job.fetches, fetch)


def run_up(job: Up) -> Done:
    """How long the uploads took. Raises WrongAnswer for a wrong status or a missing Location."""
    with Path(job.base).open("rb", buffering=0) as base:

        def upload(connection: Connection, item: Upload) -> None:
            connection.send_head("POST", f"/v2/{job.repository}/blobs/uploads/", {"Content-Length": "0"})
            target = location(connection.expect(202, "POST of an upload"))
            try:
                if job.way == "put":
                    _put(connection, item, base.fileno(), target)
                elif job.way == "patch":
                    _patch(connection, item, base.fileno(), target, job.piece)
                else:
                    _stream(connection, item, base.fileno(), target)
            except (BrokenPipeError, ConnectionResetError) as error:
                answer = connection.answer()
                raise WrongAnswer(f"an upload was answered {answer.status} before its end") from error

        return _spread(job, job.uploads, upload)


def _put(connection: Connection, item: Upload, base: int, target: str) -> None:
    size = item.head + len(item.tail)
    _send_body(connection, "PUT", _closing(target, item), {"Content-Length": str(size)}, base, item, 0, size)
    connection.expect(201, "PUT of a blob")


def _patch(connection: Connection, item: Upload, base: int, target: str, piece: int) -> None:
    size = item.head + len(item.tail)
    for start in range(0, size, piece):
        end = min(start + piece, size)
        headers = {"Content-Length": str(end - start), "Content-Range": f"{start}-{end - 1}"}
        _send_body(connection, "PATCH", target, headers, base, item, start, end)
        target = location(connection.expect(202, "PATCH of a chunk"))
    connection.send_head("PUT", _closing(target, item), {"Content-Length": "0"})
    connection.expect(201, "PUT that ends an upload")


def _stream(connection: Connection, item: Upload, base: int, target: str) -> None:
    headers = {"Transfer-Encoding": "chunked", "Content-Type": "application/octet-stream"}
    connection.send_head("PATCH", target, headers, body_follows=True)
    for start in range(0, item.head, CHUNK):
        count = min(CHUNK, item.head - start)
        connection.send_bytes(b"%x\r\n" % count, more=True)
        connection.send_file(base, start, count)
        connection.send_bytes(b"\r\n", more=True)
    connection.send_bytes(b"%x\r\n%b\r\n0\r\n\r\n" % (len(item.tail), item.tail))
    target = location(connection.expect(202, "PATCH in chunked transfer coding"))
    connection.send_head("PUT", _closing(target, item), {"Content-Length": "0"})
    connection.expect(201, "PUT that ends an upload")


def _closing(target: str, item: Upload) -> str:
    return f"{target}{'&' if '?' in target else '?'}digest={item.digest}"


def _send_body(
    connection: Connection,
    method: str,
    target: str,
    headers: dict[str, str],
    base: int,
    item: Upload,
    start: int,
    end: int,
) -> None:
    """Nothing; bytes `start` to `end` of the blob are sent: of the base file first, then of the tail."""
    headers = {**headers, "Content-Type": "application/octet-stream"}
    connection.send_head(method, target, headers, body_follows=True)
    if start < item.head:
        connection.send_file(base, start, min(end, item.head) - start)
    if end > item.head:
        connection.send_bytes(item.tail[max(start - item.head, 0) : end - item.head])


def _spread(job: Down | Up, items: tuple[Item, ...], act: Callable[[Connection, Item], None]) -> Done:
    """How long it took to act on all items, each once, over the job's connections; raises the first error met."""
    waiting = deque(items)
    errors: list[Exception] = []

    def lane() -> None:
        try:
            connection = Connection(job.port, job.authorization)
            try:
                while waiting and not errors:
                    try:
                        item = waiting.popleft()
                    except IndexError:
                        return
                    act(connection, item)
            finally:
                connection.close()
        except BlockingIOError:
            errors.append(WrongAnswer("a connection stood still for two minutes"))
        except (WrongAnswer, OSError) as error:
            errors.append(error)

    lanes = [threading.Thread(target=lane) for _ in range(min(job.connections, len(items)))]
    started = time.perf_counter()
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    wall = time.perf_counter() - started
    if errors:
        raise errors[0]
    return Done(wall=wall, answers=len(items))
