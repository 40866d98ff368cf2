"""Proving a store: every tag resolves, every reference exists, every byte hashes.

It repairs nothing unless it is told to: then blobs that are damaged are set aside. It may run beside a serving
registry: what seems wrong is reported only if the row that promised it is still there when asked again.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from entrepot.db import layer_indexes, manifests, proof
from entrepot.db.contract import Database, Transaction
from entrepot.db.proof import HeldBlob, HeldManifest
from entrepot.model.digest import Digest
from entrepot.model.errors import ManifestInvalid
from entrepot.model.fault import Fault
from entrepot.model.manifest import parse_manifest
from entrepot.storage.contract import Key, Storage
from entrepot.tasks.examine import Damage, examine
from entrepot.tasks.repair import Repair, Repairer, Settled, named

PAGE = 200
MOST_DANGLING = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong."""

    fault: Fault
    subject: str
    sentence: str
    repair: Repair = Repair.NONE
    """What was done about it."""
    images: tuple[str, ...] = ()
    """The images that cannot be pulled whole for it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the proof has come."""

    stage: str
    done: int
    total: int | None
    """In the unit of `stage`: manifests, bytes or objects; None if not known beforehand."""


class Prover:
    """Compares what the database says with what is there."""

    def __init__(self, db: Database, storage: Storage, *, sparse_indexes: bool) -> None:
        self._db = db
        self._storage = storage
        self._sparse = sparse_indexes

    async def prove(self, repairer: Repairer | None = None) -> AsyncIterator[Progress | Finding]:
        """Progress and findings as they come; no finding means that the store is whole.

        With a repairer, blobs that are damaged are set aside, and those that are good again shown. Raises StorageFailed
        if the store does not seem to be there.
        """
        totals = await self._db.read(proof.totals)
        for name in await self._db.read(lambda tx: proof.dangling_tags(tx, MOST_DANGLING)):
            yield Finding(Fault.TAG_DANGLING, name, "the tag names no manifest")
        async for step in self._manifests(totals.manifests):
            yield step
        async for step in self._blobs(totals.bytes, repairer):
            yield step
        async for step in self._parts():
            yield step
        async for step in self._indexes(repair=repairer is not None):
            yield step
        async for step in self._objects():
            yield step

    async def _manifests(self, total: int) -> AsyncIterator[Progress | Finding]:
        last, done = 0, 0
        while True:
            page = await self._page_of_manifests(last)
            for held in page:
                for finding in await self._judge(held):
                    yield finding
            done += len(page)
            yield Progress("manifests", done, max(done, total))
            if len(page) < PAGE:
                return
            last = page[-1].id

    async def _page_of_manifests(self, after: int) -> list[HeldManifest]:
        return await self._db.read(lambda tx: proof.page_of_manifests(tx, after, PAGE))

    async def _judge(self, held: HeldManifest) -> list[Finding]:
        return await self._db.read(lambda tx: _judge(tx, held, self._sparse))

    async def _blobs(self, total: int, repairer: Repairer | None) -> AsyncIterator[Progress | Finding]:
        last, done = 0, 0
        while True:
            page = await self._page_of_blobs(last)
            for held in page:
                finding = await self._read_whole(held, repairer)
                if finding is not None:
                    yield finding
                done += held.size
                yield Progress("bytes", done, max(done, total))
            if len(page) < PAGE:
                return
            last = page[-1].id

    async def _page_of_blobs(self, after: int) -> list[HeldBlob]:
        return await self._db.read(lambda tx: proof.page_of_blobs(tx, after, PAGE))

    async def _read_whole(self, held: HeldBlob, repairer: Repairer | None) -> Finding | None:
        """What is wrong with the blob, if it is still held by the same objects, and what was done about it."""
        damage = await examine(self._storage, held)
        if damage is None and held.quarantined_at is None:
            return None
        if not await self._db.read(lambda tx: proof.holds_blob(tx, held.id, held.parts[0].key)):
            return None
        if repairer is not None:
            settled = await repairer.settle(held, damage)
        else:
            settled = Settled(Repair.NONE, await self._db.read(lambda tx: named(tx, held)))
        if damage is None:
            damage = Damage(Fault.BLOB_QUARANTINED, "it is set aside, and its content is good again")
        elif held.quarantined_at is not None:
            damage = Damage(damage.fault, f"{damage.sentence}; it is set aside, push it again to heal it")
        return Finding(damage.fault, str(held.digest), damage.sentence, settled.repair, settled.images)

    async def _parts(self) -> AsyncIterator[Progress | Finding]:
        last, done = "", 0
        while True:
            page = await self._page_of_parts(last)
            for key, size in page:
                if await self._storage.size(Key(key)) != size and await self._still_part(key):
                    yield Finding(Fault.UPLOAD_BROKEN, key, f"a part of an upload should have {size} bytes")
            done += len(page)
            if len(page) < PAGE:
                return
            last = page[-1][0]

    async def _page_of_parts(self, after: str) -> list[tuple[str, int]]:
        return await self._db.read(lambda tx: proof.page_of_parts(tx, after, PAGE))

    async def _still_part(self, key: str) -> bool:
        return await self._db.read(lambda tx: proof.holds_part(tx, key))

    async def _indexes(self, *, repair: bool) -> AsyncIterator[Progress | Finding]:
        last = ""
        while True:
            page = await self._page_of_indexes(last)
            for key, size in page:
                if await self._storage.size(Key(key)) != size and await self._is_index(key, forget=repair):
                    yield Finding(Fault.INDEX_BROKEN, key, f"the index of a layer should have {size} bytes")
            if len(page) < PAGE:
                return
            last = page[-1][0]

    async def _page_of_indexes(self, after: str) -> list[tuple[str, int]]:
        return await self._db.read(lambda tx: layer_indexes.page_of_objects(tx, after, PAGE))

    async def _is_index(self, key: str, *, forget: bool) -> bool:
        if forget:
            return await self._db.write(lambda tx: layer_indexes.forget(tx, key))
        return await self._db.read(lambda tx: layer_indexes.holds(tx, key))

    async def _known(self, key: str) -> bool:
        return await self._db.read(lambda tx: proof.knows_key(tx, key))

    async def _objects(self) -> AsyncIterator[Progress | Finding]:
        done = 0
        async for key in self._storage.keys():
            # The intent is written before the object, and each later owner with the end of the one before.
            if not await self._known(key) and await self._storage.size(key) is not None and not await self._known(key):
                yield Finding(Fault.OBJECT_LEAKED, key, "no row answers for this object, so nothing will remove it")
            done += 1
            if done % PAGE == 0:
                yield Progress("objects", done, None)
        yield Progress("objects", done, done)


