"""Bodies about rules of retention and of immutable tags."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec import field as struct_field

from entrepot.api.harbor.values import Int64, Number


class RetentionRuleParamMetadata(Struct, omit_defaults=True):
    """A parameter of a template."""

    type: str = ""
    unit: str = ""
    required: bool = False


class RetentionRuleMetadata(Struct, omit_defaults=True):
    """A template of rules."""

    rule_template: str = ""
    display_text: str = ""
    action: str = ""
    params: list[RetentionRuleParamMetadata] = struct_field(default_factory=list)


class RetentionSelectorMetadata(Struct, omit_defaults=True):
    """A kind of selectors."""

    display_text: str = ""
    kind: str = ""
    decorations: list[str] = struct_field(default_factory=list)


class RetentionMetadata(Struct, omit_defaults=True):
    """What rules can be made of."""

    templates: list[RetentionRuleMetadata] = struct_field(default_factory=list)
    scope_selectors: list[RetentionSelectorMetadata] = struct_field(default_factory=list)
    tag_selectors: list[RetentionSelectorMetadata] = struct_field(default_factory=list)


class RetentionSelector(Struct, omit_defaults=True):
    """Which repositories or tags are meant."""

    kind: str = ""
    decoration: str = ""
    pattern: str = ""
    extras: str = ""


class RetentionRule(Struct, omit_defaults=True):
    """What is kept of some repositories."""

    id: Number = 0
    priority: Number = 0
    disabled: bool = False
    action: str = ""
    template: str = ""
    params: dict[str, Any] = struct_field(default_factory=dict)
    tag_selectors: list[RetentionSelector] = struct_field(default_factory=list)
    scope_selectors: dict[str, list[RetentionSelector]] = struct_field(default_factory=dict)


class RetentionRuleTrigger(Struct, omit_defaults=True):
    """When the rules are carried out."""

    kind: str = ""
    settings: Any = None
    references: Any = None


class RetentionPolicyScope(Struct, omit_defaults=True):
    """Which project the rules are of."""

    level: str = ""
    ref: Number = 0


class RetentionPolicy(Struct, omit_defaults=True):
    """The rules of a project."""

    id: Int64 = 0
    algorithm: str = ""
    rules: list[RetentionRule] = struct_field(default_factory=list)
    trigger: RetentionRuleTrigger | UnsetType = UNSET
    scope: RetentionPolicyScope | UnsetType = UNSET


class RunRequest(Struct, omit_defaults=True):
    """How the rules are to be carried out now."""

    dry_run: bool = False


class RunOrder(Struct, omit_defaults=True):
    """What is to be done with a run."""

    action: str = ""


class RetentionExecution(Struct, omit_defaults=True):
    """A run of the rules."""

    id: Int64 = 0
    policy_id: Int64 = 0
    start_time: str = ""
    end_time: str = ""
    status: str = ""
    trigger: str = ""
    dry_run: bool = False


class RetentionExecutionTask(Struct, omit_defaults=True):
    """One repository of a run."""

    total: Number
    retained: Number
    status_code: Number
    id: Int64 = 0
    execution_id: Int64 = 0
    repository: str = ""
    job_id: str = ""
    status: str = ""
    status_revision: Int64 = 0
    start_time: str = ""
    end_time: str = ""


class ImmutableSelector(Struct, omit_defaults=True):
    """Which repositories or tags are meant."""

    kind: str = ""
    decoration: str = ""
    pattern: str = ""
    extras: str = ""


class ImmutableRule(Struct, omit_defaults=True):
    """Which tags are neither moved nor deleted."""

    id: Number = 0
    priority: Number = 0
    disabled: bool = False
    action: str = ""
    template: str = ""
    params: dict[str, Any] = struct_field(default_factory=dict)
    tag_selectors: list[ImmutableSelector] = struct_field(default_factory=list)
    scope_selectors: dict[str, list[ImmutableSelector]] = struct_field(default_factory=dict)
