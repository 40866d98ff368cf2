"""Patterns, against what doublestar itself answers, and against a slow reading of the same rules."""

import re
import time
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from entrepot.model.errors import Invalid
from entrepot.model.glob import LONGEST_PATTERN, Glob

# As github.com/bmatcuk/doublestar 1.3.4, which Harbor uses, answers.
MATCHING = [
    ("abc", "abc"),
    ("*", "abc"),
    ("*c", "abc"),
    ("a*", "a"),
    ("a*/b", "abc/b"),
    ("a*b*c*d*e*/f", "axbxcxdxexxx/f"),
    ("a*b?c*x", "abxbbxdbxebxczzx"),
    ("ab[b-d]", "abc"),
    ("ab[^e-g]", "abc"),
    ("a?b", "a☺b"),
    ("[à-ý]*", "é"),
    ("[\\]a]", "]"),
    ("[x\\-]", "-"),
    ("*x", "xxx"),
    ("**", "abc"),
    ("**", "a/b/c"),
    ("a/**", "a/b/c"),
    ("**/c", "c"),
    ("**/c", "a/b/c"),
    ("a/**/b", "a/b"),
    ("a/**/d", "a/b/c/d"),
    ("ab{c,d,*}", "abcde"),
    ("a{,bc}", "a"),
    ("a{,bc}", "abc"),
    ("a/{b/c,c/b}", "a/c/b"),
    ("{a/{b,c},abc}", "a/b"),
    ("{a/{b,c},abc}", "abc"),
    ("{a/abc}", "a/abc"),
    ("v{1,2}.[0-9]*", "v2.31.0"),
    ("a\\*b", "a*b"),
    ("", "anything"),
]
NOT_MATCHING = [
    ("*", "a/b"),
    ("a*", "ab/c"),
    ("a*b?c*x", "abxbbxdbxebxczzy"),
    ("ab[^b-d]", "abc"),
    ("a\\*b", "ab"),
    ("a?b", "a/b"),
    ("a[^a]b", "a/b"),
    ("*[à-ý]", "A"),
    ("a/**", "a"),
    ("**/c", "abcd"),
    ("abc**", "abc/b"),
    ("{a/{b,c},abc}", "a/b/c"),
    ("a/b/c", "a/b"),
    ("V*", "v1"),
]
WRONG = [
    "[",
    "[^",
    "[]",
    "[^]",
    "[-]",
    "[x-]",
    "[-x]",
    "[a-b-c]",
    "[b-a]",
    "a\\",
    "{a",
    "a}",
    "{a,{b}",
    "a//b",
    "/a",
    "a/",
    "a[/]b",
]


@pytest.mark.parametrize(("pattern", "name"), MATCHING)
def test_it_matches(pattern: str, name: str) -> None:
    assert Glob.parse(pattern).matches(name)


@pytest.mark.parametrize(("pattern", "name"), NOT_MATCHING)
def test_it_does_not_match(pattern: str, name: str) -> None:
    assert not Glob.parse(pattern).matches(name)


@pytest.mark.parametrize("pattern", [*WRONG, "a\0", "x" * (LONGEST_PATTERN + 1), "{a,b}" * 9])
def test_what_is_wrong_is_told(pattern: str) -> None:
    with pytest.raises(Invalid):
        Glob.parse(pattern)


Token = tuple[Any, ...]
characters = st.sampled_from("ab/.")
parts = st.recursive(
    st.lists(
        st.one_of(
            st.sampled_from([("*",), ("?",)]),
            st.tuples(st.just("is"), st.sampled_from("ab.")),
            st.tuples(st.just("one"), st.sampled_from(["ab", "b.", "a"])),
            st.tuples(st.just("none"), st.sampled_from(["ab", "b."])),
        ),
        min_size=1,
        max_size=5,
    ).map(tuple),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda some: (("or", tuple(some)),)),
    max_leaves=4,
)
patterns = st.lists(st.one_of(parts, st.just((("**",),))), min_size=1, max_size=4)
names = st.text("ab.", min_size=1, max_size=4)


def written(tokens: tuple[Token, ...]) -> str:
    """The tokens as a pattern writes them."""
    text = ""
    for token in tokens:
        if token[0] == "or":
            text += "{" + ",".join(written(one) for one in token[1]) + "}"
        elif token[0] in ("one", "none"):
            text += f"[{'^' if token[0] == 'none' else ''}{token[1]}]"
        else:
            text += token[-1]
    return text


def slow_part(tokens: tuple[Token, ...], name: str) -> bool:
    """Whether the tokens match the name, by trying everything."""
    if not tokens:
        return not name
    token, rest = tokens[0], tokens[1:]
    if token[0] == "or":
        return any(slow_part((*one, *rest), name) for one in token[1])
    if token[0] == "*":
        return any(slow_part(rest, name[start:]) for start in range(len(name) + 1))
    fits = {"?": lambda c: True, "is": token[-1].__eq__, "one": token[-1].__contains__}
    accepts = fits.get(token[0], lambda c: c not in token[-1])
    return bool(name) and accepts(name[0]) and slow_part(rest, name[1:])


def slow(pattern: list[tuple[Token, ...]], name: list[str]) -> bool:
    """As `slow_part`, of all parts: `**` stands for any number of them, last for at least one."""
    if not pattern:
        return not name
    if pattern[0] == (("**",),):
        least = 1 if len(pattern) == 1 else 0
        return any(slow(pattern[1:], name[start:]) for start in range(least, len(name) + 1))
    return bool(name) and slow_part(pattern[0], name[0]) and slow(pattern[1:], name[1:])


@given(pattern=patterns, name=st.lists(names, min_size=1, max_size=4))
@settings(max_examples=400, deadline=None)
def test_it_agrees_with_a_slow_reading(pattern: list[tuple[Token, ...]], name: list[str]) -> None:
    # Asterisks that meet are `**`, or nearly so where braces are between them.
    assume(all(part == (("**",),) or "**" not in re.sub("[{},]", "", written(part)) for part in pattern))
    text = "/".join(written(part) for part in pattern)
    assert Glob.parse(text).matches("/".join(name)) == slow(pattern, name), text


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*a" * 120 + "b", "a" * 128),
        ("{a*,*a}" * 8 + "b", "a" * 128),
        ("**/a/" * 100 + "b", "a/" * 120 + "c"),
        ("*?" * 60 + "[^a]", "a" * 128),
    ],
)
def test_no_pattern_takes_long(pattern: str, name: str) -> None:
    parsed = Glob.parse(pattern)
    start = time.process_time()
    assert not parsed.matches(name)
    assert time.process_time() - start < 0.2
