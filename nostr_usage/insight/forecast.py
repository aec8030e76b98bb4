"""When a balance runs out, if use goes on as it did: a guess, always with its range.

Days are taken as independent, with the mean and spread of the days seen. Over d days that is d × mean, give
or take z × spread × √d. The balance is met where that line, its upper or its lower edge reaches it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, pstdev

from nostr_usage.amount import divide_half_up
from nostr_usage.insight.use import DAY_S

DAYS_MIN = 3
"""With fewer days seen there is no forecast: their spread says nothing yet."""
Z_80_PERCENT = 1.2816
"""Between the edges lie four of five outcomes."""
HORIZON_DAYS = 3_650


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """When `tokens` run out.

    Attributes:
        days_seen: how many days it rests on.
        per_day: their mean, in tokens, halves up.
        runs_out_at: unix seconds; None if not within ten years.
        earliest_at, latest_at: the edges of the range that holds four of five outcomes.
        left_at_reset: tokens expected to be left when the cycle ends; None without an end.
        is_short: it is expected to run out before the cycle ends.
        may_be_short: it does at the earlier edge.
    """

    tokens: int
    days_seen: int
    per_day: int
    runs_out_at: int | None
    earliest_at: int | None
    latest_at: int | None
    left_at_reset: int | None
    is_short: bool
    may_be_short: bool


def forecast(
    tokens: int, per_day: Sequence[int], *, now: int, resets_at: int | None = None
) -> Forecast | None:
    """When `tokens` run out at the rate of the days seen; None for fewer than `DAYS_MIN` of them.

    Args:
        tokens: the balance; 0 or less has run out.
        per_day: tokens used on each day seen, days without use included.
        now: unix seconds.
        resets_at: when the next allowance comes.
    """
    if len(per_day) < DAYS_MIN:
        return None
    mean, spread = fmean(per_day), pstdev(per_day)
    margin = Z_80_PERCENT * spread
    runs_out = _moment(_days(tokens, mean, 0.0), now)
    earliest = _moment(_days(tokens, mean, margin), now)
    ends = resets_at is not None and resets_at > now
    days_left = (resets_at - now) / DAY_S if resets_at is not None and ends else 0.0
    return Forecast(
        tokens=tokens,
        days_seen=len(per_day),
        per_day=divide_half_up(sum(per_day), len(per_day)),
        runs_out_at=runs_out,
        earliest_at=earliest,
        latest_at=_moment(_days(tokens, mean, -margin), now),
        left_at_reset=round(tokens - mean * days_left) if ends else None,
        is_short=_is_before(runs_out, resets_at),
        may_be_short=_is_before(earliest, resets_at),
    )


def _days(tokens: int, mean: float, margin: float) -> float | None:
    """Days until mean × d + margin × √d reaches `tokens`; None if never."""
    if tokens <= 0:
        return 0.0
    if mean <= 0:
        return None
    root = (sqrt(margin * margin + 4 * mean * tokens) - margin) / (2 * mean)
    return root * root


def _moment(days: float | None, now: int) -> int | None:
    return None if days is None or days > HORIZON_DAYS else now + round(days * DAY_S)


def _is_before(moment: int | None, resets_at: int | None) -> bool:
    return moment is not None and (resets_at is None or moment < resets_at)
