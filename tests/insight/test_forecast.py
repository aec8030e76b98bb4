"""When a balance runs out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.insight.forecast import forecast

DAY_S = 86_400


def test_even_use_runs_out_on_a_certain_day() -> None:
    """Without spread there is no range."""
    found = forecast(1_000, [100] * 10, now=0)
    assert found is not None
    assert (100, 10, 10 * DAY_S) == (found.per_day, found.days_seen, found.runs_out_at)
    assert found.earliest_at == found.runs_out_at == found.latest_at


def test_uneven_use_has_a_range() -> None:
    """The same mean with spread: earlier and later."""
    found = forecast(1_000, [0, 200] * 5, now=0)
    assert found is not None
    assert (10 * DAY_S, 577_679, 1_292_233) == (found.runs_out_at, found.earliest_at, found.latest_at)


def test_the_end_of_the_cycle_decides_whether_it_is_short() -> None:
    """Expected to last, but not at the early edge."""
    found = forecast(1_000, [0, 200] * 5, now=0, resets_at=8 * DAY_S)
    assert found is not None
    assert (200, False, True) == (found.left_at_reset, found.is_short, found.may_be_short)
    later = forecast(1_000, [0, 200] * 5, now=0, resets_at=11 * DAY_S)
    assert later is not None
    assert (-100, True) == (later.left_at_reset, later.is_short)


def test_without_use_it_never_runs_out() -> None:
    """Nor within ten years at a very small rate."""
    for days in ([0, 0, 0], [1, 0, 0]):
        found = forecast(10_000, days, now=0)
        assert found is not None
        assert (None, False, None) == (found.runs_out_at, found.is_short, found.left_at_reset)


def test_what_is_empty_has_run_out() -> None:
    """Now, whatever was used."""
    found = forecast(0, [0, 0, 0], now=5, resets_at=10)
    assert found is not None
    assert (5, 5, 5, True) == (found.runs_out_at, found.earliest_at, found.latest_at, found.is_short)


def test_a_reset_that_is_due_is_not_waited_for() -> None:
    """What would be left then is not said."""
    found = forecast(100, [1, 1, 1], now=50, resets_at=10)
    assert found is not None
    assert (None, False) == (found.left_at_reset, found.is_short)


def test_two_days_are_too_few() -> None:
    """No forecast is better than one from nothing."""
    assert forecast(100, [1, 1], now=0) is None


@given(st.integers(1, 10**9), st.lists(st.integers(0, 10**6), min_size=3, max_size=60))
def test_the_range_holds_the_expectation(tokens: int, days: list[int]) -> None:
    """Early, expected, late: in this order wherever they are known."""
    found = forecast(tokens, days, now=0)
    assert found is not None
    known = [
        moment for moment in (found.earliest_at, found.runs_out_at, found.latest_at) if moment is not None
    ]
    assert known == sorted(known)
