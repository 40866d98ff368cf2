"""Copying artifacts from one repository to another: rows and links only, for their blobs are here already."""

from entrepot.db import artifact_lists, blobs, manifests, repositories
from entrepot.db.artifact_lists import ArtifactRow
from entrepot.db.contract import Database, Transaction
from entrepot.db.manifests import NewManifest
from entrepot.db.quotas import Use
from entrepot.model.artifact import ArtifactKind, Description
from entrepot.model.digest import Digest
from entrepot.model.errors import Invalid, ManifestUnknown
from entrepot.model.grant import RepositoryGrant
from entrepot.model.manifest import Manifest, parse_manifest
from entrepot.model.project import Action
from entrepot.model.reference import Reference, Tag
from entrepot.registry import refusals
from entrepot.registry.manifests import Manifests
from entrepot.registry.rules import Rules

MOST_MANIFESTS = 10_000
"""Of one artifact with all that it names and that belongs to it."""
MOST_TAGS = 1000


class Copies:
    """Copies artifacts, each in one transaction."""

    def __init__(self, db: Database, manifests_: Manifests, rules: Rules) -> None:
        self._db = db
        self._manifests = manifests_
        self._rules = rules

    async def copy(self, source: RepositoryGrant, target: RepositoryGrant, reference: Reference) -> Digest:
        """The digest of the artifact, which is in the target now as well, with its tags.

        With it comes what it names, and what belongs to it. Raises ManifestUnknown, QuotaExceeded, Invalid for one of
        more than `MOST_MANIFESTS`.
        """
        source.require(Action.PULL)
        target.require(Action.PUSH)
        source_id = source.repository_id
        if source_id is None:
            raise _unknown(source, reference)

        def change(tx: Transaction) -> Digest:
            name = reference if isinstance(reference, Digest) else reference.text
            root = artifact_lists.find(tx, source_id, name)
            if root is None:
                raise _unknown(source, reference)
            target_id = repositories.ensure(tx, target.project.id, target.name.text, target.principal)
            named = artifact_lists.tags_of(tx, [root.id], MOST_TAGS)[root.id]
            uses: list[Use] = []
            for row in _order(tx, source_id, root):
                tags = [Tag(tag.name) for tag in named] if row.digest == root.digest else []
                uses += self._copy(tx, source_id, target, target_id, row, tags)
            self._manifests.settle(tx, target, *uses)
            return root.digest

        return await refusals.written(self._db, target, change)

    def _copy(
        self,
        tx: Transaction,
        source_id: int,
        target: RepositoryGrant,
        target_id: int,
        row: ArtifactRow,
        tags: list[Tag],
    ) -> list[Use]:
        manifest = parse_manifest(row.media_type, row.body)
        found = blobs.lock_visible(tx, source_id, [blob.digest for blob in manifest.blobs])
        uses = [
            blobs.link(tx, target_id, found[digest].id, digest, self._rules.lease)
            for digest in sorted(found, key=lambda digest: digest.packed)
        ]
        annotations = manifests.annotations_of(tx, row.id)
        new = NewManifest(
            row.digest,
            row.media_type,
            row.artifact_type or None,
            manifest.subject,
            annotations,
            row.body,
            _described(row, manifest),
        )
        return [*uses, self._manifests.store_within(tx, target, manifest, new, tags)]


def _order(tx: Transaction, repository_id: int, root: ArtifactRow) -> list[ArtifactRow]:
    """The artifact, what it names, directly or not, and what belongs to any of them: what is named first."""
    order: list[ArtifactRow] = []
    seen: set[Digest] = set()
    waiting = [(root, False)]
    while waiting:
        row, done = waiting.pop()
        if done:
            order.append(row)
        elif row.digest not in seen:
            seen.add(row.digest)
            if len(seen) > MOST_MANIFESTS:
                raise Invalid(f"the artifact is made of more than {MOST_MANIFESTS} manifests")
            waiting.append((row, True))
            belonging = artifact_lists.accessories_of(tx, repository_id, [row.digest], MOST_TAGS)[row.digest]
            for digest in [*(accessory.digest for accessory in belonging), *manifests.children(tx, row.id)]:
                part = artifact_lists.find(tx, repository_id, digest)
                if part is not None:
                    waiting.append((part, False))
    return order


def _described(row: ArtifactRow, manifest: Manifest) -> Description:
    """What was worked out when it was pushed: it is the same wherever it lies."""
    return Description(
        kind=ArtifactKind(row.kind),
        media_type=row.config_type,
        manifest_media_type=row.media_type,
        artifact_type=row.artifact_type,
        size=row.size,
        attributes=row.attributes,
        icon=row.icon,
        references=(),
        subject=manifest.subject,
        accessory_type=row.accessory if manifest.subject else None,
    )


def _unknown(source: RepositoryGrant, reference: Reference) -> ManifestUnknown:
    name = f"{source.name}@{reference}" if isinstance(reference, Digest) else f"{source.name}:{reference}"
    return ManifestUnknown(f"there is no artifact {name}")
