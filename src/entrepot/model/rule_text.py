"""Rules as JSON, as they are kept."""

from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.model.immutability import ImmutableRule, only
from entrepot.model.retention import RetentionRule, Template
from entrepot.model.selector import (
    KIND,
    Selector,
    SelectorText,
    parse_repository_selectors,
    parse_tag_selectors,
)

Plain = dict[str, Any]


def plain_rule(rule: RetentionRule) -> Plain:
    """The rule as JSON has it."""
    return {
        "id": rule.id,
        "priority": rule.priority,
        "disabled": rule.disabled,
        "template": rule.template.value,
        "number": rule.number,
        "tags": _plain(rule.tags),
        "repositories": _plain(rule.repositories),
    }


def rule_of(plain: Mapping[str, Any]) -> RetentionRule:
    """The rule that `plain_rule` wrote."""
    return RetentionRule(
        id=plain["id"],
        priority=plain["priority"],
        disabled=plain["disabled"],
        template=Template(plain["template"]),
        number=plain["number"],
        tags=parse_tag_selectors(_texts(plain["tags"])),
        repositories=parse_repository_selectors(_texts(plain["repositories"])),
    )


def plain_selectors(rule: ImmutableRule) -> Plain:
    """What an immutable tag rule is about, as JSON has it."""
    return {"tags": _plain([rule.tags]), "repositories": _plain([rule.repositories])}


def immutable_rule_of(rule_id: int, plain: Mapping[str, Any], priority: int, disabled: bool) -> ImmutableRule:
    """The rule whose selectors `plain_selectors` wrote."""
    return ImmutableRule(
        id=rule_id,
        priority=priority,
        disabled=disabled,
        tags=only(parse_tag_selectors(_texts(plain["tags"])), "tag"),
        repositories=only(parse_repository_selectors(_texts(plain["repositories"])), "repository"),
    )


def _plain(selectors: Sequence[Selector]) -> list[Plain]:
    return [{"decoration": one.decoration, "pattern": one.pattern.text, "extras": one.extras} for one in selectors]


def _texts(plain: Sequence[Mapping[str, Any]]) -> list[SelectorText]:
    return [SelectorText(kind=KIND, **one) for one in plain]
