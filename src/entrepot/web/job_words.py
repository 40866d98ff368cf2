"""What jobs, their states and what asked for them are called on pages."""

from collections.abc import Mapping

from entrepot.model.job import SCHEDULER, JobKind, JobState, Trigger
from entrepot.web.errors import N_

KINDS: Mapping[str, str] = {
    JobKind.GARBAGE_COLLECTION: N_("Collect garbage"),
    JobKind.PURGE_AUDIT_LOG: N_("Purge the audit"),
    JobKind.EXECUTION_SWEEP: N_("Forget old jobs"),
    JobKind.RETENTION: N_("Retention"),
    JobKind.LAYER_INDEX: N_("Read layers"),
    JobKind.SCRUB: N_("Read everything again"),
    SCHEDULER: N_("Schedules"),
}
STATES: Mapping[JobState, str] = {
    JobState.PENDING: N_("waiting"),
    JobState.RUNNING: N_("running"),
    JobState.SUCCEEDED: N_("done"),
    JobState.FAILED: N_("failed"),
    JobState.STOPPED: N_("stopped"),
}
LOOKS: Mapping[JobState, str] = {
    JobState.PENDING: "",
    JobState.RUNNING: "move",
    JobState.SUCCEEDED: "ok",
    JobState.FAILED: "bad",
    JobState.STOPPED: "",
}
"""Classes of the style sheet."""
TRIGGERS: Mapping[Trigger, str] = {
    Trigger.MANUAL: N_("by hand"),
    Trigger.SCHEDULE: N_("by a schedule"),
    Trigger.EVENT: N_("by an event"),
}
CADENCES: Mapping[str, str] = {
    "None": N_("Never"),
    "Hourly": N_("Every hour"),
    "Daily": N_("Every day"),
    "Weekly": N_("Every week"),
    "Custom": N_("As the cron says"),
}


def kind_name(kind: str) -> str:
    """What a kind of job is called, to be translated; as it is if it is one of another version."""
    return KINDS.get(kind, kind)


WORDS = {
    "kind_name": kind_name,
    "state_names": STATES,
    "looks": LOOKS,
    "trigger_names": TRIGGERS,
    "cadence_names": CADENCES,
}
"""For templates."""
