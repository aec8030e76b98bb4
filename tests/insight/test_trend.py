"""How use moves from day to day and from month to month."""

from __future__ import annotations

from datetime import date

import pytest

from nostr_usage.insight.trend import change_percent, month_so_far, trend
from nostr_usage.insight.use import by_day
from tests.insight.uses import ZONE, daily, use


def test_a_window_has_every_day_in_it() -> None:
    """Days without use are 0, and count in the rate."""
    found = trend(by_day(daily("02-01", 10, 0, 5), ZONE), today=date(2026, 2, 4), window_days=4)
    assert [10, 0, 5, 0] == [tokens for _, tokens in found.days]
    assert date(2026, 2, 1) == found.days[0][0]
    assert 4 == found.per_day


def test_a_window_is_compared_with_the_one_before() -> None:
    """Twice as much is 100 percent more."""
    found = trend(by_day(daily("02-01", 1, 2, 3, 4, 4, 4), ZONE), today=date(2026, 2, 6), window_days=3)
    assert (4, 2, 100) == (found.per_day, found.per_day_before, found.change_percent)


@pytest.mark.parametrize("first", ["02-02", "02-05"])
def test_a_window_before_the_first_use_is_not_known(first: str) -> None:
    """No account is compared with a time before it was used."""
    found = trend(by_day(daily(first, 5), ZONE), today=date(2026, 2, 6), window_days=3)
    assert (None, None) == (found.per_day_before, found.change_percent)


def test_without_any_use_there_is_nothing_to_compare() -> None:
    """Zeros, not errors."""
    found = trend(by_day([], ZONE), today=date(2026, 2, 6))
    assert (28, 0, None) == (len(found.days), found.per_day, found.change_percent)


def test_refunds_do_not_make_a_rate_negative() -> None:
    """A window may give back more than it used."""
    refunded = [use("02-06", -50, count=0)]
    assert 0 == trend(by_day(refunded, ZONE), today=date(2026, 2, 6), window_days=1).per_day


def test_this_month_is_compared_with_the_same_days_of_the_last() -> None:
    """Up to and with today; what came later in January does not count."""
    uses = [use("01-01", 10), use("01-10", 10), use("01-11", 99), use("02-10", 30)]
    found = month_so_far(by_day(uses, ZONE), today=date(2026, 2, 10))
    assert ("2026-02", "2026-01", 10) == (found.month, found.month_before, found.days)
    assert (30, 20, 50) == (found.tokens, found.tokens_before, found.change_percent)


def test_a_shorter_month_counts_as_a_whole() -> None:
    """On 31 March, all of February."""
    uses = [use("02-28", 7), use("03-31", 7)]
    found = month_so_far(by_day(uses, ZONE), today=date(2026, 3, 31))
    assert (7, 7, 0) == (found.tokens, found.tokens_before, found.change_percent)


@pytest.mark.parametrize(("now", "before", "change"), [(3, 2, 50), (1, 3, -66), (5, 0, None), (5, -1, None)])
def test_changes_are_rounded_towards_zero(now: int, before: int, change: int | None) -> None:
    """There is no change in percent from nothing."""
    assert change == change_percent(now, before)
