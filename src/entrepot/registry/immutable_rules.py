"""Rules by which tags are immutable: listed, made, changed and removed. What they hold: `registry.protection`."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from entrepot.db import events, immutability, projects
from entrepot.db.contract import Database, Transaction
from entrepot.model.errors import AlreadyExists, Invalid, ProjectUnknown, RecordUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import ProjectGrant
from entrepot.model.immutability import MOST_RULES, ImmutableRule
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import ListQuery
from entrepot.model.retention import LARGEST_PRIORITY

T = TypeVar("T")
LIST, CREATE, UPDATE, DELETE = (
    Permission(Resource.IMMUTABLE_TAG, verb) for verb in (Verb.LIST, Verb.CREATE, Verb.UPDATE, Verb.DELETE)
)


class ImmutableRules:
    """Operations on a project's rules. Every change is told as an event in the same transaction.

    A rule counts for whatever begins after it was answered.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, grant: ProjectGrant, query: ListQuery) -> tuple[list[ImmutableRule], int]:
        """A page of the rules, and how many there are. Raises Invalid."""
        grant.require(LIST)
        return await self._db.read(lambda tx: immutability.page(tx, grant.project.id, query))

    async def create(self, grant: ProjectGrant, rule: ImmutableRule) -> int:
        """The id of the rule, whatever id was given. Raises Invalid, AlreadyExists, ProjectUnknown."""
        grant.require(CREATE)
        _check(rule)

        def change(tx: Transaction) -> int:
            if immutability.count(tx, grant.project.id) >= MOST_RULES:
                raise Invalid(f"a project has at most {MOST_RULES} immutable tag rules; {{a,b}} says several patterns")
            rule_id = immutability.insert(tx, grant.project.id, rule)
            if rule_id is None:
                raise _taken()
            _tell(tx, EventName.POLICY_CREATED, grant, replace(rule, id=rule_id))
            return rule_id

        return await self._locked(grant, change)

    async def update(self, grant: ProjectGrant, rule: ImmutableRule) -> None:
        """Has the rule of that id be so. Raises Invalid, AlreadyExists, RecordUnknown, ProjectUnknown."""
        grant.require(UPDATE)
        _check(rule)

        def change(tx: Transaction) -> None:
            _find(tx, grant, rule.id)
            if immutability.is_taken(tx, grant.project.id, rule):
                raise _taken()
            immutability.update(tx, rule)
            _tell(tx, EventName.POLICY_CHANGED, grant, rule)

        await self._locked(grant, change)

    async def delete(self, grant: ProjectGrant, rule_id: int) -> None:
        """Removes the rule. Raises RecordUnknown, ProjectUnknown."""
        grant.require(DELETE)

        def change(tx: Transaction) -> None:
            rule = _find(tx, grant, rule_id)
            immutability.delete(tx, rule_id)
            _tell(tx, EventName.POLICY_DELETED, grant, rule)

        await self._locked(grant, change)

    async def _locked(self, grant: ProjectGrant, change: Callable[[Transaction], T]) -> T:
        def found(tx: Transaction) -> T:
            project = projects.lock(tx, grant.project.name)
            if project is None or project.id != grant.project.id:
                raise ProjectUnknown(f"there is no project {grant.project.name}")
            return change(tx)

        return await self._db.write(found)


def _find(tx: Transaction, grant: ProjectGrant, rule_id: int) -> ImmutableRule:
    rule = immutability.find(tx, grant.project.id, rule_id)
    if rule is None:
        raise RecordUnknown(f"the project {grant.project.name} has no immutable tag rule with the id {rule_id}")
    return rule


def _check(rule: ImmutableRule) -> None:
    if not 0 <= rule.priority <= LARGEST_PRIORITY:
        raise Invalid(f"the priority of a rule is a whole number from 0 to {LARGEST_PRIORITY}")


def _taken() -> AlreadyExists:
    return AlreadyExists("the project has a rule about the same tags and repositories already")


def _tell(tx: Transaction, name: EventName, grant: ProjectGrant, rule: ImmutableRule) -> None:
    event = Event(
        name=name,
        by=grant.principal,
        resource=f"{grant.project.name}: immutable tags",
        project_id=grant.project.id,
        detail={"kind": "immutable", "id": rule.id, "disabled": rule.disabled, "about": rule.phrase},
    )
    events.record(tx, event)
