"""A repository's images and tags as its page lists them, and an artifact with all that is attached to it.

Lists are by key, and what would need a look at everything is bounded: a repository of 100 000 tags is shown as fast as
one of ten.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from entrepot.db import artifact_lists, holdings, holds, image_lists, immutability, manifests, repository_lists
from entrepot.db.artifact_lists import TagRow
from entrepot.db.contract import Database, Transaction
from entrepot.db.holdings import Holding
from entrepot.db.holds import Hold
from entrepot.db.image_lists import Mark
from entrepot.db.repository_lists import RepositoryRow
from entrepot.model.digest import Digest
from entrepot.model.errors import ManifestUnknown, RepositoryUnknown
from entrepot.model.grant import RepositoryGrant
from entrepot.model.immutability import ImmutableRule, holding
from entrepot.model.project import Action
from entrepot.model.reference import Reference
from entrepot.registry.artifacts import ArtifactView, Shown, views_of

MOST_COUNTED = 10_000
"""Of more images, or tags, a page says only that there are more."""
LOOKED_THROUGH = 10_000
"""Images among which one page looks for those without a tag."""
MOST_PARTS = 200
"""Of one artifact: platforms of an index, and what is attached, that are told of in full."""
T = TypeVar("T")
_IN_A_LIST = Shown(immutable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A repository in figures, counted up to `MOST_COUNTED`."""

    row: RepositoryRow
    images: int
    tags: int
    emptied: bool = False
    """Whether everything that it held was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePage:
    """Some images, the newest first, and where the list goes on; None where it ends."""

    found: Sequence[ArtifactView]
    newer: Mark | None = None
    older: Mark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagPage:
    """Some tags by name, with the images that they name, and where the list goes on; empty where it ends."""

    found: Sequence[tuple[TagRow, ArtifactView]]
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An artifact with what it is made of and what is attached to it."""

    image: ArtifactView
    parts: dict[Digest, ArtifactView]
    """What an index names and what is attached to the artifact, those that are here; each with what is attached."""
    index: Digest | None
    """An index that names the artifact."""
    held: Holding
    """Bytes of the artifact with its parts, and how many of them other artifacts of the project hold too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What keeps artifacts and tags from being deleted or moved."""

    holds: list[Hold]
    rules: dict[str, ImmutableRule]
    """By tag."""

    def holding(self, digest: Digest) -> list[Hold]:
        """The holds on that artifact, or on what it is in."""
        return [hold for hold in self.holds if hold.digest in (None, digest)]


