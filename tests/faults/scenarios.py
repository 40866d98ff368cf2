"""Small registries, and what a client does to them: each deed to be broken off at every step.

A scenario is prepared, then its client acts, noting what was acknowledged. Acting again must always end well.
"""

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from stress.house import Ground, House
from stress.universe import Content, Universe, Written, chance

from contracts.archives import tar
from contracts.damaging import flipped, replace
from contracts.layers import ReadingJob
from contracts.place import image
from entrepot.access.local import SHELL
from entrepot.db import jobs, trash
from entrepot.db.contract import Database, Transaction
from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUnknown, ManifestUnknown
from entrepot.model.grant import TrashGrant
from entrepot.model.job import Job, Trigger
from entrepot.model.manifest import OCI_INDEX, OCI_MANIFEST
from entrepot.model.project import Project
from entrepot.model.query import ListQuery
from entrepot.model.reference import Tag
from entrepot.registry.layer_indexing import request_reading
from entrepot.registry.restorations import Wish
from entrepot.registry.rules import SECOND, Rules
from entrepot.storage.contract import Storage
from entrepot.tasks.index_layers import IndexLayers
from entrepot.tasks.scrub import Pace, Scrubber

RULES = Rules(lease=3600 * SECOND, reader_grace=0, trash=0, upload_expiry=3600 * SECOND)
WALKING = Pace(rate=None, every=1)
HERE, THERE = "here/image", "there/image"
TAG = Tag("latest")
GROUND = Ground(
    {
        name: (Project(id=number, name=name.split("/")[0], public=False, sparse_indexes=None, created_at=0), number)
        for number, name in ((1, HERE), (2, THERE))
    }
)

_universe = Universe(1, 12)
_dice = chance(1, "scenarios")
SMALL = Content(Digest.of(b"a small blob"), b"a small blob")
LARGE = Content(Digest.of(bytes(2_500_000), "sha512"), bytes(2_500_000))
IMAGE, OTHER = _universe.image(_dice, "one"), _universe.image(_dice, "two")
INDEX = _universe.index([IMAGE, OTHER], "both")

Note = Callable[[str], None]


def make_ground(tx: Transaction) -> None:
    """The projects and repositories that GROUND says are there."""
    for project, number in GROUND.repositories.values():
        tx.run("INSERT INTO projects VALUES (?, ?, FALSE, NULL, 0, '', 0, 0, NULL, NULL)", number, project.name)
    for name, (project, number) in GROUND.repositories.items():
        tx.run("INSERT INTO repositories VALUES (?, ?, ?, '', 0, 0, 0, FALSE, NULL)", number, project.id, name)


def house_of(db: Database, storage: Storage) -> House:
    """The registry of a scenario."""
    return House(db, storage, RULES, GROUND)


async def body(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 300_000):
        yield data[start : start + 300_000]


async def put_blob(house: House, content: Content, repository: str = HERE) -> None:
    await house.uploads.put(house.grant(repository), body(content.data), content.digest, length=len(content.data))


async def put_image(house: House, image: Written, *, tagged: bool) -> None:
    for content in image.needs:
        await put_blob(house, content)
    reference = TAG if tagged else image.digest
    await house.manifests.put(house.grant(HERE), reference, image.media_type, image.body)


async def nothing(house: House) -> None:
    """An empty registry."""


async def upload_at_once(house: House, note: Note) -> None:
    await put_blob(house, LARGE)
    note(f"blob {LARGE.digest}")


async def upload_closed_with_it(house: House, note: Note) -> None:
    grant = house.grant(HERE)
    session = (await house.uploads.start(grant)).id
    await house.uploads.finish(grant, session, body(SMALL.data), SMALL.digest, start=0, length=len(SMALL.data))
    note(f"blob {SMALL.digest}")
    await house.uploads.finish(grant, session, body(SMALL.data), SMALL.digest, start=0, length=len(SMALL.data))


async def upload_in_pieces(house: House, note: Note) -> None:
    grant = house.grant(HERE)
    session = (await house.uploads.start(grant)).id
    for start in range(0, len(LARGE.data), 1_000_000):
        await house.uploads.append(grant, session, body(LARGE.data[start : start + 1_000_000]), start=start)
    await house.uploads.finish(grant, session, None, LARGE.digest)
    note(f"blob {LARGE.digest}")


async def upload_again(house: House, note: Note) -> None:
    """What is held already, into another repository: the second object is given up."""
    await put_blob(house, SMALL, THERE)
    note(f"blob {SMALL.digest} {THERE}")


