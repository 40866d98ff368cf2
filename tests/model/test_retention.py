"""What rules keep, against a short reading of the same rules that does it all at once."""

import json
import tracemalloc
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.model.digest import Digest
from entrepot.model.errors import AlreadyExists, Invalid
from entrepot.model.immutability import ImmutableRule, holding, only
from entrepot.model.retained import Candidate, CandidateTag, Retained
from entrepot.model.retention import (
    MOST_COUNTED,
    RetentionPolicy,
    RetentionRule,
    Template,
    check_rules,
    parse_template,
)
from entrepot.model.selector import Selector, SelectorText, parse_repository_selectors, parse_tag_selectors

DAY = 24 * 60 * 60 * 1_000_000
NOW = 1000 * DAY
PATTERNS = ["**", "v*", "dev*", "*1", "v1"]


def tag_selector(decoration: str, pattern: str, extras: str = "") -> SelectorText:
    return SelectorText(kind="doublestar", decoration=decoration, pattern=pattern, extras=extras)


def rule(
    template: str, number: int = 0, *tags: SelectorText, repositories: str = "**", disabled: bool = False
) -> RetentionRule:
    return RetentionRule(
        id=0,
        priority=0,
        disabled=disabled,
        template=Template(template),
        number=number,
        tags=parse_tag_selectors(tags or [tag_selector("matches", "**")]),
        repositories=parse_repository_selectors([tag_selector("repoMatches", repositories)]),
    )


def kept(policy: RetentionPolicy, candidates: Sequence[Candidate]) -> set[tuple[int, str | None]]:
    """The tags that stay, with the artifacts' ids."""
    retained = Retained(policy, "app", NOW)
    retained.look(candidates)
    decisions = [retained.decide(one) for one in candidates]
    assert all(verdict.why for decision in decisions for verdict in decision.verdicts)
    return {(d.candidate.id, v.tag) for d in decisions for v in d.verdicts if v.kept}


Row = tuple[int, str | None, int, int | None]
"""The id of an artifact, a tag of it or none, when that was pushed, and when it was pulled."""


def reference(policy: RetentionPolicy, candidates: Sequence[Candidate]) -> set[tuple[int, str | None]]:
    """The same, read from docs/retention.md and from nothing else."""
    stays: set[tuple[int, str | None]] = set()
    for one in policy.rules:
        if not one.disabled:
            selected = [row for row in rows(candidates) if all(picks(selector, row[1]) for selector in one.tags)]
            stays |= {(number, name) for number, name, _, _ in retained(one, selected)}
    return stays


def rows(candidates: Sequence[Candidate]) -> Iterator[Row]:
    for artifact in candidates:
        if not artifact.tags:
            yield artifact.id, None, artifact.pushed_at, artifact.pulled_at
        for tag in artifact.tags:
            pulls = [at for at in (artifact.pulled_at, tag.pulled_at) if at is not None]
            yield artifact.id, tag.name, max(artifact.pushed_at, tag.pushed_at), max(pulls, default=None)


def picks(selector: Selector, name: str | None) -> bool:
    excludes = selector.decoration == "excludes"
    if name is None:
        return (json.loads(selector.extras)["untagged"] if selector.extras else not excludes) != excludes
    return fnmatchcase(name, selector.pattern.text.replace("**", "*")) != excludes


def retained(one: RetentionRule, selected: list[Row]) -> list[Row]:
    if one.template == "always":
        return selected
    if one.template in ("nDaysSinceLastPush", "lastXDays"):
        return [row for row in selected if (NOW - row[2]) / DAY <= one.number]
    if one.template == "nDaysSinceLastPull":
        return [row for row in selected if (NOW - (row[2] if row[3] is None else row[3])) / DAY <= one.number]
    best: dict[int, tuple[int, int]] = {}
    for number, _, pushed, pulled in selected:
        by = {"latestPushedK": pushed, "latestPulledN": pulled or 0, "latestActiveK": max(pushed, pulled or 0)}
        best[number] = max(best.get(number, (0, 0)), (by[one.template], pushed))
    first = sorted(best, key=lambda number: (*best[number], number), reverse=True)[: one.number]
    return [row for row in selected if row[0] in first]


times = st.integers(1, 12).map(lambda days: NOW - days * DAY)
pulls = st.none() | times
extras = st.sampled_from(["", '{"untagged":true}', '{"untagged":false}'])
selectors = st.builds(tag_selector, st.sampled_from(["matches", "excludes"]), st.sampled_from(PATTERNS), extras)
rules = st.builds(
    lambda template, number, tags, disabled: rule(template, number, *tags, disabled=disabled),
    st.sampled_from([str(one) for one in Template]),
    st.integers(0, 8),
    st.lists(selectors, min_size=1, max_size=2),
    st.booleans(),
)


