"""Undoing deletions, within transactions of callers'."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from entrepot.db import manifests, moving, projects, repositories, tag_moves, tags, trash, trashed
from entrepot.db.contract import Again, Transaction
from entrepot.db.events import record
from entrepot.db.proof import may_be_sparse
from entrepot.db.repositories import Told
from entrepot.db.trash import Entry
from entrepot.model.digest import Digest
from entrepot.model.errors import Invalid, ManifestUnknown, NameTaken
from entrepot.model.event import Event, EventName
from entrepot.model.grant import Principal
from entrepot.model.reference import RepositoryName, Tag, parse_project_name
from entrepot.model.trash import MoveKind, TrashKind
from entrepot.registry.moving import begin_back, carry, large
from entrepot.registry.retention import plan_again
from entrepot.registry.revival import Revived, revive
from entrepot.registry.rules import Rules

LONGEST_TAG = 128
LONGEST_NAME = 255
MOST_NAMES_TRIED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a deletion is to be undone."""

    name: str = ""
    """Another name than it had, for a tag, a repository (the whole name) or a project."""
    merge: bool = False
    """Whether what a repository held may come beside what was pushed to it since."""
    rename_tags: bool = False
    """Whether tags whose names are taken come back under others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What is there again."""

    kind: TrashKind
    project: str
    repository: str
    """Its whole name; empty for a project."""
    name: str
    artifacts: int
    tags: int
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Tags that came back under other names."""
    moving: bool = False
    """Whether it is hidden still, and what it holds is to be moved before it is there."""


class Restorations:
    """How each kind of deletion is undone. The caller has locked the entry, which is gone afterwards."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def undo(self, tx: Transaction, by: Principal, entry: Entry, wish: Wish) -> Restored:
        """What is there again, as it was. Raises Invalid, NameInvalid, NameTaken, Conflict, ManifestUnknown."""
        if entry.kind is TrashKind.PROJECT:
            return _project(tx, by, entry, wish)
        repository_id, name = entry.repository_id, entry.repository
        assert repository_id is not None and name is not None, "it is no project"  # noqa: PT018 - one fact
        if entry.kind is TrashKind.ARTIFACT and wish.name:
            raise Invalid("an artifact is named by its digest; rename_tags gives its tags other names")
        if entry.kind is TrashKind.REPOSITORY:
            # Of two deletions of it that are undone at once, the second sees what the first has brought back.
            repositories.lock(tx, repository_id)
        if entry.moving is not None or moving.hidden(tx, repository_id):
            raise repositories.on_its_way(name)
        if entry.kind is TrashKind.REPOSITORY:
            return self._repository(tx, by, entry, repository_id, wish)
        return self._contents(tx, by, entry, repository_id, name, wish)

    def _repository(self, tx: Transaction, by: Principal, entry: Entry, repository_id: int, wish: Wish) -> Restored:
        name, artifacts = entry.name, trashed.count(tx, entry.id)
        moves = large(artifacts)
        if wish.name and wish.name != name:
            name = _name_in(entry, wish.name)
            repository_id = self._place(tx, by, entry, name)
            if not moves:
                carry(tx, entry, [one.id for one in trashed.manifests_in(tx, entry.id)], repository_id, self._rules)
        elif not repositories.is_empty(tx, repository_id) and not wish.merge:
            free = free_name(name, LONGEST_NAME, lambda text: repositories.find(tx, text) is not None)
            raise NameTaken(
                f"something was pushed to {name} since; restore it under another name, such as {free}, or merge it",
                free,
            )
        if moves and repositories.is_empty(tx, repository_id):
            return self._large(tx, by, entry, repository_id, name, artifacts)
        restored = self._contents(tx, by, entry, repository_id, name, wish)
        told = Told(str(entry.kept.get("description", "")), int(entry.kept.get("pull_count", 0)))
        repositories.tell_again(tx, repository_id, told)
        return restored

    def _large(
        self, tx: Transaction, by: Principal, entry: Entry, repository_id: int, name: str, artifacts: int
    ) -> Restored:
        sparse = may_be_sparse(tx, repository_id, self._rules.sparse_indexes)
        begin_back(tx, by, entry, repository_id, sparse=sparse)
        return Restored(
            kind=entry.kind,
            project=entry.project,
            repository=name,
            name=name,
            artifacts=artifacts,
            tags=entry.contents.get("tags", 0),
            moving=True,
        )

    def _place(self, tx: Transaction, by: Principal, entry: Entry, name: str) -> int:
        """The repository of that name, which holds nothing, not even in the trash."""
        after = repositories.ensure(tx, entry.project_id, name, by)
        repositories.lock(tx, after)  # So that nobody else brings anything to it meanwhile.
        if manifests.has_any(tx, after):
            free = free_name(name, LONGEST_NAME, lambda text: repositories.find(tx, text) is not None)
            raise NameTaken(f"there is a repository {name} already, or its trash; {free} would be free", free)
        return after

    def _contents(
        self, tx: Transaction, by: Principal, entry: Entry, repository_id: int, repository: str, wish: Wish
    ) -> Restored:
        trashed.drop_going_tags(tx, entry.id)
        inside, kept = trashed.manifests_in(tx, entry.id), trashed.tags_in(tx, entry.id)
        if not inside and not kept:
            raise ManifestUnknown(f"nothing of {entry.name} is held any more")
        wanted = {one.digest for one in inside} | {tag.digest for tag in kept}
        sparse = may_be_sparse(tx, repository_id, self._rules.sparse_indexes)
        revived = revive(tx, repository_id, wanted, sparse=sparse)
        renamed = _tags(tx, by, entry, repository_id, wish)
        manifests.relist(tx, repository_id, revived.all)
        trash.delete(tx, entry.id)
        _tell(tx, by, entry, repository, revived, {tag.name: tag.digest for tag in kept}, renamed)
        repositories.show(tx, repository_id)
        return Restored(
            kind=entry.kind,
            project=entry.project,
            repository=repository,
            name=repository if entry.kind is TrashKind.REPOSITORY else renamed.get(entry.name, entry.name),
            artifacts=len(revived.fresh),
            tags=len(kept),
            renamed=renamed,
        )


