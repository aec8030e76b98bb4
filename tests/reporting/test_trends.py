"""The usual use of a day, and how long a balance lasts at it; months and their days."""

from __future__ import annotations

import random
from pathlib import Path

from nostr_usage.ledger.entry import DEFAULT_METER
from nostr_usage.report import balance_view
from nostr_usage.reporting.analytics import FORECAST_DAYS, forecast_of
from nostr_usage.reporting.trends import (
    BURN_DAYS,
    BurnView,
    burn_of,
    burn_view,
    days_in,
    month_after,
    month_before,
)
from nostr_usage.writing.request import Action, Refund
from tests.operators import DAY_S, FEBRUARY_1, OperatorOfTests, operator_in

MARCH_3 = FEBRUARY_1 + 30 * DAY_S + 3_600


def burn_at(service: OperatorOfTests, account: str, now: int) -> tuple[BurnView, int | None, int | None]:
    """The usual use at a time; when the forecast has the balance run out, and at which rate."""
    with service.store.read() as reader:
        stream = next(stream for stream in reader.streams() if stream.account == account)
        balance = balance_view(reader, stream, now=now, token_value=1)
        found = forecast_of(reader, stream, balance, now=now)
        burn = burn_view(reader, stream, now=now, tokens=balance.tokens)
    return burn, found.runs_out_at if found else None, found.per_day if found else None


def test_days_of_the_usual_rate_reach_over_the_end_of_a_month(tmp_path: Path) -> None:
    """Whole days before today, the oldest first; without use nothing can be said."""
    with operator_in(tmp_path) as service:
        account = service.open_account()
        service.clock.set(FEBRUARY_1 + 27 * DAY_S)
        service.recorder.record(Action(account=account, activity="magic-mentor", key="one", tokens=135))
        with service.store.read() as reader:
            stream = reader.stream(account, DEFAULT_METER)
            assert stream is not None
            view = burn_view(reader, stream, now=MARCH_3, tokens=100)
            later = burn_view(reader, stream, now=MARCH_3 + 60 * DAY_S, tokens=100)
    assert ((0,) * 24 + (135, 0, 0), 5, 20 * DAY_S) == (view.days, view.per_day, view.lasts_s)
    assert ((0,) * BURN_DAYS, 0, None) == (later.days, later.per_day, later.lasts_s)


def test_a_young_stream_has_only_the_days_since_its_first_entry(tmp_path: Path) -> None:
    """Days before it are not days without use; with fewer than three nothing is known."""
    with operator_in(tmp_path) as service:
        account = service.open_account()
        opened = service.clock.now()
        for days in range(5):
            burn, *_ = burn_at(service, account, opened + days * DAY_S)
            assert days == len(burn.days)
            assert (days >= 3) == burn.is_known


def test_the_balance_and_the_forecast_never_disagree(tmp_path: Path) -> None:
    """The same days, the same rate, the same second."""
    chance = random.Random(8)
    with operator_in(tmp_path) as service:
        account = service.open_account()
        for day in range(60):
            service.clock.set(FEBRUARY_1 + day * DAY_S + chance.randint(1, 80_000))
            if chance.random() < 0.6:
                action = Action(
                    account=account, activity="magic-mentor", key=f"{day}", tokens=chance.randint(1, 200)
                )
                receipt = service.recorder.record(action)
                if chance.random() < 0.3:
                    service.recorder.refund(Refund(entry_id=receipt.entry_id, key=f"back {day}"))
            burn, runs_out_at, per_day = burn_at(service, account, service.clock.now())
            if runs_out_at is None:
                assert burn.lasts_s is None
            else:
                assert burn.lasts_s is not None
                assert abs(service.clock.now() + burn.lasts_s - runs_out_at) <= 1
                assert per_day == burn.per_day
    assert FORECAST_DAYS - 1 == BURN_DAYS


def test_an_empty_balance_lasts_no_time() -> None:
    """Nor does a debt."""
    assert 0 == burn_of((5,) * 10, tokens=0).lasts_s
    assert 0 == burn_of((5,) * 10, tokens=-3).lasts_s
    assert burn_of((), tokens=5).lasts_s is None


def test_months_follow_each_other() -> None:
    """Over the end of a year, and in leap years."""
    assert "2025-12" == month_before("2026-01")
    assert "2026-01" == month_after("2025-12")
    assert 29 == days_in("2028-02")
