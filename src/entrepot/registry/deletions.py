"""Deleting, within transactions of callers': what is deleted goes into the trash, for as long as the project says."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from entrepot.db import artifact_lists, holdings, manifests, quotas, repositories, tag_moves, tags, trash, trashed
from entrepot.db import moving as db_moving
from entrepot.db.contract import Transaction
from entrepot.db.events import record
from entrepot.db.quotas import Use
from entrepot.db.trash import NewEntry
from entrepot.model.digest import Digest
from entrepot.model.errors import ManifestUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import RepositoryGrant
from entrepot.model.project import Action
from entrepot.model.reference import Reference, Tag
from entrepot.model.trash import MoveKind, TrashKind
from entrepot.registry import moving, protection
from entrepot.registry.rules import Rules

MOST_BELONGING = 1000


class Gone(NamedTuple):
    """What was deleted with a repository."""

    artifacts: int
    moving: int | None = None
    """The deletion that the rest is moved into, by whoever asked for it; None: all is in it, or gone."""
    freed: Sequence[Use] = ()


class Deletions:
    """What every route that deletes from a repository does. Each leaves one entry in the trash."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def sparse(self, grant: RepositoryGrant) -> bool:
        """Whether manifests may lack what they refer to."""
        own = grant.project.sparse_indexes
        return self._rules.sparse_indexes if own is None else own

    def window(self, tx: Transaction, project_id: int) -> int:
        """For how many microseconds deletions in the project can be undone."""
        return trash.window_of(tx, project_id, self._rules.trash)

    def tag(self, tx: Transaction, grant: RepositoryGrant, repository_id: int, name: Tag) -> Digest:
        """What the tag named, which is gone now. Raises ManifestUnknown, Protected."""
        grant.require(Action.DELETE)
        _, named = tags.lock_named(tx, repository_id, [name.text], [])
        digest = named.get(name.text)
        if digest is None:
            raise unknown(name)
        protection.check_tag(tx, repository_id, name.text, digest)
        entry = self._entry(tx, grant, TrashKind.TAG, name.text, digest)
        if entry is not None:
            trashed.keep_tag(tx, entry, repository_id, name.text)
            trash.describe(tx, entry, 0, {"tags": 1}, {})
        tags.delete(tx, repository_id, name.text)
        manifests.relist(tx, repository_id, [digest])
        tag_moves.record(tx, grant.principal, repository_id, name.text, MoveKind.DELETED, digest, None)
        tell(tx, EventName.TAG_DELETED, grant, tag=name.text, digest=str(digest))
        return digest

    def artifact(
        self, tx: Transaction, grant: RepositoryGrant, repository_id: int, digest: Digest, *, belonging: bool = False
    ) -> Use:
        """The room that is to be freed for the manifest, which is gone now with its tags.

        With `belonging`, so is what belongs to it and to nothing else: signatures and whatever else refers to it. The
        caller hides the repository and frees the room, in this order. Raises ManifestUnknown, InUse, Protected.
        """
        grant.require(Action.DELETE)
        entry = self._entry(tx, grant, TrashKind.ARTIFACT, "", digest)
        waiting, gone, named = [digest], [], 0
        freed: list[Use] = []
        while waiting:
            one = waiting.pop()
            found = artifact_lists.accessories_of(tx, repository_id, [one], MOST_BELONGING)[one] if belonging else []
            manifest_id, names = self._manifest(tx, grant, repository_id, one, entry)
            gone.append(manifest_id)
            named += names
            waiting.extend(accessory.digest for accessory in found)
            if entry is None:
                freed.append(manifests.release(tx, manifest_id, repository_id))
        if entry is not None:
            contents = {"artifacts": len(gone), "tags": named, "accessories": len(gone) - 1}
            trash.describe(tx, entry, holdings.size(tx, holdings.of_deletion(entry)), contents, {})
        return quotas.together(grant.project.id, freed)

    def repository(self, tx: Transaction, grant: RepositoryGrant, repository_id: int) -> Gone:
        """What was deleted with the repository, and the room that is to be freed.

        Its description and count of pulls go with it. The caller hides it and frees the room, in this order. A large
        one is hidden, and what it holds is to be moved. Raises Protected.
        """
        grant.require(Action.DELETE)
        repositories.lock(tx, repository_id)
        count = 0 if db_moving.hidden(tx, repository_id) else manifests.count(tx, repository_id)
        if count == 0:
            return Gone(0)
        protection.check_repository(tx, repository_id, grant.name.text)
        if moving.large(count):
            return self._large(tx, grant, repository_id, count)
        manifests.lock_all(tx, repository_id)
        entry = self._entry(tx, grant, TrashKind.REPOSITORY, grant.name.text, None)
        named = tags.count(tx, repository_id)
        tag_moves.record_deletion_of_all(tx, grant.principal, repository_id)
        if entry is not None:
            trashed.keep_tags_in(tx, entry, repository_id)
        gone = trashed.put_all(tx, repository_id, entry)
        told = repositories.begin_anew(tx, repository_id)
        if entry is not None:
            kept: Mapping[str, Any] = {"description": told.description, "pull_count": told.pull_count}
            size = holdings.size(tx, holdings.of_deletion(entry))
            trash.describe(tx, entry, size, {"artifacts": len(gone), "tags": named}, kept)
        if entry is not None:
            return Gone(len(gone))
        manifests.lock_links(tx, gone)
        return Gone(len(gone), freed=[manifests.release(tx, manifest_id, repository_id) for manifest_id in gone])

    def _large(self, tx: Transaction, grant: RepositoryGrant, repository_id: int, count: int) -> Gone:
        window = self.window(tx, grant.project.id)
        entry = trash.insert(tx, _new(grant, TrashKind.REPOSITORY, grant.name.text, None, window))
        told = repositories.begin_anew(tx, repository_id)
        kept: Mapping[str, Any] = {"description": told.description, "pull_count": told.pull_count}
        trash.describe(tx, entry, 0, {"artifacts": count, "tags": tags.count(tx, repository_id)}, {})
        moving.begin_away(tx, grant.principal, entry, repository_id, kept)
        if window == 0:
            trash.begin_purge(tx, entry)
        return Gone(count, entry)

    def _manifest(
        self, tx: Transaction, grant: RepositoryGrant, repository_id: int, digest: Digest, entry: int | None
    ) -> tuple[int, int]:
        """The id of the manifest, which is in the trash now, and how many tags it had."""
        children = manifests.children_of(tx, repository_id, digest)
        manifests.lock_present(tx, repository_id, [digest, *children])
        manifest_id = manifests.lock_live(tx, repository_id, digest)
        if manifest_id is None:
            raise unknown(digest)
        protection.check_artifact(tx, repository_id, digest, sparse=self.sparse(grant))
        if entry is not None:
            trashed.keep_tags_of(tx, entry, manifest_id)
        names = tags.delete_of_manifest(tx, manifest_id)
        for name in names:
            tag_moves.record(tx, grant.principal, repository_id, name, MoveKind.DELETED, digest, None)
            tell(tx, EventName.TAG_DELETED, grant, tag=name, digest=str(digest))
        tell(tx, EventName.ARTIFACT_DELETED, grant, digest=str(digest))
        trashed.put(tx, manifest_id, entry)
        if children:
            manifests.relist(tx, repository_id, children)
        return manifest_id, len(names)

    def _entry(
        self, tx: Transaction, grant: RepositoryGrant, kind: TrashKind, name: str, digest: Digest | None
    ) -> int | None:
        """The id of a new entry of the trash; None if the project keeps nothing."""
        window = self.window(tx, grant.project.id)
        return None if window == 0 else trash.insert(tx, _new(grant, kind, name, digest, window))


def _new(grant: RepositoryGrant, kind: TrashKind, name: str, digest: Digest | None, window: int) -> NewEntry:
    return NewEntry(
        kind=kind,
        project_id=grant.project.id,
        project=grant.project.name,
        repository_id=grant.repository_id,
        repository=grant.name.text,
        name=name,
        digest=digest,
        deleted_by=grant.principal.name,
        window=window,
    )


def tell(tx: Transaction, name: EventName, grant: RepositoryGrant, **detail: str | int | bool | None) -> None:
    """Records what happened to a manifest, or to a tag if one is told."""
    tag = detail.get("tag")
    event = Event(
        name=name,
        by=grant.principal,
        resource=f"{grant.name}:{tag}" if tag else f"{grant.name}@{detail['digest']}",
        project_id=grant.project.id,
        repository=grant.name.text,
        detail=detail,
    )
    record(tx, event)


def unknown(reference: Reference) -> ManifestUnknown:
    """The error for what is not there."""
    what = f"manifest {reference}" if isinstance(reference, Digest) else f"tag {reference}"
    return ManifestUnknown(f"this repository has no {what}")
