"""Bringing blobs: sessions of one or more requests, and whole blobs in one.

Every request's content becomes an object of its own, written once (`upload_parts`), so two requests that claim the
same place in an upload cannot mix their bytes: one of them is recorded, the other given up. The parts become the
blob as they lie: nearly every client sends one, and of those that send more none has to wait for a copy at the end.
Source: distribution-spec 1.1, "Pushing blobs"; steps 2 and 3 of the blob protocol.
"""

import hashlib
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from entrepot.db import blobs, quotas, removals, repositories, uploads
from entrepot.db.contract import Database, Transaction
from entrepot.db.events import record
from entrepot.db.uploads import Part, UploadRow
from entrepot.model.digest import Digest
from entrepot.model.errors import (
    BlobUploadUnknown,
    BodyCut,
    DigestInvalid,
    ObjectMissing,
    RangeInvalid,
)
from entrepot.model.event import healed
from entrepot.model.grant import RepositoryGrant
from entrepot.model.project import Action
from entrepot.registry import refusals
from entrepot.registry.arrivals import Arrivals
from entrepot.registry.blobs import Blob, find_blob
from entrepot.registry.fresh_keys import FreshKeys
from entrepot.registry.intake import Intake
from entrepot.registry.rules import Rules
from entrepot.registry.running import RunningHashes
from entrepot.storage.contract import Key, Storage

USUAL = "sha256"


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload session, and how many bytes it holds."""

    id: str
    size: int


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What one request brought: an object that nothing counts on yet, or nothing; and how it broke off if it did."""

    part: Part | None
    cut: BodyCut | None


