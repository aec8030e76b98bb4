"""When allowances are granted and lapse: boundaries, each computed from the anchor and a time zone.

Boundary k is counted from the anchor, never from boundary k − 1: an account that began on 31 January has its
boundaries on 28 February and then on 31 March. Cycles are half open, so a boundary is the first second of
its cycle.

Boundaries keep the wall clock of the anchor in the rule's zone (calendar months: midnight), so a day may have
23 or 25 hours. A wall clock time that a change of the clock skips is moved on by what was skipped (02:30
becomes 03:30); of one that happens twice the first is meant. Where a zone skipped a whole day, two boundaries
of a daily cycle fall together, and `next_boundary` takes them for one.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from nostr_usage.errors import AmountError, TimeError, UnknownNameError

DAYS_MAX = 3_660


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarMonth:
    """From sign-up to the next 1st, then from 1st to 1st at midnight."""

    zone: str = "UTC"

    def __post_init__(self) -> None:
        zone_named(self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryDays:
    """Every `days` days (1 to 3,660) from the anchor, at its time of day."""

    days: int
    zone: str = "UTC"

    def __post_init__(self) -> None:
        zone_named(self.zone)
        if not 1 <= self.days <= DAYS_MAX:
            raise AmountError(f"a cycle of {self.days} days is not one of 1 to {DAYS_MAX:,} days")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnniversaryMonth:
    """Every month on the day of the anchor, or on the month's last day where there is no such day."""

    zone: str = "UTC"

    def __post_init__(self) -> None:
        zone_named(self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annual:
    """Every year on the date of the anchor; 29 February is 28 February in other years."""

    zone: str = "UTC"

    def __post_init__(self) -> None:
        zone_named(self.zone)


CycleRule = CalendarMonth | EveryDays | AnniversaryMonth | Annual


def zone_named(name: str) -> ZoneInfo:
    """The IANA time zone of that name.

    Raises:
        UnknownNameError: if there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: a folder of zones, such as "America"
        raise UnknownNameError(
            "time zone", name, advice="Write an IANA name such as Europe/Berlin, or UTC."
        ) from error


def boundary(rule: CycleRule, *, anchor: int, k: int) -> int:
    """Boundary `k` of `rule`, in unix seconds; number 0 is `anchor` itself.

    Raises:
        TimeError: for a time that no calendar has, before the year 1 or after 9999.
    """
    if k == 0:
        return anchor
    try:
        return int(_boundary_at(rule, _local(rule, anchor), k).timestamp())
    except (ValueError, OverflowError) as error:
        raise _no_such_time(anchor) from error


def next_boundary(rule: CycleRule, *, anchor: int, after: int) -> int:
    """The first boundary later than `after`; the anchor is one of them.

    Raises:
        TimeError: for a time that no calendar has, before the year 1 or after 9999.
    """
    k = _number_before(rule, anchor=anchor, after=after)
    while (found := boundary(rule, anchor=anchor, k=k)) <= after:
        k += 1
    return found


def _number_before(rule: CycleRule, *, anchor: int, after: int) -> int:
    """A number, 0 or more, with no boundary later than `after` below it."""
    try:
        start, then = _local(rule, anchor), _local(rule, after)
    except (ValueError, OverflowError) as error:
        raise _no_such_time(after) from error
    match rule:
        case EveryDays(days=days):
            elapsed = (then.date() - start.date()).days // days
        case Annual():
            elapsed = then.year - start.year
        case CalendarMonth() | AnniversaryMonth():
            elapsed = _months(then) - _months(start)
        case _:
            assert_never(rule)
    # One less, for a boundary that a change of the clock moved on over midnight.
    return max(0, elapsed - 1)


def _boundary_at(rule: CycleRule, start: datetime, k: int) -> datetime:
    match rule:
        case EveryDays(days=days):
            return start + timedelta(days=k * days)
        case Annual():
            return _in_month(start, _months(start) + 12 * k)
        case AnniversaryMonth():
            return _in_month(start, _months(start) + k)
        case CalendarMonth():
            midnight = start.replace(day=1, hour=0, minute=0, second=0)
            return _in_month(midnight, _months(start) + k)
        case _:
            assert_never(rule)


def _in_month(start: datetime, months: int) -> datetime:
    """`start` in another month, counted from the year 0, on its own day or on that month's last."""
    year, month = divmod(months, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day, fold=0)


def _months(moment: datetime) -> int:
    return moment.year * 12 + moment.month - 1


def _local(rule: CycleRule, moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC).astimezone(zone_named(rule.zone))


def _no_such_time(moment: int) -> TimeError:
    return TimeError(
        f"no boundary can be computed from {moment}",
        advice="Times are unix seconds; check that milliseconds were not passed.",
    )
