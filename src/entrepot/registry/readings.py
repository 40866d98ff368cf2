"""Looking at manifests and blobs where nothing has to be waited for: of a database and a store that are at hand."""

from typing import NamedTuple

from entrepot.db.contract import AtHand
from entrepot.db.manifests import ManifestRow
from entrepot.model.digest import Digest
from entrepot.model.grant import RepositoryGrant
from entrepot.model.project import Action
from entrepot.model.reference import Reference
from entrepot.registry.blobs import Blob, Found, blob_key, clock, find_blob
from entrepot.registry.manifests import asking
from entrepot.registry.rules import Rules
from entrepot.registry.small_blobs import LARGEST, SmallBlobs
from entrepot.storage.contract import LocalFiles, Storage

_EVER = float("inf")


class BlobReading(NamedTuple):
    """A blob that is there, and until when that may be said to a pusher: by `registry.blobs.clock`."""

    blob: Blob
    until: float


class Readings:
    """What repositories show. Never waits: where `Manifests` and `Blobs` would, or would refuse, it gives None."""

    def __init__(self, db: AtHand, storage: Storage, rules: Rules, small: SmallBlobs) -> None:
        """`small`: as for `Blobs`, which holds there what is not in files."""
        self._db = db
        self._rules = rules
        self._files = storage if isinstance(storage, LocalFiles) else None
        self._small = small

    def manifest(self, grant: RepositoryGrant, reference: Reference) -> ManifestRow | None:
        """The manifest that a tag or a digest names. Raises Denied, DatabaseFailed."""
        grant.require(Action.PULL)
        if grant.repository_id is None:
            return None
        question, key = asking(grant.repository_id, reference)
        return self._db.recall(question, key=key)

    def blob(self, grant: RepositoryGrant, digest: Digest, *, for_push: bool = False) -> BlobReading | None:
        """The blob, unless its lease has to be renewed for somebody who may push. Raises Denied, DatabaseFailed."""
        grant.require(Action.PULL)
        repository_id = grant.repository_id
        if repository_id is None:
            return None
        found: Found | None = self._db.recall(
            lambda tx: find_blob(tx, repository_id, digest), key=blob_key(repository_id, digest)
        )
        if found is None or found.quarantined:
            return None
        until = _EVER
        if for_push and Action.PUSH in grant.actions:
            until = found.lease_ends - self._rules.lease // 2
            if until <= clock():
                return None
        return BlobReading(found.blob, until)

    def content(self, blob: Blob) -> bytes | None:
        """The bytes of a small blob; None if it is large, in parts, or not in memory."""
        if blob.size > LARGEST or blob.further:
            return None
        held = self._small.get(blob.key)
        if held is None and self._files is not None:
            held = self._files.cached(blob.key, blob.size)
            if len(held) != blob.size:
                return None
            self._small.keep(blob.key, held)
        return held
