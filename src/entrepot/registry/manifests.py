"""Pushing, pulling and deleting manifests and tags, and finding what refers to a manifest."""

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from entrepot.db import blobs, manifests, quotas, referrers, repositories, tag_moves, tags
from entrepot.db.contract import Database, Transaction
from entrepot.db.manifests import ManifestRow, Needs, NewManifest
from entrepot.db.quotas import Use
from entrepot.db.referrers import ReferrerRow
from entrepot.model.artifact import IMAGE, accessory_of_tag
from entrepot.model.digest import Digest
from entrepot.model.errors import (
    DigestInvalid,
    ManifestInvalid,
    ManifestReferencesUnknown,
    ManifestTooLarge,
)
from entrepot.model.event import EventName
from entrepot.model.grant import RepositoryGrant
from entrepot.model.job import Trigger
from entrepot.model.manifest import LARGEST_MANIFEST, Manifest, parse_manifest
from entrepot.model.project import Action
from entrepot.model.reference import Reference, Tag
from entrepot.model.trash import MoveKind
from entrepot.registry import protection, refusals
from entrepot.registry.deletions import Deletions, tell, unknown
from entrepot.registry.describing import Describing
from entrepot.registry.layer_indexing import request_reading
from entrepot.registry.pulls import Pull, Pulls
from entrepot.registry.rules import Rules
from entrepot.storage.contract import Storage

