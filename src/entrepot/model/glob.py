"""Patterns for names, as Harbor's rules have them (doublestar).

    *        any characters but `/`
    **       as a whole part between `/`: any number of parts; last it stands for one or more; elsewhere it is `*`
    ?        one character but `/`
    [a-z]    one of these characters; `[^a-z]`: one of all others but `/`
    {a,b}    one of these patterns; they may be within one another
    \\x       the character itself

A pattern matches a whole name or does not. Whatever it says, matching takes time in proportion to its length and the
name's together: there is nothing to go back for.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from entrepot.model.errors import Invalid

LONGEST_PATTERN = 1024
"""Characters."""
MOST_ALTERNATIVES = 256
"""How many patterns without braces one with braces may stand for."""
_ANY_PARTS = None
"""Stands for `**` among the parts of a pattern."""

_Part = re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Glob:
    """A parsed pattern."""

    text: str
    literals: frozenset[str]
    """The characters that stand for themselves."""
    _whole: re.Pattern[str] | None
    """Of the alternatives without `/`; None if they match everything that has none."""
    _parted: tuple[tuple[_Part, ...], ...]
    """The alternatives with `/`."""
    _everything: bool

    @classmethod
    def parse(cls, text: str) -> "Glob":
        """The pattern that the text writes; an empty one matches everything. Raises Invalid with what is wrong."""
        return _parsed(text)

    def matches(self, name: str) -> bool:
        """Whether it matches the name, which is not empty."""
        if self._everything:
            return True
        if "/" not in name:
            return (self._whole is None or self._whole.fullmatch(name) is not None) or any(
                _match_parts(parts, [name]) for parts in self._parted
            )
        names = name.split("/")
        return any(_match_parts(parts, names) for parts in self._parted)

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Glob:
    if len(text) > LONGEST_PATTERN:
        raise Invalid(f"a pattern has at most {LONGEST_PATTERN} characters")
    if "\0" in text:
        raise Invalid("a pattern has no NUL character")
    whole: list[str] = []
    parted: list[tuple[_Part, ...]] = []
    literals: set[str] = set()
    everything = False
    for alternative in _alternatives(text or "**", text):
        parts = _split(alternative, text)
        if parts == ["**"]:
            everything = True
            continue
        if any(not part for part in parts):
            raise Invalid(f"{text!r} can never match: no name has an empty part before, after or between `/`")
        sources = [None if part == "**" else _source(part, text, literals) for part in parts]
        first = sources[0]
        if len(sources) == 1 and first is not None:
            whole.append(first)
        else:
            parted.append(tuple(_ANY_PARTS if one is None else re.compile(one, re.DOTALL) for one in sources))
    together = re.compile("|".join(f"(?:{one})" for one in whole) or r"(?!)", re.DOTALL)
    return Glob(text, frozenset(literals), together, tuple(parted), everything)


def _alternatives(pattern: str, whole: str) -> list[str]:
    """The patterns without braces that the pattern stands for."""
    found = [""]
    for pieces in _braces(pattern, whole):
        found = [before + piece for before in found for piece in pieces]
        if len(found) > MOST_ALTERNATIVES:
            raise Invalid(f"{whole[:100]!r} stands for more than {MOST_ALTERNATIVES} patterns; write several rules")
    return list(dict.fromkeys(found))


def _braces(pattern: str, whole: str) -> Iterator[list[str]]:
    """What may stand at each place: text between braces as it is, braces as what they stand for."""
    start = position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "{":
            yield [pattern[start:position]]
            position, inner = _closing(pattern, position + 1, whole)
            yield [one for piece in inner for one in _alternatives(piece, whole)]
            start = position
        elif character == "}":
            raise Invalid(f"{whole!r} has a `}}` without a `{{`")
        else:
            position = _next(pattern, position)
    yield [pattern[start:]]


def _closing(pattern: str, position: int, whole: str) -> tuple[int, list[str]]:
    """Where it goes on behind the brace that closes, and the pieces between commas."""
    pieces: list[str] = []
    start, depth = position, 1
    while position < len(pattern):
        character = pattern[position]
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
        if depth == 0 or (character == "," and depth == 1):
            pieces.append(pattern[start:position])
            start = position + 1
        if depth == 0:
            return position + 1, pieces
        position = position + 1 if character in "{}" else _next(pattern, position)
    raise Invalid(f"{whole!r} has a `{{` without a `}}`")


def _next(pattern: str, position: int) -> int:
    """Behind the character, which may be escaped, or the class."""
    if pattern[position] == "\\":
        return position + 2
    if pattern[position] == "[":
        position += 1
        while position < len(pattern) and pattern[position] != "]":
            position += 2 if pattern[position] == "\\" else 1
    return position + 1


def _split(alternative: str, whole: str) -> list[str]:
    parts, start, position = [], 0, 0
    while position < len(alternative):
        following = _next(alternative, position)
        if alternative[position] == "/":
            parts.append(alternative[start:position])
            start = following
        elif following > len(alternative):
            raise Invalid(f"{whole!r} ends within a class or behind a `\\`")
        position = following
    parts.append(alternative[start:])
    return parts


def _source(part: str, whole: str, literals: set[str]) -> str:
    """A regular expression for the part. It never goes back further than one run of single characters."""
    runs: list[list[str]] = [[]]
    position = 0
    while position < len(part):
        following = _next(part, position)
        character = part[position]
        if character == "*":
            runs.append([])
        elif character == "?":
            runs[-1].append(".")
        elif character == "[":
            runs[-1].append(_class(part[position + 1 : following - 1], whole))
        else:
            literals.add(part[following - 1])
            runs[-1].append(re.escape(part[following - 1]))
        position = following
    first, *more = ("".join(run) for run in runs)
    if not more:
        return first
    *middle, last = more
    # The earliest place for each run will do, as in any such pattern; atomic groups keep it from trying others.
    return first + "".join(f"(?>.*?{run})" for run in middle if run) + f".*{last}"


def _class(inner: str, whole: str) -> str:
    negated = inner.startswith("^")
    ranges: list[str] = []
    position = 1 if negated else 0
    while position < len(inner):
        low, position = _member(inner, position, whole)
        high = low
        if position < len(inner) and inner[position] == "-":
            high, position = _member(inner, position + 1, whole)
        if low > high:
            raise Invalid(f"{whole!r} has a class whose range {low}-{high} holds nothing")
        ranges.append(f"{re.escape(low)}-{re.escape(high)}")
    if not ranges:
        raise Invalid(f"{whole!r} has an empty class")
    return f"[{'^/' if negated else ''}{''.join(ranges)}]"


def _member(inner: str, position: int, whole: str) -> tuple[str, int]:
    character = inner[position : position + 1]
    if character == "\\":
        position += 1
        character = inner[position : position + 1]
    elif character == "-":
        raise Invalid(f"{whole!r} has a class with a `-` that is no range; write \\- for the character")
    if not character or character == "/":
        raise Invalid(f"{whole!r} has a class that is not complete, or that holds a `/`")
    return character, position + 1


def _match_parts(parts: Sequence[_Part], names: Sequence[str]) -> bool:
    """Whether the parts match the names one by one, `**` any number of them."""
    runs: list[list[re.Pattern[str]]] = [[]]
    for part in parts:
        if part is _ANY_PARTS:
            runs.append([])
        else:
            runs[-1].append(part)
    first, *more = runs
    if not more:
        return len(first) == len(names) and _match_run(first, names, 0)
    least = sum(len(run) for run in runs) + (0 if more[-1] else 1)
    if len(names) < least or not _match_run(first, names, 0):
        return False
    *middle, last = more
    position = len(first)
    for run in middle:
        while not _match_run(run, names, position):
            position += 1
            if position > len(names):
                return False
        position += len(run)
    end = len(names) - (len(last) or 1)
    return position <= end and (not last or _match_run(last, names, end))


def _match_run(run: Sequence[re.Pattern[str]], names: Sequence[str], position: int) -> bool:
    if position + len(run) > len(names):
        return False
    return all(part.fullmatch(names[position + place]) for place, part in enumerate(run))
