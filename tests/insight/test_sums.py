"""Sums of use by day and month in every dimension."""

from __future__ import annotations

from datetime import date

from nostr_usage.insight.breakdown import Dimension
from nostr_usage.insight.sums import (
    Span,
    Sums,
    UnitSum,
    UseSum,
    day_number,
    day_numbered,
    month_number,
    month_numbered,
    sums_of,
)
from tests.insight.uses import use

FEBRUARY, DAY = (2026 - 1970) * 12 + 1, 20_485


def test_sums_of_one_action() -> None:
    """One part in each dimension, by day and by month; hours within days only."""
    found = sums_of([use("02-01 10:30", 50, actor="ann", usage=(("gpt-5", "output", 7),))])
    names = {
        Dimension.ACTIVITY: "chat",
        Dimension.MODEL: "gpt-5",
        Dimension.MEMBER: "ann",
        Dimension.GROUP: "",
        Dimension.PROMPT: "",
    }
    expected = {
        *(UseSum(Span.DAY, dimension, DAY, name, 1, 50, 50_000) for dimension, name in names.items()),
        *(UseSum(Span.MONTH, dimension, FEBRUARY, name, 1, 50, 50_000) for dimension, name in names.items()),
        UseSum(Span.DAY, Dimension.DAY, DAY, "", 1, 50, 50_000),
        UseSum(Span.DAY, Dimension.HOUR, DAY, "10", 1, 50, 50_000),
        UseSum(Span.MONTH, Dimension.MONTH, FEBRUARY, "", 1, 50, 50_000),
    }
    assert expected == set(found.uses)
    assert {
        UnitSum(Span.DAY, DAY, "gpt-5", "output", 7),
        UnitSum(Span.MONTH, FEBRUARY, "gpt-5", "output", 7),
    } == set(found.units)


def test_what_a_refund_gives_back_is_taken_from_the_sum() -> None:
    """It is no action, and has no units of its own."""
    found = sums_of(
        [
            use("02-01 10:30", 50, usage=(("gpt-5", "output", 7),)),
            use("02-01 11:30", -20, count=0, refunded_models=("gpt-5",)),
        ]
    )
    assert UseSum(Span.DAY, Dimension.MODEL, DAY, "gpt-5", 1, 30, 30_000) in found.uses
    assert UnitSum(Span.DAY, DAY, "gpt-5", "output", 7) in found.units


def test_no_use_has_no_sums() -> None:
    """Nothing in, nothing out."""
    assert Sums(uses=(), units=()) == sums_of([])


def test_days_and_months_have_numbers() -> None:
    """Counted from January 1970, and back."""
    assert (0, DAY) == (day_number(date(1970, 1, 1)), day_number(date(2026, 2, 1)))
    assert (0, FEBRUARY) == (month_number(date(1970, 1, 31)), month_number(date(2026, 2, 28)))
    assert date(2026, 2, 1) == day_numbered(DAY)
    assert ("1970-12", "2026-02") == (month_numbered(11), month_numbered(FEBRUARY))
