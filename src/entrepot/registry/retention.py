"""Policies of retention: made, changed and removed, with the schedule and the metadata that go with them."""

from collections.abc import Callable
from dataclasses import dataclass

from entrepot.db import events, project_metadata, projects, retention, schedules
from entrepot.db.contract import Database, Transaction
from entrepot.db.retention import PolicyRow
from entrepot.db.schedules import Plan
from entrepot.model import metadata
from entrepot.model.cron import Cron
from entrepot.model.errors import Invalid, ProjectUnknown, RecordUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import ProjectGrant
from entrepot.model.job import JobKind
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.retention import RetentionPolicy, check_rules

CREATE, READ, LIST, UPDATE, DELETE = (
    Permission(Resource.TAG_RETENTION, verb) for verb in (Verb.CREATE, Verb.READ, Verb.LIST, Verb.UPDATE, Verb.DELETE)
)
DRY_RUN = "dry_run"


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy, and when it is carried out next, in microseconds since 1970."""

    row: PolicyRow
    next_run: int | None


def schedule_name(policy_id: int) -> str:
    """What the policy's schedule is called; jobs with this key do not run side by side."""
    return f"{JobKind.RETENTION}:{policy_id}"


class Retention:
    """Operations on policies. Every change is told as an event in the same transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def project_of(self, policy_id: int) -> int:
        """The project that the policy belongs to: what a grant must be for. Raises RecordUnknown."""
        found = await self._db.read(lambda tx: retention.find(tx, policy_id))
        if found is None:
            raise unknown(policy_id)
        return found.project_id

    async def get(self, grant: ProjectGrant, policy_id: int) -> PolicyView:
        """The policy. Raises RecordUnknown, also if it is another project's than the grant is for."""
        grant.require(READ)
        return await self._db.read(lambda tx: _view(tx, find_policy(tx, grant, policy_id)))

    async def of_project(self, grant: ProjectGrant) -> PolicyView | None:
        """The project's policy, or None."""
        grant.require(READ)

        def question(tx: Transaction) -> PolicyView | None:
            row = retention.of_project(tx, grant.project.id)
            return None if row is None else _view(tx, row)

        return await self._db.read(question)

    async def create(self, grant: ProjectGrant, policy: RetentionPolicy) -> int:
        """The id of the new policy, which the project's metadata tells, too.

        Raises Invalid, also if the project has a policy; AlreadyExists if two rules are the same; ProjectUnknown.
        """
        grant.require(CREATE)
        cron = _checked(policy)

        def change(tx: Transaction) -> int:
            _lock_project(tx, grant)
            policy_id = retention.insert(tx, grant.project.id, policy)
            if policy_id is None:
                before = retention.of_project(tx, grant.project.id)
                number = "" if before is None else f", {before.id}"
                raise Invalid(f"the project {grant.project.name} has a retention policy already{number}; change that")
            project_metadata.put(tx, grant.project.id, {metadata.RETENTION: str(policy_id)})
            plan(tx, policy_id, grant.project.id, cron, grant.principal.name)
            _tell(tx, EventName.POLICY_CREATED, grant, policy_id, policy)
            return policy_id

        return await self._db.write(change)

    async def update(self, grant: ProjectGrant, policy_id: int, policy: RetentionPolicy) -> None:
        """Has the policy be so. A run that is going on ends; it went by the rules as they were.

        Raises Invalid, AlreadyExists if two rules are the same, RecordUnknown, ProjectUnknown.
        """
        grant.require(UPDATE)
        cron = _checked(policy)

        def change(tx: Transaction, row: PolicyRow) -> None:
            retention.update(tx, row.id, policy)
            if row.policy.cron != policy.cron:
                plan(tx, row.id, row.project_id, cron, grant.principal.name)
            _tell(tx, EventName.POLICY_CHANGED, grant, row.id, policy)

        await self._with(grant, policy_id, change)

    async def delete(self, grant: ProjectGrant, policy_id: int) -> None:
        """Removes the policy and its schedule. Raises RecordUnknown, ProjectUnknown."""
        grant.require(DELETE)

        def change(tx: Transaction, row: PolicyRow) -> None:
            retention.delete(tx, row.id)
            plan(tx, row.id, row.project_id, None, grant.principal.name)
            project_metadata.delete(tx, row.project_id, metadata.RETENTION)
            _tell(tx, EventName.POLICY_DELETED, grant, row.id, row.policy)

        await self._with(grant, policy_id, change)

    async def _with(
        self, grant: ProjectGrant, policy_id: int, change: Callable[[Transaction, PolicyRow], None]
    ) -> None:
        def found(tx: Transaction) -> None:
            _lock_project(tx, grant)
            retention.lock(tx, policy_id)
            change(tx, find_policy(tx, grant, policy_id))

        await self._db.write(found)


def plan(tx: Transaction, policy_id: int, project_id: int, cron: Cron | None, by: str) -> None:
    """Has the policy be carried out so from now on; None: only when somebody asks for it."""
    name = schedule_name(policy_id)
    if cron is None:
        schedules.remove(tx, name)
        return
    planned = Plan(
        name=name,
        kind=JobKind.RETENTION,
        cron=cron,
        parameters={DRY_RUN: False},
        subject_id=policy_id,
        project_id=project_id,
    )
    schedules.put(tx, planned, by)


def plan_again(tx: Transaction, project_id: int, by: str) -> None:
    """Has the project's policy, if it has one, be carried out when it says so, as the project is there again."""
    row = retention.of_project(tx, project_id)
    if row is not None and row.policy.cron:
        plan(tx, row.id, project_id, Cron.parse(row.policy.cron), by)


def find_policy(tx: Transaction, grant: ProjectGrant, policy_id: int) -> PolicyRow:
    """The policy of the grant's project. Raises RecordUnknown."""
    row = retention.find(tx, policy_id)
    if row is None or row.project_id != grant.project.id:
        raise unknown(policy_id)
    return row


def unknown(policy_id: int) -> RecordUnknown:
    """The error for a policy that is not there."""
    return RecordUnknown(f"there is no retention policy with the id {policy_id}")


def _view(tx: Transaction, row: PolicyRow) -> PolicyView:
    planned = schedules.get(tx, schedule_name(row.id))
    return PolicyView(row, None if planned is None else planned.next_tick)


def _checked(policy: RetentionPolicy) -> Cron | None:
    """When the policy is carried out. Raises Invalid, AlreadyExists."""
    check_rules(policy.rules)
    return Cron.parse(policy.cron) if policy.cron else None


def _lock_project(tx: Transaction, grant: ProjectGrant) -> None:
    """The project's policy is nobody else's to change until the transaction ends. Raises ProjectUnknown."""
    project = projects.lock(tx, grant.project.name)
    if project is None or project.id != grant.project.id:
        raise ProjectUnknown(f"there is no project {grant.project.name}")


def _tell(tx: Transaction, name: EventName, grant: ProjectGrant, policy_id: int, policy: RetentionPolicy) -> None:
    event = Event(
        name=name,
        by=grant.principal,
        resource=f"{grant.project.name}: retention",
        project_id=grant.project.id,
        detail={"kind": "retention", "id": policy_id, "rules": len(policy.rules), "cron": policy.cron},
    )
    events.record(tx, event)
