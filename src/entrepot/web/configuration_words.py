"""What the settings of the running system are called on pages, and by what they are about."""

from collections.abc import Mapping

from entrepot.model.configuration import SETTINGS
from entrepot.web.errors import N_

LABELS: Mapping[str, str] = {
    "auth_mode": N_("How people sign in"),
    "self_registration": N_("People may make accounts for themselves"),
    "session_timeout": N_("Minutes until an unused session ends"),
    "primary_auth_mode": N_("The other system is asked first"),
    "project_creation_restriction": N_("Who may make projects"),
    "storage_per_project": N_("Bytes that a new project may hold"),
    "quota_per_project_enable": N_("Limits of projects count"),
    "read_only": N_("Nothing can be pushed, changed or deleted"),
    "banner_message": N_("Message to everybody"),
    "robot_token_duration": N_("Days that a new robot lasts"),
    "robot_name_prefix": N_("What robots' names begin with"),
    "token_expiration": N_("Minutes of a token, as Harbor has it"),
    "pull_time_update_disable": N_("The time of the last pull is not kept"),
    "pull_count_update_disable": N_("Pulls are not counted"),
    "pull_audit_log_disable": N_("Pulls are left out of the audit"),
    "audit_log_forward_endpoint": N_("Syslog server that the audit is sent to"),
    "skip_audit_log_database": N_("The audit is not kept here, as Harbor has it"),
    "disabled_audit_log_event_types": N_("Events that Harbor would leave out"),
    "notification_enable": N_("Webhooks, as clients are told"),
}
HELP: Mapping[str, str] = {
    "auth_mode": N_("Only accounts that are kept here (db_auth) work yet."),
    "storage_per_project": N_("-1 for any number. Projects that there are keep their limits."),
    "read_only": N_("Pulling goes on. This page can end it."),
    "robot_name_prefix": N_("Of those that there are, too: whoever uses them has to know the new names."),
    "token_expiration": N_("Kept for clients; token_lifetime says how long tokens are good."),
    "audit_log_forward_endpoint": N_("host:port; empty for none."),
    "skip_audit_log_database": N_("Kept for clients; events stay in the database, which other parts follow."),
    "disabled_audit_log_event_types": N_("Kept for clients; here all events are written down."),
    "notification_enable": N_("Kept for clients; there are no webhooks yet."),
}
VALUES: Mapping[str, str] = {"everyone": N_("everybody"), "adminonly": N_("administrators alone")}
"""Words for values that are one of a few."""
_SIGNING = ("auth_mode", "primary_auth_mode", "self_registration", "session_timeout")
_PROJECTS = ("project_creation_restriction", "storage_per_project", "quota_per_project_enable")
_SYSTEM = ("read_only", "banner_message", "notification_enable")
_ROBOTS = ("robot_token_duration", "robot_name_prefix", "token_expiration")
_AUDIT = (
    "pull_audit_log_disable",
    "pull_time_update_disable",
    "pull_count_update_disable",
    "audit_log_forward_endpoint",
    "skip_audit_log_database",
    "disabled_audit_log_event_types",
)


def _rest() -> tuple[str, ...]:
    told = {*_SIGNING, *_PROJECTS, *_SYSTEM, *_ROBOTS, *_AUDIT}
    return tuple(name for name, setting in SETTINGS.items() if setting.changeable and name not in told)


GROUPS: Mapping[str, tuple[str, ...]] = {
    N_("Signing in"): _SIGNING,
    N_("Projects"): _PROJECTS,
    N_("Robots and tokens"): _ROBOTS,
    N_("Pulls and the audit"): _AUDIT,
    N_("The registry as a whole"): _SYSTEM,
    N_("Kept for Harbor's clients, without an effect yet"): _rest(),
}
"""Every setting that can be changed stands in one of them."""
