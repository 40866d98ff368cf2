"""Pushes beside collection: `python -m bench.collection`.

A registry is pushed to while nothing is to be collected, then while very many blobs are, and until the last of their
bytes is gone. Small blobs, for collection costs by the blob. Prints a table.
"""

import argparse
import http.client
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from entrepot.db.migrate import migrate_sqlite

ROOT = Path(__file__).resolve().parent.parent
SIZE = 4096
PASSWORD = f"Bench-1-{secrets.token_urlsafe(16)}"
PROJECT, REPOSITORY, FIRST = 900_000, 900_000, 1_000_000
NOW = 1_790_000_000_000_000
LONGEST = 1800.0
"""Seconds after which collection counts as stuck."""


@dataclass(frozen=True, slots=True)
class Pushes:
    """Seconds that each push of a blob took."""

    seconds: list[float]

    def percentile(self, part: float) -> float:
        """Milliseconds within which that part of them was answered."""
        return 1000 * sorted(self.seconds)[min(len(self.seconds) - 1, int(part * len(self.seconds)))]


class Client:
    """Pushes blobs over one connection, each of content of its own."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": "Basic " + b64encode(f"admin:{PASSWORD}".encode()).decode()}

    def push(self) -> float:
        """How many seconds one push took."""
        content = os.urandom(SIZE)
        path = f"/v2/library/bench/blobs/uploads/?digest=sha256:{sha256(content).hexdigest()}"
        began = time.perf_counter()
        self._connection.request("POST", path, content, self._headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise SystemExit(f"a push was answered {answer.status}")
        return time.perf_counter() - began


@contextmanager
def served(data: Path) -> Iterator[int]:
    """The port of a registry on the folder."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = int(free.getsockname()[1])
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "ENTREPOT_ADMIN_PASSWORD": PASSWORD,
        "ENTREPOT_LOG_REQUESTS": "false",
        "ENTREPOT_READER_GRACE": "1s",
    }
    command = [sys.executable, "-m", "entrepot", "serve", "--data", str(data), "--listen", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            time.sleep(0.1)
            try:
                Client(port).push()
            except (OSError, SystemExit):
                if process.poll() is not None:
                    raise SystemExit("the registry did not start") from None
                continue
            break
        yield port
    finally:
        process.terminate()
        process.wait()


def fill(data: Path, count: int) -> None:
    """Adds blobs that nothing needs and whose leases have ended, with their objects."""
    keys = [f"{number % 256:02x}/{number:032x}" for number in range(count)]
    objects = data / "objects"
    for folder in range(256):
        (objects / f"{folder:02x}").mkdir(parents=True, exist_ok=True)
    for key in keys:
        (objects / key).write_bytes(key.encode().ljust(SIZE, b"\0"))
    ids = range(FIRST, FIRST + count)
    with closing(sqlite3.connect(data / "entrepot.db")) as connection, connection:
        connection.execute(
            "INSERT INTO projects (id, name, public, owner_id, owner_name, created_at, updated_at)"
            " VALUES (?, 'old', FALSE, 1, 'admin', ?, ?)",
            (PROJECT, NOW, NOW),
        )
        connection.execute(
            "INSERT INTO quotas (project_id, hard, used, created_at, updated_at) VALUES (?, -1, ?, ?, ?)",
            (PROJECT, count * SIZE, NOW, NOW),
        )
        connection.execute(
            "INSERT INTO repositories (id, project_id, name, description, pull_count, created_at, updated_at, live)"
            " VALUES (?, ?, 'old/app', '', 0, ?, ?, FALSE)",
            (REPOSITORY, PROJECT, NOW, NOW),
        )
        _many(
            connection,
            "blobs (id, digest, size, key, parts, created_at)",
            ((i, b"\x01" + sha256(key.encode()).digest(), SIZE, key, 1, NOW) for i, key in zip(ids, keys, strict=True)),
        )
        _many(
            connection,
            "repository_blobs (repository_id, blob_id, visible, leased_until, review_after)",
            ((REPOSITORY, i, True, 0, 0) for i in ids),
        )
        connection.execute(
            "INSERT INTO repository_use (repository_id, held, own, bodies) VALUES (?, ?, ?, 0)",
            (REPOSITORY, count * SIZE, count * SIZE),
        )
        held = ((PROJECT, i, 1, REPOSITORY) for i in ids)
        _many(connection, "project_blobs (project_id, blob_id, links, holders)", held)


def _many(connection: sqlite3.Connection, into: str, rows: Iterable[tuple[object, ...]]) -> None:
    marks = ",".join("?" * (into.count(",") + 1))
    connection.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)


def left(data: Path, count: int) -> int:
    """How many of the blobs, and objects that wait for their removal, are left."""
    with closing(sqlite3.connect(f"file:{data / 'entrepot.db'}?mode=ro", uri=True)) as connection:
        found = connection.execute(
            "SELECT (SELECT count(*) FROM blobs WHERE id BETWEEN ? AND ?)"
            " + (SELECT count(*) FROM objects_to_remove WHERE remove_after < ?)",
            (FIRST, FIRST + count - 1, int(time.time() * 1e6) + 10_000_000),
        ).fetchone()
    return int(found[0])


def push_for(port: int, seconds: float) -> Pushes:
    """Pushes one blob after another for so long."""
    client, end, took = Client(port), time.monotonic() + seconds, []
    while time.monotonic() < end:
        took.append(client.push())
    return Pushes(took)


def push_beside(port: int, data: Path, count: int) -> tuple[Pushes, float]:
    """Pushes one blob after another until everything is collected; and how many seconds that took."""
    began, took = time.monotonic(), list[float]()
    while left(data, count) and time.monotonic() - began < LONGEST:
        took += push_for(port, 2.0).seconds
    return Pushes(took), time.monotonic() - began


def main() -> None:
    """Measures, and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench.collection", description=__doc__)
    parser.add_argument("--blobs", type=int, default=100_000, help="how many are to be collected")
    parser.add_argument("--seconds", type=float, default=30, help="how long is pushed without collection")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="entrepot-collection-"))
    try:
        migrate_sqlite(folder / "entrepot.db")
        with served(folder) as port:
            push_for(port, 3)
            without = push_for(port, given.seconds)
        fill(folder, given.blobs)
        with served(folder) as port:
            beside, seconds = push_beside(port, folder, given.blobs)
            after = push_for(port, given.seconds)
        remaining = len([file for file in (folder / "objects").rglob("*") if file.is_file()])
        pushed = len(without.seconds) + len(beside.seconds) + len(after.seconds)
        load = os.getloadavg()
    finally:
        shutil.rmtree(folder)
    print(f"{given.blobs} blobs of {SIZE} bytes, SQLite and files, {os.cpu_count()} CPUs, load {load[0]:.1f}")
    print(f"{'':<24}{'pushes':>8}{'p50 ms':>9}{'p99 ms':>9}")
    for name, pushes in (("before", without), ("beside collection", beside), ("afterwards", after)):
        row = f"{name:<24}{len(pushes.seconds):>8}{pushes.percentile(0.5):>9.1f}{pushes.percentile(0.99):>9.1f}"
        print(row)
    print(f"everything was collected after {seconds:.0f} s; {remaining} objects are left, {pushed} were pushed")


if __name__ == "__main__":
    main()