async def upload_cancelled(house: House, note: Note) -> None:
    grant = house.grant(HERE)
    session = (await house.uploads.start(grant)).id
    await house.uploads.append(grant, session, body(SMALL.data))
    await house.uploads.cancel(grant, session)


async def small_blob(house: House) -> None:
    await put_blob(house, SMALL)


async def mount(house: House, note: Note) -> None:
    assert await house.blobs.mount(house.grant(THERE), house.grant(HERE), SMALL.digest) is not None
    note(f"blob {SMALL.digest} {THERE}")


async def blobs_of_image(house: House) -> None:
    for content in IMAGE.needs:
        await put_blob(house, content)


async def push_image(house: House, note: Note) -> None:
    for content in IMAGE.needs:  # A client that begins again asks first.
        with suppress(BlobUnknown):
            await house.blobs.find(house.grant(HERE), content.digest, for_push=True)
            continue
        await put_blob(house, content)
    await house.manifests.put(house.grant(HERE), TAG, OCI_MANIFEST, IMAGE.body)
    note(f"manifest {IMAGE.digest}")
    note(f"tag {IMAGE.digest}")


async def children(house: House) -> None:
    await put_image(house, IMAGE, tagged=True)
    await put_image(house, OTHER, tagged=False)


async def push_index(house: House, note: Note) -> None:
    await house.manifests.put(house.grant(HERE), TAG, OCI_INDEX, INDEX.body, (Tag("also"),))
    note(f"manifest {INDEX.digest}")
    note(f"tag {INDEX.digest}")


async def whole_index(house: House) -> None:
    await children(house)
    await house.manifests.put(house.grant(HERE), TAG, OCI_INDEX, INDEX.body)


async def delete_all(house: House, note: Note) -> None:
    grant = house.grant(HERE)
    for digest in (INDEX.digest, IMAGE.digest, OTHER.digest):
        with suppress(ManifestUnknown):
            await house.manifests.delete(grant, digest)
        note(f"no manifest {digest}")


async def deleted_index(house: House) -> None:
    """An index that is in the trash with its tag, and one of its children with it."""
    await whole_index(house)
    await house.db.write(lambda tx: trash.set_window(tx, 1, 3600 * SECOND))
    for digest in (INDEX.digest, IMAGE.digest):
        await house.manifests.delete(house.grant(HERE), digest)


async def restore(house: House, note: Note) -> None:
    entries, _ = await house.db.read(lambda tx: trash.page(tx, ListQuery(), [], []))
    for entry in entries:
        if entry.digest == INDEX.digest:
            await house.trash.restore(TrashGrant(principal=SHELL, trash_id=entry.id), Wish())
    note(f"manifest {INDEX.digest}")
    note(f"tag {INDEX.digest}")


async def delete_blob(house: House, note: Note) -> None:
    with suppress(BlobUnknown):
        await house.blobs.delete(house.grant(HERE), SMALL.digest)
    note(f"no blob {SMALL.digest}")


async def things_to_collect(house: House) -> None:
    """An image that stays; blobs that nobody needs; a session past its time; objects that were given up."""
    grant = house.grant(HERE)
    await put_image(house, IMAGE, tagged=True)
    for content in (SMALL, LARGE):
        await put_blob(house, content)
        await put_blob(house, content, THERE)
    session = (await house.uploads.start(grant)).id
    for _ in range(2):
        await house.uploads.append(grant, session, body(SMALL.data))
    await house.db.write(let_time_pass)


LAYER = Content(
    Digest.of(_packed := gzip.compress(tar(("etc/hosts", b"one"), ("bin/sh", bytes(9000))), mtime=0)), _packed
)
OPENED = image(SMALL.data, LAYER.data)


async def image_to_read(house: House) -> None:
    for content in (SMALL, LAYER):
        await put_blob(house, content)
    await house.manifests.put(house.grant(HERE), TAG, OCI_MANIFEST, OPENED)


async def index_layer(house: House, note: Note) -> None:
    def ask(tx: Transaction) -> Job:
        row = tx.one("SELECT id FROM manifests WHERE digest = ?", Digest.of(OPENED).packed)
        assert row is not None
        made = jobs.get(tx, request_reading(tx, SHELL, 1, row[0], HERE, Trigger.EVENT).id)
        assert made is not None
        return made

    job = await house.db.write(ask)
    await IndexLayers(house.db, house.storage, RULES).run(ReadingJob(job))
    note(f"index {LAYER.digest}")


