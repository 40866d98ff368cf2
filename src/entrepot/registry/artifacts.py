"""Artifacts as people see them: with their tags, labels and what belongs to them."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from entrepot.db import artifact_lists, garbage, immutability, labels, manifests, quotas, repositories, tags
from entrepot.db.artifact_lists import AccessoryRow, ArtifactRow, TagRow
from entrepot.db.contract import Database, Transaction
from entrepot.db.immutability import Place
from entrepot.db.labels import Label
from entrepot.model.artifact import HARBOR_SBOM, ArtifactKind
from entrepot.model.contents import Contents, contents_of
from entrepot.model.digest import Digest
from entrepot.model.errors import AlreadyExists, InUse, ManifestUnknown
from entrepot.model.grant import ProjectGrant, RepositoryGrant
from entrepot.model.immutability import holding
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.project import Action
from entrepot.model.query import ListQuery
from entrepot.model.reference import Reference, Tag
from entrepot.registry.additions import SBOM_DOCUMENT, Addition, addition_names, read_addition
from entrepot.registry.blobs import Blobs
from entrepot.registry.manifests import Manifests

LIST = Permission(Resource.ARTIFACT, Verb.LIST)
MOST_TAGS = 1000
"""Tags, and accessories, that are told of one artifact; there are lists of its own for all of them."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is to be told of artifacts beside themselves."""

    tags: bool = True
    labels: bool = True
    accessories: bool = True
    immutable: bool = False
    """Whether tags are immutable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactView:
    """An artifact with what belongs to it."""

    row: ArtifactRow
    contents: Contents
    """What its manifest says of its parts; of one that is large, in a list, nothing."""
    children: dict[Digest, int]
    """The ids of those that are here of what an index names."""
    tags: list[TagRow]
    labels: list[Label]
    accessories: list[AccessoryRow]

    @property
    def additions(self) -> tuple[str, ...]:
        """What more can be asked for of it."""
        has_sbom = any(accessory.kind == HARBOR_SBOM for accessory in self.accessories)
        return addition_names(ArtifactKind(self.row.kind), self.row.media_type, has_sbom=has_sbom)


class Artifacts:
    """Operations on artifacts. Each answer is of one committed state."""

    def __init__(self, db: Database, manifests_: Manifests, blobs: Blobs) -> None:
        self._db = db
        self._manifests = manifests_
        self._blobs = blobs

    async def page(self, grant: RepositoryGrant, query: ListQuery, shown: Shown) -> tuple[list[ArtifactView], int]:
        """A page of the repository's artifacts, the newest first, and how many there are. Raises ManifestUnknown."""
        grant.require(Action.PULL)
        repository_id = grant.repository_id
        if repository_id is None:
            raise ManifestUnknown(f"there is no repository {grant.name}")

        def question(tx: Transaction) -> tuple[list[ArtifactView], int]:
            rows, total = artifact_lists.page(tx, repository_id, query)
            return views_of(tx, rows, shown), total

        return await self._db.read(question)

    async def page_of_project(
        self, grant: ProjectGrant, query: ListQuery, shown: Shown, newest_of: str | None
    ) -> tuple[list[ArtifactView], int]:
        """As `page`, of all the project's repositories; see `artifact_lists.page_of_project`."""
        grant.require(LIST)

        def question(tx: Transaction) -> tuple[list[ArtifactView], int]:
            rows, total = artifact_lists.page_of_project(tx, grant.project.id, query, newest_of=newest_of)
            return views_of(tx, rows, shown), total

        return await self._db.read(question)

    async def get(self, grant: RepositoryGrant, reference: Reference, shown: Shown) -> ArtifactView:
        """The artifact. Raises ManifestUnknown."""
        grant.require(Action.PULL)
        return await self._of(grant, reference, lambda tx, row: views_of(tx, [row], shown)[0])

    async def delete(self, grant: RepositoryGrant, reference: Reference, *, unnamed: bool = False) -> None:
        """Deletes the artifact, its tags, and what belongs to it and to nothing else.

        With `unnamed` only if no tag names it. Raises ManifestUnknown, InUse, Protected.
        """
        grant.require(Action.DELETE)

        def change(tx: Transaction) -> None:
            row = _find(tx, grant, reference)
            if unnamed:
                children = manifests.children_of(tx, row.repository_id, row.digest)
                manifests.lock_present(tx, row.repository_id, [row.digest, *children])
                if not garbage.is_untagged(tx, row.id):
                    raise InUse("something names this artifact by now")
            freed = self._manifests.deletions.artifact(tx, grant, row.repository_id, row.digest, belonging=True)
            repositories.hide(tx, row.repository_id)
            quotas.free(tx, freed)

        await self._db.write(change)

    async def tags(
        self, grant: RepositoryGrant, reference: Reference, query: ListQuery, *, immutable: bool
    ) -> tuple[list[TagRow], int]:
        """A page of the artifact's tags, the newest first, and how many there are; with `immutable`, which are.

        Raises ManifestUnknown.
        """
        grant.require(Action.PULL)

        def question(tx: Transaction, row: ArtifactRow) -> tuple[list[TagRow], int]:
            found, total = artifact_lists.page_of_tags(tx, row.id, query)
            place = immutability.counting_in(tx, row.repository_id) if immutable else None
            return _marked(place, found), total

        return await self._of(grant, reference, question)

    async def create_tag(self, grant: RepositoryGrant, reference: Reference, tag: Tag) -> None:
        """Has the tag name the artifact. Raises ManifestUnknown, AlreadyExists if it names anything."""
        grant.require(Action.PUSH)

        def change(tx: Transaction) -> None:
            row = _find(tx, grant, reference)
            if manifests.lock_live(tx, row.repository_id, row.digest) is None:
                raise _unknown(grant, reference)
            if tags.named(tx, row.repository_id, [tag.text]):
                raise AlreadyExists(f"there is a tag {tag} in {grant.name} already")
            self._manifests.point(tx, grant, row.repository_id, tag, row.id, row.digest, None)
            manifests.relist(tx, row.repository_id, [row.digest])

        await self._db.write(change)

    async def delete_tag(self, grant: RepositoryGrant, reference: Reference, tag: Tag) -> None:
        """Removes the tag, which must be the artifact's; the artifact stays. Raises ManifestUnknown, Protected."""
        grant.require(Action.DELETE)

        def change(tx: Transaction) -> None:
            row = _find(tx, grant, reference)
            if self._manifests.deletions.tag(tx, grant, row.repository_id, tag) != row.digest:
                raise ManifestUnknown(f"{grant.name}@{row.digest} has no tag {tag}")

        await self._db.write(change)

    async def accessories(
        self, grant: RepositoryGrant, reference: Reference, query: ListQuery
    ) -> tuple[list[AccessoryRow], int]:
        """A page of what belongs to the artifact, and how many there are. Raises ManifestUnknown."""
        grant.require(Action.PULL)
        return await self._of(
            grant,
            reference,
            lambda tx, row: artifact_lists.page_of_accessories(tx, row.repository_id, row.digest, query),
        )

    async def addition(self, grant: RepositoryGrant, reference: Reference, name: str) -> Addition:
        """What is shown beside the artifact. Raises ManifestUnknown, and what `read_addition` raises."""
        grant.require(Action.PULL)
        row = await self._of(grant, reference, lambda tx, row: _holder(tx, row, name))
        return await read_addition(
            name, ArtifactKind(row.kind), row.media_type, row.body, lambda digest: self._read(grant, digest)
        )

    async def _read(self, grant: RepositoryGrant, digest: Digest) -> AsyncIterator[bytes]:
        blob = await self._blobs.find(grant, digest)
        if blob.size:
            async for piece in self._blobs.open(blob, 0, blob.size):
                yield piece

    async def _of(
        self, grant: RepositoryGrant, reference: Reference, question: Callable[[Transaction, ArtifactRow], T]
    ) -> T:
        return await self._db.read(lambda tx: question(tx, _find(tx, grant, reference)))


