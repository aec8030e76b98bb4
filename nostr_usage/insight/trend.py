"""How use moves: tokens a day, and this month against the same days of the month before."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from nostr_usage.amount import divide_half_up
from nostr_usage.insight.use import days_from

WINDOW_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Use a day in a window that ends with today, and in the window of the same length before it.

    Attributes:
        days: (day, tokens) of every day of the window, the first one first; 0 on days without use.
        per_day: tokens a day over the window, halves up.
        per_day_before: the same for the window before; None if the first use came later than its start.
        change_percent: of `per_day` against `per_day_before`, towards zero; None where that is 0 or unknown.
    """

    days: tuple[tuple[date, int], ...]
    per_day: int
    per_day_before: int | None
    change_percent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSoFar:
    """This month up to and with today, against the same days of the month before.

    Attributes:
        month, month_before: `2026-02`.
        days: days of this month so far; the month before may have fewer, then all of it counts.
        tokens, tokens_before: used in these days.
        change_percent: towards zero; None where nothing was used before.
    """

    month: str
    month_before: str
    days: int
    tokens: int
    tokens_before: int
    change_percent: int | None


def trend(sums: Mapping[date, int], *, today: date, window_days: int = WINDOW_DAYS) -> Trend:
    """Use a day in the `window_days` (1 or more) up to and with `today`, from tokens by day."""
    start = today - timedelta(days=window_days - 1)
    start_before = start - timedelta(days=window_days)
    window = tuple((day, sums.get(day, 0)) for day in days_from(start, today))
    total = sum(tokens for _, tokens in window)
    is_known = bool(sums) and min(sums) <= start_before
    before = _total(sums, start_before, start - timedelta(days=1)) if is_known else None
    return Trend(
        days=window,
        per_day=_per_day(total, window_days),
        per_day_before=None if before is None else _per_day(before, window_days),
        change_percent=None if before is None else change_percent(total, before),
    )


def month_so_far(sums: Mapping[date, int], *, today: date) -> MonthSoFar:
    """This month against the same days of the month before, which counts as a whole if it is shorter."""
    first = today.replace(day=1)
    last_before = first - timedelta(days=1)
    length_before = monthrange(last_before.year, last_before.month)[1]
    until = last_before.replace(day=min(today.day, length_before))
    tokens, before = _total(sums, first, today), _total(sums, last_before.replace(day=1), until)
    return MonthSoFar(
        month=first.strftime("%Y-%m"),
        month_before=last_before.strftime("%Y-%m"),
        days=today.day,
        tokens=tokens,
        tokens_before=before,
        change_percent=change_percent(tokens, before),
    )


def change_percent(now: int, before: int) -> int | None:
    """By how many percent `now` is more than `before`, towards zero; None if there was nothing before."""
    if before <= 0:
        return None
    change = 100 * abs(now - before) // before
    return change if now >= before else -change


def _total(sums: Mapping[date, int], first: date, last: date) -> int:
    return sum(tokens for day, tokens in sums.items() if first <= day <= last)


def _per_day(total: int, days: int) -> int:
    return divide_half_up(max(total, 0), days)
