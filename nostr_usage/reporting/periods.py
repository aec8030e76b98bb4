"""Periods that people page through: a day, a week, a month, a year, everything. All days are those of UTC."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

_DAY = timedelta(days=1)


class Length(StrEnum):
    """How long a period is, the shortest first."""

    DAY = "day"
    WEEK = "week"
    """From Monday to Sunday."""
    MONTH = "month"
    YEAR = "year"
    ALL = "all"
    """From the first entry to today."""


LENGTHS = tuple(Length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days from `first` to `last`, both included."""

    length: Length
    first: date
    last: date

    @property
    def day_count(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def holds(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifespan:
    """The days of which a ledger can tell: from that of its first entry to today."""

    opened: date
    today: date


def period_at(length: Length, day: date, life: Lifespan) -> Period:
    """The period of that length that `day` lies in; days outside the lifespan are moved to its edge."""
    day = min(max(day, life.opened), max(life.opened, life.today))
    match length:
        case Length.DAY:
            return Period(length=length, first=day, last=day)
        case Length.WEEK:
            monday = day - timedelta(days=day.weekday())
            return Period(length=length, first=monday, last=monday + timedelta(days=6))
        case Length.MONTH:
            last = day.replace(day=monthrange(day.year, day.month)[1])
            return Period(length=length, first=day.replace(day=1), last=last)
        case Length.YEAR:
            return Period(length=length, first=date(day.year, 1, 1), last=date(day.year, 12, 31))
        case Length.ALL:
            return Period(length=length, first=life.opened, last=max(life.opened, life.today))


def period_before(period: Period, life: Lifespan) -> Period | None:
    """The one before; None where nothing can have happened yet."""
    if period.length is Length.ALL or period.first <= life.opened:
        return None
    return period_at(period.length, period.first - _DAY, life)


def period_after(period: Period, life: Lifespan) -> Period | None:
    """The one after; None where it has not begun."""
    if period.length is Length.ALL or period.last >= life.today:
        return None
    return period_at(period.length, period.last + _DAY, life)


def wider(period: Period, life: Lifespan) -> Period:
    """The next longer one that its end, or today, lies in; everything stays as it is."""
    longer = LENGTHS[min(LENGTHS.index(period.length) + 1, len(LENGTHS) - 1)]
    return period_at(longer, _anchor(period, life), life)


def narrower(period: Period, life: Lifespan) -> Period:
    """The next shorter one that its end, or today, lies in; a day stays as it is."""
    shorter = LENGTHS[max(LENGTHS.index(period.length) - 1, 0)]
    return period_at(shorter, _anchor(period, life), life)


def same_days_before(period: Period, life: Lifespan) -> Period | None:
    """What a period is compared with: the one before, up to the same day if this one is not over.

    A month without that day counts as a whole. None where there is nothing before.
    """
    before = period_before(period, life)
    if before is None or not period.holds(life.today) or period.length is Length.DAY:
        return before
    last = _same_day(before, life.today)
    return Period(length=before.length, first=before.first, last=last) if last >= life.opened else None


def _same_day(before: Period, today: date) -> date:
    """The day of `before` that stands where `today` stands in its own period."""
    match before.length:
        case Length.MONTH:
            return before.first.replace(day=min(today.day, before.last.day))
        case Length.YEAR:
            days = monthrange(before.first.year, today.month)[1]
            return date(before.first.year, today.month, min(today.day, days))
        case _:
            return before.first + timedelta(days=today.weekday())


def _anchor(period: Period, life: Lifespan) -> date:
    return life.today if period.holds(life.today) else period.last
