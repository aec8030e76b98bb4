"""Trends: the usual use of a day, and how long the balance lasts at it; months and their days."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nostr_usage.amount import divide_half_up
from nostr_usage.store import Reader, StreamRow

BURN_DAYS = 27
"""Whole days whose use is taken for the usual: those of the forecast."""
BURN_DAYS_MIN = 3
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnView:
    """The usual use, and how long a balance lasts at it: what `analytics.forecast_of` expects.

    Attributes:
        days: tokens used on each of the last `BURN_DAYS` whole days (UTC), net of refunds, the oldest first;
            of a stream that is younger, on the days since its first entry.
        per_day: their mean, halves up; never negative.
        lasts_s: how many seconds the balance lasts at that rate; None if nothing is used, or fewer than
            `BURN_DAYS_MIN` days are known.
    """

    days: tuple[int, ...]
    per_day: int
    lasts_s: int | None

    @property
    def is_known(self) -> bool:
        """Whether enough days were seen to say anything."""
        return len(self.days) >= BURN_DAYS_MIN


def burn_view(reader: Reader, stream: StreamRow, *, now: int, tokens: int) -> BurnView:
    """The use of the whole days before `now` (unix seconds), and how long `tokens` last at that rate."""
    today = datetime.fromtimestamp(now, UTC)
    opened = reader.entry_at(stream.stream_no, 1)
    first = now // _DAY_S - BURN_DAYS
    if opened is not None:
        first = max(first, opened.occurred_at // _DAY_S)
    start = today - timedelta(days=BURN_DAYS)
    used = {
        use.day: use.tokens
        for month in dict.fromkeys((start.strftime("%Y-%m"), today.strftime("%Y-%m")))
        for use in reader.daily_use(stream.stream_no, month)
    }
    return burn_of(tuple(used.get(day, 0) for day in range(first, now // _DAY_S)), tokens=tokens)


def burn_of(days: tuple[int, ...], *, tokens: int) -> BurnView:
    """How long `tokens` last at the use of `days`; one on which more was given back than used is none."""
    used = sum(max(day, 0) for day in days)
    is_known = len(days) >= BURN_DAYS_MIN and used > 0
    return BurnView(
        days=days,
        per_day=divide_half_up(used, len(days)) if days else 0,
        lasts_s=max(tokens, 0) * len(days) * _DAY_S // used if is_known else None,
    )


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