def _judge(tx: Transaction, held: HeldManifest, sparse_indexes: bool) -> list[Finding]:
    """What is wrong with a manifest, all seen in one state."""
    name = f"{held.repository}@{held.digest}"
    if Digest.of(held.body, held.digest.algorithm) != held.digest:
        return [Finding(Fault.MANIFEST_CORRUPT, name, "its content has another digest")]
    try:
        manifest = parse_manifest(held.media_type, held.body)
    except ManifestInvalid as error:
        return [Finding(Fault.MANIFEST_CORRUPT, name, str(error))]
    if not proof.is_live(tx, held.id):
        return []
    there = proof.needed_blobs(tx, held.id) | proof.admittedly_missing(tx, held.id)
    findings = [
        Finding(Fault.REFERENCE_MISSING, name, f"blob {blob.digest}, which it needs, is not held for it")
        for blob in manifest.blobs
        if blob.digest not in there
    ]
    if manifest.children and not proof.may_be_sparse(tx, held.repository_id, sparse_indexes):
        live = manifests.present(tx, held.repository_id, [child.digest for child in manifest.children])
        findings += [
            Finding(Fault.REFERENCE_MISSING, name, f"manifest {child.digest}, which it names, is not here")
            for child in manifest.children
            if child.digest not in live
        ]
    return findings
