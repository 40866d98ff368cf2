"""What a tag has named, and going back to it."""

from entrepot.db import manifests, repositories, tag_moves, tags
from entrepot.db.contract import Again, Database, Transaction
from entrepot.db.events import record
from entrepot.db.tag_moves import TagMove
from entrepot.model.digest import Digest
from entrepot.model.errors import ManifestUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import RepositoryGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.project import Action
from entrepot.model.query import ListQuery
from entrepot.model.reference import Tag
from entrepot.model.trash import MoveKind
from entrepot.registry.manifests import Manifests
from entrepot.registry.revival import revive

LIST = Permission(Resource.TAG, Verb.LIST)
ROLL_BACK = Permission(Resource.TAG, Verb.CREATE)


class TagHistory:
    """Operations on the history of tags."""

    def __init__(self, db: Database, manifests_: Manifests) -> None:
        self._db = db
        self._manifests = manifests_

    async def page(self, grant: RepositoryGrant, tag: Tag, query: ListQuery) -> tuple[list[TagMove], int]:
        """A page of the tag's moves, the newest first, and how many are kept. Raises ManifestUnknown if none is."""
        grant.require(Action.PULL)
        repository_id = _id(grant, tag)

        def question(tx: Transaction) -> tuple[list[TagMove], int]:
            found, total = tag_moves.page(tx, repository_id, tag.text, query)
            if not total and not query.conditions:
                raise ManifestUnknown(f"nothing is known of a tag {tag} in {grant.name}")
            return found, total

        return await self._db.read(question)

    async def roll_back(
        self, grant: RepositoryGrant, tag: Tag, digest: Digest, kind: MoveKind = MoveKind.ROLLED_BACK
    ) -> Digest | None:
        """What the tag named until now; it names that digest, which is taken out of the trash if it is there.

        `kind` is what its history calls that: going on to another image is `MOVED`.
        Raises ManifestUnknown for what is not held any more, Conflict for an index whose parts are not, Protected.
        """
        grant.require(Action.PUSH)
        repository_id = _id(grant, tag)

        def change(tx: Transaction) -> Digest | None:
            named = tags.named(tx, repository_id, [tag.text])
            sparse = self._manifests.deletions.sparse(grant)
            revived = revive(tx, repository_id, {digest, *named.values()}, sparse=sparse)
            if tags.named(tx, repository_id, [tag.text]) != named:
                raise Again  # It was moved while these were waited for, and what it names now is not locked.
            manifest_id = manifests.lock_live(tx, repository_id, digest)
            assert manifest_id is not None, "it was revived"
            before = named.get(tag.text)
            self._manifests.point(tx, grant, repository_id, tag, manifest_id, digest, before, kind)
            manifests.relist(tx, repository_id, revived.all | ({before} if before else set()))
            for fresh in sorted(map(str, revived.fresh)):
                _tell(tx, grant, fresh)
            repositories.show(tx, repository_id)
            return before

        return await self._db.write(change)


def _id(grant: RepositoryGrant, tag: Tag) -> int:
    if grant.repository_id is None:
        raise ManifestUnknown(f"there is no tag {tag} in {grant.name}")
    return grant.repository_id


def _tell(tx: Transaction, grant: RepositoryGrant, digest: str) -> None:
    event = Event(
        name=EventName.ARTIFACT_RESTORED,
        by=grant.principal,
        resource=f"{grant.name}@{digest}",
        project_id=grant.project.id,
        repository=grant.name.text,
        detail={"digest": digest},
    )
    record(tx, event)
