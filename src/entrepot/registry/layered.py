"""Images whose layers can be looked into: which layers they have here, whether they were read, and their indexes.

Of an image only such layers count as its repository shows: that a blob exists elsewhere tells nobody anything.
"""

import asyncio
from dataclasses import dataclass

from entrepot.db import artifact_lists, jobs, layer_indexes
from entrepot.db.artifact_lists import ArtifactRow
from entrepot.db.contract import Database, Transaction
from entrepot.db.layer_indexes import IndexRow, LayerRow
from entrepot.model.contents import Content, Contents, contents_of
from entrepot.model.digest import Digest
from entrepot.model.errors import BeingRead, Invalid, ManifestUnknown, ObjectMissing, StorageFailed
from entrepot.model.event import EventName
from entrepot.model.grant import RepositoryGrant
from entrepot.model.job import Job, JobKind, JobState, Trigger
from entrepot.model.layer_index import VERSION, DamagedIndex, LayerIndex
from entrepot.model.manifest import DOCKER_LIST, OCI_INDEX
from entrepot.model.overlay import merge
from entrepot.model.project import Action
from entrepot.model.reference import Reference
from entrepot.registry.jobs import tell
from entrepot.registry.layer_cache import LayerCache, Summary
from entrepot.registry.layer_indexing import key_of, request_reading
from entrepot.registry.rules import SECOND
from entrepot.registry.unpacking import Undecodable, unpacked_tree
from entrepot.storage.contract import Key, Storage

MOST_LAYERS = 500
MOST_ENTRIES = 1_000_000
"""Of all layers of an image together."""
AGAIN_AFTER = 300 * SECOND
"""Microseconds after which a reading that failed is begun again by whoever asks."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as the manifest names it, and what is here of it."""

    number: int
    """From 0, the lowest."""
    content: Content
    row: LayerRow | None
    """None: the repository does not have it."""

    @property
    def index(self) -> IndexRow | None:
        """Its index; None if there is none, yet or at all."""
        indexed = None if self.row is None else self.row.indexed
        return None if indexed is None or indexed.key is None else indexed

    @property
    def waits(self) -> bool:
        """Whether it is still to be read."""
        return self.row is not None and self.row.indexed is None and not self.row.quarantined

    @property
    def reason(self) -> str:
        """Why its files cannot be shown, as a sentence that says it of the layer; empty if they can, or will."""
        if self.row is None:
            return "it is kept elsewhere: this repository does not have it"
        if self.row.quarantined:
            return "its content was damaged or lost; push it again to heal it"
        return "" if self.row.indexed is None else self.row.indexed.reason


@dataclass(frozen=True, slots=True)
class Image:
    """An image as it was found."""

    row: ArtifactRow
    contents: Contents
    layers: tuple[Layer, ...]
    job: Job | None
    """The latest that reads its layers, if some are still to be read."""

    @property
    def waits(self) -> bool:
        """Whether layers are still to be read."""
        return any(layer.waits for layer in self.layers)


