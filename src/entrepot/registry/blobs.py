"""Looking at blobs, reading, mounting and deleting them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from entrepot.db import blobs, repositories
from entrepot.db.contract import Database, Transaction
from entrepot.db.events import record
from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUnknown, InUse
from entrepot.model.event import Event, EventName
from entrepot.model.grant import RepositoryGrant
from entrepot.model.project import Action
from entrepot.registry.rules import Rules
from entrepot.storage.contract import Key, LocalFiles, SignedUrls, Storage


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob that a repository shows, as of the moment it was looked up; readable for the reader's grace after."""

    digest: Digest
    size: int
    key: Key


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the client may fetch the blob itself."""

    url: str


class Blobs:
    """The blobs of repositories."""

    def __init__(self, db: Database, storage: Storage, rules: Rules) -> None:
        self._db = db
        self._storage = storage
        self._rules = rules
        self._files = storage if isinstance(storage, LocalFiles) else None
        self._signed = storage if isinstance(storage, SignedUrls) else None

    async def find(self, grant: RepositoryGrant, digest: Digest, *, for_push: bool = False) -> Blob:
        """The blob. Raises BlobUnknown.

        With `for_push`, by somebody who may push, it stays for at least half a lease: pushers skip an upload because
        of this answer.
        """
        grant.require(Action.PULL)
        repository_id = grant.repository_id
        if repository_id is None:
            raise _unknown(digest)
        found, now = await self._db.read(lambda tx: (blobs.find_visible(tx, repository_id, digest), tx.now))
        if found is None:
            raise _unknown(digest)
        if for_push and Action.PUSH in grant.actions and found.leased_until - now <= self._rules.lease // 2:
            blob_id = found.id
            lease = self._rules.lease
            if not await self._db.write(lambda tx: blobs.renew_lease(tx, repository_id, blob_id, lease)):
                raise _unknown(digest)
        return Blob(digest, found.size, Key(found.key))

    def open(self, blob: Blob, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes of the blob from `start` up to, not including, `end`, in pieces of at most 1 MiB.

        Raises ObjectMissing or StorageFailed, possibly after some pieces.
        """
        return self._storage.read(blob.key, start, end)

    def path(self, blob: Blob) -> Path | None:
        """The file on this machine that is the blob, if it is one."""
        return None if self._files is None else self._files.path(blob.key)

    async def redirect(self, blob: Blob) -> Redirect | None:
        """Where the client should fetch the blob; None if here. Raises StorageFailed."""
        if self._signed is None or not self._rules.redirect:
            return None
        return Redirect(await self._signed.signed_url(blob.key, self._rules.redirect_lifetime))

    async def mount(self, grant: RepositoryGrant, source: RepositoryGrant | None, digest: Digest) -> Blob | None:
        """The blob, shown in the grant's repository from now on because the source shows it; None if it does not.

        Without a source, any repository of the same project will do. The repository is created if need be.
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
            if found is None:
                return None
            repository_id = repositories.ensure(tx, grant.project.id, grant.name.text, grant.principal.name)
            blobs.link(tx, repository_id, found.id, digest, self._rules.lease)
            return Blob(digest, found.size, Key(found.key))

        return await self._db.write(change)

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
            if blobs.referenced(tx, repository_id, found.id):
                blobs.hide(tx, repository_id, found.id)
            else:
                blobs.unlink(tx, repository_id, found.id, self._rules.reader_grace, wait=True)
            record(
                tx,
                Event(
                    name=EventName.BLOB_DELETED,
                    actor=grant.principal.name,
                    project_id=grant.project.id,
                    repository=grant.name.text,
                    detail={"digest": str(digest)},
                ),
            )

        await self._db.write(change)


def _unknown(digest: Digest) -> BlobUnknown:
    return BlobUnknown(f"this repository has no blob {digest}")
