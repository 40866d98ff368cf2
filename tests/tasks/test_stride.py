"""The pace of collection: small steps, no faster than needed, and in time."""

import math

import pytest

from entrepot.tasks.stride import IN_TIME, LARGEST, LOOK_EVERY, MOST, SLOWEST, STEPS, Stride


def after(waiting: int) -> Stride:
    stride = Stride()
    stride.see(waiting, 0.0)
    return stride


@pytest.mark.parametrize("waiting", [0, 1, 500, int(SLOWEST * IN_TIME)])
def test_what_little_is_due_goes_in_the_smallest_steps(waiting: int) -> None:
    stride = after(waiting)
    assert stride.rows == SLOWEST / STEPS
    assert stride.rest(0.0) == pytest.approx(1 / STEPS)


@pytest.mark.parametrize("waiting", [60_000, 99_999, MOST])
def test_more_goes_as_fast_as_it_takes_to_be_done_in_time(waiting: int) -> None:
    stride = after(waiting)
    assert stride.rows / stride.rest(0.0) * IN_TIME == pytest.approx(waiting)
    assert 1 / STEPS <= stride.rest(0.0) <= 2 / STEPS


def test_a_step_that_took_long_is_rested_from_for_less() -> None:
    assert after(0).rest(0.25 / STEPS) == pytest.approx(0.75 / STEPS)
    assert after(0).rest(1.0) == 0


def test_where_steps_take_long_more_is_done_in_each() -> None:
    stride = after(0)
    stride.rest(5.5 / STEPS)
    assert stride.rows == math.ceil(5.5 * SLOWEST / STEPS)
    stride.rest(10.0)
    assert stride.rows == LARGEST
    stride.rest(0.0)
    assert stride.rows == SLOWEST / STEPS


def test_it_does_not_slow_down_while_less_and_less_is_left() -> None:
    stride = after(90_000)
    rows = stride.rows
    stride.see(10, LOOK_EVERY)
    assert stride.rows == rows


def test_what_is_too_many_to_be_counted_makes_it_faster_each_time_until_it_does_not_rest() -> None:
    stride = after(MOST)
    paces = []
    for look in range(1, 6):
        rest = stride.rest(0.0)
        paces.append(stride.rows / rest if rest else math.inf)
        stride.see(MOST, look * LOOK_EVERY)
    assert paces == sorted(set(paces))
    assert (stride.rows, stride.rest(0.0)) == (LARGEST, 0.0)


def test_it_counts_at_first_and_then_now_and_then() -> None:
    stride = Stride()
    assert stride.to_look(5.0)
    stride.see(7, 5.0)
    assert not stride.to_look(5.0 + LOOK_EVERY / 2)
    assert stride.to_look(5.0 + LOOK_EVERY)
