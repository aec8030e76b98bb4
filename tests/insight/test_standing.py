"""Many accounts side by side."""

from __future__ import annotations

import pytest

from nostr_usage.insight.forecast import Forecast
from nostr_usage.insight.standing import (
    AverageLevel,
    DearAction,
    Standing,
    at_risk,
    dearest_actions,
    plan_average,
    power_users,
    upsell,
)
from tests.insight.uses import use


def standing(account: str, used: int, *, left: int = 1, runs_out_at: int | None = None) -> Standing:
    """An account with an allowance of 1,000; short if it runs out."""
    return Standing(
        account=account,
        label=account,
        plan="pro",
        allowance=1_000,
        used=used,
        left=left,
        forecast=Forecast(
            tokens=left,
            days_seen=3,
            per_day=1,
            runs_out_at=runs_out_at,
            earliest_at=None,
            latest_at=None,
            left_at_reset=None,
            is_short=runs_out_at is not None,
            may_be_short=False,
        ),
    )


ACCOUNTS = (
    standing("ann", 900),
    standing("bob", 800, runs_out_at=50),
    standing("cid", 950, runs_out_at=20),
    standing("dan", 1_200, left=-5),
    Standing(account="eve", label="", plan=None, allowance=0, used=700, left=9),
)


def test_power_users_use_more_than_their_share() -> None:
    """More than 80 %, not 80 %; an account without an allowance has no share."""
    assert ["dan", "cid", "ann"] == [one.account for one in power_users(ACCOUNTS, percent=80)]
    assert [90, 80, 95, 120, 0] == [one.used_percent for one in ACCOUNTS]


def test_accounts_at_risk_are_those_that_run_out_first() -> None:
    """What has run out comes before what will."""
    assert ["dan", "cid", "bob"] == [one.account for one in at_risk(ACCOUNTS)]


def test_whom_to_offer_more() -> None:
    """Power users who will run out."""
    assert ["dan", "cid"] == [one.account for one in upsell(ACCOUNTS, percent=80)]


@pytest.mark.parametrize(
    ("target", "alert", "level"),
    [
        (964, 2_000, AverageLevel.ON_TARGET),
        (963, 963, AverageLevel.ABOVE_TARGET),
        (500, 962, AverageLevel.ALERT),
        (None, None, AverageLevel.ON_TARGET),
    ],
)
def test_an_average_stands_against_its_targets(
    target: int | None, alert: int | None, level: AverageLevel
) -> None:
    """Below the target is on target; above the alert is an alert."""
    found = plan_average("pro", ACCOUNTS, target=target, alert=alert)
    assert (4, 963, level) == (found.accounts, found.average, found.level)


def test_a_plan_without_accounts_has_an_average_of_nothing() -> None:
    """And is on target."""
    assert 0 == plan_average("free", ACCOUNTS, target=1, alert=2).average


def test_dearest_actions_are_by_average() -> None:
    """Net of refunds; an activity of refunds only is none."""
    uses = [
        use("02-01", 100),
        use("02-01", 201),
        use("02-01", 900, activity="plan"),
        use("02-02", -100, activity="plan", count=0, micro_dollars=-100_000),
        use("02-02", -5, activity="old", count=0),
    ]
    assert (
        DearAction(
            activity="plan",
            count=1,
            tokens=800,
            average=800,
            micro_dollars=800_000,
            average_micro_dollars=800_000,
        ),
        DearAction(
            activity="chat",
            count=2,
            tokens=301,
            average=151,
            micro_dollars=301_000,
            average_micro_dollars=150_500,
        ),
    ) == dearest_actions(uses)
