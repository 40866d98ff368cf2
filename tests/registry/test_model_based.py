"""Whatever is done in whatever order, the registry shows what a small model says, and all that it shows is there."""

import asyncio
import contextlib
import shutil
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from contracts.place import DAY, Place, image, index, stream, subject
from entrepot.db import manifests as db_manifests
from entrepot.db import quotas, repository_use
from entrepot.db.contract import Database
from entrepot.db.repositories import HOLDS
from entrepot.db.schema import metadata
from entrepot.db.sqlite import SqliteDatabase
from entrepot.model.digest import Digest
from entrepot.model.errors import (
    BlobUnknown,
    EntrepotError,
    InUse,
    ManifestReferencesUnknown,
    ManifestUnknown,
    RepositoryUnknown,
)
from entrepot.model.reference import Tag
from entrepot.registry.rules import Rules
from entrepot.storage.memory import MemoryStorage

T = TypeVar("T")

LONG = (pytest.mark.slow, pytest.mark.timeout(600))
"""Of as many lives as are left to the slow tests; each run lives others."""

NAMES = ["library/a", "library/b", "other/c"]
BLOBS = [b"{}", b"one", b"two"]
IMAGES = {
    image(b"{}"): {b"{}"},
    image(b"{}", b"one"): {b"{}", b"one"},
    image(b"one", b"two", subject=subject(image(b"{}"))): {b"one", b"two"},
}
INDEXES = {
    index(image(b"{}")): {image(b"{}")},
    index(*IMAGES): set(IMAGES),
    index(index(image(b"{}")), subject=subject(image(b"{}"))): {index(image(b"{}"))},
}
MANIFESTS = [*IMAGES, *INDEXES]
TAGS = ["latest", "v1"]


@dataclass
class Model:
    """What one repository should show, and until when a blob without a manifest is sure to be there."""

    manifests: set[bytes] = field(default_factory=set)
    tags: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[bytes, int] = field(default_factory=dict)
    """Each with the time until which it is leased."""

    def needed(self, blob: bytes) -> bool:
        return any(blob in IMAGES.get(manifest, ()) for manifest in self.manifests)

    def named(self, manifest: bytes) -> bool:
        return any(manifest in INDEXES.get(parent, ()) for parent in self.manifests)

    def lacks(self, manifest: bytes) -> bool:
        return not (IMAGES.get(manifest, set()) <= self.blobs.keys() and INDEXES.get(manifest, set()) <= self.manifests)

    def collect(self, now: int) -> None:
        self.blobs = {blob: until for blob, until in self.blobs.items() if until > now or self.needed(blob)}

    def referrers(self, manifest: bytes) -> list[str]:
        about = b'"subject": ' + str(subject(manifest)).replace("'", '"').encode()
        return sorted(str(Digest.of(one)) for one in self.manifests if about in one)


names, blobs, manifests, tags = (st.sampled_from(values) for values in (NAMES, BLOBS, MANIFESTS, TAGS))