class Layered:
    """Finds images and loads what was read of them."""

    def __init__(self, db: Database, storage: Storage, cache: LayerCache) -> None:
        self._db = db
        self._storage = storage
        self.cache = cache

    async def find(self, grant: RepositoryGrant, reference: Reference, *, again: bool = False) -> Image:
        """The image; if layers are still to be read, a job does it from now on.

        One that failed or was stopped lately is not begun again, unless with `again`. Raises ManifestUnknown, and
        Invalid for what has no layers of its own.
        """
        grant.require(Action.PULL)
        image = await self._db.read(lambda tx: _find(tx, grant, reference))
        if not image.waits or (image.job is not None and not _over(image.job, again=again)):
            return image

        def change(tx: Transaction) -> Image:
            found = _find(tx, grant, reference)
            if not found.waits or (found.job is not None and not _over(found.job, again=again)):
                return found
            name = f"{grant.name}@{found.row.digest}"
            made = request_reading(tx, grant.principal, grant.project.id, found.row.id, name, Trigger.MANUAL)
            if made.fresh:
                tell(
                    tx,
                    EventName.JOB_REQUESTED,
                    grant.principal,
                    grant.project.id,
                    job=made.id,
                    kind=JobKind.LAYER_INDEX,
                )
            return Image(found.row, found.contents, found.layers, jobs.get(tx, made.id))

        return await self._db.write(change)

    async def read(self, grant: RepositoryGrant, reference: Reference) -> Image:
        """The image, all of whose layers were read as far as they can be. Raises BeingRead, and as `find`."""
        image = await self.find(grant, reference)
        if image.waits and image.job is not None:
            if image.job.state.final:
                raise BeingRead(
                    f"the layers of this image could not be read: {image.job.reason or 'the job was stopped'}",
                    image.job.id,
                )
            raise BeingRead(
                f"the layers of this image are being read; ask again when job {image.job.id} has ended", image.job.id
            )
        return image

    async def indexes(self, image: Image) -> list[LayerIndex | None]:
        """The indexes of the image's layers, None for what could not be indexed.

        Raises Invalid if there are too many files, BeingRead if one is damaged and has to be made again, StorageFailed.
        """
        if sum(layer.index.entries for layer in image.layers if layer.index is not None) > MOST_ENTRIES:
            raise Invalid(f"the layers of this image hold more than {MOST_ENTRIES} files; look at one layer at a time")
        return [await self.index(layer) for layer in image.layers]

    async def index(self, layer: Layer) -> LayerIndex | None:
        """The index of the layer; as `indexes`."""
        row = layer.index
        if row is None or row.key is None:
            return None
        key = row.key
        try:
            return await self.cache.indexes.get(key, lambda: self._load(key, row.tree_size))
        except (ObjectMissing, Undecodable, DamagedIndex) as error:
            forgotten = await self._db.write(lambda tx: layer_indexes.forget(tx, key))
            if forgotten:
                raise BeingRead(f"what was read of layer {layer.number} is damaged; it is read again", 0) from error
            raise ManifestUnknown("this image was deleted just now") from error

    async def _load(self, key: str, size: int) -> LayerIndex:
        async with self.cache.heavy:
            content = b"".join([piece async for piece in self._storage.read(Key(key), 0, size)])
            return LayerIndex(await asyncio.to_thread(unpacked_tree, content))

    async def window(self, row: IndexRow, start: int, size: int) -> bytes:
        """Bytes of the index's object that follow the index itself. Raises StorageFailed."""
        if row.key is None or not size:
            return b""
        first = row.tree_size + start
        try:
            return b"".join([piece async for piece in self._storage.read(Key(row.key), first, first + size)])
        except ObjectMissing as error:
            raise StorageFailed("what was read of this layer is damaged; ask again later") from error

    async def summary(self, image: Image) -> Summary:
        """What each layer did, and what is wasted most; raises as `indexes`."""
        keys = tuple(layer.index.key if layer.index is not None else None for layer in image.layers)

        async def make() -> Summary:
            indexes = await self.indexes(image)
            async with self.cache.heavy:
                merged = await asyncio.to_thread(merge, indexes)
            return merged.layers, merged.gone

        return await self.cache.summaries.get(keys, make)


def _over(job: Job, *, again: bool) -> bool:
    """Whether another job may do what that one was to do."""
    if not job.state.final:
        return False
    return again or job.state is JobState.SUCCEEDED or job.as_of - (job.ended_at or 0) > AGAIN_AFTER


def _find(tx: Transaction, grant: RepositoryGrant, reference: Reference) -> Image:
    row = None
    if grant.repository_id is not None:
        name = reference if isinstance(reference, Digest) else reference.text
        row = artifact_lists.find(tx, grant.repository_id, name)
    if row is None:
        named = f"{grant.name}@{reference}" if isinstance(reference, Digest) else f"{grant.name}:{reference}"
        raise ManifestUnknown(f"there is no artifact {named}")
    contents = contents_of(row.body)
    if row.media_type in (OCI_INDEX, DOCKER_LIST):
        raise Invalid("this is an index of images for several platforms: name the digest of one of them")
    if not contents.layers:
        raise Invalid("this artifact has no layers to look into")
    if len(contents.layers) > MOST_LAYERS:
        raise Invalid(f"this artifact has more than {MOST_LAYERS} layers, which is more than are looked into")
    held = layer_indexes.of_repository(tx, row.repository_id, [layer.digest for layer in contents.layers], VERSION)
    layers = tuple(Layer(number, layer, held.get(layer.digest)) for number, layer in enumerate(contents.layers))
    waits = any(layer.waits for layer in layers)
    return Image(row, contents, layers, jobs.latest(tx, JobKind.LAYER_INDEX, key_of(row.id)) if waits else None)
