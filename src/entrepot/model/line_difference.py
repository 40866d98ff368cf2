"""The difference of two texts, line by line, in bounded time."""

import difflib
from enum import StrEnum
from typing import NamedTuple

MOST_LINES = 3000
"""Of either text, between what they begin and end with in common."""
CONTEXT = 3
_LONGEST = 2000


class Sign(StrEnum):
    """What became of a line."""

    SAME = " "
    ADDED = "+"
    REMOVED = "-"
    GAP = "@"
    """Lines that are the same are left out here."""


class Line(NamedTuple):
    """A line of the difference."""

    sign: Sign
    text: str
    before: int | None
    """Its number in the text before, from 1."""
    after: int | None


def line_difference(before: str, after: str) -> list[Line] | None:
    """The lines that differ, with some around them; None if there are too many to compare."""
    old, new = before.splitlines(), after.splitlines()
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    mine, theirs = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(mine), len(theirs)) > MOST_LINES:
        return None
    if not mine and not theirs:
        return []
    first = max(0, head - CONTEXT)
    old, new = old[first : len(old) - max(0, tail - CONTEXT)], new[first : len(new) - max(0, tail - CONTEXT)]
    lines: list[Line] = []
    for group in difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(CONTEXT):
        lines.append(Line(Sign.GAP, "", first + group[0][1] + 1, first + group[0][3] + 1))
        for what, start, end, new_start, new_end in group:
            if what == "equal":
                lines += [
                    Line(Sign.SAME, text[:_LONGEST], first + start + at + 1, first + new_start + at + 1)
                    for at, text in enumerate(old[start:end])
                ]
                continue
            lines += [
                Line(Sign.REMOVED, text[:_LONGEST], first + start + at + 1, None)
                for at, text in enumerate(old[start:end])
            ]
            lines += [
                Line(Sign.ADDED, text[:_LONGEST], None, first + new_start + at + 1)
                for at, text in enumerate(new[new_start:new_end])
            ]
    return lines
