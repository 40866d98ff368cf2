"""What happened, in the past tense. A row of it is written in the transaction that made it happen."""

from dataclasses import dataclass, field
from enum import StrEnum

from entrepot.model.digest import Digest
from entrepot.model.grant import Principal


class EventName(StrEnum):
    """The moments that are told, as `noun:verb`."""

    ARTIFACT_PUSHED = "artifact:pushed"
    ARTIFACT_PULLED = "artifact:pulled"
    ARTIFACT_DELETED = "artifact:deleted"
    TAG_MOVED = "tag:moved"
    TAG_DELETED = "tag:deleted"
    PUSH_REFUSED = "push:refused"
    BLOB_DELETED = "blob:deleted"
    BLOB_QUARANTINED = "blob:quarantined"
    BLOB_HEALED = "blob:healed"
    REPOSITORY_CREATED = "repository:created"
    PROJECT_CREATED = "project:created"
    PROJECT_CHANGED = "project:changed"
    PROJECT_DELETED = "project:deleted"
    MEMBER_ADDED = "member:added"
    MEMBER_CHANGED = "member:changed"
    MEMBER_REMOVED = "member:removed"
    USER_CREATED = "user:created"
    USER_CHANGED = "user:changed"
    USER_DELETED = "user:deleted"
    USER_SIGNED_IN = "user:signed-in"
    USER_SIGNED_OUT = "user:signed-out"
    USER_REFUSED = "user:refused"
    LABEL_CREATED = "label:created"
    LABEL_CHANGED = "label:changed"
    LABEL_DELETED = "label:deleted"
    LABEL_PUT_ON = "label:put-on"
    LABEL_TAKEN_OFF = "label:taken-off"
    ROBOT_CREATED = "robot:created"
    ROBOT_CHANGED = "robot:changed"
    ROBOT_DELETED = "robot:deleted"
    GROUP_CREATED = "group:created"
    GROUP_CHANGED = "group:changed"
    GROUP_DELETED = "group:deleted"
    QUOTA_CHANGED = "quota:changed"
    ALLOWLIST_CHANGED = "allowlist:changed"
    CONFIGURATION_CHANGED = "configuration:changed"
    REPOSITORY_CHANGED = "repository:changed"
    REPOSITORY_DELETED = "repository:deleted"
    POLICY_CREATED = "policy:created"
    POLICY_CHANGED = "policy:changed"
    POLICY_DELETED = "policy:deleted"
    RETENTION_ENDED = "retention:ended"
    AUDIT_PURGED = "audit:purged"
    ARTIFACT_RESTORED = "artifact:restored"
    TAG_RESTORED = "tag:restored"
    REPOSITORY_RESTORED = "repository:restored"
    PROJECT_RESTORED = "project:restored"
    TRASH_PURGED = "trash:purged"
    HOLD_PLACED = "hold:placed"
    HOLD_LIFTED = "hold:lifted"
    JOB_REQUESTED = "job:requested"
    JOB_STOPPED = "job:stopped"
    JOBS_PAUSED = "jobs:paused"
    JOBS_RESUMED = "jobs:resumed"
    SCHEDULE_CHANGED = "schedule:changed"
    SCHEDULE_REMOVED = "schedule:removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. `detail` is plain JSON values and never holds a secret."""

    name: EventName
    by: Principal
    resource: str
    """What it was done to, as people name it."""
    succeeded: bool = True
    project_id: int | None = None
    repository: str | None = None
    detail: dict[str, str | int | bool | None] = field(default_factory=dict)


def healed(by: Principal, digest: Digest, how: str) -> Event:
    """That the content of a blob is good again, `pushed` or `found`.

    Of no project: a pusher's log must not tell whether somebody else had the content already.
    """
    return Event(name=EventName.BLOB_HEALED, by=by, resource=str(digest), detail={"digest": str(digest), "how": how})
