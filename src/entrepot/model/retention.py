"""Rules that say what is kept of a project's artifacts; everything else in the repositories they are about may go.

A tag is kept if any rule keeps it. Rules that count, count artifacts: of each that is counted in, every tag that the
rule selects is kept. An artifact goes when none of its tags stays; one without a tag, when no rule keeps it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from entrepot.model.errors import AlreadyExists, Invalid
from entrepot.model.selector import Selector

ALGORITHM = "or"
ACTION = "retain"
SCOPE = "project"
SCHEDULED = "Schedule"
MOST_RULES = 15
MOST_COUNTED = 32_766
MOST_DAYS = 20_190_904
LARGEST_PRIORITY = 2**31 - 1


class Template(StrEnum):
    """What a rule keeps of what it selects. Each but ALWAYS has one parameter, which has the template's name."""

    LATEST_PUSHED = "latestPushedK"
    LATEST_PULLED = "latestPulledN"
    LATEST_ACTIVE = "latestActiveK"
    """Pushed or pulled. It and LAST_DAYS are kept from Harbor's first releases, and offered by none."""
    PUSHED_WITHIN = "nDaysSinceLastPush"
    PULLED_WITHIN = "nDaysSinceLastPull"
    LAST_DAYS = "lastXDays"
    """As PUSHED_WITHIN."""
    ALWAYS = "always"

    @property
    def counts(self) -> bool:
        """Whether its parameter is how many artifacts are kept."""
        return self in COUNTING


COUNTING = frozenset({Template.LATEST_PUSHED, Template.LATEST_PULLED, Template.LATEST_ACTIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """What is kept of some repositories."""

    id: int
    priority: int
    """Kept for who sent it; all rules count alike."""
    disabled: bool
    template: Template
    number: int
    """The parameter: artifacts or days; 0 for ALWAYS."""
    tags: tuple[Selector, ...]
    repositories: tuple[Selector, ...]

    def concerns(self, repository: str) -> bool:
        """Whether it says anything of the repository, whose name is without the project's."""
        return not self.disabled and all(one.selects(repository) for one in self.repositories)

    def selects(self, tag: str | None) -> bool:
        """Whether it says anything of the tag; None: of an artifact without any."""
        if tag is None:
            return all(one.untagged for one in self.tags)
        return all(one.selects(tag) for one in self.tags)

    @property
    def about(self) -> str:
        """Which tags, in words; empty for all."""
        return " and ".join(one.phrase for one in self.tags if one.phrase)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """The rules of a project, and when they are carried out."""

    rules: tuple[RetentionRule, ...]
    cron: str
    """Six fields; empty: only when somebody asks for it."""

    def concerns(self, repository: str) -> bool:
        """Whether any rule says anything of the repository. Of all others nothing is taken."""
        return any(rule.concerns(repository) for rule in self.rules)


def parse_template(template: str, parameters: Mapping[str, object]) -> tuple[Template, int]:
    """The template of that name, and its parameter. Raises Invalid."""
    try:
        found = Template(template)
    except ValueError as error:
        raise Invalid(f"there is no rule template {template[:64]!r}; there are {', '.join(Template)}") from error
    if found is Template.ALWAYS:
        if parameters:
            raise Invalid("the rule template always has no parameter")
        return found, 0
    unknown = [name for name in parameters if name != template]
    if unknown:
        raise Invalid(f"the rule template {template} has no parameter {unknown[0][:64]!r}; its only one is {template}")
    if template not in parameters:
        unit = "artifacts to keep" if found.counts else "days"
        raise Invalid(f"the rule template {template} needs its parameter {template}, the number of {unit}")
    most = MOST_COUNTED if found.counts else MOST_DAYS
    number = _whole(parameters[template])
    if number is None or not 0 <= number <= most:
        raise Invalid(f"the parameter {template} is a whole number from 0 to {most}")
    return found, number


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        return int(value)
    return None


def check_rules(rules: Sequence[RetentionRule]) -> None:
    """Returns if these can be the rules of one project. Raises Invalid, and AlreadyExists if two are the same."""
    if len(rules) > MOST_RULES:
        raise Invalid(f"a project has at most {MOST_RULES} rules")
    seen: dict[tuple[object, ...], int] = {}
    for position, rule in enumerate(rules, 1):
        if not 0 <= rule.priority <= LARGEST_PRIORITY:
            raise Invalid(f"the priority of a rule is a whole number from 0 to {LARGEST_PRIORITY}")
        same = (rule.disabled, rule.template, rule.number, rule.tags, rule.repositories)
        if same in seen:
            raise AlreadyExists(f"rule {position} is the same as rule {seen[same]}")
        seen[same] = position
