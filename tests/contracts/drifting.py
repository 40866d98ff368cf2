"""A long random life of a registry, after which every counter is what a recount gives.

`PYTHONPATH=src:tests python -m contracts.drifting --steps 1000000` lives a longer one than the tests do.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from pathlib import Path
from random import Random

from contracts.place import DAY, Place, image, index, principal, stream
from entrepot.access.local import shell_project_grant
from entrepot.db import quotas, repository_use
from entrepot.db.contract import Again, T, Transaction
from entrepot.db.migrate import migrate_sqlite
from entrepot.db.sqlite import ATTEMPTS, SqliteTransaction, connect
from entrepot.model.digest import Digest
from entrepot.model.errors import Conflict, DatabaseFailed, Unknown
from entrepot.model.grant import TrashGrant
from entrepot.model.query import ListQuery
from entrepot.model.reference import Tag
from entrepot.registry.restorations import Wish
from entrepot.registry.rules import SECOND, Rules
from entrepot.registry.trash import Trash
from entrepot.registry.usage import Usage
from entrepot.storage.memory import MemoryStorage

REPOSITORIES = [f"{project}/part-{number}" for project in ("north", "south", "east") for number in range(4)]
CONTENTS = [bytes([number]) * (1 + number * 37) for number in range(40)]
TAGS = ("latest", "v1", "v2")
LOOK_EVERY = 500
TELL_EVERY = 5000
MOST_ROUNDS = 1000
"""Of collection, until nothing is due: a thousand times more than there are things here."""
EXPECTED = (Unknown, Conflict)
"""What may be answered to somebody who asks at random."""


class InOneGo:
    """A Database on a file whose changes are never committed: what is tested is counting, not disks."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._connection.execute("BEGIN IMMEDIATE")

    async def read(self, question: Callable[[Transaction], T], *, key: Hashable | None = None) -> T:
        return question(SqliteTransaction(self._connection))

    async def write(self, change: Callable[[Transaction], T], *, durable: bool = True) -> T:
        for _ in range(ATTEMPTS):
            self._connection.execute("SAVEPOINT change")
            try:
                result = change(SqliteTransaction(self._connection))
            except Again:
                self._connection.execute("ROLLBACK TO change")
                continue
            except BaseException:
                self._connection.execute("ROLLBACK TO change")
                raise
            finally:
                self._connection.execute("RELEASE change")
            return result
        raise DatabaseFailed("a change asked to be repeated each time")  # As the real one does.

    write_along = write

    async def close(self) -> None:
        self._connection.close()