@st.composite
def repositories(draw: st.DrawFn) -> list[Candidate]:
    """Some artifacts, among them tags of each name at most once."""
    names = draw(st.lists(st.sampled_from(["v1", "v2", "v11", "dev", "dev1", "latest", "x"]), unique=True))
    count = draw(st.integers(1, 6))
    of = [draw(st.integers(0, count - 1)) for _ in names]
    return [
        Candidate(
            number,
            Digest.of(str(number).encode()),
            draw(times),
            draw(pulls),
            tuple(
                CandidateTag(name, draw(times), draw(pulls)) for name, at in zip(names, of, strict=True) if at == number
            ),
        )
        for number in range(count)
    ]


@given(given=st.lists(rules, min_size=1, max_size=4), candidates=repositories())
@settings(max_examples=600, deadline=None)
def test_it_keeps_what_the_rules_say(given: list[RetentionRule], candidates: list[Candidate]) -> None:
    policy = RetentionPolicy(rules=tuple(given), cron="")
    assert kept(policy, candidates) == reference(policy, candidates)


@given(given=st.lists(rules, min_size=1, max_size=3), more=rules, candidates=repositories())
@settings(max_examples=200, deadline=None)
def test_another_rule_never_takes_anything(
    given: list[RetentionRule], more: RetentionRule, candidates: list[Candidate]
) -> None:
    before = kept(RetentionPolicy(rules=tuple(given), cron=""), candidates)
    assert kept(RetentionPolicy(rules=(*given, more), cron=""), candidates) >= before


def artifact(number: int, *tags: str, days: int, pulled: int | None = None) -> Candidate:
    at = NOW - days * DAY
    pulled_at = None if pulled is None else NOW - pulled * DAY
    return Candidate(
        number, Digest.of(str(number).encode()), at, pulled_at, tuple(CandidateTag(t, at, None) for t in tags)
    )


def whys(policy: RetentionPolicy, *candidates: Candidate) -> dict[tuple[int, str | None], str]:
    retained = Retained(policy, "app", NOW)
    retained.look(candidates)
    return {(c.id, v.tag): v.why for c in candidates for v in retained.decide(c).verdicts}


def test_the_reasons_are_sentences() -> None:
    policy = RetentionPolicy(
        rules=(
            rule("latestPushedK", 2, tag_selector("matches", "v*", '{"untagged":false}')),
            rule("nDaysSinceLastPull", 7, tag_selector("excludes", "v*")),
            rule("always", 0, tag_selector("matches", "stable"), disabled=True),
        ),
        cron="",
    )
    told = whys(
        policy,
        artifact(1, "v1", "old", days=30),
        artifact(2, "v2", days=20),
        artifact(3, "v3", days=10),
        artifact(4, days=5),
        artifact(5, "stable", days=50, pulled=3),
    )
    assert told == {
        (1, "v1"): "no rule keeps it: rule 1 does not: not among the 2 most recently pushed artifacts matching v*",
        (1, "old"): "no rule keeps it: rule 2 does not: never pulled, and pushed 30 days ago, on 1972-08-28 00:00 UTC,"
        " longer ago than the last 7 days",
        (2, "v2"): "rule 1 keeps it: number 2 of the 2 most recently pushed artifacts matching v*",
        (3, "v3"): "rule 1 keeps it: number 1 of the 2 most recently pushed artifacts matching v*",
        (
            4,
            None,
        ): "rule 2 keeps it: never pulled, and pushed 5 days ago, on 1972-09-22 00:00 UTC, within the last 7 days",
        (5, "stable"): "rule 2 keeps it: last pulled 3 days ago, on 1972-09-24 00:00 UTC, within the last 7 days",
    }


def test_a_repository_that_no_rule_is_about_is_left_alone() -> None:
    policy = RetentionPolicy(rules=(rule("latestPushedK", 1, repositories="web/**"),), cron="")
    assert not policy.concerns("app")
    assert policy.concerns("web/front")
    assert not Retained(policy, "app", NOW).concerned
    assert not RetentionPolicy(rules=(rule("always", disabled=True),), cron="").concerns("app")


def test_an_image_that_is_pushed_again_is_new() -> None:
    """A tag put back onto an old image counts from then on."""
    again = Candidate(1, Digest.of(b"1"), NOW - 90 * DAY, None, (CandidateTag("v1", NOW - DAY, None),))
    policy = RetentionPolicy(rules=(rule("latestPushedK", 1),), cron="")
    assert kept(policy, [again, artifact(2, "v2", days=2)]) == {(1, "v1")}


