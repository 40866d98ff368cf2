"""Six-field crons: what they mean is held to another program's understanding of them."""

from datetime import UTC, datetime

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.model.cron import DAILY, HOURLY, WEEKLY, Cron
from entrepot.model.errors import Invalid

SECOND = 1_000_000


def micro(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def field(least: int, most: int) -> st.SearchStrategy[str]:
    value = st.integers(least, most)
    span = st.tuples(value, value).map(lambda pair: f"{min(pair)}-{max(pair)}")
    span = span.filter(lambda text: len(set(text.split("-"))) == 2)
    step = st.tuples(st.one_of(st.just("*"), span), st.integers(1, most)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    piece = st.one_of(value.map(str), span, step)
    return st.one_of(st.just("*"), st.lists(piece, min_size=1, max_size=3).map(",".join))


def chosen(least: int, most: int) -> st.SearchStrategy[str]:
    """A few single values: of these both programs have the same opinion where both kinds of days are restricted."""
    return st.lists(st.integers(least, most), min_size=1, max_size=3, unique=True).map(
        lambda values: ",".join(map(str, values))
    )


days = st.one_of(
    st.tuples(field(1, 28), field(1, 12), st.just("*")),
    st.tuples(st.just("*"), field(1, 12), chosen(0, 6)),
    st.tuples(chosen(1, 28), field(1, 12), chosen(0, 6)),
)
crons = st.tuples(field(0, 59), field(0, 23), days).map(lambda parts: " ".join([parts[0], parts[1], *parts[2]]))
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda naive: naive.replace(microsecond=0))  # noqa: DTZ001


@settings(max_examples=150, deadline=None)
@given(crons, moments)
def test_it_comes_when_others_say_it_does(text: str, moment: datetime) -> None:
    start = moment.replace(tzinfo=UTC)
    expected = croniter(text, start).get_next(datetime)
    assert Cron.parse(f"0 {text}").after(int(start.timestamp()) * SECOND) == int(expected.timestamp()) * SECOND


@settings(max_examples=100, deadline=None)
@given(crons, moments)
def test_the_last_one_is_before_the_next(text: str, moment: datetime) -> None:
    cron, at = Cron.parse(f"0 {text}"), int(moment.replace(tzinfo=UTC).timestamp()) * SECOND
    following = cron.after(at)
    assert following > at
    assert cron.last(at, following) == following
    assert cron.last(at, following - 1) is None
    assert cron.last(following, following) is None


@pytest.mark.parametrize(
    ("text", "after", "comes"),
    [
        (HOURLY, "2026-01-01T00:00:00", "2026-01-01T01:00:00"),
        (DAILY, "2026-12-31T00:00:01", "2027-01-01T00:00:00"),
        (WEEKLY, "2026-11-26T00:00:00", "2026-11-29T00:00:00"),
        ("0 30 4 * * mon-fri", "2026-11-27T05:00:00", "2026-11-30T04:30:00"),
        ("0 0 0 29 feb ?", "2096-03-01T00:00:00", "2104-02-29T00:00:00"),
        ("0 0 0 1 * 7", "2026-11-26T00:00:00", "2026-11-29T00:00:00"),
        ("0 */20 * * * *", "2026-11-26T10:41:00", "2026-11-26T11:00:00"),
        ("0 50/5 * * * *", "2026-11-26T10:41:00", "2026-11-26T10:50:00"),
    ],
)
def test_examples(text: str, after: str, comes: str) -> None:
    assert Cron.parse(text).after(micro(after)) == micro(comes)


@pytest.mark.parametrize(
    "text",
    [
        "", "* * * * *", "1 * * * * *", "@daily", "0 60 * * * *", "0 * 24 * * *", "0 * * 0 * *", "0 * * * 13 *",
        "0 * * * * 8", "0 5-1 * * * *", "0 */0 * * * *", "0 a * * * *", "0 0 0 30 2 *", "0 0 0 31 4,6 *", "0 ٣ * * * *",
        "0 -1 * * * *", "0 1- * * * *", "0 , * * * *", "0 1/ * * * *", "0 " + "1," * 200 + "1 * * * *",
    ],
)  # fmt: skip
def test_what_is_no_cron_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        Cron.parse(text)
    assert len(str(caught.value)) < 500
