"""Pushes beside collection: `python -m bench.collection`.

Two registries hold the same: very many blobs that nothing needs. In one they are to be collected, in the other they
may stay. Both are pushed to in turn, a few seconds at a time, and whichever is not is halted meanwhile: a disk that is
slower for a minute is so for both. Then the one goes on until the last byte is gone. Small blobs, for collection costs
by the blob. Prints a table.
"""

import argparse
import http.client
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import statistics
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


class Registry:
    """A registry on a folder, in a session of its own, so that all its processes can be halted."""

    def __init__(self, data: Path) -> None:
        self.data = data
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = int(free.getsockname()[1])
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "ENTREPOT_ADMIN_PASSWORD": PASSWORD,
            "ENTREPOT_LOG_REQUESTS": "false",
            "ENTREPOT_READER_GRACE": "1s",
        }
        command = [sys.executable, "-m", "entrepot", "serve", "--data", str(data), "--listen", f"127.0.0.1:{self.port}"]
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def wait(self) -> None:
        """Returns when a push is accepted."""
        while True:
            time.sleep(0.1)
            try:
                Client(self.port).push()
                return
            except (OSError, SystemExit):
                if self._process.poll() is not None:
                    raise SystemExit("the registry did not start") from None

    def halt(self) -> None:
        """Has all its processes stand still."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """The reverse."""
        os.killpg(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Ends it."""
        self.go_on()
        self._process.terminate()
        self._process.wait()


@contextmanager
def served(data: Path) -> Iterator[Registry]:
    """A registry that answers."""
    registry = Registry(data)
    try:
        registry.wait()
        yield registry
    finally:
        registry.stop()


def fill(data: Path, count: int, review_after: int | None) -> None:
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
            ((REPOSITORY, i, True, 0, review_after) for i in ids),
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


def in_turn(registries: list[Registry], slices: int, seconds: float) -> list[list[Pushes]]:
    """Of each registry, its pushes by slices of so many seconds, taken in turn."""
    pushes: list[list[Pushes]] = [[] for _ in registries]
    for registry in registries:
        registry.halt()
    for _ in range(slices):
        for registry, took in zip(registries, pushes, strict=True):
            registry.go_on()
            push_for(registry.port, min(1.0, seconds / 4))  # Whatever fell due while it stood still.
            took.append(push_for(registry.port, seconds))
            registry.halt()
    return pushes


def collected(registry: Registry, count: int) -> float:
    """Pushes one blob after another until everything is collected; how many seconds that took."""
    began = time.monotonic()
    while left(registry.data, count) and time.monotonic() - began < LONGEST:
        push_for(registry.port, 2.0)
    return time.monotonic() - began


def objects(data: Path) -> int:
    """How many the folder holds."""
    return sum(file.is_file() for file in (data / "objects").rglob("*"))


def blobs(data: Path) -> int:
    """How many its database knows, with objects that are to be removed or are being written."""
    with closing(sqlite3.connect(f"file:{data / 'entrepot.db'}?mode=ro", uri=True)) as connection:
        found = connection.execute(
            "SELECT (SELECT count(*) FROM blobs) + (SELECT count(*) FROM objects_to_remove)"
        ).fetchone()
    return int(found[0])


def show(name: str, slices: list[Pushes]) -> None:
    """Prints a row: percentiles of all pushes, and the median of the slices' own p99."""
    whole = Pushes([took for each in slices for took in each.seconds])
    figures = "".join(f"{whole.percentile(part):>9.1f}" for part in (0.5, 0.9, 0.99, 0.999))
    own = statistics.median(each.percentile(0.99) for each in slices)
    print(f"{name:<24}{len(whole.seconds):>8}{figures}{own:>16.1f}")


def main() -> None:
    """Measures, and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench.collection", description=__doc__)
    parser.add_argument("--blobs", type=int, default=100_000, help="how many are to be collected")
    parser.add_argument("--slices", type=int, default=25, help="how often each registry is pushed to")
    parser.add_argument("--seconds", type=float, default=8, help="for how long each time")
    parser.add_argument("--pushes-only", action="store_true", help="leave off before the last byte is gone")
    parser.add_argument("--folder", type=Path, help="on which disk; the system's folder for passing files otherwise")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="entrepot-collection-", dir=given.folder))
    try:
        for name, review_after in (("full", None), ("due", 0)):
            (folder / name).mkdir()
            migrate_sqlite(folder / name / "entrepot.db")
            fill(folder / name, given.blobs, review_after)
        os.sync()
        with served(folder / "full") as full, served(folder / "due") as due:
            without, beside = in_turn([full, due], given.slices, given.seconds)
            rest = left(folder / "due", given.blobs)
            due.go_on()
            seconds = 0.0 if given.pushes_only else collected(due, given.blobs)
        remaining, known = objects(folder / "due"), blobs(folder / "due")
        load = os.getloadavg()
    finally:
        shutil.rmtree(folder)
    print(f"{given.blobs} blobs of {SIZE} bytes, SQLite and files, {os.cpu_count()} CPUs, load {load[0]:.1f}")
    print(f"{'':<24}{'pushes':>8}{'p50 ms':>9}{'p90 ms':>9}{'p99 ms':>9}{'p99.9 ms':>9}{'p99 of a slice':>16}")
    show("nothing to collect", without)
    show("beside collection", beside)
    told = "" if given.pushes_only else f"; the rest took {seconds:.0f} s more"
    print(f"{given.blobs - rest} were collected meanwhile{told}. {remaining} objects are left, of {known} blobs")


if __name__ == "__main__":
    main()