def _find(tx: Transaction, grant: RepositoryGrant, reference: Reference) -> ArtifactRow:
    """The live artifact that the reference names. Raises ManifestUnknown."""
    row = None
    if grant.repository_id is not None:
        name = reference if isinstance(reference, Digest) else reference.text
        row = artifact_lists.find(tx, grant.repository_id, name)
    if row is None:
        raise _unknown(grant, reference)
    return row


def _holder(tx: Transaction, row: ArtifactRow, name: str) -> ArtifactRow:
    """The artifact that has the addition: a list of parts is an accessory of what it tells of."""
    if name == SBOM_DOCUMENT and row.accessory is None:
        found = artifact_lists.accessories_of(tx, row.repository_id, [row.digest], MOST_TAGS)[row.digest]
        for accessory in found:
            holder = artifact_lists.find(tx, row.repository_id, accessory.digest)
            if accessory.kind == HARBOR_SBOM and holder is not None:
                return holder
        raise ManifestUnknown("no list of parts was made for this artifact")
    return row


def views_of(tx: Transaction, rows: Sequence[ArtifactRow], shown: Shown) -> list[ArtifactView]:
    """The artifacts with what belongs to them: a handful of questions, however many they are."""
    ids = [row.id for row in rows]
    named = artifact_lists.tags_of(tx, ids, MOST_TAGS) if shown.tags else {}
    if shown.immutable:
        places = {place: immutability.counting_in(tx, place) for place in {row.repository_id for row in rows}}
        named = {row.id: _marked(places[row.repository_id], named.get(row.id, [])) for row in rows}
    borne = labels.of_artifacts(tx, ids) if shown.labels else {}
    contents = {row.id: contents_of(row.body) for row in rows}
    belonging: dict[int, dict[Digest, list[AccessoryRow]]] = {}
    children: dict[int, dict[Digest, int]] = {}
    for place in {row.repository_id for row in rows}:
        inside = [row for row in rows if row.repository_id == place]
        belonging[place] = artifact_lists.accessories_of(tx, place, [row.digest for row in inside], MOST_TAGS)
        parts = [reference.child for row in inside for reference in contents[row.id].references]
        children[place] = artifact_lists.ids_of(tx, place, parts) if parts else {}
    return [
        ArtifactView(
            row=row,
            contents=contents[row.id],
            children=children[row.repository_id],
            tags=named.get(row.id, []),
            labels=borne.get(row.id, []),
            accessories=belonging[row.repository_id][row.digest] if shown.accessories else [],
        )
        for row in rows
    ]


def _marked(place: Place | None, found: list[TagRow]) -> list[TagRow]:
    """The tags, with which of them the rules of their place make immutable."""
    if place is None:
        return found
    return [tag._replace(immutable=holding(place.rules, place.repository, tag.name) is not None) for tag in found]


def _unknown(grant: RepositoryGrant, reference: Reference) -> ManifestUnknown:
    name = f"{grant.name}@{reference}" if isinstance(reference, Digest) else f"{grant.name}:{reference}"
    return ManifestUnknown(f"there is no artifact {name}")
