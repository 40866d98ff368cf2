"""Where a row is measured: the content, the sizes, and a server's CPU read before and after a load process."""

import json
import mmap
import time
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

from bench.content import MIB, REPOSITORY, Blob, Content, digest_of
from bench.cpu import Memory, PeakMemory
from bench.errors import WrongAnswer
from bench.load import launch
from bench.long import PAGE
from bench.servers import Server
from bench.work import NOT_TOLD, Down, Fetch, Job, Request, Small, Up, Way

GIB = 1 << 30
PULL = f"repository:{REPOSITORY}:pull"
LARGE = 256 * 1024
"""Bytes from which on a file is content of a row for large bodies."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much each row does.

    count:       requests of a small row
    connections: kept-alive connections of a small row
    volume:      bytes a large row moves (with 8 connections down, at least a blob for each)
    blob:        bytes of one large blob
    piece:       bytes of one PATCH
    span:        bytes of one Range request
    timeout:     seconds after which a load process is given up
    settle:      seconds after a load until the CPU is read; what a server puts off until after the answer is its work
    """

    count: int = 10_000
    connections: int = 16
    volume: int = GIB
    blob: int = 256 * MIB
    piece: int = 64 * MIB
    span: int = 4 * MIB
    timeout: float = 300.0
    settle: float = 0.25


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One measurement, scaled to the row's unit: seconds of CPU and of wall time; memory where the row is about it."""

    cpu: float
    wall: float
    memory: Memory | None = None


