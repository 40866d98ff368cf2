"""What a deletion would take, without deleting anything."""

from collections.abc import Callable
from dataclasses import dataclass, field

from entrepot.db import (
    artifact_lists,
    holdings,
    manifests,
    project_contents,
    project_lists,
    projects,
    recent_pulls,
    tags,
    trash,
)
from entrepot.db.artifact_lists import ArtifactRow
from entrepot.db.contract import Database, Transaction
from entrepot.db.recent_pulls import Puller
from entrepot.model.digest import Digest
from entrepot.model.errors import Conflict, ManifestUnknown, RepositoryUnknown
from entrepot.model.grant import ProjectGrant, RepositoryGrant
from entrepot.model.project import Action
from entrepot.model.reference import Reference, Tag
from entrepot.model.trash import TrashKind
from entrepot.registry import protection
from entrepot.registry.deletions import Deletions
from entrepot.registry.project_changes import DELETE
from entrepot.registry.rules import SECOND, Rules

LATELY = 30 * 24 * 3600 * SECOND
"""How long ago a pull is told of."""
MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What would happen."""

    kind: TrashKind
    name: str
    counts: dict[str, int] = field(default_factory=dict)
    """How many `tags`, `artifacts` and so on would go."""
    tags: list[str] = field(default_factory=list)
    """Those that would go, `MOST_SHOWN` at most."""
    accessories: list[Digest] = field(default_factory=list)
    """What belongs to the artifact and would go with it: signatures and whatever else refers to it."""
    children: list[Digest] = field(default_factory=list)
    """What the artifact, an index, names: that stays."""
    freed: int = 0
    """Bytes that the project would count less, once its time in the trash is over; of a project, that the store would.
    """
    shared: int = 0
    """Bytes of it that stay, as something else in the project holds them as well; of a project, another project that
    the asker may know of."""
    window: int = 0
    """Seconds for which it could be undone; 0: not at all."""
    pulled_by: list[Puller] = field(default_factory=list)
    """Who pulled any of it in the last 30 days, if the audit tells of pulls."""
    pulled_at: int | None = None
    """When any of it was pulled last."""
    refused: list[str] = field(default_factory=list)
    """Why it would be refused; nothing if it would not."""


class Forecasts:
    """Questions about deletions, each answered from one committed state, and open to whoever may delete."""

    def __init__(self, db: Database, rules: Rules) -> None:
        self._db = db
        self._deletions = Deletions(rules)
        self._rules = rules

    async def tag(self, grant: RepositoryGrant, reference: Reference, tag: Tag) -> Forecast:
        """Of a tag of that artifact. Raises ManifestUnknown."""
        grant.require(Action.DELETE)

        def question(tx: Transaction) -> Forecast:
            row = _artifact(tx, grant, reference)
            if tags.named(tx, row.repository_id, [tag.text]).get(tag.text) != row.digest:
                raise ManifestUnknown(f"{grant.name}@{row.digest} has no tag {tag}")
            refused = _refusals(lambda: protection.check_tag(tx, row.repository_id, tag.text, row.digest))
            return Forecast(
                kind=TrashKind.TAG,
                name=f"{grant.name}:{tag}",
                counts={"tags": 1},
                tags=[tag.text],
                window=self._window(tx, grant.project.id),
                pulled_by=self._pullers(tx, grant, {str(row.digest)}),
                pulled_at=row.pulled_at,
                refused=refused,
            )

        return await self._db.read(question)

    async def artifact(self, grant: RepositoryGrant, reference: Reference) -> Forecast:
        """Of an artifact with its tags and what belongs to it. Raises ManifestUnknown."""
        grant.require(Action.DELETE)

        def question(tx: Transaction) -> Forecast:
            row = _artifact(tx, grant, reference)
            place = row.repository_id
            belonging = _belonging(tx, row)
            some = holdings.of_ids([row.id, *belonging.values()])
            held = holdings.holding(tx, grant.project.id, some)
            digests = [row.digest, *belonging]
            sparse = self._deletions.sparse(grant)
            obstacles = [
                str(obstacle)
                for digest in digests
                for obstacle in protection.obstacles_of_artifact(tx, place, digest, sparse=sparse)
            ]
            named = artifact_lists.tags_of(tx, [row.id, *belonging.values()], MOST_SHOWN)
            names = sorted(tag.name for found in named.values() for tag in found)
            return Forecast(
                kind=TrashKind.ARTIFACT,
                name=f"{grant.name}@{row.digest}",
                counts={"artifacts": len(digests), "tags": len(names), "accessories": len(belonging)},
                tags=names[:MOST_SHOWN],
                accessories=list(belonging)[:MOST_SHOWN],
                children=sorted(manifests.children(tx, row.id), key=str)[:MOST_SHOWN],
                freed=held.size - held.shared,
                shared=held.shared,
                window=self._window(tx, grant.project.id),
                pulled_by=self._pullers(tx, grant, set(map(str, digests))),
                pulled_at=recent_pulls.last(tx, some),
                refused=obstacles,
            )

        return await self._db.read(question)

    async def repository(self, grant: RepositoryGrant) -> Forecast:
        """Of a repository with all that it holds. Raises RepositoryUnknown."""
        grant.require(Action.DELETE)

        def question(tx: Transaction) -> Forecast:
            place = grant.repository_id
            count = 0 if place is None else manifests.count(tx, place)
            if place is None or count == 0:
                raise RepositoryUnknown(f"there is no repository {grant.name}")
            some = holdings.of_repository(place)
            held = holdings.holding(tx, grant.project.id, some)
            refused = _refusals(lambda: protection.check_repository(tx, place, grant.name.text))
            return Forecast(
                kind=TrashKind.REPOSITORY,
                name=grant.name.text,
                counts={"artifacts": count, "tags": tags.count(tx, place)},
                tags=tags.page(tx, place, "", MOST_SHOWN),
                freed=held.size - held.shared,
                shared=held.shared,
                window=self._window(tx, grant.project.id),
                pulled_by=self._pullers(tx, grant, None),
                pulled_at=recent_pulls.last(tx, some),
                refused=refused,
            )

        return await self._db.read(question)

    async def project(self, grant: ProjectGrant, *, force: bool) -> Forecast:
        """Of a project with all that is in it; without `force`, one that holds something would be refused."""
        grant.require(DELETE)
        project = grant.project
        # That another project has the same content is told to nobody who may not know of that project.
        visible = project_lists.visible_to(grant.principal, everything=grant.principal.admin)

        def question(tx: Transaction) -> Forecast:
            counts, size = project_contents.counted(tx, project.id)
            shared = project_contents.shared_with_others(tx, project.id, visible)
            refused = _refusals(lambda: protection.check_project(tx, project.id, project.name))
            full = projects.repository_with_content(tx, project.id)
            if full is not None and not force:
                refused.append(f"{full} holds artifacts; ask with force=true")
            return Forecast(
                kind=TrashKind.PROJECT,
                name=project.name,
                counts=counts,
                freed=size - shared,
                shared=shared,
                window=self._window(tx, project.id),
                pulled_by=recent_pulls.of_project(tx, project.id, tx.now - LATELY, None, None),
                pulled_at=recent_pulls.last(tx, holdings.of_project(project.id)),
                refused=refused,
            )

        return await self._db.read(question)

    def _window(self, tx: Transaction, project_id: int) -> int:
        return trash.window_of(tx, project_id, self._rules.trash) // SECOND

    def _pullers(self, tx: Transaction, grant: RepositoryGrant, digests: set[str] | None) -> list[Puller]:
        return recent_pulls.of_project(tx, grant.project.id, tx.now - LATELY, grant.name.text, digests)


def _belonging(tx: Transaction, row: ArtifactRow) -> dict[Digest, int]:
    """What belongs to the artifact, and to what belongs to it, with ids."""
    found: dict[Digest, int] = {}
    waiting = [row.digest]
    while waiting:
        one = waiting.pop()
        for accessory in artifact_lists.accessories_of(tx, row.repository_id, [one], MOST_SHOWN)[one]:
            if accessory.digest not in found:
                found[accessory.digest] = accessory.id
                waiting.append(accessory.digest)
    return found


def _artifact(tx: Transaction, grant: RepositoryGrant, reference: Reference) -> ArtifactRow:
    name = reference if isinstance(reference, Digest) else reference.text
    row = None if grant.repository_id is None else artifact_lists.find(tx, grant.repository_id, name)
    if row is None:
        raise ManifestUnknown(f"there is no artifact {reference} in {grant.name}")
    return row


def _refusals(check: Callable[[], None]) -> list[str]:
    try:
        check()
    except Conflict as error:
        return [str(error)]
    return []