def test_a_hundred_thousand_artifacts_are_decided_in_little_memory() -> None:
    """Only what rules that count are to keep is remembered."""
    policy = RetentionPolicy(
        rules=(
            rule("latestPushedK", 1000, tag_selector("matches", "v*")),
            rule("latestPulledN", 500, tag_selector("excludes", "dev-*")),
            rule("nDaysSinceLastPush", 7),
        ),
        cron="",
    )
    digest = Digest.of(b"any")

    def candidates(start: int = 0) -> Iterator[Candidate]:
        for number in range(start, 100_000):
            at = NOW - (100_000 - number) * DAY // 100
            name = f"v{number}" if number % 2 else f"dev-{number}"
            yield Candidate(number, digest, at, None if number % 3 else at, (CandidateTag(name, at, None),))

    found = Retained(policy, "app", NOW)
    tracemalloc.start()
    try:
        found.look(candidates())
        kept = sum(found.decide(candidate).kept for candidate in candidates(97_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
    assert 1000 <= kept < 3000


@pytest.mark.parametrize(
    ("template", "parameters"),
    [
        ("newest", {}),
        ("latestPushedK", {}),
        ("latestPushedK", {"latestPushedK": -1}),
        ("latestPushedK", {"latestPushedK": MOST_COUNTED + 1}),
        ("latestPushedK", {"latestPushedK": 1.5}),
        ("latestPushedK", {"latestPushedK": True}),
        ("latestPushedK", {"latestPushedK": None}),
        ("latestPushedK", {"latestPushedK": [1]}),
        ("latestPushedK", {"latestPulledN": 1}),
        ("nDaysSinceLastPush", {"nDaysSinceLastPush": 20_190_905}),
        ("always", {"always": 1}),
    ],
)
def test_parameters_that_cannot_be(template: str, parameters: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        parse_template(template, parameters)


def test_parameters() -> None:
    assert parse_template("latestPushedK", {"latestPushedK": 3.0}) == (Template.LATEST_PUSHED, 3)
    assert parse_template("nDaysSinceLastPull", {"nDaysSinceLastPull": "7"}) == (Template.PULLED_WITHIN, 7)
    assert parse_template("always", {}) == (Template.ALWAYS, 0)


@pytest.mark.parametrize(
    "selector",
    [
        tag_selector("matches", "release/*"),
        tag_selector("matches", "v1,v2"),
        tag_selector("matches", "v 1"),
        tag_selector("matches", "[a"),
        tag_selector("repoMatches", "**"),
        tag_selector("", "**"),
        SelectorText(kind="regexp", decoration="matches", pattern="**"),
        tag_selector("matches", "**", "untagged"),
        tag_selector("matches", "**", "[true]"),
        tag_selector("matches", "**", '{"untagged":1}'),
        tag_selector("matches", "**", '{"tagged":true}'),
        tag_selector("matches", "**", "[" * 200),
    ],
)
def test_selectors_that_cannot_be(selector: SelectorText) -> None:
    with pytest.raises(Invalid):
        parse_tag_selectors([selector])


@pytest.mark.parametrize("pattern", ["App", "/app", "app/", "a b", "a,b"])
def test_repositories_that_cannot_be(pattern: str) -> None:
    with pytest.raises(Invalid):
        parse_repository_selectors([tag_selector("repoMatches", pattern)])


def test_rules_that_cannot_be_together() -> None:
    check_rules([rule("always"), rule("latestPushedK", 1)])
    with pytest.raises(AlreadyExists):
        check_rules([rule("always"), rule("latestPushedK", 1), rule("always")])
    with pytest.raises(Invalid):
        check_rules([rule("latestPushedK", number) for number in range(16)])


def immutable(tags: SelectorText, repositories: str = "**", *, disabled: bool = False) -> ImmutableRule:
    return ImmutableRule(
        id=1,
        priority=0,
        disabled=disabled,
        tags=only(parse_tag_selectors([tags]), "tag"),
        repositories=only(parse_repository_selectors([tag_selector("repoMatches", repositories)]), "repository"),
    )


def test_immutable_tags() -> None:
    releases = immutable(tag_selector("matches", "v*"), "{app,web/**}")
    assert holding([releases], "app", "v1") is releases
    assert holding([releases], "web/front", "v1") is releases
    assert holding([releases], "app", "dev") is None
    assert holding([releases], "other", "v1") is None
    assert holding([immutable(tag_selector("matches", "v*"), disabled=True)], "app", "v1") is None
    assert holding([immutable(tag_selector("excludes", "dev*"))], "app", "v1") is not None
    assert releases.phrase == "tags matching v* in repositories matching {app,web/**}"
    assert immutable(tag_selector("matches", "**")).phrase == "tags of every name in repositories of every name"
    with pytest.raises(Invalid):
        only((), "tag")
