"""Many accounts side by side: who uses most, who will run out, whether averages are what was aimed at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nostr_usage.amount import divide_half_up
from nostr_usage.insight.forecast import Forecast
from nostr_usage.insight.use import Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One account in its current cycle, in one meter.

    `allowance` is what the cycle granted, `used` is net of refunds, `left` may be negative.
    """

    account: str
    label: str
    plan: str | None
    allowance: int
    used: int
    left: int
    forecast: Forecast | None = None

    @property
    def used_percent(self) -> int:
        """Of the allowance, rounded down, and over 100 where more was bought; 0 without an allowance."""
        return 100 * max(self.used, 0) // self.allowance if self.allowance else 0


class AverageLevel(StrEnum):
    """How an average stands against its targets."""

    ON_TARGET = "on_target"
    ABOVE_TARGET = "above_target"
    ALERT = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAverage:
    """What the accounts of a plan use on average in a cycle, in tokens, halves up."""

    plan: str
    accounts: int
    average: int
    level: AverageLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class DearAction:
    """An activity by what one of it costs on average, in tokens and micro-dollars, halves up."""

    activity: str
    count: int
    tokens: int
    average: int
    micro_dollars: int
    average_micro_dollars: int


def power_users(standings: Iterable[Standing], *, percent: int) -> tuple[Standing, ...]:
    """The accounts that have used more than `percent` of their allowance, by tokens used."""
    found = [one for one in standings if one.allowance and 100 * one.used > percent * one.allowance]
    return tuple(sorted(found, key=lambda one: (-one.used, one.account)))


def at_risk(standings: Iterable[Standing]) -> tuple[Standing, ...]:
    """The accounts that have run out, or are expected to before their cycle ends; the soonest first."""
    found = [
        one for one in standings if one.left <= 0 or (one.forecast is not None and one.forecast.is_short)
    ]
    return tuple(sorted(found, key=lambda one: (_runs_out_at(one), one.account)))


def upsell(standings: Sequence[Standing], *, percent: int) -> tuple[Standing, ...]:
    """Power users who will run out: who gains most from a pack or a larger plan."""
    needy = {one.account for one in at_risk(standings)}
    return tuple(one for one in power_users(standings, percent=percent) if one.account in needy)


def plan_average(
    plan: str, standings: Iterable[Standing], *, target: int | None, alert: int | None
) -> PlanAverage:
    """What the accounts of `plan` use on average, against `target` and `alert`; None is no such mark."""
    used = [max(one.used, 0) for one in standings if one.plan == plan]
    average = divide_half_up(sum(used), len(used)) if used else 0
    level = AverageLevel.ON_TARGET
    if target is not None and average >= target:
        level = AverageLevel.ABOVE_TARGET
    if alert is not None and average > alert:
        level = AverageLevel.ALERT
    return PlanAverage(plan=plan, accounts=len(used), average=average, level=level)


def dearest_actions(uses: Iterable[Use]) -> tuple[DearAction, ...]:
    """Activities by what one of them costs on average, the dearest first, net of refunds."""
    sums: dict[str, list[int]] = {}
    for use in uses:
        part = sums.setdefault(use.activity, [0, 0, 0])
        part[0] += use.count
        part[1] += use.tokens
        part[2] += use.micro_dollars
    found = [
        DearAction(
            activity=activity,
            count=count,
            tokens=tokens,
            average=divide_half_up(max(tokens, 0), count),
            micro_dollars=cost,
            average_micro_dollars=divide_half_up(max(cost, 0), count),
        )
        for activity, (count, tokens, cost) in sums.items()
        if count
    ]
    return tuple(sorted(found, key=lambda action: (-action.average, action.activity)))


def _runs_out_at(standing: Standing) -> int:
    """For sorting: what has run out comes first."""
    if standing.left <= 0 or standing.forecast is None:
        return 0
    return standing.forecast.runs_out_at or 0
