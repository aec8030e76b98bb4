"""Windows of time that budgets count in: the day and the calendar month of a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from nostr_usage.errors import TimeError
from nostr_usage.ledger.cycle import zone_named


class Period(StrEnum):
    """How long a budget lasts before it begins anew."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From `start` up to, but not including, `end`; unix seconds."""

    start: int
    end: int


def window_at(period: Period, *, at: int, zone: str) -> Window:
    """The day or month of `zone` (an IANA name) that contains `at` (unix seconds); a day may have 23 hours.

    Raises:
        UnknownNameError: if there is no such zone.
        TimeError: for a time that no calendar has.
    """
    own = zone_named(zone)
    try:
        midnight = datetime.fromtimestamp(at, UTC).astimezone(own)
        midnight = midnight.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        if period is Period.DAY:
            first, next_one = midnight, midnight + timedelta(days=1)
        else:
            first = midnight.replace(day=1)
            next_one = (first + timedelta(days=31)).replace(day=1)
        return Window(start=int(first.timestamp()), end=int(next_one.timestamp()))
    except (ValueError, OverflowError, OSError) as error:
        raise TimeError(
            f"no {period} contains {at}",
            advice="Times are unix seconds; check that milliseconds were not passed.",
        ) from error