async def damaged(house: House) -> None:
    """An image, of whose layer the disk has lost a bit."""
    await image_to_read(house)
    rows = await house.db.read(lambda tx: tx.all("SELECT key FROM blobs WHERE digest = ?", LAYER.digest.packed))
    await replace(house.storage, rows[0][0], flipped(LAYER.data))


async def scrub(house: House) -> None:
    """One walk over everything, by whoever comes after a worker that is not heard of any more."""
    await house.db.write(lambda tx: tx.run("UPDATE scrubs SET worker_until = 0"))
    assert await Scrubber(house.db, house.storage, WALKING).walk()


async def set_aside(house: House) -> None:
    await damaged(house)
    await scrub(house)


async def heal(house: House, note: Note) -> None:
    await put_blob(house, LAYER)
    note(f"blob {LAYER.digest}")
    note(f"manifest {Digest.of(OPENED)}")


async def heal_from_elsewhere(house: House, note: Note) -> None:
    """Somebody else's push, in several requests."""
    grant = house.grant(THERE)
    session = (await house.uploads.start(grant)).id
    middle = len(LAYER.data) // 2
    await house.uploads.append(grant, session, body(LAYER.data[:middle]), start=0)
    await house.uploads.append(grant, session, body(LAYER.data[middle:]), start=middle)
    await house.uploads.finish(grant, session, None, LAYER.digest)
    note(f"blob {LAYER.digest} {THERE}")
    note(f"manifest {Digest.of(OPENED)}")


async def heal_by_image(house: House, note: Note) -> None:
    """As a client pushes: it asks for each blob, brings what is not there, then the manifest."""
    for content in (SMALL, LAYER):
        with suppress(BlobUnknown):
            await house.blobs.find(house.grant(HERE), content.digest, for_push=True)
            continue
        await put_blob(house, content)
    await house.manifests.put(house.grant(HERE), TAG, OCI_MANIFEST, OPENED)
    note(f"manifest {Digest.of(OPENED)}")
    note(f"tag {Digest.of(OPENED)}")


async def scrub_and_heal(house: House, note: Note) -> None:
    await scrub(house)
    await heal(house, note)


async def collect(house: House, note: Note) -> None:
    for _ in range(3):
        await house.collector.round()
    note(f"manifest {IMAGE.digest}")


@dataclass(frozen=True)
class Scenario:
    """What is there before, and what is then done."""

    prepare: Callable[[House], Awaitable[None]]
    act: Callable[[House, Note], Awaitable[None]]
    damaged: bool = False
    """Whether the layer may be damaged as long as not all has been done: it is set aside then."""
    unnoticed: bool = False
    """Whether nobody may have noticed yet."""


SCENARIOS = {
    "upload-at-once": Scenario(nothing, upload_at_once),
    "upload-closed-with-it": Scenario(nothing, upload_closed_with_it),
    "upload-in-pieces": Scenario(nothing, upload_in_pieces),
    "upload-again": Scenario(small_blob, upload_again),
    "upload-cancelled": Scenario(nothing, upload_cancelled),
    "mount": Scenario(small_blob, mount),
    "push-image": Scenario(nothing, push_image),
    "commit-image": Scenario(blobs_of_image, push_image),
    "commit-index": Scenario(children, push_index),
    "delete-all": Scenario(whole_index, delete_all),
    "delete-blob": Scenario(small_blob, delete_blob),
    "restore": Scenario(deleted_index, restore),
    "index-layer": Scenario(image_to_read, index_layer),
    "collect": Scenario(things_to_collect, collect),
    "heal": Scenario(set_aside, heal, damaged=True),
    "heal-from-elsewhere": Scenario(set_aside, heal_from_elsewhere, damaged=True),
    "heal-by-image": Scenario(set_aside, heal_by_image, damaged=True),
    "scrub-and-heal": Scenario(damaged, scrub_and_heal, damaged=True, unnoticed=True),
}
WRITING = ["upload-at-once", "upload-closed-with-it", "upload-in-pieces", "upload-again", "push-image"]
"""Those in which the store is written to."""


def let_time_pass(tx: Transaction) -> None:
    """Makes it a long time later: every lease, grace and session has ended."""
    tx.run("UPDATE uploads SET expires_at = 0")
    tx.run("UPDATE objects_to_remove SET remove_after = 0")
    tx.run("UPDATE repository_blobs SET leased_until = 0")
    tx.run("UPDATE repository_blobs SET review_after = 0 WHERE review_after IS NOT NULL")
