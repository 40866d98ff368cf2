"""Rules as forms write them: what people choose, and the rules that it makes."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from entrepot.model.errors import Invalid
from entrepot.model.immutability import ImmutableRule, only
from entrepot.model.retention import RetentionRule, Template, parse_template
from entrepot.model.selector import (
    EXCLUDES,
    KIND,
    MATCHES,
    REPO_EXCLUDES,
    REPO_MATCHES,
    Selector,
    SelectorText,
    parse_repository_selectors,
    parse_tag_selectors,
)
from entrepot.web.errors import N_
from entrepot.web.form import Fields

OFFERED = {
    Template.LATEST_PUSHED: N_("the artifacts pushed last, as many as"),
    Template.LATEST_PULLED: N_("the artifacts pulled last, as many as"),
    Template.PUSHED_WITHIN: N_("what was pushed within these days"),
    Template.PULLED_WITHIN: N_("what was pulled within these days"),
    Template.ALWAYS: N_("everything"),
}
"""The templates that the form offers, as sentences to be translated."""
OLD = {
    Template.LATEST_ACTIVE: N_("the artifacts pushed or pulled last, as many as"),
    Template.LAST_DAYS: N_("what was pushed within these days"),
}
"""Those that it shows only where a rule has one."""
EVERYTHING = "**"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A selector in a form."""

    excludes: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFields:
    """A rule in a form, whether it fits or not."""

    template: str
    number: str
    tags: tuple[Pattern, ...]
    repositories: tuple[Pattern, ...]
    untagged: bool


NEW = RuleFields(
    template=Template.LATEST_PUSHED.value,
    number="10",
    tags=(Pattern(excludes=False, text=EVERYTHING),),
    repositories=(Pattern(excludes=False, text=EVERYTHING),),
    untagged=True,
)
NEW_IMMUTABLE = RuleFields(
    template="", number="", tags=(Pattern(excludes=False, text="v*"),), repositories=NEW.repositories, untagged=False
)


def sent(form: Fields) -> RuleFields:
    """The fields as they were sent."""
    return RuleFields(
        template=form.text("template"),
        number=form.text("number")[:10],
        tags=_patterns(form, "tags"),
        repositories=_patterns(form, "repositories"),
        untagged=form.ticked("untagged"),
    )


def fields_of_rule(rule: RetentionRule) -> RuleFields:
    """The rule as the form shows it."""
    return RuleFields(
        template=rule.template.value,
        number="" if rule.template is Template.ALWAYS else str(rule.number),
        tags=_shown(rule.tags) or NEW.tags,
        repositories=_shown(rule.repositories) or NEW.repositories,
        untagged=rule.selects(None),
    )


def fields_of_immutable(rule: ImmutableRule) -> RuleFields:
    """The rule as the form shows it."""
    return RuleFields(
        template="", number="", tags=_shown([rule.tags]), repositories=_shown([rule.repositories]), untagged=False
    )


def retention_rule(fields: RuleFields, rule_id: int, *, disabled: bool) -> RetentionRule:
    """The rule that the fields make. Raises Invalid."""
    always = fields.template == Template.ALWAYS
    template, number = parse_template(fields.template, {} if always else {fields.template: fields.number})
    return RetentionRule(
        id=rule_id,
        priority=0,
        disabled=disabled,
        template=template,
        number=number,
        tags=parse_tag_selectors([_tag(one, untagged=fields.untagged) for one in fields.tags]),
        repositories=parse_repository_selectors([_repository(one) for one in fields.repositories]),
    )


def immutable_rule(fields: RuleFields, rule_id: int, *, disabled: bool) -> ImmutableRule:
    """The rule that the fields make. Raises Invalid."""
    tags = [SelectorText(kind=KIND, decoration=_way(one, MATCHES, EXCLUDES), pattern=one.text) for one in fields.tags]
    return ImmutableRule(
        id=rule_id,
        priority=0,
        disabled=disabled,
        tags=only(parse_tag_selectors(tags), "tag"),
        repositories=only(parse_repository_selectors([_repository(one) for one in fields.repositories]), "repository"),
    )


def _patterns(form: Fields, name: str) -> tuple[Pattern, ...]:
    texts, ways = form.many(name), form.many(f"{name}_way")
    if len(texts) != len(ways):
        raise Invalid(f"each pattern of {name} says whether it matches or excludes")
    found = (Pattern(excludes=way == "excludes", text=text.strip()) for text, way in zip(texts, ways, strict=True))
    return tuple(one for one in found if one.text) or (Pattern(excludes=False, text=EVERYTHING),)


def _shown(selectors: Sequence[Selector] | Iterable[Selector]) -> tuple[Pattern, ...]:
    return tuple(
        Pattern(excludes=one.decoration in (EXCLUDES, REPO_EXCLUDES), text=one.pattern.text or EVERYTHING)
        for one in selectors
    )


def _tag(pattern: Pattern, *, untagged: bool) -> SelectorText:
    # The flag of a selector that excludes says whether artifacts without a tag are excluded as well.
    flag = untagged is not pattern.excludes
    extras = json.dumps({"untagged": flag}, separators=(",", ":"))
    return SelectorText(kind=KIND, decoration=_way(pattern, MATCHES, EXCLUDES), pattern=pattern.text, extras=extras)


def _repository(pattern: Pattern) -> SelectorText:
    return SelectorText(kind=KIND, decoration=_way(pattern, REPO_MATCHES, REPO_EXCLUDES), pattern=pattern.text)


def _way(pattern: Pattern, matches: str, excludes: str) -> str:
    return excludes if pattern.excludes else matches