LARGEST_REFERRER_PAGE = 3 * 1024 * 1024
"""Bytes of annotations; a page is an index, and clients read an index of 4 MiB."""


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as it was pushed."""

    digest: Digest
    media_type: str
    body: bytes
    subject: Digest | None


@dataclass(frozen=True, slots=True)
class ReferrerPage:
    """Descriptors of referrers as the specification lists them, and the last digest if more follow."""

    descriptors: list[dict[str, object]]
    last: Digest | None


class Manifests:
    """The manifests of repositories."""

    def __init__(self, db: Database, storage: Storage, rules: Rules, pulls: Pulls) -> None:
        self._db = db
        self._describing = Describing(db, storage)
        self.deletions = Deletions(rules)
        self._pulls = pulls
        self._index_pushed = rules.index_pushed

    async def get(self, grant: RepositoryGrant, reference: Reference, *, pull: bool = False) -> StoredManifest:
        """The manifest that a tag or a digest names. Raises ManifestUnknown.

        With `pull` it is counted as one: for who takes it away, not for who only looks.
        """
        grant.require(Action.PULL)
        repository_id = grant.repository_id
        if repository_id is None:
            raise unknown(reference)
        question, key = asking(repository_id, reference)
        row = await self._db.read(question, key=key)
        if row is None:
            raise unknown(reference)
        if pull:
            self._pulls.note(pull_of(grant, row, reference))
        return StoredManifest(row.digest, row.media_type, row.body, row.subject)

    async def put(
        self,
        grant: RepositoryGrant,
        reference: Reference,
        media_type: str | None,
        body: bytes,
        also: Sequence[Tag] = (),
    ) -> StoredManifest:
        """The manifest, once it and everything it needs are held, under the reference and the tags of `also`.

        All of it in one transaction, with the blobs and children it refers to locked. Raises ManifestTooLarge,
        ManifestInvalid, DigestInvalid if `reference` is not the digest of `body`, and ManifestReferencesUnknown.
        Source: distribution-spec 1.1, "Pushing manifests"; step 5 of the blob protocol.
        """
        grant.require(Action.PUSH)
        if len(body) > LARGEST_MANIFEST:
            raise ManifestTooLarge("a manifest has at most 4 MiB")
        manifest = parse_manifest(media_type, body)
        if isinstance(reference, Digest):
            digest, names = reference, list(dict.fromkeys(also))
            if Digest.of(body, digest.algorithm) != digest:
                raise DigestInvalid(f"the content's digest is {Digest.of(body, digest.algorithm)}")
        else:
            digest, names = Digest.of(body), list(dict.fromkeys([reference, *also]))
        annotations = json.dumps(manifest.annotations) if manifest.subject and manifest.annotations else None
        described = await self._describing.describe(grant.repository_id, manifest, body)
        new = NewManifest(
            digest, manifest.media_type, manifest.artifact_type, manifest.subject, annotations, body, described
        )

        def change(tx: Transaction) -> None:
            self.settle(tx, grant, self.store_within(tx, grant, manifest, new, names))

        await refusals.written(self._db, grant, change)
        return StoredManifest(digest, manifest.media_type, body, manifest.subject)

    def store_within(
        self, tx: Transaction, grant: RepositoryGrant, manifest: Manifest, new: NewManifest, names: list[Tag]
    ) -> Use:
        """What is to be charged for the manifest, written down with its tags within a transaction of the caller's.

        Raises as `put`.
        """
        grant.require(Action.PUSH)
        repository_id = repositories.ensure(tx, grant.project.id, grant.name.text, grant.principal)
        needs, named = self._needs(tx, grant, repository_id, manifest, new.digest, names)
        manifest_id, fresh, charge = manifests.store(tx, repository_id, new, needs)
        if fresh:
            tell(tx, EventName.ARTIFACT_PUSHED, grant, digest=str(new.digest), media_type=new.media_type)
            if self._index_pushed and new.described.kind == IMAGE and not manifest.children:
                called = f"{grant.name}@{new.digest}"
                request_reading(tx, grant.principal, grant.project.id, manifest_id, called, Trigger.EVENT)
        # Its own standing in lists is right as it was written, unless it was there before, or was waited for.
        touched = set(needs.children) if fresh and not self.deletions.sparse(grant) else {new.digest, *needs.children}
        for name in names:
            before = named.get(name.text)
            self.point(tx, grant, repository_id, name, manifest_id, new.digest, before)
            belongs = accessory_of_tag(name.text, new.body)
            if belongs is not None:
                manifests.call_accessory(tx, manifest_id, belongs.accessory_type, belongs.subject)
                touched.add(new.digest)
            if before is not None:
                touched.add(before)
        manifests.relist(tx, repository_id, touched)
        return charge

    def point(
        self,
        tx: Transaction,
        grant: RepositoryGrant,
        repository_id: int,
        tag: Tag,
        manifest_id: int,
        digest: Digest,
        before: Digest | None,
        kind: MoveKind = MoveKind.MOVED,
    ) -> None:
        """Has the tag name the manifest, and tells of it. It named `before`, or nothing.

        The caller has locked the manifest and that before, and relists both. Raises Protected.
        """
        tags.move(tx, repository_id, tag.text, manifest_id, before)
        if before is not None:
            protection.check_move(tx, repository_id, tag.text, before, digest)
        if before != digest:
            tag_moves.record(tx, grant.principal, repository_id, tag.text, kind, before, digest)
            was = None if before is None else str(before)
            tell(tx, EventName.TAG_MOVED, grant, tag=tag.text, digest=str(digest), before=was)

    def settle(self, tx: Transaction, grant: RepositoryGrant, *uses: Use) -> None:
        """Ends a transaction that stored manifests: the repository is listed, and charged. Raises QuotaExceeded."""
        repository_id = repositories.find(tx, grant.name.text)
        if repository_id is not None:
            repositories.show(tx, repository_id)
        quotas.charge(tx, *uses)

    def _needs(
        self,
        tx: Transaction,
        grant: RepositoryGrant,
        repository_id: int,
        manifest: Manifest,
        digest: Digest,
        names: list[Tag],
    ) -> tuple[Needs, dict[str, Digest]]:
        """What the manifest refers to, and what its tags name until now; all of that is locked, for it is relisted.

        Raises ManifestReferencesUnknown, ManifestInvalid for a wrong size.
        """
        wanted = [blob.digest for blob in manifest.blobs]
        held = blobs.lock_visible(tx, repository_id, wanted)
        if self.deletions.sparse(grant) and not held.keys() >= set(wanted):
            # What comes from now on finds the note that it was lacking; what came just now is found by another look.
            repositories.lock(tx, repository_id)
            held = blobs.lock_visible(tx, repository_id, wanted)
        for blob in manifest.blobs:
            if blob.digest in held and held[blob.digest].size != blob.size:
                raise ManifestInvalid(f"{blob.digest} has {held[blob.digest].size} bytes, not {blob.size}")
        children = list(dict.fromkeys(child.digest for child in manifest.children))
        present, named = tags.lock_named(tx, repository_id, [name.text for name in names], children, digest)
        sparse = self.deletions.sparse(grant)
        # One whose content was lost has to come again, unless manifests may lack what they need here.
        lacking = [d for d in dict.fromkeys(wanted) if d not in held or (held[d].quarantined and not sparse)]
        absent = [d for d in children if d not in present]
        if (lacking or absent) and not sparse:
            raise ManifestReferencesUnknown([str(d) for d in lacking], [str(d) for d in absent])
        return Needs([blob.id for blob in held.values()], lacking, children), named

    async def delete(self, grant: RepositoryGrant, reference: Reference) -> None:
        """Returns when the tag is gone, or the manifest of that digest with all its tags.

        Raises ManifestUnknown, Protected, and InUse if a live index names the manifest. Step 7 of the blob protocol.
        """
        grant.require(Action.DELETE)
        repository_id = grant.repository_id
        if repository_id is None:
            raise unknown(reference)
        if isinstance(reference, Tag):
            name = reference
            await self._db.write(lambda tx: self.deletions.tag(tx, grant, repository_id, name))
        else:
            digest = reference

            def change(tx: Transaction) -> None:
                freed = self.deletions.artifact(tx, grant, repository_id, digest)
                repositories.hide(tx, repository_id)
                quotas.free(tx, freed)

            await self._db.write(change)

    async def referrers(
        self, grant: RepositoryGrant, subject: Digest, artifact_type: str | None, after: Digest | None, count: int
    ) -> ReferrerPage:
        """Up to `count` referrers of the subject, whether or not that is here, by digest, those after `after`.

        Source: distribution-spec 1.1, "Listing Referrers".
        """
        grant.require(Action.PULL)
        repository_id = grant.repository_id
        if repository_id is None:
            return ReferrerPage([], None)
        start = b"" if after is None else after.packed

        def question(tx: Transaction) -> tuple[list[ReferrerRow], bool]:
            sizes = referrers.sizes(tx, repository_id, subject, artifact_type, start, count + 1)
            fitting = min(_fitting(sizes), count)
            return referrers.page(tx, repository_id, subject, artifact_type, start, fitting), len(sizes) > fitting

        rows, more = await self._db.read(question)
        return ReferrerPage([_descriptor(row) for row in rows], rows[-1].digest if more and rows else None)


def asking(repository_id: int, reference: Reference) -> tuple[Callable[[Transaction], ManifestRow | None], Hashable]:
    """The question for the manifest that a tag or a digest names, and what its answer is remembered under."""
    if isinstance(reference, Digest):
        digest = reference
        return lambda tx: manifests.by_digest(tx, repository_id, digest), ("manifest", repository_id, digest.packed)
    tag = reference.text
    return lambda tx: manifests.by_tag(tx, repository_id, tag), ("tag", repository_id, tag)


def pull_of(grant: RepositoryGrant, row: ManifestRow, reference: Reference) -> Pull:
    """A pull of the manifest, by the tag if it was named by one."""
    return Pull(grant, row.id, row.digest, None if isinstance(reference, Digest) else reference.text)


def _fitting(sizes: list[int]) -> int:
    """How many of the first ones fit into a page; at least one, so that every page goes on."""
    total = 0
    for position, size in enumerate(sizes):
        total += size
        if total > LARGEST_REFERRER_PAGE:
            return max(1, position)
    return len(sizes)


def _descriptor(row: ReferrerRow) -> dict[str, object]:
    descriptor: dict[str, object] = {"mediaType": row.media_type, "digest": str(row.digest), "size": row.size}
    if row.artifact_type:
        descriptor["artifactType"] = row.artifact_type
    if row.annotations:
        descriptor["annotations"] = json.loads(row.annotations)
    return descriptor
