"""Events in the words of Harbor's audit: an operation on a kind of resource."""

from typing import NamedTuple

from entrepot.model.errors import Invalid
from entrepot.model.event import EventName


class Deed(NamedTuple):
    """What was done, and to what."""

    operation: str
    resource_type: str
    description: str

    @property
    def event_type(self) -> str:
        """Harbor's name of both together."""
        return f"{self.operation}_{self.resource_type}"


DEEDS: dict[str, Deed] = {
    EventName.ARTIFACT_PUSHED: Deed("create", "artifact", "push artifact"),
    EventName.ARTIFACT_PULLED: Deed("pull", "artifact", "pull artifact"),
    EventName.ARTIFACT_DELETED: Deed("delete", "artifact", "delete artifact"),
    EventName.TAG_MOVED: Deed("create", "tag", "create or move tag"),
    EventName.TAG_DELETED: Deed("delete", "tag", "delete tag"),
    EventName.PUSH_REFUSED: Deed("refuse", "artifact", "refuse push for lack of room"),
    EventName.BLOB_DELETED: Deed("delete", "blob", "delete blob"),
    EventName.BLOB_QUARANTINED: Deed("quarantine", "blob", "set damaged blob aside"),
    EventName.BLOB_HEALED: Deed("heal", "blob", "give damaged blob out again"),
    EventName.REPOSITORY_CREATED: Deed("create", "repository", "create repository"),
    EventName.REPOSITORY_CHANGED: Deed("update", "repository", "change description of repository"),
    EventName.REPOSITORY_DELETED: Deed("delete", "repository", "delete repository"),
    EventName.PROJECT_CREATED: Deed("create", "project", "create project"),
    EventName.PROJECT_CHANGED: Deed("update", "project", "change settings of project"),
    EventName.PROJECT_DELETED: Deed("delete", "project", "delete project"),
    EventName.MEMBER_ADDED: Deed("create", "member", "give role in project"),
    EventName.MEMBER_CHANGED: Deed("update", "member", "change role in project"),
    EventName.MEMBER_REMOVED: Deed("delete", "member", "take role in project"),
    EventName.USER_CREATED: Deed("create", "user", "create user"),
    EventName.USER_CHANGED: Deed("update", "user", "change user"),
    EventName.USER_DELETED: Deed("delete", "user", "delete user"),
    EventName.USER_SIGNED_IN: Deed("login", "user", "sign in"),
    EventName.USER_SIGNED_OUT: Deed("logout", "user", "sign out"),
    EventName.USER_REFUSED: Deed("login", "user", "sign in with wrong credentials"),
    EventName.LABEL_CREATED: Deed("create", "label", "create label"),
    EventName.LABEL_CHANGED: Deed("update", "label", "change label"),
    EventName.LABEL_DELETED: Deed("delete", "label", "delete label"),
    EventName.LABEL_PUT_ON: Deed("create", "artifact_label", "put label on artifact"),
    EventName.LABEL_TAKEN_OFF: Deed("delete", "artifact_label", "take label off artifact"),
    EventName.ROBOT_CREATED: Deed("create", "robot", "create robot"),
    EventName.ROBOT_CHANGED: Deed("update", "robot", "change robot"),
    EventName.ROBOT_DELETED: Deed("delete", "robot", "delete robot"),
    EventName.GROUP_CREATED: Deed("create", "user_group", "create group"),
    EventName.GROUP_CHANGED: Deed("update", "user_group", "rename group"),
    EventName.GROUP_DELETED: Deed("delete", "user_group", "delete group"),
    EventName.QUOTA_CHANGED: Deed("update", "quota", "change quota"),
    EventName.ALLOWLIST_CHANGED: Deed("update", "allowlist", "change allowlist of vulnerabilities"),
    EventName.CONFIGURATION_CHANGED: Deed("update", "configuration", "change configuration"),
    EventName.POLICY_CREATED: Deed("create", "policy", "make rules for tags"),
    EventName.POLICY_CHANGED: Deed("update", "policy", "change rules for tags"),
    EventName.POLICY_DELETED: Deed("delete", "policy", "remove rules for tags"),
    EventName.RETENTION_ENDED: Deed("execute", "tag_retention", "carry out rules of retention"),
    EventName.AUDIT_PURGED: Deed("delete", "audit", "purge audit"),
    EventName.ARTIFACT_RESTORED: Deed("create", "artifact", "restore artifact"),
    EventName.TAG_RESTORED: Deed("create", "tag", "restore tag"),
    EventName.REPOSITORY_RESTORED: Deed("create", "repository", "restore repository"),
    EventName.PROJECT_RESTORED: Deed("create", "project", "restore project"),
    EventName.TRASH_PURGED: Deed("delete", "trash", "purge from trash"),
    EventName.HOLD_PLACED: Deed("create", "hold", "place hold"),
    EventName.HOLD_LIFTED: Deed("delete", "hold", "lift hold"),
    EventName.JOB_REQUESTED: Deed("create", "job", "request job"),
    EventName.JOB_STOPPED: Deed("stop", "job", "stop job"),
    EventName.JOBS_PAUSED: Deed("update", "job_queue", "pause jobs"),
    EventName.JOBS_RESUMED: Deed("update", "job_queue", "resume jobs"),
    EventName.SCHEDULE_CHANGED: Deed("update", "schedule", "change schedule"),
    EventName.SCHEDULE_REMOVED: Deed("delete", "schedule", "remove schedule"),
}
"""Every event."""
_UNKNOWN = Deed("other", "other", "")


def deed_of(name: str) -> Deed:
    """The event of that name, which may be of another release."""
    return DEEDS.get(name, _UNKNOWN)


ARTIFACT_TYPES = frozenset({"create_artifact", "delete_artifact", "pull_artifact"})
OTHER = "other"
"""In a purge: all types of events but `ARTIFACT_TYPES`."""
_OLD_WORDS = {"create": "create_artifact", "delete": "delete_artifact", "pull": "pull_artifact"}


def check_types(names: list[str]) -> None:
    """Returns if each names a type of events that can be purged. Raises Invalid."""
    known = {*(deed.event_type for deed in DEEDS.values()), OTHER, *_OLD_WORDS}
    for name in names:
        if name not in known:
            raise Invalid(f"there are no events of the type {name[:64]!r}")


def names_of_types(names: list[str]) -> frozenset[str]:
    """The names of all events whose types are among these."""
    wanted = {_OLD_WORDS.get(name, name) for name in names}
    return frozenset(
        name
        for name, deed in DEEDS.items()
        if deed.event_type in wanted or (OTHER in wanted and deed.event_type not in ARTIFACT_TYPES)
    )
