"""What happened, in the past tense. A row of it is written in the transaction that made it happen."""

from dataclasses import dataclass, field
from enum import StrEnum

from entrepot.model.grant import Principal


class EventName(StrEnum):
    """The moments that are told, as `noun:verb`."""

    ARTIFACT_PUSHED = "artifact:pushed"
    ARTIFACT_DELETED = "artifact:deleted"
    TAG_MOVED = "tag:moved"
    TAG_DELETED = "tag:deleted"
    BLOB_DELETED = "blob:deleted"
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
