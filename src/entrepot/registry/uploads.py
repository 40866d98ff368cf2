"""Bringing blobs: sessions of one or more requests, and whole blobs in one.

Every request's content becomes an object of its own, written once (`upload_parts`), so two requests that claim the
same place in an upload cannot mix their bytes: one of them is recorded, the other given up. An upload of a single
part, which is what nearly every client sends, becomes the blob as it lies there; only several parts are copied.
Source: distribution-spec 1.1, "Pushing blobs"; steps 2 and 3 of the blob protocol.
"""

import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from entrepot.db import blobs, removals, repositories, uploads
from entrepot.db.contract import Database, T, Transaction
from entrepot.db.uploads import Part, UploadRow
from entrepot.model.digest import Digest
from entrepot.model.errors import (
    BlobUploadUnknown,
    DigestInvalid,
    ObjectMissing,
    RangeInvalid,
)
from entrepot.model.grant import RepositoryGrant
from entrepot.model.project import Action
from entrepot.registry.blobs import Blob
from entrepot.registry.intake import Intake
from entrepot.registry.rules import Rules
from entrepot.storage.contract import Key, Storage

USUAL = "sha256"


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload session, and how many bytes it holds."""

    id: str
    size: int


class Uploads:
    """Uploads into repositories. A session belongs to the principal and the repository that it was started with."""

    def __init__(self, db: Database, storage: Storage, rules: Rules) -> None:
        self._db = db
        self._storage = storage
        self._rules = rules

    async def start(self, grant: RepositoryGrant) -> Upload:
        """A new, empty session; the repository is created if need be."""
        grant.require(Action.PUSH)
        upload_id = uuid.uuid4().hex

        def change(tx: Transaction) -> None:
            repository_id = repositories.ensure(tx, grant.project.id, grant.name.text, grant.principal.name)
            uploads.start(tx, upload_id, repository_id, _owner(grant), tx.now + self._rules.upload_expiry)

        await self._db.write(change)
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
        return Upload(upload_id, await self._add(grant, upload_id, row.size, body, length, USUAL))

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

        `body`, `start` and `length` are as for `append`: a last chunk may come along. Content of another digest ends
        the session. Raises DigestInvalid and what `append` raises.
        """
        grant.require(Action.PUSH)
        row = await self._find(grant, upload_id)
        if row.finished is None:
            _check_start(row, start)
            if body is not None:
                await self._add(grant, upload_id, row.size, body, length, digest.algorithm)
        elif row.finished != digest:
            raise _unknown()
        repository_id, parts, done = await self._db.read(lambda tx: self._state(tx, grant, upload_id))
        if done is not None:
            return await self._finished(repository_id, done, digest)
        try:
            return await self._close(grant, upload_id, parts, digest)
        except DigestInvalid:
            await self._db.write(lambda tx: uploads.cancel(tx, upload_id))
            raise
        except ObjectMissing:  # Somebody closed it meanwhile, and its parts have gone.
            repository_id, _, done = await self._db.read(lambda tx: self._state(tx, grant, upload_id))
            if done is None:
                raise
            return await self._finished(repository_id, done, digest)

    async def put(
        self, grant: RepositoryGrant, body: AsyncIterator[bytes], digest: Digest, *, length: int | None = None
    ) -> Blob:
        """The blob of a single request, held durably. Raises DigestInvalid and what `append` raises."""
        grant.require(Action.PUSH)
        taken = await self._intake().take(body, length, digest.algorithm, at_most=self._rules.largest_blob)
        if taken.cut is not None or taken.digest != digest:
            await self._give_up(taken.key)
            raise taken.cut or _not_the_digest(taken.digest)

        def change(tx: Transaction) -> Blob:
            repository_id = repositories.ensure(tx, grant.project.id, grant.name.text, grant.principal.name)
            return self._hold(tx, repository_id, digest, taken.size, taken.key)

        return await self._settle(taken.key, change)

    async def _add(
        self,
        grant: RepositoryGrant,
        upload_id: str,
        start: int,
        body: AsyncIterator[bytes],
        length: int | None,
        algorithm: str,
    ) -> int:
        """The size of the session with the body added behind `start`."""
        largest = self._rules.largest_blob
        taken = await self._intake().take(
            body, length, algorithm, at_most=None if largest is None else max(0, largest - start)
        )
        if taken.size == 0:
            await self._give_up(taken.key)
            if taken.cut is not None:
                raise taken.cut
            return start

        def change(tx: Transaction) -> None:
            row = self._lock(tx, grant, upload_id)
            if row.finished is not None:
                raise _unknown()
            _check_start(row, start)
            if not removals.take_back(tx, taken.key):
                raise BlobUploadUnknown("the upload took too long; start it again")
            expires_at = tx.now + self._rules.upload_expiry
            uploads.add_part(tx, upload_id, Part(start, taken.size, taken.key, taken.digest), expires_at)

        await self._settle(taken.key, change)
        if taken.cut is not None:
            raise taken.cut
        return start + taken.size

    async def _close(self, grant: RepositoryGrant, upload_id: str, parts: list[Part], digest: Digest) -> Blob:
        """Makes the blob of the parts: of one as it is, of several, or of none, by copying."""
        if len(parts) == 1:
            part = parts[0]
            key, size, of_content = Key(part.key), part.size, part.digest
            if part.digest.algorithm != digest.algorithm:
                of_content = await self._hash(key, size, digest.algorithm)
        else:
            copied = await self._intake().take(self._content(parts), None, digest.algorithm)
            key, size, of_content = copied.key, copied.size, copied.digest
        single = len(parts) == 1
        if of_content != digest:
            if not single:
                await self._give_up(key)
            raise _not_the_digest(of_content)

        def change(tx: Transaction) -> Blob:
            repository_id = _repository(grant)
            row = self._lock(tx, grant, upload_id)
            if row.finished is not None:
                if not single:
                    removals.give_up(tx, key, tx.now)
                found = blobs.find_visible(tx, repository_id, digest) if row.finished == digest else None
                if found is None:
                    raise _unknown()
                return Blob(digest, found.size, Key(found.key))
            if single:  # Its removal was called off when it became a part; from here on it is as a fresh object.
                removals.intend(tx, key, tx.now)
            blob = self._hold(tx, repository_id, digest, size, key)
            uploads.finish(tx, upload_id, digest, key if single else None)
            return blob

        return await (self._db.write(change) if single else self._settle(key, change))

    def _hold(self, tx: Transaction, repository_id: int, digest: Digest, size: int, key: Key) -> Blob:
        try:
            held = blobs.hold(tx, repository_id, digest, size, key, self._rules.lease)
        except blobs.Lost as error:
            raise BlobUploadUnknown("the upload took too long; start it again") from error
        return Blob(digest, size, Key(held))

    async def _finished(self, repository_id: int, done: Digest, digest: Digest) -> Blob:
        """The blob of a session that was closed before. Clients repeat a close whose answer they did not get."""
        found = await self._db.read(lambda tx: blobs.find_visible(tx, repository_id, done))
        if found is None or done != digest:
            raise _unknown()
        return Blob(done, found.size, Key(found.key))

    async def _content(self, parts: list[Part]) -> AsyncIterator[bytes]:
        for part in parts:
            async for piece in self._storage.read(Key(part.key), 0, part.size):
                yield piece

    async def _hash(self, key: Key, size: int, algorithm: str) -> Digest:
        """The digest of an object by an algorithm that was not known when it came."""
        return await self._intake().hash(self._storage.read(key, 0, size), algorithm)

    async def _settle(self, key: Key, change: Callable[[Transaction], T]) -> T:
        """What the change returns, which makes use of the object; if it does not, the object is let go.

        Also when its removal has begun already: a store may finish an object after that.
        """
        try:
            return await self._db.write(change)
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

    def _state(self, tx: Transaction, grant: RepositoryGrant, upload_id: str) -> tuple[int, list[Part], Digest | None]:
        repository_id = _repository(grant)
        row = uploads.find(tx, upload_id, repository_id, _owner(grant))
        if row is None:
            raise _unknown()
        return repository_id, uploads.parts(tx, upload_id), row.finished

    def _intake(self) -> Intake:
        return Intake(self._db, self._storage, self._rules)


def _check_start(row: UploadRow, start: int | None) -> None:
    if start is not None and start != row.size:
        raise RangeInvalid(f"the upload holds {row.size} bytes: the next chunk has to start there", row.size)


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
