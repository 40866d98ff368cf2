"""Labels: made and changed, and put on artifacts."""

import re
from collections.abc import Callable, Sequence

from entrepot.db import events, labels, manifests
from entrepot.db.contract import Database, Transaction
from entrepot.db.labels import Label
from entrepot.model.digest import Digest
from entrepot.model.errors import AlreadyExists, Invalid, ManifestUnknown, RecordUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import ProjectGrant, RepositoryGrant, SystemGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.project import Action
from entrepot.model.query import ListQuery
from entrepot.model.reference import Reference

CREATE, READ, LIST, UPDATE, DELETE = (
    Permission(Resource.LABEL, verb) for verb in (Verb.CREATE, Verb.READ, Verb.LIST, Verb.UPDATE, Verb.DELETE)
)
LONGEST_NAME = 128
LONGEST_DESCRIPTION = 2048
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}|").fullmatch

LabelGrant = SystemGrant | ProjectGrant
"""Of all projects' labels, or of one project's."""


class Labels:
    """Operations on labels. Every change is told as an event in the same transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def project_of(self, label_id: int) -> int | None:
        """The project that the label belongs to, None for all: what a grant must be for. Raises RecordUnknown."""
        found = await self._db.read(lambda tx: labels.find(tx, label_id))
        if found is None:
            raise _unknown(label_id)
        return found.project_id

    async def get(self, grant: LabelGrant, label_id: int) -> Label:
        """The label. Raises RecordUnknown, also if it is another project's than the grant is for."""
        grant.require(READ)
        return await self._db.read(lambda tx: _find(tx, grant, label_id))

    async def list_labels(self, grant: ProjectGrant | None, query: ListQuery) -> tuple[list[Label], int]:
        """A page of the project's labels, by name, and how many there are; without a grant of those of all projects.

        Those anybody may see.
        """
        if grant is not None:
            grant.require(LIST)
        project_id = None if grant is None else grant.project.id
        return await self._db.read(lambda tx: labels.page(tx, project_id, query))

    async def bearers(self, grant: ProjectGrant, found: Sequence[Label]) -> dict[int, int]:
        """How many artifacts bear each of the project's labels; of other projects' labels nothing is told."""
        grant.require(LIST)
        own = [label.id for label in found if label.project_id == grant.project.id]
        return await self._db.read(lambda tx: labels.bearers(tx, own))

    async def create(self, grant: LabelGrant, name: str, description: str, color: str) -> Label:
        """The label, now there. Raises Invalid, AlreadyExists."""
        grant.require(CREATE)
        _check(name, description, color)

        def change(tx: Transaction) -> Label:
            label = labels.insert(tx, _project(grant), name, description, color)
            if label is None:
                raise AlreadyExists(f"there is a label {name} already")
            _tell(tx, EventName.LABEL_CREATED, grant, label)
            return label

        return await self._db.write(change)

    async def update(self, grant: LabelGrant, label_id: int, name: str, description: str, color: str) -> None:
        """Returns when the label is so. Raises Invalid, AlreadyExists, RecordUnknown."""
        grant.require(UPDATE)
        _check(name, description, color)

        def change(tx: Transaction, label: Label) -> None:
            if labels.is_taken(tx, label.project_id, name, but=label_id):
                raise AlreadyExists(f"there is a label {name} already")
            labels.update(tx, label_id, name, description, color)
            _tell(tx, EventName.LABEL_CHANGED, grant, label)

        await self._with(grant, label_id, change)

    async def delete(self, grant: LabelGrant, label_id: int) -> None:
        """Removes the label, also from what bears it. Raises RecordUnknown."""
        grant.require(DELETE)

        def change(tx: Transaction, label: Label) -> None:
            labels.delete(tx, label_id)
            _tell(tx, EventName.LABEL_DELETED, grant, label)

        await self._with(grant, label_id, change)

    async def put_on(self, grant: RepositoryGrant, reference: Reference, label_id: int) -> None:
        """Has the artifact bear the label. Raises ManifestUnknown, RecordUnknown, AlreadyExists."""
        grant.require(Action.PUSH)

        def change(tx: Transaction) -> None:
            manifest_id, digest = _artifact(tx, grant, reference)
            label = _usable(tx, grant, label_id)
            if not labels.put_on(tx, label_id, manifest_id):
                raise AlreadyExists(f"the artifact bears the label {label.name} already")
            _tell_artifact(tx, EventName.LABEL_PUT_ON, grant, digest, label)

        await self._db.write(change)

    async def take_off(self, grant: RepositoryGrant, reference: Reference, label_id: int) -> None:
        """Has the artifact not bear the label any more. Raises ManifestUnknown, RecordUnknown if it did not."""
        grant.require(Action.PUSH)

        def change(tx: Transaction) -> None:
            manifest_id, digest = _artifact(tx, grant, reference)
            label = _usable(tx, grant, label_id)
            if not labels.take_off(tx, label_id, manifest_id):
                raise RecordUnknown(f"the artifact does not bear the label {label.name}")
            _tell_artifact(tx, EventName.LABEL_TAKEN_OFF, grant, digest, label)

        await self._db.write(change)

    async def _with(self, grant: LabelGrant, label_id: int, change: Callable[[Transaction, Label], None]) -> None:
        await self._db.write(lambda tx: change(tx, _find(tx, grant, label_id)))


