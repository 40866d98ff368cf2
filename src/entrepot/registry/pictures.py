"""Icons as they are asked for: those that come with the product, and those that artifacts bring along."""

from entrepot.db import artifact_lists, blobs, project_lists
from entrepot.db.contract import Database, Transaction
from entrepot.db.project_lists import Visibility
from entrepot.model.digest import Digest
from entrepot.model.errors import RecordUnknown
from entrepot.model.grant import CatalogGrant
from entrepot.registry.icons import Icon, built_in_icon, read_icon
from entrepot.storage.contract import Key, Storage


class Pictures:
    """Reads icons."""

    def __init__(self, db: Database, storage: Storage) -> None:
        self._db = db
        self._storage = storage

    async def get(self, grant: CatalogGrant, digest: Digest) -> Icon:
        """The icon of that digest; one of an artifact only to who may know of the artifact.

        Raises RecordUnknown if there is none, Unknown if what an artifact calls its icon is no picture.
        """
        found = built_in_icon(digest)
        if found is not None:
            return found
        visible = project_lists.visible_to(grant.principal, everything=grant.everything)
        blob = await self._db.read(lambda tx: _blob(tx, visible, digest))
        if blob is None:
            raise RecordUnknown(f"there is no icon {digest}")
        return await read_icon(self._storage.read(Key(blob.key), 0, blob.size))


def _blob(tx: Transaction, visible: Visibility, digest: Digest) -> blobs.VisibleBlob | None:
    repository_id = artifact_lists.bearing_icon(tx, visible, digest)
    found = None if repository_id is None else blobs.find_visible(tx, repository_id, digest)
    return found if found is not None and found.parts == 1 and found.size and not found.quarantined else None