class Registry(RuleBasedStateMachine):
    """Does things to a registry and to the model at the same time."""

    database: Database
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.wait(self.database.write(lambda tx: _empty(tx)))
        self.place = Place(self.database, MemoryStorage(), Rules(lease=DAY))
        self.models = {name: Model() for name in NAMES}
        self.now = 0

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def outcome(self, work: Coroutine[Any, Any, Any]) -> type[EntrepotError] | None:
        try:
            self.wait(work)
        except EntrepotError as error:
            return type(error)
        return None

    @rule(name=names, blob=blobs)
    def push_blob(self, name: str, blob: bytes) -> None:
        self.wait(self.place.push(blob, name))
        self.models[name].blobs[blob] = self.now + DAY

    @rule(name=names, blob=blobs, parts=st.integers(0, 2))
    def push_blob_in_parts(self, name: str, blob: bytes, parts: int) -> None:
        async def push() -> None:
            upload = await self.place.uploads.start(await self.place.grant(name))
            grant = await self.place.grant(name)
            for number in range(parts):
                await self.place.uploads.append(grant, upload.id, stream(blob[number : number + 1]), start=number)
            for _ in range(2):
                await self.place.uploads.finish(grant, upload.id, stream(blob[parts:]), Digest.of(blob))

        self.wait(push())
        self.models[name].blobs[blob] = self.now + DAY

    @rule(name=names, blob=blobs)
    def head_by_a_pusher(self, name: str, blob: bytes) -> None:
        async def head() -> None:
            await self.place.blobs.find(await self.place.grant(name), Digest.of(blob), for_push=True)

        model = self.models[name]
        assert self.outcome(head()) is (None if blob in model.blobs else BlobUnknown)
        if blob in model.blobs and model.blobs[blob] - self.now <= DAY // 2:
            model.blobs[blob] = self.now + DAY

    @rule(name=names, source=names, blob=blobs, said=st.booleans())
    def mount(self, name: str, source: str, blob: bytes, said: bool) -> None:
        async def mount() -> bool:
            grant = await self.place.grant(source) if said else None
            return await self.place.blobs.mount(await self.place.grant(name), grant, Digest.of(blob)) is not None

        sources = [source] if said else [other for other in NAMES if other.split("/")[0] == name.split("/")[0]]
        there = any(blob in self.models[other].blobs for other in sources)
        assert self.wait(mount()) is there
        if there:
            self.models[name].blobs[blob] = self.now + DAY

    @rule(name=names, body=manifests, tag=st.none() | tags)
    def put_manifest(self, name: str, body: bytes, tag: str | None) -> None:
        model = self.models[name]
        lacking = model.lacks(body)
        assert self.outcome(self.place.put(body, tag, name)) is (ManifestReferencesUnknown if lacking else None)
        if not lacking:
            model.manifests.add(body)
            if tag is not None:
                model.tags[tag] = body

    @rule(name=names, body=manifests, tag=st.none() | tags)
    def push_whole(self, name: str, body: bytes, tag: str | None) -> None:
        """As clients do: everything that it refers to first. By chance alone manifests would be rare."""
        for blob in sorted(IMAGES.get(body, ())):
            self.push_blob(name, blob)
        for child in sorted(INDEXES.get(body, ())):
            self.push_whole(name, child, None)
        self.put_manifest(name, body, tag)

    @rule(name=names, tag=tags)
    def delete_tag(self, name: str, tag: str) -> None:
        known = self.models[name].tags.pop(tag, None) is not None
        assert self.outcome(self.place.delete(Tag(tag), name)) is (None if known else ManifestUnknown)

    @rule(name=names, body=manifests)
    def delete_manifest(self, name: str, body: bytes) -> None:
        model = self.models[name]
        expected = ManifestUnknown if body not in model.manifests else InUse if model.named(body) else None
        assert self.outcome(self.place.delete(body, name)) is expected
        if expected is None:
            model.manifests.remove(body)
            model.tags = {tag: named for tag, named in model.tags.items() if named != body}

    @rule(name=names, blob=blobs)
    def delete_blob(self, name: str, blob: bytes) -> None:
        model = self.models[name]
        expected = BlobUnknown if blob not in model.blobs else InUse if model.needed(blob) else None
        assert self.outcome(self.place.delete_blob(blob, name)) is expected
        if expected is None:
            del model.blobs[blob]

    @rule(share=st.sampled_from([0, 1, 3, 6, 11]))
    def let_time_pass_and_collect(self, share: int) -> None:
        # A minute beside: the machine's own clock goes on too, and a model on the edge would be wrong by chance.
        passing = share * DAY // 8 + 60_000_000
        self.now += passing
        self.wait(self.place.let_time_pass(passing))
        self.wait(self.place.collect())
        for model in self.models.values():
            model.collect(self.now)

    @invariant()
    def shows_what_the_model_says(self) -> None:
        self.wait(self.compare())

    @invariant()
    def counts_what_it_holds(self) -> None:
        for project in self.place.projects.values():
            quota = self.wait(self.database.read(lambda tx, project=project: quotas.of_project(tx, project.id)))
            truth = self.wait(self.database.read(lambda tx, project=project: quotas.recomputed(tx, project.id)))
            assert quota is not None
            assert quota.used == truth
        assert self.wait(self.database.read(repository_use.miscounted)) == []

    @invariant()
    def lists_what_stands_by_itself(self) -> None:
        wrong = self.wait(
            self.place.rows(
                "SELECT repository_id, digest, listed FROM manifests"
                f" WHERE deleted_at IS NULL AND listed <> ({db_manifests.IS_LISTED})"
            )
        )
        assert wrong == []
        assert self.wait(self.place.rows(f"SELECT name, live FROM repositories WHERE live <> ({HOLDS})")) == []

    async def compare(self) -> None:
        assert await self.place.names() == sorted(name for name, model in self.models.items() if model.manifests)
        for name, model in self.models.items():
            shown: list[str] = []
            with contextlib.suppress(RepositoryUnknown):
                shown = await self.place.tag_names(name)
            assert shown == sorted(model.tags)
            assert await self.place.referrers(image(b"{}"), name) == model.referrers(image(b"{}"))
            grant = await self.place.grant(name)
            for tag, body in model.tags.items():
                assert (await self.place.manifests.get(grant, Tag(tag))).body == body
            for body in MANIFESTS:
                if body in model.manifests:
                    assert (await self.place.manifests.get(grant, Digest.of(body))).body == body
                else:
                    with pytest.raises(ManifestUnknown):
                        await self.place.manifests.get(grant, Digest.of(body))
            for blob in BLOBS:
                if blob in model.blobs:
                    assert await self.place.read(blob, name) == blob
                else:
                    with pytest.raises(BlobUnknown):
                        await self.place.read(blob, name)

    def teardown(self) -> None:
        """In the end the store is whole; and when all is deleted and its time has passed, it is empty."""
        self.wait(self.place.assert_whole())
        for name, model in self.models.items():
            for body in reversed(MANIFESTS):
                if body in model.manifests:
                    self.wait(self.place.delete(body, name))
        for _ in range(2):
            self.wait(self.place.let_time_pass(2 * DAY))
            self.wait(self.place.collect())
        assert self.wait(self.place.stored()) == set()
        assert self.wait(self.place.rows("SELECT count(*) FROM blobs")) == [(0,)]


def _empty(tx: Any) -> None:
    for table in reversed(metadata.sorted_tables):
        tx.run(f"DELETE FROM {table.name}")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.run_until_complete(made.shutdown_default_executor())
    made.close()


def play(database: Database, loop: asyncio.AbstractEventLoop, examples: int) -> None:
    machine = type("Registry", (Registry,), {"database": database, "loop": loop})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("examples", [20, pytest.param(120, marks=LONG)])
def test_sqlite_and_the_model_agree(
    loop: asyncio.AbstractEventLoop, tmp_path: Path, migrated_sqlite: Path, examples: int
) -> None:
    path = tmp_path / "entrepot.db"
    shutil.copy(migrated_sqlite, path)
    database = SqliteDatabase(path)
    try:
        play(database, loop, examples)
    finally:
        loop.run_until_complete(database.close())


@pytest.mark.parametrize("examples", [5, pytest.param(25, marks=LONG)])
def test_postgresql_and_the_model_agree(
    loop: asyncio.AbstractEventLoop, kept_postgresql: Database, examples: int
) -> None:
    play(kept_postgresql, loop, examples)
