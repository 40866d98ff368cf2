"""Finding out what a manifest that is being pushed is, before it is written down."""

from entrepot.db import blobs, manifests
from entrepot.db.contract import Database, Transaction
from entrepot.model.artifact import Description, config_to_read, describe
from entrepot.model.digest import Digest
from entrepot.model.manifest import Manifest
from entrepot.storage.contract import Key, Storage


class Describing:
    """Describes manifests, with what their repository holds already."""

    def __init__(self, db: Database, storage: Storage) -> None:
        self._db = db
        self._storage = storage

    async def describe(self, repository_id: int | None, manifest: Manifest, body: bytes) -> Description:
        """The description of the manifest. What it refers to and is not there is passed over: it will be refused.

        Raises ObjectMissing, StorageFailed.
        """
        config, sizes = None, {}
        if repository_id is not None:
            wanted = config_to_read(manifest, body)
            if wanted is not None:
                config = await self._read(repository_id, wanted)
            if manifest.children:
                children = [child.digest for child in manifest.children]
                sizes = await self._db.read(lambda tx: manifests.sizes(tx, repository_id, children))
        return describe(manifest, body, config, sizes)

    async def _read(self, repository_id: int, digest: Digest) -> bytes | None:
        def question(tx: Transaction) -> blobs.VisibleBlob | None:
            return blobs.find_visible(tx, repository_id, digest)

        blob = await self._db.read(question)
        if blob is None or blob.parts > 1 or blob.quarantined:
            return None
        return b"".join([piece async for piece in self._storage.read(Key(blob.key), 0, blob.size)])
