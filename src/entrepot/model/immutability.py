"""Rules that say which tags, once they are there, are neither moved nor deleted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from entrepot.model.errors import Invalid
from entrepot.model.selector import Selector

ACTION = "immutable"
TEMPLATE = "immutable_template"
EVERY = "of every name"
MOST_RULES = 100
"""Of a project: each is looked at whenever a tag is moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImmutableRule:
    """Which tags of which repositories are immutable."""

    id: int
    priority: int
    """Kept for who sent it; all rules count alike."""
    disabled: bool
    tags: Selector
    repositories: Selector

    def concerns(self, repository: str) -> bool:
        """Whether it says anything of the repository, whose name is without the project's."""
        return not self.disabled and self.repositories.selects(repository)

    def holds(self, repository: str, tag: str) -> bool:
        """Whether the tag is immutable by it."""
        return self.concerns(repository) and self.tags.selects(tag)

    @property
    def phrase(self) -> str:
        """Which tags, in words."""
        tags, repositories = self.tags.phrase or EVERY, self.repositories.phrase or EVERY
        return f"tags {tags} in repositories {repositories}"


def only(selectors: Sequence[Selector], what: str) -> Selector:
    """The one selector that a rule has. Raises Invalid if it is not one."""
    if len(selectors) != 1:
        raise Invalid(f"an immutable tag rule has one {what} selector; write {{a,b}} for several patterns")
    return selectors[0]


def holding(rules: Iterable[ImmutableRule], repository: str, tag: str) -> ImmutableRule | None:
    """The first of the rules by which the tag is immutable."""
    return next((rule for rule in rules if rule.holds(repository, tag)), None)