class Life:
    """What happens to a registry, one thing after another, as dice say."""

    def __init__(self, place: Place, seed: int) -> None:
        self.place = place
        self.dice = Random(seed)
        self.done: Counter[str] = Counter()
        self._bodies: list[tuple[str, bytes]] = []
        self._trash = Trash(place.db, place.rules)
        self._deeds: dict[Callable[[], Awaitable[object]], int] = {
            self._push_blob: 20,
            self._push_image: 22,
            self._push_index: 6,
            self._mount: 10,
            self._delete_manifest: 14,
            self._delete_tag: 4,
            self._delete_blob: 6,
            self._in_parts: 4,
            self._undo: 4,
            self._purge: 2,
            self._damage: 2,
            self._collect: 6,
        }

    async def step(self) -> None:
        [deed] = self.dice.choices(list(self._deeds), weights=list(self._deeds.values()))
        try:
            await deed()
        except EXPECTED as error:
            self.done[f"{deed.__name__}: {type(error).__name__}"] += 1
        else:
            self.done[deed.__name__] += 1

    def _repository(self) -> str:
        return self.dice.choice(REPOSITORIES)

    def _content(self) -> bytes:
        return self.dice.choice(CONTENTS)

    async def _push_blob(self) -> None:
        await self.place.push(self._content(), self._repository())

    async def _push_image(self) -> None:
        name, layers = self._repository(), self.dice.sample(CONTENTS, self.dice.randint(1, 4))
        for content in layers:
            await self.place.push(content, name)
        body = image(*layers, annotations={"n": str(self.dice.randrange(6))})
        await self.place.put(body, self.dice.choice((None, *TAGS)), name)
        self._remember(name, body)

    async def _push_index(self) -> None:
        name, child = self._some_body()
        body = index(child)
        await self.place.put(body, self.dice.choice(TAGS), name)
        self._remember(name, body)

    async def _mount(self) -> None:
        source, target = self._repository(), self._repository()
        await self.place.blobs.mount(
            await self.place.grant(target), await self.place.grant(source), Digest.of(self._content())
        )

    async def _delete_manifest(self) -> None:
        name, body = self._some_body()
        await self.place.delete(body, name)

    async def _delete_tag(self) -> None:
        await self.place.delete(Tag(self.dice.choice(TAGS)), self._repository())

    async def _delete_blob(self) -> None:
        await self.place.delete_blob(self._content(), self._repository())

    async def _in_parts(self) -> None:
        grant, content = await self.place.grant(self._repository()), self._content()
        upload = await self.place.uploads.start(grant)
        grant = await self.place.grant(grant.name.text)
        await self.place.uploads.append(grant, upload.id, stream(content[:20]))
        if self.dice.random() < 0.3:
            await self.place.uploads.cancel(grant, upload.id)
            return
        await self.place.uploads.finish(grant, upload.id, stream(content[20:]), Digest.of(content))

    async def _undo(self) -> None:
        await self._trash.restore(await self._deletion(), Wish(merge=True, rename_tags=True))

    async def _purge(self) -> None:
        await self._trash.purge(await self._deletion())

    async def _damage(self) -> None:
        content = self._content()
        await self.place.run(
            "UPDATE blobs SET quarantined_at = 1, fault = 'x', examined_at = 1 WHERE digest = ?",
            Digest.of(content).packed,
        )
        await self.place.push(content, self._repository())

    async def _collect(self) -> None:
        if self.dice.random() < 0.5:
            await self.place.let_time_pass(self.dice.choice((3600 * SECOND, DAY)))
        for _ in range(MOST_ROUNDS):
            done = await self.place.collector.round()
            if done.idle:
                return
        raise AssertionError(f"collection does not come to rest: {done}")

    async def _deletion(self) -> TrashGrant:
        found = await self.place.rows("SELECT id FROM trash WHERE NOT purging ORDER BY id DESC LIMIT 5")
        return TrashGrant(principal=principal("ada"), trash_id=self.dice.choice(found)[0] if found else 0)

    def _remember(self, name: str, body: bytes) -> None:
        self._bodies.append((name, body))
        del self._bodies[:-60]

    def _some_body(self) -> tuple[str, bytes]:
        return self.dice.choice(self._bodies) if self._bodies else (REPOSITORIES[0], image(b"", b""))

    async def _counted(self, project_id: int) -> tuple[int, int]:
        """What the counter says, and what a recount does."""

        def question(tx: Transaction) -> tuple[int, int]:
            quota = quotas.of_project(tx, project_id)
            assert quota is not None
            return quota.used, quotas.recomputed(tx, project_id)

        return await self.place.db.read(question)

    async def wrong(self) -> list[str]:
        """A sentence for each figure that is not what a recount gives."""
        found = await self.place.db.read(repository_use.miscounted)
        for name, project in self.place.projects.items():
            used, held = await self._counted(project.id)
            if used != held:
                found.append(f"{name} counts {used} bytes and holds {held}")
            told, _ = await Usage(self.place.db).repositories(
                await shell_project_grant(self.place.db, name), ListQuery(page=1, page_size=100)
            )
            shared = await self.place.rows(
                "SELECT coalesce(SUM(b.size), 0) FROM project_blobs p JOIN blobs b ON b.id = p.blob_id"
                " WHERE p.project_id = ? AND p.links > 1",
                project.id,
            )
            explained = sum(one.own for one in told) + shared[0][0]
            if explained != held:
                found.append(f"{name} holds {held} bytes, and {explained} are explained")
        return found


async def live(path: Path, steps: int, seed: int, told: Callable[[str], None] = lambda _: None) -> list[str]:
    """What was wrong; looked at every so many steps, and at the end."""
    place = Place(InOneGo(path), MemoryStorage(), Rules(trash=3600 * SECOND))
    life, began = Life(place, seed), time.monotonic()
    wrong: list[str] = []
    for step in range(1, steps + 1):
        await life.step()
        if step % LOOK_EVERY == 0 or step == steps:
            wrong = await life.wrong()
            await place.run("DELETE FROM events")
            if wrong:
                return [f"after {step} steps of seed {seed}: {sentence}" for sentence in wrong]
        if step % TELL_EVERY == 0:
            told(f"{step} steps, {step / (time.monotonic() - began):.0f} a second")
    told(", ".join(f"{count} {name.strip('_')}" for name, count in sorted(life.done.items())))
    await place.db.close()
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "entrepot.db"
        migrate_sqlite(path)
        wrong = asyncio.run(live(path, given.steps, given.seed, lambda text: print(text, flush=True)))
    print("\n".join(wrong) or f"{given.steps} steps of seed {given.seed}: every counter is right")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
