"""What is told from below the pages, in the reader's language: sentences of errors, and why rules keep something.

Below the pages everybody speaks English, and some of it was written down long before it is read. So here a sentence is
found by its pattern, one of those that `locale/<language>/told.po` translates, with what is filled in as `%(1)s`,
`%(2)s` and so on. What is filled in may be a sentence itself. A test holds that no pattern of the source is missing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

LONGEST = 1500
"""Characters of a sentence that is looked at; a longer one stays as it is."""
DEEPEST = 7
"""How often a sentence is looked for within another."""
MOST_LOOKS = 200
"""How many sentences are looked for within one, itself included; none that is ours needs a quarter of that."""
_FILLED = re.compile(r"%\((\d+)\)s")
_FEW = 12
"""A pattern with fewer letters of its own is taken only if what is filled in are single words, or known as well."""
_BLANK = re.escape(" ")
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

    def find(self, sentence: str) -> str | None:
        """The sentence in this language; None if it is none that is known."""
        try:
            return self._find(sentence, 0, iter(range(MOST_LOOKS)))
        except StopIteration:  # Written to be looked at in all the ways there are: that may take for ever.
            return None

    def _find(self, sentence: str, depth: int, looks: Iterator[int]) -> str | None:
        next(looks)
        if depth > DEEPEST or len(sentence) > LONGEST:
            return None
        if sentence in self._plain:
            return self._plain[sentence]
        for between, joint in _JOINED:
            parts = self._each(sentence.split(between), depth, looks) if between in sentence else []
            if parts:
                return joint.join(part for part in parts if part)
        for pattern in self._patterns:
            match = pattern.matching.fullmatch(sentence) if pattern.literal in sentence else None
            filled = self._filled(match.groupdict(), pattern.weight < _FEW, depth, looks) if match is not None else None
            if filled is not None:
                return _joined(pattern.told % filled)
        return None

    def _each(self, sentences: list[str], depth: int, looks: Iterator[int]) -> list[str]:
        """Each of them in this language; nothing if one is not known."""
        found = []
        for one in sentences:
            told = self._find(one, depth + 1, looks)
            if told is None:
                return []
            found.append(told)
        return found

    def _filled(
        self, values: Mapping[str, str | None], known: bool, depth: int, looks: Iterator[int]
    ) -> dict[str, str] | None:
        """What is filled in, by its number, in this language; None if it has to be `known` and is not."""
        filled = {}
        for name, value in values.items():
            told = self._find(value, depth + 1, looks) if value and " " in value else None
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
    pieces = [re.escape(literals[0])]
    numbers = _FILLED.findall(sentence)
    for place, (number, before, after) in enumerate(zip(numbers, literals[:-1], literals[1:], strict=True), start=1):
        group = f"(?P<v{number}>.*?)"
        if before.endswith(" ") and (not after or after.startswith(" ")):
            # What is filled in may be nothing, and then the blank before it is not there either.
            ends = rf"(?={_BLANK}|\Z)" if after or place == len(numbers) else ""
            pieces[-1] = pieces[-1].removesuffix(_BLANK) + ends
            group = f"(?:{_BLANK}{group})?"
        pieces.append(group + re.escape(after))
    # Each but the last ends where it can first, and that is final: others could be tried in as many ways as it takes to
    # keep everybody waiting, if somebody wrote what is filled in for that.
    made = "".join(f"(?>{piece})" for piece in pieces[:-1]) + pieces[-1]
    return _Pattern(max(literals, key=len).strip(), letters, re.compile(made, re.DOTALL), told)