class Stage:
    """Measures one load at a time on one server at a time."""

    def __init__(self, content: Content, sizes: Sizes) -> None:
        self.content = content
        self.sizes = sizes

    def small(self, server: Server, requests: tuple[Request, ...]) -> Reading:
        """What 10 000 of these requests take of the server."""
        job = Small(
            port=server.port,
            authorization=server.authorization(PULL),
            connections=self.sizes.connections,
            count=self.sizes.count,
            requests=requests,
        )
        return scaled(self._measure(server, job), 10_000 / self.sizes.count)

    def prove(self, server: Server) -> None:
        """Nothing; a large blob and a range of it came back as they were sent. Raises WrongAnswer otherwise.

        The large rows drop the bytes unseen, so this is where the content is compared.
        """
        blob = self.content.large.layers[0]
        headers = {"Authorization": server.authorization(PULL)}
        answer, body = server.ask("GET", target(blob), headers)
        if answer.status != 200 or digest_of(body) != blob.digest:
            raise WrongAnswer(f"{server.key} answered GET of a large blob {answer.status} with another content")
        start, end = blob.size // 3, blob.size // 2
        answer, part = server.ask("GET", target(blob), {**headers, "Range": f"bytes={start}-{end - 1}"})
        if answer.status != 206 or part != body[start:end]:
            raise WrongAnswer(f"{server.key} answered a Range request {answer.status} with another content")

    def warm(self, server: Server, requests: tuple[Request, ...]) -> None:
        """Nothing; the server has answered each request a few times, as one that has been running has."""
        job = Small(
            port=server.port,
            authorization=server.authorization(PULL),
            connections=self.sizes.connections,
            count=min(500, self.sizes.count),
            requests=requests,
        )
        launch(job, self.sizes.timeout)

    def listed(self, server: Server, path: str, scope: str) -> Reading:
        """What 100 answers with this page of a list take of the server, or with more, if it gives no pages.

        Raises WrongAnswer if it is less than a full page.
        """
        authorization = server.authorization(scope)
        answer, body = server.ask("GET", path, {"Authorization": authorization})
        found = json.loads(body) if answer.status == 200 else {}
        if len(found.get("tags") or found.get("repositories") or ()) < PAGE:
            raise WrongAnswer(f"{server.key} answered {path} {answer.status} with {body[:100]!r}, not {PAGE} names")
        length = NOT_TOLD if answer.headers.get("Transfer-Encoding") else len(body)
        request = Request(method="GET", target=path, accept="", status=200, length=length, sha256="")
        job = Small(
            port=server.port, authorization=authorization, connections=2, count=server.pages, requests=(request,)
        )
        return scaled(self._measure(server, job), 100 / server.pages)

    def tokens(self, server: Server) -> Reading:
        """What 10 000 tokens, asked for with the same password, take of the server. Raises WrongAnswer without them."""
        realm = server.realm(PULL)
        if realm is None or realm[0] != server.port:
            raise WrongAnswer(f"{server.key} gives no tokens itself")
        request = Request(method="GET", target=realm[1], accept="", status=200, length=NOT_TOLD, sha256="")
        job = Small(
            port=server.port,
            authorization=realm[2]["Authorization"],
            connections=self.sizes.connections,
            count=self.sizes.count,
            requests=(request,),
        )
        return scaled(self._measure(server, job), 10_000 / self.sizes.count)

    def down(self, server: Server, connections: int) -> Reading:
        """What a GiB of large blobs takes of the server, on so many connections at once."""
        blobs = self.content.large.layers
        number = max(self.sizes.volume // self.sizes.blob, connections)
        fetches = tuple(Fetch(target=target(blob), span="", length=blob.size) for blob in islice(cycle(blobs), number))
        return self._down(server, connections, fetches)

    def ranges(self, server: Server, connections: int) -> Reading:
        """What a GiB takes of the server when it is asked for in Range requests of `span` bytes."""
        return self._down(server, connections, self._spans(self.sizes.volume // self.sizes.span, self.sizes.span))

    def up(self, server: Server, connections: int, way: Way) -> Reading:
        """What a GiB of blobs it has never seen takes of the server; the bytes are taken off its disk afterwards."""
        number = max(self.sizes.volume // self.sizes.blob, connections)
        blobs = [self.content.distinct(self.sizes.volume // number) for _ in range(number)]
        before = large_files(server)
        touch_memory(4 * sum(blob.size for blob in blobs))
        try:
            reading = self._measure(server, self._upload(server, connections, way, blobs))
        finally:
            sweep(server, before)
        return scaled(reading, GIB / sum(blob.size for blob in blobs))

    def memory_down(self, server: Server, transfers: int) -> Reading:
        """The most memory the server holds while it sends to so many connections at once."""
        span = max(self.sizes.volume // 32, 1)
        job = self._download(server, transfers, self._spans(transfers, span))
        return self._measure(server, job, watch=True)

    def memory_up(self, server: Server, transfers: int) -> Reading:
        """The most memory the server holds while it receives from so many connections at once."""
        blobs = [self.content.distinct(self.sizes.volume // 64) for _ in range(transfers)]
        before = large_files(server)
        try:
            return self._measure(server, self._upload(server, transfers, "put", blobs), watch=True)
        finally:
            sweep(server, before)

    def _spans(self, number: int, span: int) -> tuple[Fetch, ...]:
        span = min(span, self.sizes.blob)
        places = [
            (blob, start) for start in range(0, self.sizes.blob - span + 1, span) for blob in self.content.large.layers
        ]
        return tuple(
            Fetch(target=target(blob), span=f"bytes={start}-{start + span - 1}", length=span)
            for blob, start in islice(cycle(places), max(number, 1))
        )

    def _down(self, server: Server, connections: int, fetches: tuple[Fetch, ...]) -> Reading:
        reading = self._measure(server, self._download(server, connections, fetches))
        return scaled(reading, GIB / sum(fetch.length for fetch in fetches))

    def _download(self, server: Server, connections: int, fetches: tuple[Fetch, ...]) -> Down:
        return Down(
            port=server.port,
            authorization=server.authorization(PULL),
            connections=connections,
            fetches=fetches,
        )

    def _upload(self, server: Server, connections: int, way: Way, blobs: list[Blob]) -> Up:
        return Up(
            port=server.port,
            authorization=server.authorization(),
            connections=connections,
            repository=REPOSITORY,
            way=way,
            piece=self.sizes.piece,
            base=str(self.content.base),
            uploads=tuple(blob.upload for blob in blobs),
        )

    def _measure(self, server: Server, job: Job, *, watch: bool = False) -> Reading:
        before = server.cpu()
        if watch:
            with PeakMemory(server.pid) as watched:
                done = launch(job, self.sizes.timeout)
            memory = watched.peak
        else:
            done = launch(job, self.sizes.timeout)
            memory = None
        time.sleep(self.sizes.settle)
        return Reading(cpu=server.cpu() - before, wall=done.wall, memory=memory)


def target(blob: Blob) -> str:
    """The blob's path on every server."""
    return f"/v2/{REPOSITORY}/blobs/{blob.digest}"


def scaled(reading: Reading, factor: float) -> Reading:
    """The reading for `factor` times the work."""
    return replace(reading, cpu=reading.cpu * factor, wall=reading.wall * factor)


def touch_memory(size: int) -> None:
    """Nothing; that many bytes of free memory have just been in use.

    On a virtual machine, memory that was free for some seconds has gone back to the host, and the first to touch it
    again waits for the host. Counted as CPU of whichever server's file happens to be written there, that was half of an
    upload's figure or nothing.
    """
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
    mmap.mmap(-1, max(size, mmap.PAGESIZE), flags=flags).close()


def large_files(server: Server) -> set[Path]:
    """The files in the server's own folder that could be content."""
    return {path for path in server.data.rglob("*") if path.is_file() and path.stat().st_size >= LARGE}


def sweep(server: Server, before: set[Path]) -> None:
    """Nothing; the bytes that were uploaded since are off the disk.

    Taken from the server's own folder: deleting by API frees space at some later time on each server, and five rounds
    would need a hundred gigabytes. No row asks for these blobs again.
    """
    for path in large_files(server) - before:
        if ".db" not in path.name:
            path.unlink(missing_ok=True)
