"""Proving a store: every tag resolves, every reference exists, every byte hashes. Repairs nothing.

It may run beside a serving registry: what seems wrong is reported only if the row that promised it is still there
when asked again.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

from entrepot.db import manifests, proof
from entrepot.db.contract import Database, Transaction
from entrepot.db.proof import HeldBlob, HeldManifest
from entrepot.model.digest import Digest
from entrepot.model.errors import Failed, ManifestInvalid, ObjectMissing
from entrepot.model.manifest import parse_manifest
from entrepot.storage.contract import Key, Storage

PAGE = 200
MOST_DANGLING = 1000


class Fault(StrEnum):
    """What can be wrong."""

    TAG_DANGLING = "tag-dangling"
    MANIFEST_CORRUPT = "manifest-corrupt"
    REFERENCE_MISSING = "reference-missing"
    BLOB_MISSING = "blob-missing"
    BLOB_CORRUPT = "blob-corrupt"
    UPLOAD_BROKEN = "upload-broken"
    OBJECT_LEAKED = "object-leaked"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong."""

    fault: Fault
    subject: str
    sentence: str


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

    async def prove(self) -> AsyncIterator[Progress | Finding]:
        """Progress and findings as they come; no finding means that the store is whole."""
        totals = await self._db.read(proof.totals)
        for name in await self._db.read(lambda tx: proof.dangling_tags(tx, MOST_DANGLING)):
            yield Finding(Fault.TAG_DANGLING, name, "the tag names no manifest")
        async for step in self._manifests(totals.manifests):
            yield step
        async for step in self._blobs(totals.bytes):
            yield step
        async for step in self._parts():
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

    async def _blobs(self, total: int) -> AsyncIterator[Progress | Finding]:
        last, done = 0, 0
        while True:
            page = await self._page_of_blobs(last)
            for held in page:
                finding = await self._read_whole(held)
                if finding is not None and await self._still_held(held):
                    yield finding
                done += held.size
                yield Progress("bytes", done, max(done, total))
            if len(page) < PAGE:
                return
            last = page[-1].id

    async def _page_of_blobs(self, after: int) -> list[HeldBlob]:
        return await self._db.read(lambda tx: proof.page_of_blobs(tx, after, PAGE))

    async def _still_held(self, held: HeldBlob) -> bool:
        return await self._db.read(lambda tx: proof.holds_blob(tx, held.id))

    async def _read_whole(self, held: HeldBlob) -> Finding | None:
        name = str(held.digest)
        hasher = held.digest.hasher()
        ends = (*(part.start for part in held.parts[1:]), held.size)
        for part, end in zip(held.parts, ends, strict=True):
            key = Key(part.key)
            try:
                size = await self._storage.size(key)
                if size is None:
                    return Finding(Fault.BLOB_MISSING, name, f"storage has no object {key}")
                if size != end - part.start:
                    return Finding(
                        Fault.BLOB_CORRUPT, name, f"object {key} has {size} bytes instead of {end - part.start}"
                    )
                async for piece in self._storage.read(key, 0, size):
                    hasher.update(piece)
            except ObjectMissing:
                return Finding(Fault.BLOB_MISSING, name, f"object {key} ends too soon or is gone")
            except Failed as error:
                return Finding(Fault.BLOB_MISSING, name, f"object {key} cannot be read: {error}")
        found = Digest.finished(held.digest.algorithm, hasher)
        if found != held.digest:
            return Finding(Fault.BLOB_CORRUPT, name, f"the content's digest is {found}")
        return None

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
