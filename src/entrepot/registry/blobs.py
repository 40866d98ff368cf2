"""Looking at blobs, reading, mounting and deleting them."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from entrepot.db import blobs, quarantine, quotas, repositories, usage
from entrepot.db.blobs import Part
from entrepot.db.contract import Database, Transaction
from entrepot.db.events import record
from entrepot.model.digest import Digest
from entrepot.model.errors import BlobQuarantined, BlobUnknown, InUse
from entrepot.model.event import Event, EventName
from entrepot.model.grant import RepositoryGrant
from entrepot.model.project import Action
from entrepot.registry import refusals
from entrepot.registry.rules import Rules
from entrepot.registry.small_blobs import LARGEST, SmallBlobs
from entrepot.storage.contract import Key, LocalFiles, OpenFile, SignedUrls, Storage

# Goes on while the machine is suspended, where there is such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob that a repository shows, as of the moment it was looked up; readable for the reader's grace after."""

    digest: Digest
    size: int
    key: Key
    """The object that holds it, or its first part."""
    further: tuple[Part, ...] = ()
    """The parts after the first, if it came in several requests."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A part of a blob: `count` bytes of a file, from `start` on."""

    file: OpenFile
    start: int
    count: int


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the client may fetch the blob itself."""

    url: str


class Blobs:
    """The blobs of repositories."""

    def __init__(self, db: Database, storage: Storage, rules: Rules, small: SmallBlobs | None = None) -> None:
        """`small`: where small blobs are held that had to be fetched from elsewhere."""
        self._db = db
        self._small = small
        self._storage = storage
        self._rules = rules
        self._files = storage if isinstance(storage, LocalFiles) else None
        self._signed = storage if isinstance(storage, SignedUrls) else None

    async def find(self, grant: RepositoryGrant, digest: Digest, *, for_push: bool = False) -> Blob:
        """The blob. Raises BlobUnknown; BlobQuarantined if its content was lost, until somebody brings it again.

        With `for_push`, by somebody who may push, it stays for at least half a lease: pushers skip an upload because
        of this answer.
        """
        grant.require(Action.PULL)
        repository_id = grant.repository_id
        if repository_id is None:
            raise _unknown(digest)
        found = await self._db.read(
            lambda tx: find_blob(tx, repository_id, digest), key=blob_key(repository_id, digest)
        )
        if found is None:
            raise _unknown(digest)
        if found.quarantined:
            raise _quarantined(digest)
        if for_push and Action.PUSH in grant.actions and found.lease_ends - clock() <= self._rules.lease // 2:
            blob_id, lease = found.id, self._rules.lease
            if not await self._db.write(lambda tx: blobs.renew_lease(tx, repository_id, blob_id, lease)):
                raise _unknown(digest)
        return found.blob

    def open(self, blob: Blob, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes of the blob from `start` up to, not including, `end`, in pieces of at most 1 MiB.

        Raises ObjectMissing or StorageFailed, possibly after some pieces.
        """
        if blob.further:
            return self._chain(blob, start, end)
        if self._small is not None and self._files is None and 0 < blob.size <= LARGEST:
            return self._held(self._small, blob, start, end)
        return self._storage.read(blob.key, start, end)

    async def _held(self, small: SmallBlobs, blob: Blob, start: int, end: int) -> AsyncIterator[bytes]:
        """As `open`, of a small blob: fetched as a whole if it is not held, and held from then on."""
        content = small.get(blob.key)
        if content is None:
            content = b"".join([piece async for piece in self._storage.read(blob.key, 0, blob.size)])
            small.keep(blob.key, content)
        yield content[start:end]

    async def _chain(self, blob: Blob, start: int, end: int) -> AsyncIterator[bytes]:
        for key, inside in _spans(blob, start, end):
            async for piece in self._storage.read(key, inside.start, inside.stop):
                yield piece

    async def suspect(self, grant: RepositoryGrant, digest: Digest) -> None:
        """Has the blob looked at soon, which could not be read: it may have to be set aside."""
        grant.require(Action.PULL)
        repository_id = grant.repository_id
        found = None if repository_id is None else await self._db.read(lambda tx: find_blob(tx, repository_id, digest))
        if found is not None and not found.quarantined:
            blob_id = found.id
            await self._db.write(lambda tx: quarantine.suspect(tx, blob_id))

    def files(self, blob: Blob, start: int, end: int) -> AsyncGenerator[Extent, None] | None:
        """The same bytes as parts of files here, each open until the next is asked for; None if they are not in files.

        Raises ObjectMissing and StorageFailed when a file is asked for: for the first one before anything is read.
        """
        return None if self._files is None else _opened(self._files, blob, start, end)

    async def redirect(self, blob: Blob) -> Redirect | None:
        """Where the client should fetch the blob; None if here. Raises StorageFailed."""
        if self._signed is None or not self._rules.redirect or blob.further:
            return None
        return Redirect(await self._signed.signed_url(blob.key, self._rules.redirect_lifetime))

    async def mount(self, grant: RepositoryGrant, source: RepositoryGrant | None, digest: Digest) -> Blob | None:
        """The blob, shown in the grant's repository from now on because the source shows it; None if it does not.

        None as well if it is set aside: then its content has to come. Without a source, any repository of the same
        project will do. The repository is created if need be.
        """
        grant.require(Action.PUSH)
        if source is not None:
            source.require(Action.PULL)
            if source.repository_id is None:
                return None

        def change(tx: Transaction) -> Blob | None:
            if source is None:
                found = blobs.find_in_project(tx, grant.project.id, digest)
            else:
                assert source.repository_id is not None
                found = blobs.find_visible(tx, source.repository_id, digest)
            if found is None or found.quarantined:
                return None
            repository_id = repositories.ensure(tx, grant.project.id, grant.name.text, grant.principal)
            quotas.charge(tx, blobs.link(tx, repository_id, found.id, digest, self._rules.lease))
            return _blob(tx, digest, found)

        return await refusals.written(self._db, grant, change)

    async def delete(self, grant: RepositoryGrant, digest: Digest) -> None:
        """Returns when the repository does not show the blob any more.

        Raises BlobUnknown, and InUse if a manifest of the repository needs it.
        """
        grant.require(Action.DELETE)
        repository_id = grant.repository_id
        if repository_id is None:
            raise _unknown(digest)

        def change(tx: Transaction) -> None:
            found = blobs.find_visible(tx, repository_id, digest)
            if found is None or not blobs.lock_link(tx, repository_id, found.id):
                raise _unknown(digest)
            needing = blobs.needing_manifest(tx, repository_id, found.id)
            if needing is not None:
                raise InUse(f"manifest {needing} needs this blob; delete that manifest first")
            unlinked = None
            if blobs.referenced(tx, repository_id, found.id):
                blobs.hide(tx, repository_id, found.id)
            else:
                unlinked = blobs.unlink(tx, repository_id, found.id, self._rules.reader_grace, wait=True)
            record(
                tx,
                Event(
                    name=EventName.BLOB_DELETED,
                    by=grant.principal,
                    resource=f"{grant.name}@{digest}",
                    project_id=grant.project.id,
                    repository=grant.name.text,
                    detail={"digest": str(digest)},
                ),
            )
            if unlinked is not None:
                quotas.free(tx, unlinked.use)
                usage.note_freed(tx, *([] if unlinked.last is None else [unlinked.last]))

        await self._db.write(change)


