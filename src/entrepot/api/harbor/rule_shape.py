"""Rules as Harbor's API writes them, to and from what they are."""

from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.api.harbor.schema import rule as schema
from entrepot.api.harbor.values import date_time
from entrepot.model import immutability, retention
from entrepot.model.errors import Invalid
from entrepot.model.immutability import ImmutableRule
from entrepot.model.retention import RetentionPolicy, RetentionRule, Template, parse_template
from entrepot.model.selector import (
    KIND,
    Selector,
    SelectorText,
    parse_repository_selectors,
    parse_tag_selectors,
)
from entrepot.registry.retention import PolicyView

REPOSITORY = "repository"
_Selectors = Sequence[schema.RetentionSelector] | Sequence[schema.ImmutableSelector]


def policy_of(sent: schema.RetentionPolicy) -> RetentionPolicy:
    """The policy that was sent; of which project is the caller's to know. Raises Invalid."""
    if sent.algorithm not in ("", retention.ALGORITHM):
        raise Invalid("the algorithm of a retention policy is or: what any rule keeps is kept")
    return RetentionPolicy(rules=tuple(_rule_of(rule) for rule in sent.rules), cron=_cron_of(sent.trigger))


def _rule_of(sent: schema.RetentionRule) -> RetentionRule:
    if sent.action not in ("", retention.ACTION):
        raise Invalid(f"the action of a retention rule is {retention.ACTION}, not {sent.action[:64]!r}")
    template, number = parse_template(sent.template, sent.params)
    return RetentionRule(
        id=sent.id,
        priority=sent.priority,
        disabled=sent.disabled,
        template=template,
        number=number,
        tags=parse_tag_selectors(_texts(sent.tag_selectors)),
        repositories=parse_repository_selectors(_repositories(sent.scope_selectors)),
    )


def _cron_of(trigger: Any) -> str:
    """When the rules are to be carried out; empty for only when asked for."""
    if not isinstance(trigger, schema.RetentionRuleTrigger):
        return ""
    if trigger.kind not in ("", retention.SCHEDULED):
        raise Invalid(f"the kind of a trigger is {retention.SCHEDULED}, with an empty cron for none")
    settings = trigger.settings if trigger.settings is not None else {}
    cron = settings.get("cron", "") if isinstance(settings, dict) else None
    if not isinstance(cron, str):
        raise Invalid('the settings of a trigger are {"cron": "0 0 3 * * *"}, with an empty text for no schedule')
    return cron.strip()


def policy(view: PolicyView) -> schema.RetentionPolicy:
    """A policy."""
    row = view.row
    settings = {"cron": row.policy.cron}
    if view.next_run is not None:
        settings["next_scheduled_time"] = date_time(view.next_run)
    return schema.RetentionPolicy(
        id=row.id,
        algorithm=retention.ALGORITHM,
        rules=[_rule(rule) for rule in row.policy.rules],
        trigger=schema.RetentionRuleTrigger(kind=retention.SCHEDULED, settings=settings),
        scope=schema.RetentionPolicyScope(level=retention.SCOPE, ref=row.project_id),
    )


def _rule(rule: RetentionRule) -> schema.RetentionRule:
    return schema.RetentionRule(
        id=rule.id,
        priority=rule.priority,
        disabled=rule.disabled,
        action=retention.ACTION,
        template=rule.template.value,
        params={} if rule.template is Template.ALWAYS else {rule.template.value: rule.number},
        tag_selectors=[_selector(one) for one in rule.tags],
        scope_selectors={REPOSITORY: [_selector(one) for one in rule.repositories]},
    )


def immutable_rule_of(sent: schema.ImmutableRule) -> ImmutableRule:
    """The rule that was sent. Raises Invalid."""
    for given, expected, what in (
        (sent.action, immutability.ACTION, "action"),
        (sent.template, immutability.TEMPLATE, "template"),
    ):
        if given not in ("", expected):
            raise Invalid(f"the {what} of an immutable tag rule is {expected}, not {given[:64]!r}")
    return ImmutableRule(
        id=sent.id,
        priority=sent.priority,
        disabled=sent.disabled,
        tags=immutability.only(parse_tag_selectors(_texts(sent.tag_selectors)), "tag"),
        repositories=immutability.only(parse_repository_selectors(_repositories(sent.scope_selectors)), REPOSITORY),
    )


def immutable_rule(rule: ImmutableRule) -> schema.ImmutableRule:
    """A rule."""
    return schema.ImmutableRule(
        id=rule.id,
        priority=rule.priority,
        disabled=rule.disabled,
        action=immutability.ACTION,
        template=immutability.TEMPLATE,
        tag_selectors=[_immutable_selector(rule.tags)],
        scope_selectors={REPOSITORY: [_immutable_selector(rule.repositories)]},
    )


def _repositories(sent: Mapping[str, _Selectors]) -> list[SelectorText]:
    unknown = [name for name in sent if name != REPOSITORY]
    if unknown:
        raise Invalid(f"the scope of a rule is told by {REPOSITORY} selectors; there are no {unknown[0][:64]!r} ones")
    return _texts(sent.get(REPOSITORY, ()))


def _texts(sent: _Selectors) -> list[SelectorText]:
    return [
        SelectorText(kind=one.kind or KIND, decoration=one.decoration, pattern=one.pattern, extras=one.extras)
        for one in sent
    ]


def _selector(selector: Selector) -> schema.RetentionSelector:
    return schema.RetentionSelector(
        kind=KIND, decoration=selector.decoration, pattern=selector.pattern.text, extras=selector.extras
    )


def _immutable_selector(selector: Selector) -> schema.ImmutableSelector:
    return schema.ImmutableSelector(
        kind=KIND, decoration=selector.decoration, pattern=selector.pattern.text, extras=selector.extras
    )


def _template(
    template: Template, text: str, *parameters: schema.RetentionRuleParamMetadata
) -> schema.RetentionRuleMetadata:
    return schema.RetentionRuleMetadata(
        rule_template=template.value, display_text=text, action=retention.ACTION, params=list(parameters)
    )


_COUNT = schema.RetentionRuleParamMetadata(type="int", unit="COUNT", required=True)
_DAYS = schema.RetentionRuleParamMetadata(type="int", unit="DAYS", required=True)

METADATA = schema.RetentionMetadata(
    templates=[
        _template(Template.LATEST_PUSHED, "the most recently pushed # artifacts", _COUNT),
        _template(Template.LATEST_PULLED, "the most recently pulled # artifacts", _COUNT),
        _template(Template.PUSHED_WITHIN, "pushed within the last # days", _DAYS),
        _template(Template.PULLED_WITHIN, "pulled within the last # days", _DAYS),
        _template(Template.ALWAYS, "always"),
    ],
    scope_selectors=[
        schema.RetentionSelectorMetadata(
            display_text="Repositories", kind=KIND, decorations=["repoMatches", "repoExcludes"]
        )
    ],
    tag_selectors=[
        schema.RetentionSelectorMetadata(display_text="Tags", kind=KIND, decorations=["matches", "excludes"])
    ],
)
"""What rules can be made of."""