class Uploads:
    """Uploads into repositories. A session belongs to the principal and the repository that it was started with."""

    def __init__(
        self, db: Database, storage: Storage, rules: Rules, arrivals: Arrivals | None = None, ahead: int = 0
    ) -> None:
        """`arrivals`: whom to tell how far uploads have come; `ahead`: how many keys to have at hand."""
        self._db = db
        self._storage = storage
        self._rules = rules
        self._keys = FreshKeys(db, rules, ahead)
        self._intake = Intake(db, storage, self._keys)
        self._running = RunningHashes()
        self._arrivals = arrivals or Arrivals(db)

    async def start(self, grant: RepositoryGrant) -> Upload:
        """A new, empty session; the repository is created if need be."""
        grant.require(Action.PUSH)
        upload_id = uuid.uuid4().hex

        def change(tx: Transaction) -> None:
            repository_id = repositories.ensure(tx, grant.project.id, grant.name.text, grant.principal)
            uploads.start(tx, upload_id, repository_id, _owner(grant), tx.now + self._rules.upload_expiry)

        # Nobody was promised that a session outlives a loss of power: nothing has come yet, and it can be begun again.
        await self._db.write(change, durable=False)
        return Upload(upload_id, 0)

    async def status(self, grant: RepositoryGrant, upload_id: str) -> Upload:
        """The session. Raises BlobUploadUnknown."""
        grant.require(Action.PUSH)
        row = await self._find(grant, upload_id)
        if row.finished is not None:
            raise _unknown()
        return Upload(upload_id, row.size)

    async def cancel(self, grant: RepositoryGrant, upload_id: str) -> None:
        """Ends the session; what it holds is let go. Raises BlobUploadUnknown."""
        grant.require(Action.PUSH)

        def change(tx: Transaction) -> None:
            if self._lock(tx, grant, upload_id).finished is not None:
                raise _unknown()
            uploads.cancel(tx, upload_id)

        await self._db.write(change)
        self._running.forget(upload_id)
        self._arrivals.end(upload_id)

    async def append(
        self,
        grant: RepositoryGrant,
        upload_id: str,
        body: AsyncIterator[bytes],
        *,
        start: int | None = None,
        length: int | None = None,
    ) -> Upload:
        """The session with `body` added at its end, durably.

        `start` is where the client says the chunk belongs, `length` how long it said that it is. A body that breaks
        off (BodyCut) leaves what came of it in the session, to be gone on with. Raises BlobUploadUnknown,
        RangeInvalid if another place is the end, SizeInvalid, BlobUploadInvalid if the blob gets too large,
        StorageFailed.
        """
        grant.require(Action.PUSH)
        row = await self._find(grant, upload_id)
        if row.finished is not None:
            raise _unknown()
        _check_start(row, start)
        chunk = await self._take(grant, upload_id, row, body, length, USUAL)
        await self._keep(grant, upload_id, row, chunk)
        return Upload(upload_id, row.size + (chunk.part.size if chunk.part else 0))

    async def finish(
        self,
        grant: RepositoryGrant,
        upload_id: str,
        body: AsyncIterator[bytes] | None,
        digest: Digest,
        *,
        start: int | None = None,
        length: int | None = None,
    ) -> Blob:
        """The blob, once it is held durably and shown in the repository; the same again if this is asked again.

        `body`, `start` and `length` are as for `append`: a last chunk may come along, and becomes part of the session
        only if it is cut off, else of the blob at once, so that a repeated close does not add it twice. Content of
        another digest ends the session. Raises DigestInvalid and what `append` raises.
        """
        grant.require(Action.PUSH)
        row = await self._find(grant, upload_id)
        if row.finished not in (None, digest):
            raise _unknown()
        last = None
        if row.finished is None:
            _check_start(row, start)
            if body is not None:
                chunk = await self._take(grant, upload_id, row, body, length, digest.algorithm)
                if chunk.cut is not None:
                    await self._keep(grant, upload_id, row, chunk)
                last = chunk.part
        try:
            return await self._close(grant, upload_id, row, last, digest)
        except (BlobUploadUnknown, DigestInvalid, ObjectMissing, RangeInvalid) as error:
            # Only where it is certain that nothing was committed: else the blob could be losing its object here.
            if last is not None:
                await self._give_up(Key(last.key))
            if isinstance(error, DigestInvalid):
                await self._db.write(lambda tx: uploads.cancel(tx, upload_id))
            done = None
            if isinstance(error, ObjectMissing):  # Perhaps somebody closed it meanwhile, and its parts have gone.
                done = await self._db.write(lambda tx: self._done_before(tx, grant, upload_id, digest))
            if done is None:
                raise
            return done
        finally:
            self._running.forget(upload_id)
            self._arrivals.end(upload_id)

    async def put(
        self, grant: RepositoryGrant, body: AsyncIterator[bytes], digest: Digest, *, length: int | None = None
    ) -> Blob:
        """The blob of a single request, held durably. Raises DigestInvalid and what `append` raises."""
        grant.require(Action.PUSH)
        hasher = digest.hasher()
        arrival = self._arrivals.begin(grant, uuid.uuid4().hex, 0, length)
        try:
            taken = await self._intake.take(body, length, hasher, at_most=self._rules.largest_blob, count=arrival)
        finally:
            self._arrivals.end(arrival.id)
        found = Digest.finished(digest.algorithm, hasher)
        if taken.cut is not None or found != digest:
            await self._give_up(taken.key)
            raise taken.cut or _not_the_digest(found)

        def change(tx: Transaction) -> Blob:
            repository_id = repositories.ensure(tx, grant.project.id, grant.name.text, grant.principal)
            return self._hold(tx, grant, repository_id, digest, [Part(0, taken.size, taken.key, digest)])

        async with self._let_go_unless_used(taken.key):
            return await refusals.written(self._db, grant, change)

    async def _take(
        self,
        grant: RepositoryGrant,
        upload_id: str,
        row: UploadRow,
        body: AsyncIterator[bytes],
        length: int | None,
        algorithm: str,
    ) -> _Chunk:
        """The body as an object of its own, to go at the end of the session as it is now."""
        largest, start = self._rules.largest_blob, row.size
        hasher = hashlib.new(algorithm) if start == 0 else self._running.find(upload_id, start, algorithm, row.digest)
        arrival = self._arrivals.begin(grant, upload_id, start, length)
        try:
            taken = await self._intake.take(
                body, length, hasher, at_most=None if largest is None else max(0, largest - start), count=arrival
            )
        finally:
            self._arrivals.pause(arrival)
        if taken.size == 0:
            await self._give_up(taken.key)
            return _Chunk(None, taken.cut)
        if hasher is not None:
            self._running.keep(upload_id, start + taken.size, algorithm, hasher)
        so_far = None if hasher is None else Digest.finished(algorithm, hasher)
        return _Chunk(Part(start, taken.size, taken.key, so_far), taken.cut)

    async def _keep(self, grant: RepositoryGrant, upload_id: str, row: UploadRow, chunk: _Chunk) -> None:
        """Adds to the session what came of the chunk. Raises BodyCut if that was not all."""
        if chunk.part is not None:
            await self._record(grant, upload_id, row, chunk.part)
        if chunk.cut is not None:
            raise chunk.cut

    async def _record(self, grant: RepositoryGrant, upload_id: str, before: UploadRow, part: Part) -> None:
        """Adds the part to the session, if that is as it was before; else lets its object go."""

        def change(tx: Transaction) -> None:
            row = self._lock(tx, grant, upload_id)
            if row.finished is not None:
                raise _unknown()
            _check_same(row, before)
            if not removals.take_back(tx, part.key):
                raise BlobUploadUnknown("the upload took too long; start it again")
            uploads.add_part(tx, upload_id, part, tx.now + self._rules.upload_expiry)

        # Whoever closes the session has that made durable, and all before it with it. The part's bytes are already:
        # with a loss of power in between, the part is on the list of those to be removed, or it is here and whole.
        async with self._let_go_unless_used(Key(part.key)):
            await self._db.write(change, durable=False)

    async def _close(
        self, grant: RepositoryGrant, upload_id: str, before: UploadRow, last: Part | None, digest: Digest
    ) -> Blob:
        """Makes the blob of the session's parts and the last one, as they lie; without any, of an empty object.

        `before`: the session as the last one was to follow it. Its object is the caller's to let go if this raises.
        """
        recorded, done = await self._db.read(lambda tx: self._state(tx, grant, upload_id, digest))
        if last is not None and done is None:
            end = recorded[-1] if recorded else Part(0, 0, "", None)
            _check_same(UploadRow(end.start + end.size, None, end.digest), before)
        parts = recorded if last is None else [*recorded, last]
        if done is None:
            await self._require_content(parts, digest)
        empty = None
        if done is None and not parts:
            empty = Part(0, 0, (await self._intake.take_nothing()).key, digest)
            parts = [empty]

        def change(tx: Transaction) -> Blob:
            blob = self._done_before(tx, grant, upload_id, digest)
            if blob is not None:
                for unused in parts[len(recorded) :]:
                    removals.give_up(tx, unused.key, tx.now)
                return blob
            if uploads.parts(tx, upload_id) != recorded:
                size = sum(part.size for part in uploads.parts(tx, upload_id))
                raise RangeInvalid("another request added to the upload while it was being closed", size)
            for part in recorded:  # Its removal was called off when it became a part; now it is as a fresh object.
                removals.intend(tx, part.key, tx.now)
            uploads.finish(tx, upload_id, digest)
            return self._hold(tx, grant, _repository(grant), digest, parts)

        if empty is None:
            return await refusals.written(self._db, grant, change)
        async with self._let_go_unless_used(Key(empty.key)):
            return await refusals.written(self._db, grant, change)

    async def _require_content(self, parts: list[Part], digest: Digest) -> None:
        """Returns if the parts together have that digest. Raises DigestInvalid; ObjectMissing if they have gone."""
        found = parts[-1].digest if parts else Digest.of(b"", digest.algorithm)
        if found is None or found.algorithm != digest.algorithm:
            found = await self._intake.hash(parts, digest.algorithm)
        if found != digest:
            raise _not_the_digest(found)

    def _done_before(self, tx: Transaction, grant: RepositoryGrant, upload_id: str, digest: Digest) -> Blob | None:
        """The blob, if the session, which is locked now, was closed with this digest meanwhile.

        Raises BlobUploadUnknown if it was closed with another one.
        """
        row = self._lock(tx, grant, upload_id)
        if row.finished is None:
            return None
        found = find_blob(tx, _repository(grant), digest) if row.finished == digest else None
        if found is None or found.quarantined:
            raise _unknown()
        return found.blob

    def _hold(
        self, tx: Transaction, grant: RepositoryGrant, repository_id: int, digest: Digest, parts: Sequence[Part]
    ) -> Blob:
        objects = [blobs.Part(part.start, part.key) for part in parts]
        size = parts[-1].start + parts[-1].size
        try:
            held = blobs.hold(tx, repository_id, digest, size, objects, self._rules.lease, self._rules.reader_grace)
        except blobs.Lost as error:
            raise BlobUploadUnknown("the upload took too long; start it again") from error
        found = find_blob(tx, repository_id, digest)
        assert found is not None, "it was linked in this transaction"
        if held.healed:
            record(tx, healed(grant.principal, digest, "pushed"))
        quotas.charge(tx, held.charge)
        return found.blob

    @asynccontextmanager
    async def _let_go_unless_used(self, key: Key) -> AsyncIterator[None]:
        """Within it a change makes use of the object; if it does not, the object is let go.

        Also when its removal has begun already: a store may finish an object after that.
        """
        try:
            yield
        except (BlobUploadUnknown, RangeInvalid):
            await self._give_up(key)
            raise

    async def _give_up(self, key: Key) -> None:
        await self._db.write(lambda tx: removals.give_up(tx, key, tx.now))

    async def _find(self, grant: RepositoryGrant, upload_id: str) -> UploadRow:
        repository_id = _repository(grant)
        row = await self._db.read(lambda tx: uploads.find(tx, upload_id, repository_id, _owner(grant)))
        if row is None:
            raise _unknown()
        return row

    def _lock(self, tx: Transaction, grant: RepositoryGrant, upload_id: str) -> UploadRow:
        row = uploads.lock(tx, upload_id, _repository(grant), _owner(grant))
        if row is None:
            raise _unknown()
        return row

    def _state(
        self, tx: Transaction, grant: RepositoryGrant, upload_id: str, digest: Digest
    ) -> tuple[list[Part], Digest | None]:
        """The session's parts, and the digest that it was closed with. Clients repeat a close without an answer."""
        row = uploads.find(tx, upload_id, _repository(grant), _owner(grant))
        if row is None or row.finished not in (None, digest):
            raise _unknown()
        return uploads.parts(tx, upload_id), row.finished

    async def close(self) -> None:
        """Leaves nothing behind but sessions. Never raises."""
        await self._arrivals.close()
        await self._keys.close()


def _check_start(row: UploadRow, start: int | None) -> None:
    if start is not None and start != row.size:
        raise RangeInvalid(f"the upload holds {row.size} bytes: the next chunk has to start there", row.size)


def _check_same(row: UploadRow, before: UploadRow) -> None:
    """Returns if what a chunk was to follow, and was hashed after, is what is there."""
    if (row.size, row.digest) != (before.size, before.digest):
        raise RangeInvalid(f"another request added to the upload meanwhile: it holds {row.size} bytes", row.size)


def _repository(grant: RepositoryGrant) -> int:
    if grant.repository_id is None:
        raise _unknown()
    return grant.repository_id


def _owner(grant: RepositoryGrant) -> str:
    principal = grant.principal
    return principal.name if principal.user_id is None else f"user {principal.user_id}"


def _unknown() -> BlobUploadUnknown:
    return BlobUploadUnknown("there is no such upload here: it was finished, cancelled, expired or never started")


def _not_the_digest(digest: Digest) -> DigestInvalid:
    return DigestInvalid(f"the content's digest is {digest}; the upload is cancelled, start it again")
