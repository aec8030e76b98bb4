"""Trends: one month against the one before, day by day, and how long the balance will last."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nostr_usage.amount import divide_half_up
from nostr_usage.report import month_view
from nostr_usage.store import DayUse, Reader, StreamRow
from nostr_usage.views import MonthView

BURN_DAYS = 14
"""Days whose use is taken for the usual."""
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnView:
    """The usual use, and how long a balance lasts at it.

    Attributes:
        days: tokens used on each of the last `BURN_DAYS` whole days (UTC), net of refunds, the oldest first.
        per_day: their mean, halves up; never negative.
        lasts_days: how many whole days the balance lasts at that rate; None if nothing is used.
    """

    days: tuple[int, ...]
    per_day: int
    lasts_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendView:
    """A month (UTC) and what it is compared with.

    Attributes:
        month: by activity; `before` the month before it.
        days: tokens used on each day of the month, net of refunds; days to come are None.
        used_until_today: of the month, up to and with today; of a month that is over, all of it.
        used_until_then: of the month before, up to and with the same day of the month.
        burn_per_day: tokens used a day in the last `BURN_DAYS` days before now, halves up.
        lasts_days: how many whole days `tokens` last at that rate; None if nothing is used.
    """

    month: MonthView
    before: MonthView
    days: tuple[int | None, ...]
    used_until_today: int
    used_until_then: int
    burn_per_day: int
    lasts_days: int | None


def trend_view(reader: Reader, stream: StreamRow, month: str, *, now: int, tokens: int) -> TrendView:
    """The trends of `month` (`2026-02`), seen at `now` (unix seconds) with `tokens` left."""
    before = month_before(month)
    today = datetime.fromtimestamp(now, UTC)
    is_current = month == today.strftime("%Y-%m")
    length = days_in(month)
    shown = min(today.day, length) if is_current else length
    days = _by_day(reader.daily_use(stream.stream_no, month))
    earlier = _by_day(reader.daily_use(stream.stream_no, before))
    burn = burn_view(reader, stream, now=now, tokens=tokens)
    return TrendView(
        month=month_view(reader, stream, month),
        before=month_view(reader, stream, before),
        days=tuple(days.get(day, 0) if day <= shown else None for day in range(1, length + 1)),
        used_until_today=sum(used for day, used in days.items() if day <= shown),
        used_until_then=sum(used for day, used in earlier.items() if day <= shown or not is_current),
        burn_per_day=burn.per_day,
        lasts_days=burn.lasts_days,
    )


def burn_view(reader: Reader, stream: StreamRow, *, now: int, tokens: int) -> BurnView:
    """The use of the whole days before `now` (unix seconds), and how long `tokens` last at that rate."""
    today, last = datetime.fromtimestamp(now, UTC), now // _DAY_S
    start = today - timedelta(days=BURN_DAYS)
    used = {
        use.day: use.tokens
        for month in dict.fromkeys((start.strftime("%Y-%m"), today.strftime("%Y-%m")))
        for use in reader.daily_use(stream.stream_no, month)
    }
    return burn_of(tuple(used.get(day, 0) for day in range(last - BURN_DAYS, last)), tokens=tokens)


def burn_of(days: tuple[int, ...], *, tokens: int) -> BurnView:
    """How long `tokens` last at the use of `days`, which are `BURN_DAYS`."""
    per_day = divide_half_up(max(sum(days), 0), BURN_DAYS)
    return BurnView(days=days, per_day=per_day, lasts_days=max(tokens, 0) // per_day if per_day > 0 else None)


def month_before(month: str) -> str:
    """`2026-01` for `2026-02`."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return (first - timedelta(days=1)).strftime("%Y-%m")


def month_after(month: str) -> str:
    """`2026-03` for `2026-02`."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return (first + timedelta(days=31)).strftime("%Y-%m")


def days_in(month: str) -> int:
    """How many days a month has."""
    year, _, number = month.partition("-")
    return monthrange(int(year), int(number))[1]


def _by_day(use: tuple[DayUse, ...]) -> dict[int, int]:
    """Tokens by day of the month."""
    return {datetime.fromtimestamp(day.day * _DAY_S, UTC).day: day.tokens for day in use}
