"""What is told from below the pages, in the reader's language: sentences of errors, and why rules keep something.

Below the pages everybody speaks English, and some of it was written down long before it is read. So here a sentence is
found by its pattern, one of those that `locale/<language>/told.po` translates, with what is filled in as `%(1)s`,
`%(2)s` and so on. What is filled in may be a sentence itself. A test holds that no pattern of the source is missing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST = 1500
"""Characters of a sentence that is looked at; a longer one stays as it is."""
DEEPEST = 7
"""How often a sentence is looked for within another."""
_FILLED = re.compile(r"%\((\d+)\)s")
_FEW = 12
"""A pattern with fewer letters of its own is taken only if what is filled in are single words, or known as well."""
_SEAM, _NOTHING = "\x01", "\x02"
"""Stand where a sentence begins or ends within another, and where nothing is filled in."""
_AROUND_NOTHING = re.compile(f"\uff08{_NOTHING}\uff09| ?{_NOTHING} ?")
_IDEOGRAPH = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
_BLANK_AT_SEAM = re.compile(f"(?<={_IDEOGRAPH}) ?{_SEAM} ?(?={_IDEOGRAPH})")
_JOINED = (("; ", "\uff1b"), (" and ", "\uff0c\u4e14"), (", ", "\u3001"))


@dataclass(frozen=True, slots=True)
class _Pattern:
    literal: str
    """The longest part of it that always stands there."""
    weight: int
    matching: re.Pattern[str]
    told: str


class Told:
    """Sentences from below, in one language."""

    def __init__(self, translated: Mapping[str, str]) -> None:
        """`translated`: what the language has for each pattern."""
        self._plain = {one.replace("%%", "%"): told.replace("%%", "%") for one, told in translated.items()}
        patterns = [_pattern(one, told) for one, told in translated.items() if _FILLED.search(one)]
        # What says more is the better reading of a sentence that two patterns fit.
        self._patterns = sorted(patterns, key=lambda one: -one.weight)

    def find(self, sentence: str, depth: int = 0) -> str | None:
        """The sentence in this language; None if it is none that is known."""
        if depth > DEEPEST or len(sentence) > LONGEST:
            return None
        if sentence in self._plain:
            return self._plain[sentence]
        for between, joint in _JOINED:
            parts = [self.find(part, depth + 1) for part in sentence.split(between)] if between in sentence else []
            if parts and None not in parts:
                return joint.join(part for part in parts if part)
        for pattern in self._patterns:
            match = pattern.matching.fullmatch(sentence) if pattern.literal in sentence else None
            filled = self._filled(match.groupdict(), pattern.weight < _FEW, depth) if match is not None else None
            if filled is not None:
                return _joined(pattern.told % filled)
        return None

    def _filled(self, values: Mapping[str, str | None], known: bool, depth: int) -> dict[str, str] | None:
        """What is filled in, by its number, in this language; None if it has to be `known` and is not."""
        filled = {}
        for name, value in values.items():
            told = self.find(value, depth + 1) if value and " " in value else None
            if known and told is None and value and " " in value:
                return None
            filled[name[1:]] = (value or _NOTHING) if told is None else f"{_SEAM}{told}{_SEAM}"
        return filled


def _joined(text: str) -> str:
    """Without what surrounds nothing, and without blanks between ideographs where sentences meet."""
    return _BLANK_AT_SEAM.sub("", _AROUND_NOTHING.sub("", text)).replace(_SEAM, "").strip()


def _pattern(sentence: str, told: str) -> _Pattern:
    literals = [part.replace("%%", "%") for part in _FILLED.split(sentence)[::2]]
    letters = sum(character.isalpha() for part in literals for character in part)
    made = re.escape(literals[0])
    for number, before, after in zip(_FILLED.findall(sentence), literals[:-1], literals[1:], strict=True):
        group = f"(?P<v{number}>.*?)"
        if before.endswith(" ") and (not after or after.startswith(" ")):
            # What is filled in may be nothing, and then the blank before it is not there either.
            made = f"{made.removesuffix(re.escape(' '))}(?: {group})?"
        else:
            made += group
        made += re.escape(after)
    return _Pattern(max(literals, key=len).strip(), letters, re.compile(made, re.DOTALL), told)