async def _opened(files: LocalFiles, blob: Blob, start: int, end: int) -> AsyncGenerator[Extent, None]:
    for key, inside in _spans(blob, start, end):
        file = await files.open(key, inside.stop)
        try:
            yield Extent(file, inside.start, len(inside))
        finally:
            file.close()


def _spans(blob: Blob, start: int, end: int) -> Iterator[tuple[Key, range]]:
    """The objects that hold a range of the blob, in order, and which bytes of each."""
    parts = (Part(0, blob.key), *blob.further)
    ends = (*(part.start for part in blob.further), blob.size)
    for part, part_end in zip(parts, ends, strict=True):
        if start < part_end and part.start < end:
            yield Key(part.key), range(max(start, part.start) - part.start, min(end, part_end) - part.start)


class Found(NamedTuple):
    """A blob as it was found: its row's id, and when its lease ends by the clock of this process."""

    id: int
    lease_ends: int
    quarantined: bool
    """Whether it is set aside: then it must not be given to anybody."""
    blob: Blob


def blob_key(repository_id: int, digest: Digest) -> Hashable:
    """What the answer to `find_blob` is remembered under."""
    return ("blob", repository_id, digest.packed)


def find_blob(tx: Transaction, repository_id: int, digest: Digest) -> Found | None:
    """The blob, if the repository shows it."""
    row = blobs.find_visible(tx, repository_id, digest)
    if row is None:
        return None
    return Found(row.id, row.leased_until - tx.now + clock(), bool(row.quarantined), _blob(tx, digest, row))


def clock() -> int:
    """Microseconds of a clock that nobody sets: the database's own may be another machine's."""
    return time.clock_gettime_ns(_CLOCK) // 1000


def _blob(tx: Transaction, digest: Digest, row: blobs.VisibleBlob) -> Blob:
    return Blob(digest, row.size, Key(row.key), blobs.further_parts(tx, row.id) if row.parts > 1 else ())


def _unknown(digest: Digest) -> BlobUnknown:
    return BlobUnknown(f"this repository has no blob {digest}")


def _quarantined(digest: Digest) -> BlobQuarantined:
    return BlobQuarantined(
        f"the content of blob {digest} was found damaged or lost, and is not given out; push it again to heal it"
    )
