"""A registry filled with very many rows, without pushing them: straight into its database."""

import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg

NOW = 1_790_000_000_000_000
"""Microseconds: some time in 2026."""
IMAGE = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
FIRST = 1000
"""The first id that is given: those below may have been by the registry's own first start."""
BASES = 5
"""Blobs that all artifacts of the large repository have."""
MEMBER = "user-000001"
"""Who is a member of every hundredth project."""

Row = Sequence[object]


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """How many rows of a kind there are."""

    projects: int = 100_000
    """Each with one repository that holds one artifact."""
    tags: int = 100_000
    """Of one repository, each naming an artifact of its own."""
    users: int = 100_000
    labels: int = 100_000
    events: int = 1_000_000
    blobs: int = 0
    """Of the repository with the tags: of so many of its artifacts one that is theirs alone, and `BASES` of all."""


class Filler(Protocol):
    """Takes rows for a table."""

    def fill(self, table: str, columns: str, rows: Iterable[Row]) -> None:
        """Adds the rows; returns when they are there."""


class SqliteFiller:
    """Fills an SQLite file that no registry has open."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self, table: str, columns: str, rows: Iterable[Row]) -> None:
        """Adds the rows in one transaction."""
        marks = ",".join("?" * (columns.count(",") + 1))
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

    def finish(self) -> None:
        """Has the planner know what there is, as it would after the same rows came one by one."""
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute("ANALYZE")


class PostgresqlFiller:
    """Fills a database on a server."""

    def __init__(self, url: str) -> None:
        self._url = url

    def fill(self, table: str, columns: str, rows: Iterable[Row]) -> None:
        """Adds the rows in one transaction."""
        statement = f"COPY {table} ({columns}) FROM STDIN".encode()
        with psycopg.connect(self._url) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def finish(self) -> None:
        """As autovacuum would have done meanwhile."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def fill(filler: Filler, amounts: Amounts) -> None:
    """Adds all of them. Ids begin with `FIRST`; the repository with the many tags is `project-000000/app`."""
    last = FIRST + amounts.projects
    ids = range(FIRST, last)
    filler.fill(
        "users",
        "id,name,password_hash,email,realname,comment,admin,disabled,created_at,updated_at",
        (
            (FIRST + i, f"user-{i:06}", "-", f"{i}@example.com", "", "", False, False, NOW, NOW)
            for i in range(amounts.users)
        ),
    )
    filler.fill(
        "projects",
        "id,name,public,owner_id,owner_name,created_at,updated_at",
        ((i, f"project-{i - FIRST:06}", i % 10 == 0, FIRST, "user-000000", NOW + i, NOW + i) for i in ids),
    )
    filler.fill("project_metadata", "project_id,name,value", ((i, "auto_scan", "true") for i in ids))
    filler.fill("quotas", "project_id,hard,used,created_at,updated_at", ((i, -1, i * 1000, NOW, NOW) for i in ids))
    filler.fill("members", "project_id,user_id,role,created_at", ((i, FIRST + 1, 2, NOW) for i in ids if i % 100 == 0))
    filler.fill(
        "repositories",
        "id,project_id,name,description,pull_count,created_at,updated_at,live",
        ((i, i, f"project-{i - FIRST:06}/app", "", i, NOW + i, NOW + i, True) for i in ids),
    )
    filler.fill("manifests", _MANIFEST, itertools.chain(_manifests(last, amounts.tags), _one_each(ids)))
    filler.fill(
        "tags",
        "repository_id,name,manifest_id,updated_at",
        ((FIRST, f"v{i:06}", last + i, NOW + i) for i in range(amounts.tags)),
    )
    filler.fill(
        "labels",
        "id,project_id,name,description,color,created_at,updated_at",
        ((FIRST + i, None, f"label-{i:06}", "", "#fff", NOW, NOW) for i in range(amounts.labels)),
    )
    filler.fill("events", _EVENT, _events(amounts.events, amounts.projects))
    if amounts.blobs:
        _fill_blobs(filler, last, amounts.blobs)


def _fill_blobs(filler: Filler, first_manifest: int, count: int) -> None:
    """Each manifest of the large repository has a blob of its own, and all have the bases, as do other projects."""
    blobs = range(FIRST, FIRST + BASES + count)
    bases, own = blobs[:BASES], blobs[BASES:]
    filler.fill(
        "blobs",
        "id,digest,size,key,parts,created_at",
        ((i, _digest(i), _size(i), f"{i % 256:02x}/{i:032x}", 1, NOW) for i in blobs),
    )
    others = range(FIRST + 1, FIRST + 101)
    # Projects have their repository's id.
    links = [*((FIRST, i) for i in blobs), *((other, i) for other in others for i in bases)]
    filler.fill(
        "repository_blobs",
        "repository_id,blob_id,visible,leased_until,review_after",
        ((repository, i, True, 0, None) for repository, i in links),
    )
    filler.fill("project_blobs", "project_id,blob_id,links,holders", ((project, i, 1, project) for project, i in links))
    # What the counters of the large repository say of its blobs; those of the others are not asked for.
    size = sum(_size(i) for i in blobs)
    filler.fill("repository_use", "repository_id,held,own,bodies", [(FIRST, size, size, 0)])
    filler.fill(
        "manifest_blobs",
        "manifest_id,repository_id,blob_id",
        ((first_manifest + i, FIRST, blob) for i, one in enumerate(own) for blob in (*bases, one)),
    )


_MANIFEST = "id,repository_id,digest,media_type,body,kind,config_type,size,attributes,pushed_at,listed"
_EVENT = "at,name,actor,through,address,request_id,project_id,repository,resource,succeeded,detail,place,seal"


def _manifests(start: int, count: int) -> Iterator[Row]:
    for i in range(start, start + count):
        yield i, FIRST, _digest(i), IMAGE, _body(i), "IMAGE", CONFIG, 1000 + i, "{}", NOW + i, True


def _one_each(ids: range) -> Iterator[Row]:
    for i in ids[1:]:
        yield i, i, _digest(i), IMAGE, _body(i), "IMAGE", CONFIG, 1000 + i, "{}", NOW + i, True


def _size(number: int) -> int:
    return 1000 + number * 7919 % 1_000_000


def _digest(number: int) -> bytes:
    return b"\x01" + number.to_bytes(32, "big")


def _body(number: int) -> bytes:
    digest = f"sha256:{number:064x}"
    layers = [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": 1000}] * 5
    config = {"mediaType": CONFIG, "digest": digest, "size": 1000}
    return json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers}).encode()


_NAMES = ("artifact:pushed", "tag:moved", "artifact:deleted", "user:signed-in")


def _events(count: int, projects: int) -> Iterator[Row]:
    for i in range(1, count + 1):
        name, project = _NAMES[i % 4], i % projects
        repository = f"project-{project:06}/app"
        actor = f"user-{i % 1000:06}"
        yield (
            NOW + i * 1000,
            name,
            actor,
            "password",
            "192.0.2.1",
            f"{i:032x}",
            None if name.startswith("user") else FIRST + project,
            None if name.startswith("user") else repository,
            actor if name.startswith("user") else f"{repository}@sha256:{i:064x}",
            True,
            "{}",
            FIRST + i,
            bytes(32),
        )