def _tags(tx: Transaction, by: Principal, entry: Entry, repository_id: int, wish: Wish) -> dict[str, str]:
    """Puts the tags back; those that have other names now. Raises NameTaken, TagInvalid."""
    renamed: dict[str, str] = {}
    if entry.kind is TrashKind.TAG and wish.name and wish.name != entry.name:
        renamed[entry.name] = Tag.parse(wish.name).text
    else:
        tag_moves.record_restoration(tx, by, repository_id, entry.id)
        trashed.restore_tags(tx, entry.id, repository_id)
    for tag in trashed.tags_in(tx, entry.id):
        name = renamed.get(tag.name, tag.name)
        there = tags.lock(tx, repository_id, name)
        if there == tag.digest:
            trashed.drop_tag(tx, entry.id, tag.name)
            continue
        if there is not None:
            free = free_name(tag.name, LONGEST_TAG, lambda text: tags.named(tx, repository_id, [text]) != {})
            if not wish.rename_tags:
                if entry.kind is TrashKind.TAG:
                    raise NameTaken(
                        f"tag {name} names {there} now; restore it under another name, such as {free}", free
                    )
                raise NameTaken(f"tag {name} names {there} now; rename_tags makes it {free}", free)
            name = renamed[tag.name] = free
        elif name == tag.name:
            raise Again  # The name was taken a moment ago.
        trashed.restore_tag(tx, entry.id, repository_id, tag.name, name)
        tag_moves.record(tx, by, repository_id, name, MoveKind.RESTORED, None, tag.digest)
    return renamed


def _project(tx: Transaction, by: Principal, entry: Entry, wish: Wish) -> Restored:
    name = wish.name or entry.name
    parse_project_name(name)
    if projects.find(tx, name) is not None:
        free = free_name(name, LONGEST_NAME, lambda text: projects.find(tx, text) is not None)
        raise NameTaken(f"there is a project {name} again; restore it under another name, such as {free}", free)
    able = [int(robot_id) for robot_id in entry.kept.get("robots", [])]
    projects.restore(tx, entry.project_id, entry.name, name, able)
    plan_again(tx, entry.project_id, by.name)
    trash.delete(tx, entry.id)
    _record(tx, EventName.PROJECT_RESTORED, by, entry, name, None, project=name, before=entry.name)
    return Restored(
        kind=entry.kind,
        project=name,
        repository="",
        name=name,
        artifacts=entry.contents.get("artifacts", 0),
        tags=entry.contents.get("tags", 0),
    )


def _name_in(entry: Entry, name: str) -> str:
    """The whole name of a repository of the same project. Raises NameInvalid, Invalid."""
    found = RepositoryName.parse(name)
    if found.project != entry.project:
        raise Invalid(f"a repository is restored to its own project: name it {entry.project}/…")
    return found.text


def free_name(name: str, longest: int, taken: Callable[[str], bool]) -> str:
    """A name like it that is free, or the last of those that were tried."""
    text = ""
    for number in range(1, MOST_NAMES_TRIED):
        suffix = "-restored" if number == 1 else f"-restored-{number}"
        text = name[: longest - len(suffix)].rstrip(".-_") + suffix
        if not taken(text):
            break
    return text


def _tell(
    tx: Transaction,
    by: Principal,
    entry: Entry,
    repository: str,
    revived: Revived,
    kept: Mapping[str, Digest],
    renamed: Mapping[str, str],
) -> None:
    if entry.kind is TrashKind.REPOSITORY:
        counts = {"artifacts": len(revived.fresh), "tags": len(kept)}
        _record(tx, EventName.REPOSITORY_RESTORED, by, entry, repository, repository, **counts)
        return
    for digest in sorted(map(str, revived.fresh)):
        _record(tx, EventName.ARTIFACT_RESTORED, by, entry, f"{repository}@{digest}", repository, digest=digest)
    for tag, named in kept.items():
        name = renamed.get(tag, tag)
        resource = f"{repository}:{name}"
        _record(tx, EventName.TAG_RESTORED, by, entry, resource, repository, tag=name, digest=str(named))


def _record(
    tx: Transaction,
    name: EventName,
    by: Principal,
    entry: Entry,
    resource: str,
    repository: str | None,
    **detail: str | int | bool | None,
) -> None:
    event = Event(
        name=name,
        by=by,
        resource=resource,
        project_id=entry.project_id,
        repository=repository,
        detail={"deletion": entry.id, **detail},
    )
    record(tx, event)
