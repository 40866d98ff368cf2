"""The rows of the table: what is measured, in which unit, and the goals."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bench.content import MANIFEST_TYPE, REPOSITORY, Blob, Content, Image
from bench.goals import CONCURRENT_DOWN, DOWN, GET, HEAD, IMAGE, MEMORY, UP, Goal
from bench.long import LISTS
from bench.servers import Need, Server
from bench.stage import Reading, Stage, target
from bench.trips import Trips
from bench.work import Request, Way

Group = Literal["small", "lists", "down", "up", "image", "rss"]
GROUPS: tuple[Group, ...] = ("small", "lists", "down", "up", "image", "rss")

TRANSFERS = 64

Measure = Callable[[Server], Reading]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row.

    goals:  what is to be reached, all of it
    needs:  what a server must offer to be measured
    """

    key: str
    group: Group
    title: str
    measure: Measure
    goals: tuple[Goal, ...] = ()
    needs: Need | None = None


def rows_of(groups: tuple[Group, ...], stage: Stage, trips: Trips | None) -> list[Row]:
    """The rows of these groups, in the table's order; those by crane only where there is one."""
    rows = {
        "small": _small_rows(stage),
        "lists": list_rows(stage),
        "down": _down_rows(stage),
        "up": _up_rows(stage),
        "image": _image_rows(trips) if trips is not None else [],
        "rss": _memory_rows(stage),
    }
    return [row for group in GROUPS if group in groups for row in rows[group]]


def small_requests(content: Content) -> dict[str, tuple[Request, ...]]:
    """The small rows' requests by the row's key: each row goes around all small images or all their layers."""
    images = content.small
    layers = [layer for image in images for layer in image.layers]
    return {
        "manifest-get-tag": tuple(_manifest("GET", image, image.tag) for image in images),
        "manifest-get-digest": tuple(_manifest("GET", image, image.digest) for image in images),
        "manifest-head-tag": tuple(_manifest("HEAD", image, image.tag) for image in images),
        "manifest-head-digest": tuple(_manifest("HEAD", image, image.digest) for image in images),
        "blob-head": tuple(_blob("HEAD", layer) for layer in layers),
        "blob-get": tuple(_blob("GET", layer) for layer in layers),
    }


def _small_rows(stage: Stage) -> list[Row]:
    titles = {
        "manifest-get-tag": "10 000 manifest GETs by tag",
        "manifest-get-digest": "10 000 manifest GETs by digest",
        "manifest-head-tag": "10 000 manifest HEADs by tag",
        "manifest-head-digest": "10 000 manifest HEADs by digest",
        "blob-head": "10 000 blob HEADs",
        "blob-get": "10 000 blob GETs of 4 KiB",
    }

    def measure(requests: tuple[Request, ...]) -> Measure:
        return lambda server: stage.small(server, requests)

    rows = [
        Row(key=key, group="small", title=titles[key], goals=GET if "get" in key else HEAD, measure=measure(requests))
        for key, requests in small_requests(stage.content).items()
    ]
    return [*rows, Row(key="tokens", group="small", title="10 000 tokens", measure=stage.tokens, needs="tokens")]


def list_rows(stage: Stage) -> list[Row]:
    """What lists cost that are very long: 100 answers of 1000 names each."""

    def measure(path: str, scope: str) -> Measure:
        return lambda server: stage.listed(server, path, scope)

    return [
        Row(key=key, group="lists", title=f"100 times {title}", measure=measure(path, scope), needs="lists")
        for key, (title, path, scope) in LISTS.items()
    ]


def _down_rows(stage: Stage) -> list[Row]:
    def whole(connections: int) -> Measure:
        return lambda server: stage.down(server, connections)

    def ranges(connections: int) -> Measure:
        return lambda server: stage.ranges(server, connections)

    size = f"{stage.sizes.span >> 20} MiB"
    measured = {f"down-{n}": (f"1 GiB down, {_connections(n)}", whole(n)) for n in (1, 8, 64)}
    measured |= {f"range-{n}": (f"1 GiB in ranges of {size}, {_connections(n)}", ranges(n)) for n in (1, 8)}
    return [
        Row(key=key, group="down", title=title, goals=CONCURRENT_DOWN if key == "down-8" else DOWN, measure=measure)
        for key, (title, measure) in measured.items()
    ]


def _up_rows(stage: Stage) -> list[Row]:
    ways: dict[Way, str] = {
        "put": "one PUT",
        "patch": f"PATCHes of {stage.sizes.piece >> 20} MiB",
        "stream": "one chunked PATCH",
    }

    def measure(connections: int, way: Way) -> Measure:
        return lambda server: stage.up(server, connections, way)

    return [
        Row(
            key=f"up-{way}-{n}",
            group="up",
            title=f"1 GiB up, {text}, {_connections(n)}",
            goals=UP,
            measure=measure(n, way),
            needs="pushes",
        )
        for way, text in ways.items()
        for n in (1, 8)
    ]


def _image_rows(trips: Trips) -> list[Row]:
    texts: list[tuple[str, str, Measure, tuple[Goal, ...]]] = [
        ("push", "20 layers of 2 MiB pushed by crane", trips.push, IMAGE),
        ("pull", "… pulled", trips.pull, IMAGE),
        ("again", "… pushed again under another tag", trips.push_again, ()),
    ]
    return [
        Row(key=f"image-{name}", group="image", title=title, measure=measure, goals=goals, needs="pushes")
        for name, title, measure, goals in texts
    ]


def _memory_rows(stage: Stage) -> list[Row]:
    return [
        Row(
            key="rss-idle",
            group="rss",
            title="just started",
            measure=lambda server: Reading(cpu=0, wall=0, memory=server.idle),
        ),
        Row(
            key="rss-down",
            group="rss",
            title=f"{TRANSFERS} downloads at once",
            goals=MEMORY,
            measure=lambda server: stage.memory_down(server, TRANSFERS),
        ),
        Row(
            key="rss-up",
            group="rss",
            title=f"{TRANSFERS} uploads at once",
            goals=MEMORY,
            measure=lambda server: stage.memory_up(server, TRANSFERS),
            needs="pushes",
        ),
    ]


def _connections(number: int) -> str:
    return "1 connection" if number == 1 else f"{number} connections"


def _manifest(method: Literal["GET", "HEAD"], image: Image, reference: str) -> Request:
    return Request(
        method=method,
        target=f"/v2/{REPOSITORY}/manifests/{reference}",
        accept=MANIFEST_TYPE,
        status=200,
        length=len(image.manifest),
        sha256=hashlib.sha256(image.manifest).hexdigest() if method == "GET" else "",
    )


def _blob(method: Literal["GET", "HEAD"], blob: Blob) -> Request:
    return Request(
        method=method,
        target=target(blob),
        accept="",
        status=200,
        length=blob.size,
        sha256=blob.digest.partition(":")[2] if method == "GET" else "",
    )
