"""Reading the layers of an image as a job, so that their files can be shown: each layer once, whoever asks.

What is made of a layer is an object of its own, whose removal is intended before its first byte is written; with its
row it becomes the blob's, unless that is gone or has one already. So a worker may die at any moment, and two may be at
one layer: what is left over is removed.
"""

import asyncio
import time
from collections.abc import AsyncIterator

from entrepot.db import layer_indexes, quarantine
from entrepot.db.contract import Database
from entrepot.db.layer_indexes import IndexRow, LayerRow
from entrepot.jobs.task import Context, JobFailed, Queue, Task
from entrepot.model.contents import Content, contents_of
from entrepot.model.digest import Digest
from entrepot.model.job import JobKind, Json
from entrepot.model.layer_draft import LayerRefused
from entrepot.model.layer_index import VERSION
from entrepot.registry.blob_file import BlobFile
from entrepot.registry.blobs import Blob, Blobs
from entrepot.registry.fresh_keys import FreshKeys
from entrepot.registry.intake import Intake
from entrepot.registry.layer_indexing import MANIFEST
from entrepot.registry.layer_reading import ReadingLimits, ReadLayer, read_layer
from entrepot.registry.rules import Rules
from entrepot.storage.contract import Key, Storage

LOOK_SECONDS = 0.5
QUEUE = Queue(name="layers", each_worker=1)
"""A layer takes a processor for as long as it is read, and memory for what is in it."""
_PIECE = 1024 * 1024


class IndexLayers:
    """Reads layers as jobs."""

    def __init__(self, db: Database, storage: Storage, rules: Rules, limits: ReadingLimits | None = None) -> None:
        self._db = db
        self._blobs = Blobs(db, storage, rules)
        self._intake = Intake(db, storage, FreshKeys(db, rules))
        self._rules = rules
        self._limits = limits or ReadingLimits()

    def task(self) -> Task:
        """How such jobs are done."""
        return Task(kind=JobKind.LAYER_INDEX, run=self.run, queue=QUEUE, attempts=2, kept=500)

    async def run(self, job: Context) -> Json:
        """Does a job. Raises JobFailed if the image is gone, ObjectMissing, StorageFailed."""
        manifest_id = int(job.parameters[MANIFEST])
        found = await self._db.read(lambda tx: layer_indexes.manifest(tx, manifest_id))
        if found is None:
            raise JobFailed("the image was deleted")
        repository_id, body = found
        named = _each_once(contents_of(body).layers)
        digests = [layer.digest for layer in named]
        held = await self._db.read(lambda tx: layer_indexes.of_repository(tx, repository_id, digests, VERSION))
        layers = [layer for layer in named if layer.digest in held]
        total, done, indexed = sum(held[layer.digest].size for layer in layers), 0, 0
        for number, layer in enumerate(layers, 1):
            job.progress(done, total, done)
            row = held[layer.digest]
            if row.indexed is None and not row.quarantined:
                job.log(f"layer {number} of {len(layers)}: {layer.digest}, {row.size} bytes")
                indexed += await self._layer(job, layer, row, done, total)
            elif row.quarantined:
                job.log(f"layer {number} of {len(layers)} is set aside: its content was lost", "warning")
            done += row.size
        job.progress(done, total, done)
        return {"layers": len(layers), "indexed": indexed}

    async def _layer(self, job: Context, layer: Content, row: LayerRow, done: int, total: int) -> bool:
        """Whether the layer was indexed by this."""
        held = await self._db.read(lambda tx: quarantine.held(tx, row.blob_id))
        if held is None:
            return False
        blob = Blob(held.digest, held.size, Key(held.parts[0].key), held.parts[1:])
        began = time.monotonic()
        try:
            if layer.media_type.endswith("+encrypted"):
                raise LayerRefused("it is encrypted")
            read = await self._read(job, blob, done, total)
        except LayerRefused as error:
            reason = str(error)
            job.log(f"it cannot be shown: {reason}", "warning")
            refused = IndexRow(None, 0, 0, 0, 0, 0, reason)
            await self._db.write(
                lambda tx: layer_indexes.put(tx, row.blob_id, VERSION, refused, self._rules.reader_grace)
            )
            return False
        took = time.monotonic() - began
        job.log(f"{read.entries} entries, {read.unpacked} bytes unpacked, in {took:.1f} s; index of {read.size} bytes")
        return await self._keep(row.blob_id, read)

    async def _read(self, job: Context, blob: Blob, done: int, total: int) -> ReadLayer:
        file = BlobFile(lambda start, end: self._blobs.open(blob, start, end), blob.size, asyncio.get_running_loop())
        work = asyncio.create_task(asyncio.to_thread(read_layer, file, self._limits))
        try:
            while not work.done():
                await asyncio.wait((work,), timeout=LOOK_SECONDS)
                job.progress(done + file.furthest, total, done + file.furthest)
            return work.result()
        finally:
            file.stop()
            await asyncio.wait((work,))
            if not work.cancelled():
                work.exception()  # Looked at: nobody else does if this ends for another reason.

    async def _keep(self, blob_id: int, read: ReadLayer) -> bool:
        taken = await self._intake.take(_content(read), read.size, None)
        index = IndexRow(taken.key, taken.size, len(read.tree), read.entries, read.unpacked, read.left_out, "")
        return await self._db.write(lambda tx: layer_indexes.put(tx, blob_id, VERSION, index, self._rules.reader_grace))


async def _content(read: ReadLayer) -> AsyncIterator[bytes]:
    for part in (read.tree, *read.windows):
        for at in range(0, len(part), _PIECE):
            yield part[at : at + _PIECE]


def _each_once(layers: tuple[Content, ...]) -> list[Content]:
    found: dict[Digest, Content] = {}
    for layer in layers:
        found.setdefault(layer.digest, layer)
    return list(found.values())
