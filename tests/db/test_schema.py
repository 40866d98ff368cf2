"""The schema: what migrations make is what `db.schema` says, and the hot questions are answered from indexes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, Engine, create_engine, make_url, text

from entrepot.db import (
    blobs,
    collection,
    manifests,
    proof,
    quarantine,
    referrers,
    removals,
    repositories,
    tags,
    uploads,
    usage,
)
from entrepot.db.contract import Row, Transaction
from entrepot.db.schema import metadata
from entrepot.db.sqlite import SqliteTransaction, _in_sqlite_style, connect
from entrepot.model.digest import Digest
from entrepot.model.query import ListQuery

DIGEST = Digest.of(b"content")


def engine(url: str) -> Engine:
    if url.startswith("sqlite"):
        return create_engine(URL.create("sqlite", database=url.removeprefix("sqlite:///")))
    return create_engine(make_url(url).set(drivername="postgresql+psycopg"))


@pytest.fixture
def migrated(database_url: str) -> Iterator[Engine]:
    made = engine(database_url)
    yield made
    made.dispose()


def test_migrations_make_what_the_schema_says(migrated: Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


SQLITE_PARTS = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic_version%' ORDER BY name"
)
POSTGRESQL_PARTS = """
SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL
SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass
UNION ALL
SELECT 'column', attrelid::regclass || '.' || attname,
  format_type(atttypid, atttypmod) || ' ' || attnotnull || ' ' || coalesce(attcollation::regcollation::text, '')
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND relname <> 'alembic_version'
ORDER BY 1, 2
"""


def parts(made: Engine) -> list[tuple[str, ...]]:
    question = SQLITE_PARTS if made.dialect.name == "sqlite" else POSTGRESQL_PARTS
    with made.connect() as connection:
        # Sorted inside: the order in which constraints are written is nothing to a database.
        return [
            tuple(" ".join(sorted(str(words).replace('"', "").replace(",", " ").split())) for words in row)
            for row in connection.execute(text(question))
        ]


def test_migrations_make_it_down_to_collations_partial_indexes_and_tables_by_key(
    migrated: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """What alembic does not compare: each part as the database itself describes it."""
    found = parts(migrated)
    if migrated.dialect.name == "sqlite":
        straight = engine(f"sqlite:///{tmp_path / 'straight.db'}")
    else:
        straight = engine(request.getfixturevalue("empty_postgresql_url"))
        with straight.begin() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
    try:
        metadata.create_all(straight)
        assert found == parts(straight)
    finally:
        straight.dispose()
    assert len(found) > 30


class Explaining:
    """A transaction on SQLite that notes how each statement finds its rows."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._inner = SqliteTransaction(self._connection)
        self.plans: list[tuple[str, str]] = []

    @property
    def now(self) -> int:
        return self._inner.now

    def one(self, statement: str, *parameters: object) -> Row | None:
        self._explain(statement, parameters)
        return self._inner.one(statement, *parameters)

    def all(self, statement: str, *parameters: object) -> list[Row]:
        self._explain(statement, parameters)
        return self._inner.all(statement, *parameters)

    def run(self, statement: str, *parameters: object) -> int:
        self._explain(statement, parameters)
        return self._inner.run(statement, *parameters)

    def close(self) -> None:
        self._connection.close()

    def _explain(self, statement: str, parameters: tuple[object, ...]) -> None:
        for row in self._connection.execute(f"EXPLAIN QUERY PLAN {_in_sqlite_style(statement)}", parameters):
            self.plans.append((statement, row[3]))


@pytest.fixture
def explaining(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Explaining]:
    path = tmp_path / "entrepot.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    made = Explaining(path)
    filling(made)
    made.plans.clear()
    yield made
    made.close()


def filling(tx: Transaction) -> None:
    """One row of most kinds, so that no function ends before its last statement."""
    tx.run(
        "INSERT INTO projects (id, name, public, owner_id, owner_name, created_at, updated_at)"
        " VALUES (1, 'a', TRUE, 0, '', 0, 0)"
    )
    tx.run("INSERT INTO repositories VALUES (1, 1, 'a/b', '', 0, 0, 0, TRUE, NULL)")
    tx.run("INSERT INTO blobs (id, digest, size, key, parts, created_at) VALUES (1, ?, 7, 'key', 1, 0)", DIGEST.packed)
    tx.run("INSERT INTO repository_blobs VALUES (1, 1, TRUE, 0, 0)")
    for number, deleted in ((1, None), (2, 0)):
        tx.run(
            "INSERT INTO manifests (id, repository_id, digest, media_type, body, kind, config_type, size, attributes,"
            " pushed_at, listed, deleted_at) VALUES (?, 1, ?, 'm', x'', 'IMAGE', '', 0, '{}', 0, TRUE, ?)",
            number,
            Digest.of(bytes(number)).packed,
            deleted,
        )
    tx.run("INSERT INTO tags VALUES (1, 1, 'latest', 1, 0, NULL)")
    tx.run("INSERT INTO uploads VALUES ('u', 1, 'me', 1, NULL, 0)")
    tx.run("INSERT INTO upload_parts VALUES ('u', 0, 1, 'part', x'00')")
    tx.run("INSERT INTO objects_to_remove VALUES ('gone', 0, FALSE)")


