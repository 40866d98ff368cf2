"""What happened, as pages say it after who did it."""

from collections.abc import Mapping

from entrepot.model.event import EventName
from entrepot.web.errors import N_

EVENTS: Mapping[str, str] = {
    EventName.ARTIFACT_PUSHED: N_("pushed an artifact"),
    EventName.ARTIFACT_PULLED: N_("pulled an artifact"),
    EventName.ARTIFACT_DELETED: N_("deleted an artifact"),
    EventName.TAG_MOVED: N_("made or moved a tag"),
    EventName.TAG_DELETED: N_("deleted a tag"),
    EventName.PUSH_REFUSED: N_("tried to push into the full project"),
    EventName.BLOB_DELETED: N_("deleted a blob"),
    EventName.BLOB_QUARANTINED: N_("set a damaged blob aside"),
    EventName.BLOB_HEALED: N_("gave a damaged blob out again"),
    EventName.REPOSITORY_CREATED: N_("made a repository"),
    EventName.REPOSITORY_CHANGED: N_("changed a repository's description"),
    EventName.REPOSITORY_DELETED: N_("deleted a repository"),
    EventName.REPOSITORY_RESTORED: N_("restored a repository"),
    EventName.PROJECT_CREATED: N_("made a project"),
    EventName.PROJECT_CHANGED: N_("changed a project's settings"),
    EventName.PROJECT_DELETED: N_("deleted a project"),
    EventName.PROJECT_RESTORED: N_("restored a project"),
    EventName.MEMBER_ADDED: N_("gave a role in a project"),
    EventName.MEMBER_CHANGED: N_("changed a role in a project"),
    EventName.MEMBER_REMOVED: N_("took a role in a project"),
    EventName.USER_CREATED: N_("made a user"),
    EventName.USER_CHANGED: N_("changed a user"),
    EventName.USER_DELETED: N_("deleted a user"),
    EventName.USER_SIGNED_IN: N_("signed in to the registry"),
    EventName.USER_SIGNED_OUT: N_("signed out"),
    EventName.USER_REFUSED: N_("gave a wrong password"),
    EventName.LABEL_CREATED: N_("made a label"),
    EventName.LABEL_CHANGED: N_("changed a label"),
    EventName.LABEL_DELETED: N_("deleted a label"),
    EventName.LABEL_PUT_ON: N_("put a label on an artifact"),
    EventName.LABEL_TAKEN_OFF: N_("took a label off an artifact"),
    EventName.ROBOT_CREATED: N_("made a robot"),
    EventName.ROBOT_CHANGED: N_("changed a robot"),
    EventName.ROBOT_DELETED: N_("deleted a robot"),
    EventName.GROUP_CREATED: N_("made a group"),
    EventName.GROUP_CHANGED: N_("renamed a group"),
    EventName.GROUP_DELETED: N_("deleted a group"),
    EventName.QUOTA_CHANGED: N_("changed a quota"),
    EventName.ALLOWLIST_CHANGED: N_("changed an allowlist of vulnerabilities"),
    EventName.CONFIGURATION_CHANGED: N_("changed the configuration"),
    EventName.POLICY_CREATED: N_("made rules for tags"),
    EventName.POLICY_CHANGED: N_("changed rules for tags"),
    EventName.POLICY_DELETED: N_("removed rules for tags"),
    EventName.RETENTION_ENDED: N_("carried out retention"),
    EventName.AUDIT_PURGED: N_("purged the audit"),
    EventName.ARTIFACT_RESTORED: N_("restored an artifact"),
    EventName.TAG_RESTORED: N_("restored a tag"),
    EventName.TRASH_PURGED: N_("deleted something for good"),
    EventName.HOLD_PLACED: N_("placed a hold"),
    EventName.HOLD_LIFTED: N_("lifted a hold"),
    EventName.JOB_REQUESTED: N_("asked for a job"),
    EventName.JOB_STOPPED: N_("stopped a job"),
    EventName.JOBS_PAUSED: N_("held jobs back"),
    EventName.JOBS_RESUMED: N_("let jobs go on"),
    EventName.SCHEDULE_CHANGED: N_("planned a job"),
    EventName.SCHEDULE_REMOVED: N_("removed a plan"),
}


def event_words(name: str) -> str:
    """The words for an event, to be translated; its name if it is one of another version."""
    return EVENTS.get(name, name)