def _project(grant: LabelGrant) -> int | None:
    return grant.project.id if isinstance(grant, ProjectGrant) else None


def _find(tx: Transaction, grant: LabelGrant, label_id: int) -> Label:
    label = labels.find(tx, label_id)
    if label is None or label.project_id != _project(grant):
        raise _unknown(label_id)
    return label


def _usable(tx: Transaction, grant: RepositoryGrant, label_id: int) -> Label:
    """The label, if the project's artifacts may bear it. Raises RecordUnknown."""
    label = labels.find(tx, label_id)
    if label is None or label.project_id not in (None, grant.project.id):
        raise _unknown(label_id)
    return label


def _artifact(tx: Transaction, grant: RepositoryGrant, reference: Reference) -> tuple[int, Digest]:
    """The id and digest of the manifest, which stays until the transaction ends. Raises ManifestUnknown."""
    digest: Digest | None = reference if isinstance(reference, Digest) else None
    if grant.repository_id is not None:
        if not isinstance(reference, Digest):
            row = manifests.by_tag(tx, grant.repository_id, reference.text)
            digest = row.digest if row else None
        found = manifests.lock_live(tx, grant.repository_id, digest) if digest else None
        if found is not None and digest is not None:
            return found, digest
    raise ManifestUnknown(f"{grant.name} has no artifact {reference}")


def _check(name: str, description: str, color: str) -> None:
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(f"a label's name has 1 to {LONGEST_NAME} characters")
    if len(description) > LONGEST_DESCRIPTION:
        raise Invalid(f"a label's description has at most {LONGEST_DESCRIPTION} characters")
    if not _COLOR(color):
        raise Invalid("a label's color is written as #A1B2C3")


def _unknown(label_id: int) -> RecordUnknown:
    return RecordUnknown(f"there is no label with the id {label_id}")


def _tell(tx: Transaction, name: EventName, grant: LabelGrant, label: Label) -> None:
    project_id = label.project_id
    detail: dict[str, str | int | bool | None] = {"label": label.name}
    events.record(tx, Event(name=name, by=grant.principal, resource=label.name, project_id=project_id, detail=detail))


def _tell_artifact(tx: Transaction, name: EventName, grant: RepositoryGrant, digest: Digest, label: Label) -> None:
    event = Event(
        name=name,
        by=grant.principal,
        resource=f"{grant.name}@{digest}",
        project_id=grant.project.id,
        repository=grant.name.text,
        detail={"label": label.name, "digest": str(digest)},
    )
    events.record(tx, event)
