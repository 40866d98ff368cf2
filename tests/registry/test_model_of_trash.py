"""As `test_model_based`, where deletions can be undone: restoring, going back, holding, and what tags have named."""

import asyncio
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from contracts.place import DAY, Place, principal, subject
from entrepot.access.roles import EVERY_PERMISSION
from entrepot.db import trash
from entrepot.db.contract import Database
from entrepot.db.sqlite import SqliteDatabase
from entrepot.model.digest import Digest
from entrepot.model.errors import (
    BlobUnknown,
    Conflict,
    EntrepotError,
    InUse,
    ManifestReferencesUnknown,
    ManifestUnknown,
    NameTaken,
    Protected,
)
from entrepot.model.grant import ProjectGrant, TrashGrant
from entrepot.model.query import ListQuery
from entrepot.model.reference import RepositoryName, Tag
from entrepot.registry.holds import Holds
from entrepot.registry.restorations import Wish
from entrepot.registry.rules import Rules
from entrepot.registry.tag_history import TagHistory
from entrepot.storage.memory import MemoryStorage
from registry import test_model_based as base
from registry.test_model_based import IMAGES, INDEXES, LONG, NAMES, TAGS, Model, Registry, loop

__all__ = ["loop"]
WINDOW = 2 * DAY
names, blobs, manifests, tags = base.names, base.blobs, base.manifests, base.tags


@dataclass(eq=False)
class Entry:
    """A deletion that can be undone."""

    until: int
    manifests: set[bytes] = field(default_factory=set)
    tags: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Keeping(Model):
    """A repository of which nothing is lost at once."""

    entries: list[Entry] = field(default_factory=list)
    hidden: dict[bytes, int] = field(default_factory=dict)
    """Blobs that were deleted while something in the trash needs them."""
    held: dict[bytes, int] = field(default_factory=dict)
    """Manifests with their holds."""
    history: dict[str, list[tuple[bytes | None, bytes | None]]] = field(default_factory=dict)
    before: dict[str, bytes] = field(default_factory=dict)

    def trashed(self) -> set[bytes]:
        return {body for entry in self.entries for body in entry.manifests}

    def needed_in_trash(self, blob: bytes) -> bool:
        return any(blob in IMAGES.get(body, ()) for body in self.trashed())

    def collect(self, now: int) -> None:
        self.entries = [entry for entry in self.entries if entry.until > now]
        self.tidy()
        self.blobs = {
            blob: until
            for blob, until in self.blobs.items()
            if until > now or self.needed(blob) or self.needed_in_trash(blob)
        }

    def tidy(self) -> None:
        """What names nothing that is held, or has nothing in it, is no deletion any more."""
        there = self.manifests | self.trashed()
        for entry in self.entries:
            entry.tags = {tag: body for tag, body in entry.tags.items() if body in there}
        self.entries = [entry for entry in self.entries if entry.tags or entry.manifests]
        self.hidden = {blob: until for blob, until in self.hidden.items() if self.needed_in_trash(blob)}

    def note(self) -> None:
        """Writes down which tags have moved since the last time."""
        for tag in TAGS:
            now, before = self.tags.get(tag), self.before.get(tag)
            if now != before:
                self.history.setdefault(tag, []).append((before, now))
        self.before = dict(self.tags)

    def protected(self, body: bytes) -> bool:
        about = [one for one in self.held if f'"subject": {subject(one)}'.replace("'", '"').encode() in body]
        return body in self.held or bool(about) or any(body in INDEXES.get(one, ()) for one in self.held)

    def revival(self, wanted: set[bytes]) -> set[bytes] | None:
        """All that has to be live for these; None if something of it is held no more."""
        found, waiting = set(wanted), list(wanted - self.manifests)
        while waiting:
            for child in INDEXES.get(waiting.pop(), set()) - found:
                if child not in self.manifests | self.trashed():
                    return None
                found.add(child)
                waiting += [child] if child not in self.manifests else []
        return found

    def revive(self, bodies: set[bytes]) -> None:
        for body in bodies - self.manifests:
            for blob in IMAGES.get(body, ()):
                if blob not in self.blobs:
                    self.blobs[blob] = self.hidden.pop(blob, 0)
        self.manifests |= bodies
        for entry in self.entries:
            entry.manifests -= bodies
        self.tidy()