class Images:
    """Reads repositories for their pages. Each answer is of one committed state."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def facts(self, grant: RepositoryGrant) -> Facts:
        """The figures of a repository that holds something, or did. Raises RepositoryUnknown."""

        def question(tx: Transaction, repository_id: int) -> Facts:
            row = repository_lists.find(tx, repository_id)
            emptied = repository_lists.find_emptied(tx, repository_id) if row is None else None
            known = row or emptied
            if known is None:
                raise _unknown(grant)
            return Facts(
                row=known,
                emptied=emptied is not None,
                images=image_lists.count(tx, repository_id, MOST_COUNTED + 1),
                tags=image_lists.count_tags(tx, repository_id, MOST_COUNTED + 1),
            )

        return await self._of(grant, question)

    async def page(
        self, grant: RepositoryGrant, count: int, *, older: Mark | None = None, newer: Mark | None = None
    ) -> ImagePage:
        """Up to `count` images from the newest on, or next to one of the marks. Raises RepositoryUnknown."""

        def question(tx: Transaction, repository_id: int) -> ImagePage:
            before: Mark | None
            after: Mark | None
            if newer is not None:
                marks = image_lists.newer(tx, repository_id, newer, count + 1)
                more, marks = len(marks) > count, marks[-count:]
                before, after = (marks[0] if marks and more else None), (marks[-1] if marks else newer)
            else:
                marks = image_lists.older(tx, repository_id, older, count + 1)
                more, marks = len(marks) > count, marks[:count]
                before, after = (older and (marks[0] if marks else older)), (marks[-1] if more else None)
            return ImagePage(found=_images(tx, marks), newer=before, older=after)

        return await self._of(grant, question)

    async def untagged(self, grant: RepositoryGrant, count: int, *, older: Mark | None = None) -> ImagePage:
        """Up to `count` images without a tag, of the next `LOOKED_THROUGH` images. Raises RepositoryUnknown."""

        def question(tx: Transaction, repository_id: int) -> ImagePage:
            marks, end = image_lists.untagged(tx, repository_id, older, count + 1, LOOKED_THROUGH)
            further = marks[count - 1] if len(marks) > count else end
            return ImagePage(found=_images(tx, marks[:count]), older=further)

        return await self._of(grant, question)

    async def tags(
        self, grant: RepositoryGrant, count: int, *, part: str = "", before: str = "", after: str = ""
    ) -> TagPage:
        """Up to `count` tags by name that hold the part, next to one of the names. Raises RepositoryUnknown."""

        def question(tx: Transaction, repository_id: int) -> TagPage:
            if before:
                found = image_lists.tags_before(tx, repository_id, part, before, count + 1)
                more, found = len(found) > count, found[-count:]
                ends = (found[0].name if found and more else "", found[-1].name if found else before)
            else:
                found = image_lists.tags_after(tx, repository_id, part, after, count + 1)
                more, found = len(found) > count, found[:count]
                ends = ((found[0].name if found else after) if after else "", found[-1].name if more else "")
            return TagPage(found=_named(tx, repository_id, found), before=ends[0], after=ends[1])

        return await self._of(grant, question)

    async def whole(self, grant: RepositoryGrant, reference: Reference) -> Whole:
        """The artifact with its parts and what is attached to it. Raises ManifestUnknown, RepositoryUnknown."""

        def question(tx: Transaction, repository_id: int) -> Whole:
            name = reference if isinstance(reference, Digest) else reference.text
            row = artifact_lists.find(tx, repository_id, name)
            if row is None:
                raise ManifestUnknown(f"there is no artifact {reference} in {grant.name}")
            image = views_of(tx, [row], _IN_A_LIST)[0]
            ids = [*image.children.values(), *(accessory.id for accessory in image.accessories)][:MOST_PARTS]
            rows = artifact_lists.of_ids(tx, ids)
            parts = views_of(tx, list(rows.values()), Shown(labels=False))
            index = manifests.naming_index(tx, repository_id, row.digest)
            held = holdings.holding(tx, grant.project.id, holdings.of_ids([row.id, *rows]))
            return Whole(image=image, parts={part.row.digest: part for part in parts}, index=index, held=held)

        return await self._of(grant, question)

    async def kept(self, grant: RepositoryGrant, digests: Iterable[Digest], tags: Iterable[str] = ()) -> Kept:
        """What keeps the artifacts and the tags. Raises RepositoryUnknown."""
        wanted, names = [*digests], [*tags]

        def question(tx: Transaction, repository_id: int) -> Kept:
            place = immutability.counting_in(tx, repository_id) if names else None
            found = {} if place is None else {name: holding(place.rules, place.repository, name) for name in names}
            return Kept(
                holds=holds.concerning(tx, grant.project.id, repository_id, wanted),
                rules={name: rule for name, rule in found.items() if rule is not None},
            )

        return await self._of(grant, question)

    async def _of(self, grant: RepositoryGrant, question: Callable[[Transaction, int], T]) -> T:
        grant.require(Action.PULL)
        repository_id = grant.repository_id
        if repository_id is None:
            raise _unknown(grant)
        return await self._db.read(lambda tx: question(tx, repository_id))


def _images(tx: Transaction, marks: Sequence[Mark]) -> list[ArtifactView]:
    rows = artifact_lists.of_ids(tx, [mark.id for mark in marks])
    return views_of(tx, [rows[mark.id] for mark in marks if mark.id in rows], _IN_A_LIST)


def _named(tx: Transaction, repository_id: int, found: Sequence[TagRow]) -> list[tuple[TagRow, ArtifactView]]:
    rows = artifact_lists.of_ids(tx, {tag.manifest_id for tag in found})
    views = {view.row.id: view for view in views_of(tx, list(rows.values()), replace(_IN_A_LIST, tags=False))}
    place = immutability.counting_in(tx, repository_id)
    kept = set() if place is None else {t.name for t in found if holding(place.rules, place.repository, t.name)}
    return [
        (tag._replace(immutable=tag.name in kept), views[tag.manifest_id]) for tag in found if tag.manifest_id in views
    ]


def _unknown(grant: RepositoryGrant) -> RepositoryUnknown:
    return RepositoryUnknown(f"there is no repository {grant.name}")
