"""Periods: where they begin and end, what comes before and after, what they are compared with."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from nostr_usage.reporting.periods import (
    LENGTHS,
    Length,
    Lifespan,
    narrower,
    period_after,
    period_at,
    period_before,
    same_days_before,
    wider,
)

LIFE = Lifespan(opened=date(2025, 12, 10), today=date(2026, 3, 31))
TODAY = LIFE.today


@pytest.mark.parametrize(
    ("length", "first", "last"),
    [
        (Length.DAY, date(2026, 3, 31), date(2026, 3, 31)),
        (Length.WEEK, date(2026, 3, 30), date(2026, 4, 5)),
        (Length.MONTH, date(2026, 3, 1), date(2026, 3, 31)),
        (Length.YEAR, date(2026, 1, 1), date(2026, 12, 31)),
        (Length.ALL, date(2025, 12, 10), date(2026, 3, 31)),
    ],
)
def test_a_period_holds_its_day(length: Length, first: date, last: date) -> None:
    """Weeks begin on Monday; everything is from the first entry to today."""
    period = period_at(length, TODAY, LIFE)
    assert (first, last) == (period.first, period.last)
    assert period.holds(TODAY)


@pytest.mark.parametrize("length", LENGTHS)
def test_pages_leave_out_no_day_and_show_none_twice(length: Length) -> None:
    """From today back to the first entry, and forward again."""
    page = period_at(length, TODAY, LIFE)
    days = 0
    while (before := period_before(page, LIFE)) is not None:
        assert before.last + timedelta(days=1) == page.first
        assert page == period_after(before, LIFE)
        days += before.day_count
        page = before
    assert page.holds(LIFE.opened)
    assert period_after(period_at(length, TODAY, LIFE), LIFE) is None
    assert days >= 0


def test_a_day_outside_the_lifespan_is_moved_to_its_edge() -> None:
    """Nobody pages to a time of which nothing can be known."""
    assert LIFE.opened == period_at(Length.DAY, date(1999, 1, 1), LIFE).first
    assert LIFE.today == period_at(Length.DAY, date(2099, 1, 1), LIFE).first
    early = Lifespan(opened=date(2026, 3, 1), today=date(2026, 2, 1))
    assert early.opened == period_at(Length.ALL, TODAY, early).last


@pytest.mark.parametrize(
    ("length", "day", "first", "last"),
    [
        # March has a 31st, February has not: all of February.
        (Length.MONTH, TODAY, date(2026, 2, 1), date(2026, 2, 28)),
        (Length.MONTH, date(2026, 2, 3), date(2026, 1, 1), date(2026, 1, 31)),
        (Length.WEEK, TODAY, date(2026, 3, 23), date(2026, 3, 24)),
        (Length.DAY, TODAY, date(2026, 3, 30), date(2026, 3, 30)),
    ],
)
def test_a_period_that_is_not_over_is_compared_up_to_the_same_day(
    length: Length, day: date, first: date, last: date
) -> None:
    """One that is over, with all of the one before."""
    compared = same_days_before(period_at(length, day, LIFE), LIFE)
    assert compared is not None
    assert (first, last) == (compared.first, compared.last)


def test_a_leap_day_is_compared_with_the_last_of_february() -> None:
    """The year before had none."""
    life = Lifespan(opened=date(2020, 1, 1), today=date(2028, 2, 29))
    compared = same_days_before(period_at(Length.YEAR, life.today, life), life)
    assert compared is not None
    assert date(2027, 2, 28) == compared.last


def test_what_has_nothing_before_is_compared_with_nothing() -> None:
    """The first month, everything, and days of last year when there was no account yet."""
    assert same_days_before(period_at(Length.YEAR, TODAY, LIFE), LIFE) is None
    assert same_days_before(period_at(Length.MONTH, LIFE.opened, LIFE), LIFE) is None
    assert same_days_before(period_at(Length.ALL, TODAY, LIFE), LIFE) is None


def test_wider_and_narrower_keep_to_the_day() -> None:
    """The current one leads to the current one, an earlier one to its own last."""
    month = period_at(Length.MONTH, TODAY, LIFE)
    assert period_at(Length.WEEK, TODAY, LIFE) == narrower(month, LIFE)
    assert period_at(Length.YEAR, TODAY, LIFE) == wider(month, LIFE)
    february = period_at(Length.MONTH, date(2026, 2, 3), LIFE)
    assert date(2026, 2, 23) == narrower(february, LIFE).first
    assert date(2026, 3, 1) == narrower(narrower(february, LIFE), LIFE).last
    everything = period_at(Length.ALL, TODAY, LIFE)
    assert everything == wider(everything, LIFE)
    day = period_at(Length.DAY, TODAY, LIFE)
    assert day == narrower(day, LIFE)
