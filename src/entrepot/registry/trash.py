"""The trash: what was deleted and can be given back."""

from dataclasses import dataclass

from entrepot.access.roles import roles_with
from entrepot.db import quotas, repositories, trash, trash_lists, trashed
from entrepot.db.contract import Database, Transaction
from entrepot.db.events import record
from entrepot.db.trash import Entry
from entrepot.db.trashed import TrashedManifest, TrashedTag
from entrepot.model.errors import Invalid, RecordUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import CatalogGrant, Principal, ProjectGrant, TrashGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import ListQuery
from entrepot.model.trash import Moving, TrashKind
from entrepot.registry import protection
from entrepot.registry.moving import Moves
from entrepot.registry.restorations import Restorations, Restored, Wish
from entrepot.registry.rules import SECOND, Rules

READ_WINDOW = Permission(Resource.QUOTA, Verb.READ)
SET_WINDOW = Permission(Resource.PROJECT, Verb.UPDATE)
LONGEST_WINDOW = 10 * 365 * 24 * 3600
"""Seconds."""
MOST_SHOWN = 1000
"""Tags, and artifacts, that are told of one deletion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """A deletion with what is in it, `MOST_SHOWN` of each at most."""

    entry: Entry
    tags: list[TrashedTag]
    artifacts: list[TrashedManifest]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectTrash:
    """The trash of a project."""

    own_window: int | None
    """Seconds that deletions in it can be undone; None: as the instance says."""
    window: int
    """Seconds that count now; 0: deleting is for good."""
    size: int
    """Bytes that the project would count less, were its trash empty."""


class Trash:
    """Operations on the trash."""

    def __init__(self, db: Database, rules: Rules) -> None:
        self._db = db
        self._rules = rules
        self._restorations = Restorations(rules)
        self._moves = Moves(db, rules)

    async def page(self, grant: CatalogGrant, query: ListQuery) -> tuple[list[Entry], int]:
        """A page of the deletions that the asker may undo, the newest first, and how many there are."""
        roles = {kind: roles_with(kind.permission) for kind in TrashKind}
        visible = trash_lists.visible_to(grant.principal, roles)
        return await self._db.read(lambda tx: trash.page(tx, query, *visible))

    async def get(self, grant: TrashGrant) -> EntryView:
        """The deletion. Raises RecordUnknown."""

        def question(tx: Transaction) -> EntryView:
            return EntryView(
                entry=_find(tx, grant),
                tags=trashed.tags_in(tx, grant.trash_id, MOST_SHOWN),
                artifacts=trashed.manifests_in(tx, grant.trash_id, MOST_SHOWN),
            )

        return await self._db.read(question)

    async def restore(self, grant: TrashGrant, wish: Wish) -> Restored:
        """What is there again, all of it or nothing. Raises RecordUnknown, and as `Restorations.undo`.

        In one transaction for every view: a large repository is shown once all that it holds has been moved.
        """

        def change(tx: Transaction) -> Restored:
            if not trash.lock(tx, grant.trash_id):
                raise _unknown(grant.trash_id)
            return self._restorations.undo(tx, grant.principal, _find(tx, grant), wish)

        restored = await self._db.write(change)
        if restored.moving:
            await self._moves.finish(grant.trash_id)
        return restored

    async def purge(self, grant: TrashGrant) -> Entry:
        """The deletion, which cannot be undone from now on; its space is free soon.

        Raises RecordUnknown, Protected; Conflict while it is being undone.
        """

        def change(tx: Transaction) -> Entry:
            if not trash.lock(tx, grant.trash_id):
                raise _unknown(grant.trash_id)
            entry = _find(tx, grant)
            if entry.moving is Moving.BACK:
                raise repositories.on_its_way(entry.name)
            protection.check_purge(tx, entry)
            trash.begin_purge(tx, entry.id)
            record(tx, purged(entry, grant.principal))
            return entry

        return await self._db.write(change)

    async def of_project(self, grant: ProjectGrant) -> ProjectTrash:
        """The project's trash as a whole."""
        grant.require(READ_WINDOW)
        return await self._db.read(lambda tx: self._of_project(tx, grant.project.id))

    async def set_window(self, grant: ProjectGrant, seconds: int | None) -> None:
        """Has deletions in the project be undone for so long from now on; None leaves it to the instance.

        Raises Invalid.
        """
        grant.require(SET_WINDOW)
        if seconds is not None and not 0 <= seconds <= LONGEST_WINDOW:
            raise Invalid(
                f"deletions can be undone for 0 (not at all) to {LONGEST_WINDOW} seconds; -1: as the instance"
            )
        window = None if seconds is None else seconds * SECOND

        def change(tx: Transaction) -> None:
            if trash.own_window(tx, grant.project.id) == window:
                return
            trash.set_window(tx, grant.project.id, window)
            event = Event(
                name=EventName.PROJECT_CHANGED,
                by=grant.principal,
                resource=grant.project.name,
                project_id=grant.project.id,
                detail={"project": grant.project.name, "trash_window": seconds},
            )
            record(tx, event)

        await self._db.write(change)

    def _of_project(self, tx: Transaction, project_id: int) -> ProjectTrash:
        own = trash.own_window(tx, project_id)
        return ProjectTrash(
            own_window=None if own is None else own // SECOND,
            window=trash.window_of(tx, project_id, self._rules.trash) // SECOND,
            size=quotas.in_trash(tx, project_id),
        )


def purged(entry: Entry, by: Principal) -> Event:
    """What is told of a deletion that cannot be undone any more."""
    return Event(
        name=EventName.TRASH_PURGED,
        by=by,
        resource=entry.name if entry.repository in (None, entry.name) else f"{entry.repository} {entry.name}",
        project_id=entry.project_id,
        repository=entry.repository,
        detail={"deletion": entry.id, "kind": entry.kind.value, "name": entry.name, "size": entry.size},
    )


def _find(tx: Transaction, grant: TrashGrant) -> Entry:
    entry = trash.find(tx, grant.trash_id)
    if entry is None:
        raise _unknown(grant.trash_id)
    return entry


def _unknown(trash_id: int) -> RecordUnknown:
    return RecordUnknown(f"there is no deletion {trash_id} in the trash; its time may be over")
