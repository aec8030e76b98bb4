"""Months against each other, day by day, and how long a balance lasts."""

from __future__ import annotations

from pathlib import Path

from nostr_usage.ledger.entry import DEFAULT_METER
from nostr_usage.reporting.trends import TrendView, burn_view, days_in, month_after, month_before, trend_view
from nostr_usage.writing.request import Action, Refund
from tests.operators import DAY_S, FEBRUARY_1, operator_in

MARCH_3 = FEBRUARY_1 + 30 * DAY_S + 3_600


def trends(directory: Path, month: str) -> TrendView:
    """100 tokens on each day of February, 200 on 1 and 2 March, one of them given back on the 2nd."""
    with operator_in(directory) as service:
        account = service.open_account()

        def act(moment: int, tokens: int) -> Action:
            service.clock.set(moment)
            return Action(account=account, activity="magic-mentor", key=f"at {moment}", tokens=tokens)

        for day in range(28):
            service.recorder.record(act(FEBRUARY_1 + day * DAY_S + 60, 100))
        service.recorder.record(act(FEBRUARY_1 + 28 * DAY_S + 60, 200))
        receipt = service.recorder.record(act(FEBRUARY_1 + 29 * DAY_S + 60, 200))
        service.recorder.refund(Refund(entry_id=receipt.entry_id, key="back", tokens=50))
        with service.store.read() as reader:
            stream = reader.stream(account, DEFAULT_METER)
            assert stream is not None
            return trend_view(reader, stream, month, now=MARCH_3, tokens=4_000)


def test_days_add_up_to_the_month(tmp_path: Path) -> None:
    """Net of refunds; days to come are unknown, not zero."""
    view = trends(tmp_path, "2026-03")
    assert (200, 150, 0) == view.days[:3]
    assert {None} == set(view.days[3:])
    assert 31 == len(view.days)
    assert view.month.tokens == sum(day or 0 for day in view.days) == view.used_until_today


def test_a_month_is_compared_up_to_the_same_day(tmp_path: Path) -> None:
    """350 in three days of March, 300 in the first three of February."""
    view = trends(tmp_path, "2026-03")
    assert 350 == view.used_until_today
    assert 300 == view.used_until_then
    assert 2_800 == view.before.tokens


def test_a_month_that_is_over_is_compared_as_a_whole(tmp_path: Path) -> None:
    """All of February, all of January."""
    view = trends(tmp_path, "2026-02")
    assert (100,) * 28 == view.days
    assert 2_800 == view.used_until_today
    assert 0 == view.used_until_then


def test_the_usual_rate_says_how_long_it_lasts(tmp_path: Path) -> None:
    """Twelve days of 100, then 200 and 150, in the 14 days before today: 1,550."""
    view = trends(tmp_path, "2026-03")
    assert 111 == view.burn_per_day
    assert 36 == view.lasts_days


def test_days_of_the_usual_rate_reach_over_the_end_of_a_month(tmp_path: Path) -> None:
    """Fourteen whole days before today, the oldest first; without use nothing can be said."""
    with operator_in(tmp_path) as service:
        account = service.open_account()
        service.clock.set(FEBRUARY_1 + 27 * DAY_S)
        service.recorder.record(Action(account=account, activity="magic-mentor", key="one", tokens=140))
        with service.store.read() as reader:
            stream = reader.stream(account, DEFAULT_METER)
            assert stream is not None
            view = burn_view(reader, stream, now=MARCH_3, tokens=100)
            later = burn_view(reader, stream, now=MARCH_3 + 30 * DAY_S, tokens=100)
    assert ((0,) * 11 + (140, 0, 0), 10, 10) == (view.days, view.per_day, view.lasts_days)
    assert ((0,) * 14, 0, None) == (later.days, later.per_day, later.lasts_days)


def test_months_follow_each_other() -> None:
    """Over the end of a year, and in leap years."""
    assert "2025-12" == month_before("2026-01")
    assert "2026-01" == month_after("2025-12")
    assert 29 == days_in("2028-02")