class RegistryWithTrash(Registry):
    """Does things to a registry and to the model at the same time."""

    models: dict[str, Any]

    def __init__(self) -> None:
        super().__init__()
        self.place = Place(self.database, MemoryStorage(), Rules(lease=DAY, trash=WINDOW))
        self.models = {name: Keeping() for name in NAMES}
        self.history = TagHistory(self.database, self.place.manifests)

    @rule(name=names, body=manifests, tag=st.none() | tags)
    def put_manifest(self, name: str, body: bytes, tag: str | None) -> None:
        model = self.models[name]
        lacking = model.lacks(body)
        assert self.outcome(self.place.put(body, tag, name)) is (ManifestReferencesUnknown if lacking else None)
        if not lacking:
            model.revive({body})
            if tag is not None:
                model.tags[tag] = body

    @rule(name=names, tag=tags)
    def delete_tag(self, name: str, tag: str) -> None:
        model = self.models[name]
        body = model.tags.get(tag)
        expected = ManifestUnknown if body is None else Protected if body in model.held else None
        assert self.outcome(self.place.delete(Tag(tag), name)) is expected
        if expected is None:
            model.entries.append(Entry(self.now + WINDOW, tags={tag: model.tags.pop(tag)}))

    @rule(name=names, body=manifests)
    def delete_manifest(self, name: str, body: bytes) -> None:
        model = self.models[name]
        expected: type[EntrepotError] | None = None
        if body not in model.manifests:
            expected = ManifestUnknown
        elif model.protected(body):
            expected = Protected
        elif model.named(body):
            expected = InUse
        assert self.outcome(self.place.delete(body, name)) is expected
        if expected is None:
            model.manifests.remove(body)
            gone = {tag: named for tag, named in model.tags.items() if named == body}
            model.tags = {tag: named for tag, named in model.tags.items() if named != body}
            model.entries.append(Entry(self.now + WINDOW, {body}, gone))

    @rule(name=names, blob=blobs)
    def delete_blob(self, name: str, blob: bytes) -> None:
        model = self.models[name]
        expected = BlobUnknown if blob not in model.blobs else InUse if model.needed(blob) else None
        assert self.outcome(self.place.delete_blob(blob, name)) is expected
        if expected is None:
            until = model.blobs.pop(blob)
            if model.needed_in_trash(blob):
                model.hidden[blob] = until

    @rule(name=names, which=st.integers(0, 9))
    def restore(self, name: str, which: int) -> None:
        model = self.models[name]
        if not model.entries:
            return
        position = which % len(model.entries)
        entry = model.entries[position]
        wanted = entry.manifests | set(entry.tags.values())
        revival = model.revival(wanted)
        expected: type[EntrepotError] | None = None
        if revival is None:
            expected = Conflict
        elif any(model.tags.get(tag, body) != body for tag, body in entry.tags.items()):
            expected = NameTaken
        number = self.wait(self.entry_ids(name))[position]
        grant = TrashGrant(principal=principal("ada"), trash_id=number)
        assert self.outcome(self.place.trash.restore(grant, Wish())) is expected
        if expected is None and revival is not None:
            model.entries.remove(entry)
            model.tags.update(entry.tags)
            entry.manifests.clear()
            model.entries.append(entry)  # So that what it named counts as held until it is revived.
            entry.manifests.update(wanted - model.manifests)
            model.revive(revival)
            model.entries = [one for one in model.entries if one is not entry]

    @rule(name=names, body=manifests, tag=tags)
    def come_and_go(self, name: str, body: bytes, tag: str) -> None:
        """What by chance alone would be rare: pushed, deleted with its blobs, and restored at once."""
        self.push_whole(name, body, tag)
        self.models[name].note()
        self.delete_manifest(name, body)
        self.models[name].note()
        for blob in sorted(IMAGES.get(body, ())):
            self.delete_blob(name, blob)
        self.restore(name, len(self.models[name].entries) - 1)

    @rule(name=names, tag=tags, body=manifests)
    def roll_back(self, name: str, tag: str, body: bytes) -> None:
        async def go() -> None:
            await self.history.roll_back(await self.place.grant(name), Tag(tag), Digest.of(body))

        model = self.models[name]
        revival = model.revival({body})
        expected: type[EntrepotError] | None = None
        if body not in model.manifests | model.trashed():
            expected = ManifestUnknown
        elif revival is None:
            expected = Conflict
        assert self.outcome(go()) is expected
        if expected is None:
            model.revive(revival)
            model.tags[tag] = body

    @rule(name=names, body=manifests)
    def hold_or_lift(self, name: str, body: bytes) -> None:
        async def change() -> None:
            holds, parsed = Holds(self.database), RepositoryName.parse(name)
            project = await self.place.project(parsed.project)
            everything = EVERY_PERMISSION
            grant = ProjectGrant(principal=principal("ada"), project=project, permissions=everything, roles=frozenset())
            if body in model.held:
                await holds.lift(grant, model.held.pop(body))
            elif body in model.manifests:
                model.held[body] = (await holds.place(grant, parsed, Digest.of(body), "")).id

        model = self.models[name]
        self.wait(change())

    @invariant()
    def can_undo_what_the_model_says(self) -> None:
        for name, model in self.models.items():
            assert len(self.wait(self.entry_ids(name))) == len(model.entries)

    @invariant()
    def knows_what_tags_have_named(self) -> None:
        for name, model in self.models.items():
            model.note()
            for tag in TAGS:
                found = self.wait(self.moves(name, tag))
                assert found == [tuple(_packed(body) for body in move) for move in model.history.get(tag, [])]

    async def moves(self, name: str, tag: str) -> list[tuple[Any, ...]]:
        return await self.place.rows(
            "SELECT v.digest_before, v.digest_after FROM tag_moves v JOIN repositories r ON r.id = v.repository_id"
            " WHERE r.name = ? AND v.tag = ? ORDER BY v.id",
            name,
            tag,
        )

    async def entry_ids(self, name: str) -> list[int]:
        """The deletions in the repository, the oldest first."""
        found, _ = await self.database.read(lambda tx: trash.page(tx, ListQuery(page_size=0), [], []))
        return sorted(entry.id for entry in found if entry.repository == name)

    def teardown(self) -> None:
        """In the end nothing is held, and when all is deleted and its time has passed, nothing is there."""
        for name, model in self.models.items():
            for body in list(model.held):
                self.hold_or_lift(name, body)
        assert all(not model.held for model in self.models.values())
        super().teardown()


def _packed(body: bytes | None) -> bytes | None:
    return None if body is None else Digest.of(body).packed


def play(database: Database, loop: asyncio.AbstractEventLoop, examples: int) -> None:
    machine = type("RegistryWithTrash", (RegistryWithTrash,), {"database": database, "loop": loop})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("examples", [8, pytest.param(40, marks=LONG)])
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


@pytest.mark.parametrize("examples", [2, pytest.param(8, marks=LONG)])
def test_postgresql_and_the_model_agree(
    loop: asyncio.AbstractEventLoop, kept_postgresql: Database, examples: int
) -> None:
    play(kept_postgresql, loop, examples)