QUESTIONS: dict[str, Callable[[Transaction], object]] = {
    "find_visible": lambda tx: blobs.find_visible(tx, 1, DIGEST),
    "renew_lease": lambda tx: blobs.renew_lease(tx, 1, 1, 9),
    "find_in_project": lambda tx: blobs.find_in_project(tx, 1, DIGEST),
    "lock_visible": lambda tx: blobs.lock_visible(tx, 1, [DIGEST, Digest.of(b"2"), Digest.of(b"3")]),
    "link": lambda tx: blobs.link(tx, 1, 1, DIGEST, 9),
    "referenced": lambda tx: blobs.referenced(tx, 1, 1),
    "needing_manifest": lambda tx: blobs.needing_manifest(tx, 1, 1),
    "unlink": lambda tx: blobs.unlink(tx, 1, 1, 0, wait=True),
    "hide": lambda tx: blobs.hide(tx, 1, 1),
    "lock_link": lambda tx: blobs.lock_link(tx, 1, 1),
    "by_tag": lambda tx: manifests.by_tag(tx, 1, "latest"),
    "by_digest": lambda tx: manifests.by_digest(tx, 1, DIGEST),
    "lock_live": lambda tx: manifests.lock_live(tx, 1, DIGEST),
    "present": lambda tx: manifests.lock_present(tx, 1, [DIGEST]),
    "naming_index": lambda tx: manifests.naming_index(tx, 1, DIGEST),
    "release": lambda tx: manifests.release(tx, 2, 1),
    "referrers": lambda tx: referrers.page(tx, 1, DIGEST, None, b"", 9),
    "referrers of a type": lambda tx: referrers.page(tx, 1, DIGEST, "a/b", b"\1", 9),
    "referrer_sizes": lambda tx: referrers.sizes(tx, 1, DIGEST, None, b"", 9),
    "tags.move": lambda tx: tags.move(tx, 1, "latest", 1, tags.lock(tx, 1, "latest")),
    "tags.lock_named": lambda tx: tags.lock_named(tx, 1, ["latest"], [DIGEST]),
    "tags.delete": lambda tx: tags.delete(tx, 1, "latest"),
    "tags.delete_of_manifest": lambda tx: tags.delete_of_manifest(tx, 1),
    "tags.page": lambda tx: tags.page(tx, 1, "a", 9),
    "collection.due": collection.due,
    "collect": lambda tx: collection.collect(tx, 9, 0),
    "trash_due": collection.trash_due,
    "empty_trash": lambda tx: collection.empty_trash(tx, 9),
    "removals.due": removals.due,
    "take_due": lambda tx: removals.take_due(tx, 9),
    "take_back": lambda tx: removals.take_back(tx, "gone"),
    "page_of_all": lambda tx: repositories.page_of_all(tx, "a", 9),
    "page_of_member": lambda tx: repositories.page_of_member(tx, 1, "a", 9),
    "page_of_public": lambda tx: repositories.page_of_public(tx, "a", 9),
    "is_empty": lambda tx: repositories.is_empty(tx, 1),
    "uploads.find": lambda tx: uploads.find(tx, "u", 1, "me"),
    "uploads.parts": lambda tx: uploads.parts(tx, "u"),
    "uploads.due": uploads.due,
    "uploads.expire": lambda tx: uploads.expire(tx, 9),
    "page_of_blobs": lambda tx: proof.page_of_blobs(tx, 0, 9),
    "page_of_manifests": lambda tx: proof.page_of_manifests(tx, 0, 9),
    "page_of_parts": lambda tx: proof.page_of_parts(tx, "", 9),
    "usage.holders": lambda tx: usage.holders(tx, 1, 1, 9),
    "usage.of_repository": lambda tx: usage.of_repository(tx, usage.RepositoryName(1, "a/b")),
    "quarantine.total": quarantine.total,
    "quarantine.page": lambda tx: quarantine.page(tx, ListQuery(page=1, page_size=9)),
    "quarantine.take_stale": lambda tx: quarantine.take_stale(tx, 9, 9),
    "knows_key": lambda tx: proof.knows_key(tx, "absent"),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_hot_questions_find_their_rows_through_indexes(explaining: Explaining, name: str) -> None:
    QUESTIONS[name](explaining)
    assert explaining.plans
    for statement, step in explaining.plans:
        # The rows of a subquery that has found its own through an index, and is bounded, are not those of a table.
        scanned = step.startswith("SCAN") and step not in ("SCAN l", "SCAN CONSTANT ROW")
        assert not scanned, f"{statement}\n{explaining.plans}"
        assert "TEMP B-TREE" not in step or "LIMIT" not in statement, f"a page is sorted whole: {statement}"
