"""Which repositories and tags a rule is about, as Harbor's rules say it: patterns to match or to exclude."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.model.errors import Invalid
from entrepot.model.glob import Glob

KIND = "doublestar"
MATCHES, EXCLUDES = "matches", "excludes"
REPO_MATCHES, REPO_EXCLUDES = "repoMatches", "repoExcludes"
MOST_SELECTORS = 10
LONGEST_EXTRAS = 256

_IN_TAGS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_IN_REPOSITORIES = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.-/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A pattern, and whether what it matches is selected or everything else."""

    decoration: str
    pattern: Glob
    extras: str = ""
    """As it was given: JSON that says whether artifacts without a tag are meant as well."""
    untagged: bool = True
    """Whether an artifact without a tag is selected."""

    def selects(self, name: str) -> bool:
        """Whether the tag, or the repository without its project's name, is selected."""
        return self.pattern.matches(name) is (self.decoration in (MATCHES, REPO_MATCHES))

    @property
    def phrase(self) -> str:
        """In words, behind `tags` or the like."""
        text = self.pattern.text or "**"
        if self.decoration in (MATCHES, REPO_MATCHES):
            return "" if text == "**" else f"matching {text}"
        return f"not matching {text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectorText:
    """A selector as it was sent."""

    kind: str
    decoration: str
    pattern: str
    extras: str = ""


def parse_tag_selectors(given: Sequence[SelectorText]) -> tuple[Selector, ...]:
    """The selectors of tags. What is selected by all of them is meant. Raises Invalid."""
    return tuple(_parse(one, (MATCHES, EXCLUDES), "tag", _IN_TAGS) for one in _few(given))


def parse_repository_selectors(given: Sequence[SelectorText]) -> tuple[Selector, ...]:
    """As `parse_tag_selectors`, of repositories: their names without the project's."""
    return tuple(_parse(one, (REPO_MATCHES, REPO_EXCLUDES), "repository", _IN_REPOSITORIES) for one in _few(given))


def _few(given: Sequence[SelectorText]) -> Sequence[SelectorText]:
    if len(given) > MOST_SELECTORS:
        raise Invalid(f"a rule has at most {MOST_SELECTORS} selectors of a kind; write {{a,b}} for several patterns")
    return given


def _parse(given: SelectorText, decorations: tuple[str, str], what: str, alphabet: frozenset[str]) -> Selector:
    if given.kind != KIND:
        raise Invalid(f"the kind of a selector is {KIND}, not {given.kind[:64]!r}")
    if given.decoration not in decorations:
        expected = " or ".join(decorations)
        raise Invalid(f"the decoration of a {what} selector is {expected}, not {given.decoration[:64]!r}")
    pattern = Glob.parse(given.pattern)
    never = sorted(pattern.literals - alphabet)
    if what == "tag" and ("/" in given.pattern):
        raise Invalid(
            f"{given.pattern!r} can never match: no tag has a `/`; say which repositories with a repository selector"
        )
    if never:
        raise Invalid(
            f"{given.pattern!r} can never match all it says: no {what} has a {never[0]!r} in its name;"
            " write {a,b} for several patterns"
        )
    excludes = given.decoration == EXCLUDES
    flag = _untagged(given.extras, default=not excludes)
    # The flag of a selector that excludes says whether artifacts without a tag are excluded as well.
    return Selector(
        decoration=given.decoration, pattern=pattern, extras=given.extras, untagged=not flag if excludes else flag
    )


def _untagged(extras: str, *, default: bool) -> bool:
    if not extras:
        return default
    try:
        if len(extras) > LONGEST_EXTRAS:
            raise ValueError
        told = json.loads(extras)
        if not isinstance(told, dict) or not told.keys() <= {"untagged"}:
            raise ValueError
        flag = told.get("untagged", False)
        if not isinstance(flag, bool):
            raise ValueError
    except (ValueError, RecursionError) as error:
        raise Invalid('the extras of a tag selector are the text {"untagged":true} or {"untagged":false}') from error
    return flag
